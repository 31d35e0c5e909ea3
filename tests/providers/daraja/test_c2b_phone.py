"""A customer pays from the phone, over the control API: each outcome as the phone shows it."""

from __future__ import annotations

import pytest

from simulator.providers.daraja.products.c2b.codes import REASONS


async def refused(call):
    answer = await call
    return answer.status, answer.json["error"]["code"], answer.json["error"]["field"]


async def test_the_phone_shows_the_paid_payment(paybill):
    told = await paybill.pay(amount="12.50")
    assert told == {
        "id": "p000001",
        "state": "succeeded",
        "kind": "collection",
        "operation": "daraja.c2b",
        "amount": "12.50",
        "msisdn": "254708374149",
        "merchant": "600000",
        "account": None,
        "reference": "ACC-1",
        "receipt": "UAF51X46BL",
        "provider_reference": "UAF51X46BL",
        "reason": None,
        "timeline": [
            {"at": "2026-01-15T10:30:00+03:00", "state": "pending"},
            {"at": "2026-01-15T10:30:00+03:00", "state": "succeeded"},
        ],
    }
    assert await paybill.balances() == ("49987.50", "10000012.50", True)
    await paybill.bench.advance(1)
    assert paybill.confirmed[0]["TransAmount"] == "12.50"


async def test_the_sms_tells_what_was_paid(paybill):
    await paybill.pay(amount="1234.50")
    await paybill.bench.advance(1)
    assert await paybill.messages() == [
        "UAF51X46BL Confirmed. Ksh1,234.50 sent to Pesabox Bank for account ACC-1 on 15/1/26 at 10:30 AM "
        "New M-PESA balance is Ksh48,765.50. Transaction cost, Ksh0.00. "
        "Amount you can transact within the day is 498,765.50."
    ]


async def test_the_sms_of_a_till_names_no_account(till):
    await till.pay(reference="")
    await till.bench.advance(1)
    assert "Ksh5.00 sent to Test Till on 15/1/26" in (await till.messages())[0]


async def test_without_registered_urls_it_completes_silently(c2b):
    assert (await c2b.pay())["state"] == "succeeded"
    await c2b.bench.advance(60)
    assert c2b.bench.received == []
    assert len(await c2b.messages()) == 1


@pytest.mark.parametrize(
    ("subscriber", "typed", "reason"),
    [
        pytest.param({}, {"pin": "0000"}, "WrongPin", id="a wrong PIN"),
        pytest.param({"types_pin": "0000"}, {}, "WrongPin", id="the habit of a wrong PIN"),
        pytest.param({"locked": True}, {"pin": "1234"}, "PinLocked", id="a locked PIN"),
        pytest.param({"balance": "4.99"}, {}, "InsufficientFunds", id="too little money"),
        pytest.param({"spent_today": "499995.01"}, {}, "DailyLimitExceeded", id="too much in a day"),
        pytest.param({"reachable": False}, {}, "SubscriberUnreachable", id="no network"),
        pytest.param({"busy": True}, {}, "LineBusy", id="another session"),
        pytest.param({"registered": False}, {}, "UnregisteredParty", id="no wallet"),
        pytest.param({"known": False}, {}, "UnregisteredParty", id="no such line"),
        pytest.param({"active": False}, {}, "AccountInactive", id="a wallet that is not active"),
        pytest.param({}, {"amount": "0.99"}, "AmountTooSmall", id="less than a shilling"),
        pytest.param({}, {"amount": "250000.01"}, "AmountTooLarge", id="more than at once"),
    ],
)
async def test_a_payment_that_is_declined_says_why_and_moves_nothing(paybill, subscriber, typed, reason):
    await paybill.validate()
    await paybill.bench.control("PATCH", "/subscribers/254708374149", subscriber)
    before = await paybill.balances()
    paybill.answer({"ResultCode": "0"})
    told = await paybill.pay(**typed)
    await paybill.bench.advance(60)
    (payment,) = await paybill.payments()
    is_late = reason in ("InsufficientFunds", "DailyLimitExceeded")
    assert is_late or told == payment
    assert (payment["state"], payment["reason"], payment["receipt"]) == ("failed", reason, None)
    assert (len(paybill.asked), paybill.confirmed) == (1 if is_late else 0, [])
    assert await paybill.balances() == before
    texts = {error.__name__: text for error, text in REASONS.items()}
    assert (await paybill.messages())[0].endswith(f"was not completed: {texts[reason]}.")


async def test_a_merchant_that_is_not_active_is_not_paid(paybill):
    await paybill.bench.control("PATCH", "/merchants/600000", {"active": False})
    told = await paybill.pay()
    assert (told["state"], told["reason"]) == ("failed", "PartyInactive")


@pytest.mark.parametrize(
    ("typed", "status", "field"),
    [
        pytest.param({"shortcode": "999999"}, 404, "shortcode", id="nobody's shortcode"),
        pytest.param({"shortcode": "60"}, 422, "shortcode", id="no shortcode"),
        pytest.param({"amount": "lots"}, 422, "amount", id="no amount"),
        pytest.param({"amount": "0"}, 422, "amount", id="nothing"),
        pytest.param({"amount": "0.00"}, 422, "amount", id="nothing, in cents"),
        pytest.param({"amount": "-5.00"}, 422, "amount", id="a negative amount"),
        pytest.param({"amount": "5.001"}, 422, "amount", id="less than a cent"),
        pytest.param({"amount": 5}, 422, "amount", id="a number"),
        pytest.param({"reference": ""}, 422, "reference", id="no account for a paybill"),
        pytest.param({"reference": "x" * 21}, 422, "reference", id="a long account"),
        pytest.param({"shortcode": "5000"}, 422, "reference", id="an account for a till"),
        pytest.param({"pin": "12"}, 422, "pin", id="a short PIN"),
        pytest.param({"pni": "1234"}, 422, "pni", id="a misspelt key"),
    ],
)
async def test_what_the_menu_does_not_take_is_named_and_is_no_payment(paybill, typed, status, field):
    assert await refused(paybill.type_in(**typed)) == (status, "not_found" if status == 404 else "invalid", field)
    assert await paybill.payments() == []


async def test_what_is_no_number_is_named(paybill):
    assert await refused(paybill.type_in("0708374149")) == (422, "invalid", "msisdn")


async def test_any_right_pin_pays(paybill):
    await paybill.bench.control("PATCH", "/subscribers/254708374149", {"pin": "9876", "types_pin": "0000"})
    assert (await paybill.pay(pin="9876"))["state"] == "succeeded"


async def test_every_phone_payment_is_told_in_the_journal(paybill):
    await paybill.pay()
    await paybill.pay(pin="0000")
    await paybill.bench.advance(5)
    events = (await paybill.bench.control("GET", "/journal"))["items"]
    of_payments = [(event["payment"], event["kind"]) for event in events if event["payment"]]
    assert of_payments == [
        ("p000001", "payment"),
        ("p000001", "entry"),
        ("p000001", "payment"),
        ("p000002", "payment"),
        ("p000002", "payment"),
        ("p000001", "message"),
        ("p000002", "message"),
        ("p000001", "callback"),
    ]
    assert {event["correlation"] for event in events if event["payment"]} == {"p000001", "p000002"}
