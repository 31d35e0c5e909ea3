"""Fault rules, the journal, payments, callbacks, and the ledger."""

import asyncio
import json
from urllib.parse import quote

import pytest

from simulator.core.journal import Event, EventKind

ANN = "254708374149"
DROP = {"name": "drop", "at": "daraja.stk_push.callback", "effect": {"kind": "drop"}}
RESET = {"name": "reset", "at": "*.*.request", "nth": [2, 3], "effect": {"kind": "reset"}}


async def error_of(call):
    answer = await call
    return answer.status, answer.body["error"]["code"], answer.body["error"]["field"]


async def rules(sim, world="default"):
    return (await sim.control("GET", f"/faults?world={world}")).items


# Fault rules.


async def test_rules_are_added_one_by_one_and_listed_in_order(sim):
    for rule in (RESET, DROP):
        answer = await sim.control("POST", "/faults", rule)
        assert (answer.status, answer.body) == (201, rule)
    assert await rules(sim) == [RESET, DROP]


async def test_a_profile_is_a_list_of_rules(sim):
    answer = await sim.control("POST", "/faults", [DROP, RESET])
    assert (answer.status, answer.body) == (201, {"items": [DROP, RESET], "next": None})
    assert await rules(sim) == [DROP, RESET]


async def test_a_profile_with_one_bad_rule_adds_none_and_tells_where(sim):
    bad = DROP | {"effect": {"kind": "dropp"}}
    answer = await sim.control("POST", "/faults", [RESET, bad])
    assert (answer.status, answer.body["error"]["field"]) == (422, "1.effect")
    assert "did you mean 'drop'?" in answer.body["error"]["message"]
    assert await rules(sim) == []


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        pytest.param({}, "name", id="nothing"),
        pytest.param(DROP | {"at": "daraja.stk_pusch.callback"}, "at", id="an unknown operation"),
        pytest.param(DROP | {"when": {"amount": "x"}}, "when.amount", id="a fact"),
        pytest.param(DROP | {"effect": {"kind": "delay"}}, "effect.seconds", id="a field of the effect"),
        pytest.param("drop", None, id="no rule at all"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_named(sim, rule, field):
    assert await error_of(sim.control("POST", "/faults", rule)) == (422, "invalid", field)


async def test_a_rule_of_the_same_name_is_replaced_in_its_place(sim):
    await sim.control("POST", "/faults", [DROP, RESET])
    other = DROP | {"probability": 0.5}
    await sim.control("POST", "/faults", other)
    assert await rules(sim) == [other, RESET]


async def test_a_rule_is_of_one_world(sim):
    await sim.control("POST", "/worlds", {"name": "w"})
    await sim.control("POST", "/faults?world=w", DROP)
    assert (await rules(sim), await rules(sim, "w")) == ([], [DROP])


async def test_rules_are_lifted(sim):
    await sim.control("POST", "/faults", [DROP, RESET])
    assert (await sim.control("DELETE", "/faults/reset")).status == 204
    assert await rules(sim) == [DROP]
    assert await error_of(sim.control("DELETE", "/faults/reset")) == (404, "not_found", None)
    assert (await sim.control("DELETE", "/faults")).status == 204
    assert await rules(sim) == []


@pytest.mark.parametrize("name", ["result arrives twice", "a/b", "50%", "mara mbili?", "ñ"])
async def test_a_rule_may_have_any_name(sim, name):
    await sim.control("POST", "/faults", DROP | {"name": name})
    assert (await sim.call("DELETE", f"/_sim/faults/{quote(name, safe='')}")).status == 204
    assert await rules(sim) == []


@pytest.mark.parametrize(
    "how_often",
    [pytest.param({"nth": 1}, id="nth"), pytest.param({"when": {"occurrence": 1}}, id="occurrence")],
)
@pytest.mark.parametrize("is_lifted", [True, False], ids=["lifted", "replaced"])
async def test_a_rule_that_is_told_again_counts_from_the_beginning(sim, how_often, is_lifted):
    rule = {"name": "r", "at": "daraja.stk_push.request", "effect": {"kind": "refuse", "status": 503}} | how_often
    told = []
    for _ in range(2):
        await sim.control("POST", "/faults", rule)
        told += [(await sim.push()).status, (await sim.push()).status]
        if is_lifted:
            await sim.control("DELETE", "/faults/r")
        await sim.advance(60)
    assert [told[0], told[2]] == [503, 503]


# The journal.


async def test_the_journal_tells_what_happened_oldest_first(sim):
    await sim.push()
    await sim.advance(60)
    events = await sim.journal()
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [event["kind"] for event in events] == [
        "request",
        "payment",
        "prompt",
        "request",
        "prompt",
        "entry",
        "payment",
        "message",
        "callback",
    ]


async def test_the_journal_is_filtered(sim):
    await sim.push()
    await sim.push(PhoneNumber="254711000002", PartyA="254711000002")
    await sim.advance(60)
    assert {event["kind"] for event in await sim.journal("callback")} == {"callback"}
    assert {event["payment"] for event in await sim.journal(payment="p000002")} == {"p000002"}
    assert len(await sim.journal("callback", payment="p000002")) == 1
    assert await sim.journal("error") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("kind=nothing", "kind", id="an unknown kind"),
        pytest.param("after=x", "after", id="no cursor"),
        pytest.param("after=-1", "after", id="a negative cursor"),
        pytest.param("wait=x", "wait", id="no seconds"),
        pytest.param("wait=301", "wait", id="too long a wait"),
        pytest.param("limit=1001", "limit", id="too many"),
    ],
)
async def test_a_question_to_the_journal_that_makes_no_sense(sim, query, field):
    assert await error_of(sim.control("GET", f"/journal?{query}")) == (422, "invalid", field)


async def test_a_filtered_journal_is_read_page_by_page(sim):
    for _ in range(3):
        await sim.push()
        await sim.advance(60)
    seen, cursor = [], 0
    while cursor is not None:
        page = (await sim.control("GET", f"/journal?kind=callback&limit=2&after={cursor}")).body
        seen += page["items"]
        cursor = page["next"]
    assert [event["payment"] for event in seen] == ["p000001", "p000002", "p000003"]


async def test_a_match_is_found_behind_thousands_of_other_events(sim):
    world = sim.simulation.world("default")
    many = [Event(EventKind.MESSAGE, world.now(), {"number": number}) for number in range(2500)]
    await world.run(lambda tx: [tx.append(event) for event in many])
    await sim.push()
    (prompt,) = await sim.journal("prompt")
    assert (prompt["state"], prompt["sequence"] > 2500) == ("shown", True)


async def test_a_wait_answers_as_soon_as_something_matches(sim):
    await sim.push()
    async with asyncio.timeout(5):
        waiting = asyncio.create_task(sim.control("GET", "/journal?kind=callback&wait=60"))
        await sim.advance(5)
        assert not waiting.done()
        await sim.advance(5)
        (event,) = (await waiting).items
    assert event["kind"] == "callback"


async def test_a_wait_answers_at_once_for_what_has_happened(sim):
    await sim.push()
    async with asyncio.timeout(5):
        assert len((await sim.control("GET", "/journal?kind=request&wait=60")).items) == 2


async def test_a_wait_works_on_the_system_clock(start):
    sim = await start(clock="system", latency=0)
    await sim.push()
    async with asyncio.timeout(5):
        (event,) = (await sim.control("GET", "/journal?kind=callback&wait=60")).items
    assert event["status"] == 200


async def test_a_wait_ends_empty_when_its_seconds_are_over(sim):
    async with asyncio.timeout(5):
        answer = await sim.control("GET", "/journal?kind=callback&wait=1")
    assert (answer.status, answer.body) == (200, {"items": [], "next": None})


# Payments and callbacks.


async def test_a_payment_with_its_timeline(sim):
    pushed = await sim.push()
    await sim.advance(60)
    (payment,) = (await sim.control("GET", "/payments")).items
    assert (await sim.control("GET", f"/payments/{payment['id']}")).body == payment
    receipt = payment.pop("receipt")
    assert len(receipt) == 10
    assert payment == {
        "id": "p000001",
        "state": "succeeded",
        "kind": "collection",
        "operation": "daraja.stk_push",
        "amount": "100.00",
        "msisdn": ANN,
        "merchant": "174379",
        "account": None,
        "reference": "A1",
        "provider_reference": pushed.body["CheckoutRequestID"],
        "reason": None,
        "timeline": [
            {"at": "2026-01-15T10:30:00+03:00", "state": "pending"},
            {"at": "2026-01-15T10:30:00+03:00", "state": "prompted"},
            {"at": "2026-01-15T10:30:07+03:00", "state": "succeeded"},
        ],
    }


async def test_a_payment_that_is_not_there(sim):
    assert await error_of(sim.control("GET", "/payments/p999999")) == (404, "not_found", None)


async def test_a_callback_with_its_attempts(sim):
    await sim.push()
    await sim.fault("daraja.stk_push.callback", name="twice", kind="duplicate", after_seconds=5)
    await sim.advance(60)
    (callback,) = (await sim.control("GET", "/callbacks")).items
    assert (callback["id"], callback["payment"], callback["url"]) == ("c000001", "p000001", f"{sim.app.url}/callback")
    assert json.loads(callback["body"])["Body"]["stkCallback"]["ResultCode"] == 0
    assert all(attempt.pop("latency_ms") > 0 for attempt in callback["attempts"])
    same = {"number": 1, "outcome": "answered", "status": 200, "answer": '{"ok": true}'}
    assert callback["attempts"] == [
        same | {"at": "2026-01-15T10:30:09+03:00", "fault": "twice"},
        same | {"at": "2026-01-15T10:30:14+03:00", "fault": None},
    ]


async def test_a_callback_with_what_was_sent_instead(sim):
    await sim.control(
        "POST",
        "/faults",
        [
            rule_at_callback("forger", nth=1, kind="forge", knows="everything", changes={"ResultCode": 1}),
            rule_at_callback("broken", nth=2, kind="corrupt", how="truncated"),
        ],
    )
    for _ in range(2):
        await sim.push()
        await sim.advance(60)
    first, second = (await sim.control("GET", "/callbacks")).items
    forged, genuine = first["attempts"]
    assert (forged["forged"], forged["fault"], forged["url"]) == (True, "forger", first["url"])
    assert "number" not in forged
    assert json.loads(forged["body"])["Body"]["stkCallback"]["ResultCode"] == 1
    assert (genuine["number"], genuine["fault"], "body" in genuine) == (1, "forger", False)
    (broken,) = second["attempts"]
    assert second["body"].startswith(broken["body"])
    assert second["body"] != broken["body"]


def rule_at_callback(name, *, nth, **effect):
    return {"name": name, "at": "daraja.stk_push.callback", "nth": nth, "effect": effect}


async def test_a_callback_is_delivered_again_by_hand(sim):
    await sim.push()
    await sim.advance(60)
    answer = await sim.control("POST", "/callbacks/c000001/redeliver")
    assert answer.status == 200
    assert [attempt["number"] for attempt in answer.body["attempts"]] == [1, 2]
    (_, _, first), (_, _, second) = sim.app.received
    assert first == second
    again = (await sim.journal("callback"))[-1]
    assert (again["attempt"], again["by_hand"], again["at"]) == (2, True, "2026-01-15T10:31:00+03:00")


async def test_a_callback_is_delivered_by_hand_as_often_as_asked(sim):
    await sim.push()
    await sim.advance(60)
    async with asyncio.timeout(5):
        asked = [sim.control("POST", "/callbacks/c000001/redeliver") for _ in range(3)]
        assert {answer.status for answer in await asyncio.gather(*asked)} == {200}
    assert len(sim.app.received) == 4


async def test_a_callback_is_delivered_by_hand_on_the_system_clock_too(start):
    sim = await start(clock="system", latency=0)
    await sim.push()
    async with asyncio.timeout(5):
        await sim.control("GET", "/journal?kind=callback&wait=60")
        answer = await sim.control("POST", "/callbacks/c000001/redeliver")
    assert len(answer.body["attempts"]) == len(sim.app.received) == 2


async def test_a_redelivery_that_the_app_does_not_answer_is_told(start):
    sim = await start(answer_timeout=0.1)
    await sim.push()
    await sim.advance(60)

    async def never(request):
        await asyncio.Event().wait()

    sim.app.script.append(never)
    answer = await sim.control("POST", "/callbacks/c000001/redeliver")
    assert (answer.status, answer.body["error"]["code"]) == (504, "unanswered")


async def test_a_callback_that_is_not_there_is_not_delivered(sim):
    assert await error_of(sim.control("POST", "/callbacks/c9/redeliver")) == (404, "not_found", None)


async def test_a_callback_to_a_public_address_is_refused_and_says_how_to_allow_it(sim):
    await sim.push(CallBackURL="https://8.8.8.8/callback")
    await sim.advance(60)
    (event,) = await sim.journal("callback")
    assert (event["outcome"], "--allow-callbacks 8.8.8.8" in event["why"]) == ("refused", True)


# The ledger.


async def test_accounts_that_money_touched(sim):
    assert (await sim.control("GET", "/ledger/accounts")).items == []
    await sim.push()
    await sim.advance(60)
    assert (await sim.control("GET", "/ledger/accounts")).items == [
        {"account": f"subscriber:{ANN}", "balance": "49900.00"},
        {"account": "outside", "balance": "-10050000.00"},
        {"account": "merchant:174379:utility", "balance": "10000100.00"},
    ]


@pytest.mark.parametrize(
    ("account", "balance"),
    [
        pytest.param("subscriber:254711000099", "50000.00", id="a wallet"),
        pytest.param("merchant:600000:working", "10000000.00", id="a float"),
        pytest.param("merchant:600000:charges", "0.00", id="charges"),
        pytest.param("outside", "0.00", id="outside"),
    ],
)
async def test_one_account_touched_or_not(sim, account, balance):
    answer = await sim.control("GET", f"/ledger/accounts?account={account}")
    assert answer.items == [{"account": account, "balance": balance}]


@pytest.mark.parametrize("account", ["x", "subscriber", "merchant:600000", "merchant:600000:gold", "a:b:c"])
async def test_what_is_no_account_is_named(sim, account):
    told = await error_of(sim.control("GET", f"/ledger/accounts?account={account}"))
    assert told == (422, "invalid", "account")


async def test_entries_balance_and_name_their_payment(sim):
    await sim.push()
    await sim.advance(60)
    entries = (await sim.control("GET", "/ledger/entries")).items
    assert [entry["payment"] for entry in entries] == [None, None, "p000001"]
    assert entries[-1]["postings"] == [
        {"account": f"subscriber:{ANN}", "amount": "-100.00"},
        {"account": "merchant:174379:utility", "amount": "100.00"},
    ]


async def test_the_audit_recomputes_the_books(sim):
    empty = {"balanced": True, "accounts": 0, "entries": 0, "difference": "0.00", "problems": []}
    assert (await sim.control("GET", "/ledger/audit")).body == empty
    await sim.push()
    await sim.advance(60)
    assert (await sim.control("GET", "/ledger/audit")).body == empty | {"accounts": 3, "entries": 3}
