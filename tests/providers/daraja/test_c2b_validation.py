"""Asked before a payment: each answer, and no answer, with each registered default."""

from __future__ import annotations

import pytest

from simulator.providers.daraja.products.c2b.codes import C2B_RESULTS, REJECTIONS

UNTOUCHED, PAID = ("50000.00", "10000000.00", True), ("49995.00", "10000005.00", True)
DEFAULTS = pytest.mark.parametrize("default", ["Completed", "Cancelled"])


@pytest.fixture
async def asking(paybill):
    """A paybill that is asked before each payment."""
    await paybill.validate()
    return paybill


async def settle(c2b, seconds=30):
    await c2b.pay()
    await c2b.bench.advance(seconds)
    return await c2b.outcome()


async def answer_after(c2b, seconds):
    """The app takes its time, of which the provider takes some."""
    rule = {"name": "slow", "at": "daraja.stk_query.request", "effect": {"kind": "delay", "seconds": seconds}}
    await c2b.bench.control("POST", "/faults", rule)

    async def ask_back(body):
        if len(c2b.bench.paths) == 1:
            await c2b.bench.query("ws_CO_150120261030000708374149")

    c2b.bench.on_callback = ask_back
    await c2b.bench.token()
    c2b.answer({"ResultCode": "0", "ResultDesc": "Accepted"})


async def test_nobody_is_asked_until_validation_is_on(paybill):
    paybill.answer({"ResultCode": "C2B00012", "ResultDesc": "Rejected"})
    assert await settle(paybill) == ("succeeded", None)
    assert (len(paybill.asked), len(paybill.confirmed)) == (0, 1)


async def test_nobody_is_asked_without_urls(c2b):
    await c2b.validate()
    assert await settle(c2b) == ("succeeded", None)
    assert c2b.bench.received == []
    assert await c2b.balances() == PAID


async def test_the_merchant_is_asked_before_and_told_after(asking):
    asking.answer({"ResultCode": "0", "ResultDesc": "Accepted"})
    pending = await asking.pay()
    assert (pending["state"], pending["receipt"]) == ("pending", None)
    await asking.bench.advance(5)
    (asked,), (told,) = asking.asked, asking.confirmed
    assert asking.bench.paths == ["/validate", "/confirm"]
    assert asked["OrgAccountBalance"] == ""
    assert told == asked | {"OrgAccountBalance": "10000005.00"}
    assert asked["TransID"] == (await asking.payments())[0]["receipt"] == pending["provider_reference"]
    assert await asking.balances() == PAID


@pytest.mark.parametrize("code", ["0", 0], ids=repr)
@DEFAULTS
async def test_zero_accepts(asking, code, default):
    await asking.register(ResponseType=default)
    asking.answer({"ResultCode": code, "ResultDesc": "Accepted"})
    assert await settle(asking) == ("succeeded", None)
    assert len(asking.confirmed) == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("OWN-77", "OWN-77", id="text"),
        pytest.param(77, "77", id="a number"),
        pytest.param("", "", id="empty"),
        pytest.param(None, "", id="null"),
        pytest.param(["x"], "", id="a list"),
    ],
)
async def test_the_merchants_own_name_comes_back_in_the_confirmation(asking, name, told):
    asking.answer({"ResultCode": "0", "ResultDesc": "Accepted", "ThirdPartyTransID": name})
    await settle(asking)
    assert asking.asked[0]["ThirdPartyTransID"] == ""
    assert asking.confirmed[0]["ThirdPartyTransID"] == told


@pytest.mark.parametrize("code", [result.code for result in C2B_RESULTS])
@DEFAULTS
async def test_a_rejection_cancels_and_the_payer_hears_why(asking, code, default):
    await asking.register(ResponseType=default)
    asking.answer({"ResultCode": code, "ResultDesc": "Rejected"})
    assert await settle(asking) == ("cancelled", code)
    assert asking.confirmed == []
    assert await asking.balances() == UNTOUCHED
    (message,) = await asking.messages()
    assert message == (
        f"Failed. Your payment of Ksh5.00 to Pesabox Bank for account ACC-1 was not completed: {REJECTIONS[code]}."
    )


@pytest.mark.parametrize("code", ["1", 1, "00000000", "Rejected", -1, "00"], ids=repr)
async def test_any_other_code_rejects_too(asking, code):
    asking.answer({"ResultCode": code, "ResultDesc": "Rejected"})
    state, _ = await settle(asking)
    assert (state, asking.confirmed, await asking.balances()) == ("cancelled", [], UNTOUCHED)
    assert "the business does not accept the payment." in (await asking.messages())[0]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param("not JSON", 200, id="no JSON"),
        pytest.param("", 200, id="nothing"),
        pytest.param([0], 200, id="a list"),
        pytest.param("null", 200, id="null"),
        pytest.param({}, 200, id="no code"),
        pytest.param({"ResultCode": None}, 200, id="a null code"),
        pytest.param({"ResultCode": ""}, 200, id="an empty code"),
        pytest.param({"ResultCode": False}, 200, id="a boolean code"),
        pytest.param({"ResultCode": [0]}, 200, id="a list of codes"),
        pytest.param({"resultCode": "0"}, 200, id="another letter case"),
        pytest.param({"ResultCode": "0"}, 500, id="a server error"),
        pytest.param({"ResultCode": "C2B00011"}, 404, id="not found"),
        pytest.param({"ResultCode": "0"}, 302, id="a redirect"),
        pytest.param('{"ResultCode": "0", "ResultDesc": "' + "x" * 20_000 + '"}', 200, id="more than is read"),
    ],
)
@DEFAULTS
async def test_what_is_no_answer_leaves_it_to_the_default(asking, body, status, default):
    await asking.register(ResponseType=default)
    asking.answer(body, status)
    await decided_by(asking, default, await settle(asking))


@DEFAULTS
async def test_so_does_a_refused_connection(asking, default):
    await asking.register(ResponseType=default, ValidationURL="http://127.0.0.1:9/nobody")
    await decided_by(asking, default, await settle(asking, seconds=1))


@DEFAULTS
async def test_so_does_an_address_that_may_not_be_called(asking, default):
    await asking.register(ResponseType=default, ValidationURL="http://8.8.8.8/x")
    await decided_by(asking, default, await settle(asking, seconds=1))


@DEFAULTS
async def test_so_does_an_answer_after_the_deadline(asking, default):
    await asking.register(ResponseType=default)
    await answer_after(asking, 8.1)
    await asking.pay()
    await asking.bench.advance(7.99)
    assert await asking.outcome() == ("pending", None)
    await asking.bench.advance(0.01)
    await decided_by(asking, default, await asking.outcome())
    await asking.bench.advance(60)
    await decided_by(asking, default, await asking.outcome())


async def decided_by(c2b, default, outcome):
    """What must be when the registered default has decided."""
    if default == "Completed":
        assert outcome == ("succeeded", None)
        assert len(c2b.confirmed) == 1
        assert await c2b.balances() == PAID
    else:
        assert outcome == ("cancelled", "ValidationUnanswered")
        assert c2b.confirmed == []
        assert await c2b.balances() == UNTOUCHED
        assert (await c2b.messages())[0].endswith("was not completed: the business could not be reached.")


@DEFAULTS
async def test_an_answer_just_before_the_deadline_counts(asking, default):
    await asking.register(ResponseType=default)
    await answer_after(asking, 7.9)
    assert await settle(asking) == ("succeeded", None)
    (payment,) = await asking.payments()
    assert payment["timeline"][-1]["at"] == "2026-01-15T10:30:07.900000+03:00"


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        pytest.param({"kind": "delay", "seconds": 7.9}, ("cancelled", "C2B00011"), id="late, in time"),
        pytest.param({"kind": "delay", "seconds": 8.1}, ("succeeded", None), id="too late"),
        pytest.param({"kind": "drop"}, ("succeeded", None), id="lost"),
        pytest.param({"kind": "duplicate", "copies": 2}, ("cancelled", "C2B00011"), id="asked three times"),
    ],
)
async def test_rules_act_on_the_question(asking, effect, outcome):
    asking.answer({"ResultCode": "C2B00011", "ResultDesc": "Rejected"})
    rule = {"name": "r", "at": "daraja.c2b_validation.callback", "when": {"reference": "ACC-1"}, "effect": effect}
    await asking.bench.control("POST", "/faults", rule)
    assert await settle(asking, seconds=60) == outcome


async def test_the_deadline_is_not_scaled_and_may_be_changed(asking):
    await asking.bench.control("PATCH", "/providers/daraja", {"lifetimes": {"validation": 2}})
    await answer_after(asking, 3)
    await asking.pay()
    await asking.bench.advance(2)
    assert await asking.outcome() == ("succeeded", None)


async def test_money_that_is_gone_when_the_answer_comes_fails_the_payment(asking):
    asking.answer({"ResultCode": "0"})
    await asking.pay()
    await asking.bench.control("PATCH", "/subscribers/254708374149", {"balance": "4.99"})
    await asking.bench.advance(30)
    assert await asking.outcome() == ("failed", "InsufficientFunds")
    assert (len(asking.asked), asking.confirmed) == (1, [])
    assert await asking.balances() == ("4.99", "10000000.00", True)


async def test_urls_removed_meanwhile_leave_nobody_to_tell(asking):
    asking.answer("no answer")
    await asking.register(ResponseType="Cancelled")
    await asking.pay()
    await asking.bench.control("PATCH", "/merchants/600000", {"confirmation_url": None})
    await asking.bench.advance(30)
    assert await asking.outcome() == ("succeeded", None)
    assert asking.confirmed == []


async def test_a_simulated_payment_is_asked_about_too(asking):
    asking.answer({"ResultCode": "C2B00012", "ResultDesc": "Rejected"})
    await asking.simulate()
    await asking.bench.advance(5)
    assert await asking.outcome() == ("cancelled", "C2B00012")
    assert asking.asked[0]["TransTime"] == "20260115103000"


@pytest.mark.parametrize("code", [result.code for result in C2B_RESULTS])
async def test_a_rule_may_refuse_a_payment_as_the_merchant_would(asking, code):
    rule = {
        "name": "r",
        "at": "daraja.c2b.processing",
        "when": {"amount": "5"},
        "effect": {"kind": "fail", "code": code},
    }
    await asking.bench.control("POST", "/faults", rule)
    assert await settle(asking) == ("cancelled", code)
    assert asking.bench.received == []
    assert REJECTIONS[code] in (await asking.messages())[0]


async def test_a_rule_may_keep_a_payment_back(paybill):
    rule = {"name": "r", "at": "daraja.c2b.processing", "effect": {"kind": "delay", "seconds": 600}}
    await paybill.bench.control("POST", "/faults", rule)
    await paybill.pay()
    await paybill.simulate()
    await paybill.bench.advance(599)
    assert paybill.confirmed == []
    await paybill.bench.advance(2)
    assert len(paybill.confirmed) == 2
    assert await paybill.balances() == ("49990.00", "10000010.00", True)


async def test_a_lost_confirmation_is_not_sent_again(paybill):
    rule = {"name": "r", "at": "daraja.c2b_confirmation.callback", "effect": {"kind": "drop"}}
    await paybill.bench.control("POST", "/faults", rule)
    await settle(paybill, seconds=3600)
    assert paybill.bench.received == []
    assert await paybill.balances() == PAID
