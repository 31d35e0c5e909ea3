"""`--retain`: what the control API and Daraja know of payments that are past, and of those that are forgotten."""

import pytest

KEPT, PAID = 3, 8
PAYER = "254708374149"


async def page(sim, path):
    answer = await sim.control("GET", path)
    assert answer.status == 200, answer.text
    return answer.body["items"]


@pytest.fixture
async def sim(start):
    """Eight payments were made and told of; three are kept."""
    sim = await start(retain=KEPT)
    sim.pushes = []
    for number in range(PAID):
        pushed = await sim.push(PhoneNumber=PAYER, Amount=str(number + 1))
        sim.pushes.append(pushed.body["CheckoutRequestID"])
        await sim.advance(60)
    return sim


async def test_the_last_payments_are_kept_with_their_callbacks_and_messages(sim):
    payments = [payment["id"] for payment in await page(sim, "/payments")]
    assert payments == ["p000006", "p000007", "p000008"]
    assert [callback["payment"] for callback in await page(sim, "/callbacks")] == payments
    assert len(await page(sim, f"/subscribers/{PAYER}/messages")) == KEPT
    assert len(sim.app.received) == PAID


@pytest.mark.parametrize("path", ["/payments/p000001", "/callbacks/c000001/redeliver"])
async def test_what_was_forgotten_is_not_found(sim, path):
    answer = await sim.control("POST" if path.endswith("redeliver") else "GET", path)
    assert (answer.status, answer.body["error"]["code"]) == (404, "not_found")


async def test_lists_go_on_behind_what_was_forgotten(sim):
    assert len(await page(sim, "/payments?after=p000001")) == KEPT
    assert len(await page(sim, "/callbacks?after=c000001")) == KEPT
    assert len(await page(sim, "/ledger/entries?after=entry:p000001")) == 1 + KEPT


async def test_balances_stay_and_the_books_balance(sim):
    paid = sum(range(1, PAID + 1))
    balances = {account["account"]: account["balance"] for account in await page(sim, "/ledger/accounts")}
    assert balances[f"subscriber:{PAYER}"] == f"{50_000 - paid}.00"
    assert balances["merchant:174379:utility"] == f"{10_000_000 + paid}.00"
    audit = (await sim.control("GET", "/ledger/audit")).body
    assert audit == {"balanced": True, "accounts": 3, "entries": 1 + KEPT, "difference": "0.00", "problems": []}


async def test_entries_sum_up_to_balances(sim):
    entries = await page(sim, "/ledger/entries")
    assert [entry["id"] for entry in entries] == ["checkpoint", "entry:p000006", "entry:p000007", "entry:p000008"]
    ours = [
        float(posting["amount"])
        for entry in entries
        for posting in entry["postings"]
        if posting["account"] == f"subscriber:{PAYER}"
    ]
    assert sum(ours) == 50_000 - sum(range(1, PAID + 1))


@pytest.mark.parametrize(
    ("place", "status"),
    [pytest.param(0, 500, id="forgotten"), pytest.param(-1, 200, id="kept")],
)
async def test_a_push_that_was_forgotten_is_unknown_to_its_query(sim, place, status):
    body = sim.push_body()
    asked = {name: body[name] for name in ("BusinessShortCode", "Password", "Timestamp")}
    asked["CheckoutRequestID"] = sim.pushes[place]
    headers = await sim.authorization()
    answer = await sim.call("POST", "/mpesa/stkpushquery/v1/query", json=asked, headers=headers)
    assert answer.status == status


async def test_an_open_prompt_is_kept_however_many_payments_pass(start):
    sim = await start(retain=1)
    await sim.control("PATCH", f"/subscribers/{PAYER}", {"policy": "manual"})
    await sim.push(PhoneNumber=PAYER)
    for msisdn in ("254711000001", "254711000002", "254711000003"):
        await sim.push(PhoneNumber=msisdn, PartyA=msisdn)
    await sim.advance(20)
    assert [payment["id"] for payment in await page(sim, "/payments")] == ["p000001", "p000004"]
    (prompt,) = await page(sim, "/prompts")
    assert (await sim.control("POST", f"/prompts/{prompt['id']}/answer", {"action": "approve"})).status == 200
    await sim.advance(20)
    assert [payment["state"] for payment in await page(sim, "/payments")] == ["succeeded"]


async def test_a_callback_that_is_delivered_again_keeps_its_payment_present(sim):
    await sim.control("POST", "/callbacks/c000006/redeliver")
    await sim.push()
    await sim.advance(60)
    assert [payment["id"] for payment in await page(sim, "/payments")] == ["p000006", "p000008", "p000009"]
