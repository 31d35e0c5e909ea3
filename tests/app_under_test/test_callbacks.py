import asyncio

import pytest
from aiohttp.test_utils import make_mocked_request

from app_under_test.callbacks import source_of

OK = (200, {"ResultCode": 0, "ResultDesc": "Success"})


async def test_a_success_credits_the_customer(bank):
    deposit = await bank.deposit()
    assert await bank.callback(deposit["id"], bank.paid()) == OK
    assert await bank.state(deposit) == "completed"
    assert await bank.balance() == "100.00"


async def test_a_repeated_callback_changes_nothing_and_is_answered_as_the_first(bank):
    deposit = await bank.deposit()
    assert [await bank.callback(deposit["id"], bank.paid()) for _ in range(3)] == [OK] * 3
    assert await bank.balance() == "100.00"


async def test_callbacks_at_once_credit_once(bank):
    deposit = await bank.deposit()
    answers = await asyncio.gather(*(bank.callback(deposit["id"], bank.paid()) for _ in range(10)))
    assert answers == [OK] * 10
    assert await bank.balance() == "100.00"


@pytest.mark.parametrize(
    ("code", "state"),
    [
        pytest.param(1032, "cancelled", id="cancelled"),
        pytest.param(1031, "cancelled", id="cancelled, the older code"),
        pytest.param(1037, "expired", id="no answer"),
        pytest.param(1019, "expired", id="answered too late"),
        pytest.param(1, "failed", id="no money"),
        pytest.param("SFC_IC0003", "failed", id="a code that is text"),
        pytest.param(31337, "failed", id="a code that nobody knows"),
    ],
)
async def test_a_failure_decides_the_state_and_moves_no_money(bank, code, state):
    deposit = await bank.deposit()
    assert await bank.callback(deposit["id"], bank.not_paid(code=code)) == OK
    shown = await bank.get(f"/deposits/{deposit['id']}")
    assert (shown["state"], shown["reason"]) == (state, f"{code} no")
    assert await bank.balance() == "0.00"


async def test_a_late_success_is_accepted_after_a_failure(bank):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.not_paid(code=1037))
    await bank.callback(deposit["id"], bank.paid())
    assert (await bank.state(deposit), await bank.balance()) == ("completed", "100.00")


async def test_a_failure_after_completion_changes_nothing(bank):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid())
    assert await bank.callback(deposit["id"], bank.not_paid()) == OK
    assert (await bank.state(deposit), await bank.balance()) == ("completed", "100.00")


async def test_of_two_failures_the_first_stays(bank):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.not_paid(code=1037))
    await bank.callback(deposit["id"], bank.not_paid(code=1032))
    assert await bank.state(deposit) == "expired"


@pytest.mark.parametrize(
    "forgery",
    [
        pytest.param({"token": "0" * 64}, id="wrong token"),
        pytest.param({"token": "é"}, id="a token that is not ASCII"),
        pytest.param({"headers": {"X-Forwarded-For": "127.0.0.66"}}, id="wrong address"),
        pytest.param({"headers": {"X-Forwarded-For": "127.0.0.1, 127.0.0.66"}}, id="the address that it wishes it had"),
        pytest.param({"headers": {"X-Forwarded-For": "nonsense"}}, id="an address that is none"),
    ],
)
async def test_a_forgery_is_refused_and_the_genuine_one_still_counts(bank, forgery):
    deposit = await bank.deposit()
    status, problem = await bank.callback(deposit["id"], bank.paid(), **forgery)
    assert (status, problem["status"]) == (403, 403)
    assert (await bank.state(deposit), await bank.balance()) == ("pending", "0.00")
    assert await bank.callback(deposit["id"], bank.paid()) == OK
    assert await bank.balance() == "100.00"


async def test_another_payments_token_opens_nothing(bank):
    first, second = await bank.deposit(), await bank.deposit()
    status, _ = await bank.callback(second["id"], bank.paid("ws_CO_2"), token=bank.token(first["id"]))
    assert (status, await bank.state(second)) == (403, "pending")


async def test_provider_addresses_are_a_setting_networks_included(start_bank):
    async with start_bank(callback_addresses="196.201.212.69, 10.0.0.0/8") as bank:
        deposit = await bank.deposit()
        assert (await bank.callback(deposit["id"], bank.paid()))[0] == 403
        through_our_proxy = {"X-Forwarded-For": "1.2.3.4, 10.1.2.3"}
        assert await bank.callback(deposit["id"], bank.paid(), headers=through_our_proxy) == OK


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        pytest.param("127.0.0.1", None, "127.0.0.1", id="nobody between"),
        pytest.param("127.0.0.1", "1.2.3.4, 196.201.212.69", "196.201.212.69", id="our proxy"),
        pytest.param("127.0.0.66", "196.201.212.69", "127.0.0.66", id="somebody who says that he is a proxy"),
    ],
)
def test_a_forwarded_address_is_believed_from_our_proxy_only(peer, forwarded, source):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("POST", "/", headers).clone(remote=peer)
    assert str(source_of(request)) == source


async def test_an_id_that_the_bank_never_gave_is_not_found(bank):
    assert (await bank.callback("D999999", bank.paid()))[0] == 404


ALTERED = [
    pytest.param({"amount": 1.0}, id="amount"),
    pytest.param({"amount": True}, id="amount that is a boolean"),
    pytest.param({"amount": "a lot"}, id="amount that is none"),
    pytest.param({"amount": None}, id="no amount"),
    pytest.param({"payer": 254700000001}, id="payer"),
    pytest.param({"payer": None}, id="no payer"),
    pytest.param({"receipt": None}, id="no receipt"),
    pytest.param({"reference": "ws_CO_9"}, id="id"),
    pytest.param({"reference": None}, id="no id"),
    pytest.param({"ResultCode": False}, id="code that is a boolean"),
    pytest.param({"ResultCode": ["0"]}, id="code that is a list"),
    pytest.param({"ResultCode": 4999}, id="code of something unfinished"),
    pytest.param({"ResultCode": 1032}, id="failure that tells of money"),
    pytest.param({"CallbackMetadata": {}}, id="no items"),
    pytest.param({"CallbackMetadata": {"Item": {"Name": "Amount", "Value": 100}}}, id="one item, not listed"),
]


@pytest.mark.parametrize("changes", ALTERED)
async def test_what_is_not_what_was_asked_is_not_believed(bank, daraja, changes):
    deposit = await bank.deposit()
    daraja.answer("query", daraja.standing("ws_CO_1", "1032"))
    assert await bank.callback(deposit["id"], bank.paid(**changes)) == OK
    assert [asked["CheckoutRequestID"] for asked in daraja.asked("query")] == ["ws_CO_1"]
    assert (await bank.state(deposit), await bank.balance()) == ("cancelled", "0.00")


@pytest.mark.parametrize("changes", ALTERED)
async def test_where_the_provider_knows_the_payment_its_word_credits_what_was_asked(bank, daraja, changes):
    deposit = await bank.deposit()
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    await bank.callback(deposit["id"], bank.paid(**changes))
    assert (await bank.state(deposit), await bank.balance()) == ("completed", "100.00")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"Body":', id="truncated"),
        pytest.param(b"<html>", id="not JSON"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"Body":{"stkCallback":7}}', id="a number where it should begin"),
        pytest.param(b'{"Body":{"other":{}}}', id="another callback"),
        pytest.param(b"\xff\xfe", id="not text"),
    ],
)
async def test_what_cannot_be_read_makes_the_bank_ask(bank, daraja, raw):
    deposit = await bank.deposit()
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    assert await bank.callback(deposit["id"], raw) == OK
    assert (await bank.state(deposit), await bank.balance()) == ("completed", "100.00")


async def test_a_callback_about_something_unfinished_proves_nothing(bank, daraja):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.not_paid(code=4999))
    assert (await bank.state(deposit), len(daraja.asked("query"))) == ("pending", 1)


async def test_an_altered_callback_after_completion_asks_nobody(bank, daraja):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid())
    assert await bank.callback(deposit["id"], bank.paid(amount=1.0)) == OK
    assert daraja.asked("query") == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"amount": 100}, id="whole amount"),
        pytest.param({"amount": "100.00"}, id="amount as text"),
        pytest.param({"payer": "254708374149"}, id="payer as text"),
        pytest.param({"receipt": 1234567890}, id="receipt of digits alone"),
        pytest.param({"ResultCode": "0"}, id="code as text"),
        pytest.param({"Extra": {"a": 1}}, id="more than was documented"),
    ],
)
async def test_the_same_value_in_another_type_is_the_same_value(bank, daraja, changes):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid(**changes))
    assert (await bank.state(deposit), daraja.asked("query")) == ("completed", [])


async def test_a_receipt_that_was_credited_does_not_credit_again(bank, daraja):
    first, second = await bank.deposit(), await bank.deposit()
    await bank.callback(first["id"], bank.paid("ws_CO_1"))
    await bank.callback(second["id"], bank.paid("ws_CO_2"))
    assert (await bank.state(second), await bank.balance()) == ("pending", "100.00")
    assert len(daraja.asked("query")) == 1


async def test_another_deposits_handle_is_not_taken_for_ones_own(bank, daraja):
    first = await bank.deposit()
    daraja.answer("push", (503, b"<html>"))
    second = await bank.deposit()
    await bank.callback(second["id"], bank.paid("ws_CO_1"))
    assert (await bank.state(second), await bank.balance()) == ("unknown", "0.00")
    await bank.callback(first["id"], bank.paid("ws_CO_1"))
    assert await bank.balance() == "100.00"


async def test_a_receipt_learnt_later_is_filled_in_without_crediting(bank, daraja, clock):
    deposit = await bank.deposit()
    clock.move(90)
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    await bank.reconcile()
    assert (await bank.get(f"/deposits/{deposit['id']}"))["receipt"] is None
    await bank.callback(deposit["id"], bank.paid())
    await bank.callback(deposit["id"], bank.paid(receipt="UAF5000002"))
    assert (await bank.get(f"/deposits/{deposit['id']}"))["receipt"] == "UAF5000001"
    assert await bank.balance() == "100.00"


async def test_while_the_provider_hangs_other_callbacks_are_answered(bank, daraja, clock):
    first, second = await bank.deposit(), await bank.deposit()
    daraja.answer("query", "hang")
    hanging = asyncio.create_task(bank.callback(first["id"], b"?"))
    await daraja.reached["query"].wait()
    assert await bank.callback(second["id"], bank.paid("ws_CO_2")) == OK
    clock.end_deadlines()
    assert await hanging == OK
    assert await bank.state(first) == "pending"
