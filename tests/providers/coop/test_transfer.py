"""Transfers: accepted at once, paid later, told in one callback."""

from __future__ import annotations

import pytest
from aiohttp import web

PATHS = ["account", "account v2", "account, oldest", "phone", "bulk", "internal", "internal v3"]
ABSENT = object()


def leg_for(coop, path, **changes):
    return coop.phone_leg(**changes) if path == "phone" else coop.leg(**changes)


@pytest.mark.parametrize("path", PATHS)
async def test_it_is_acknowledged_in_four_texts_and_then_paid(coop, path):
    answer = await coop.accepted(leg_for(coop, path), path=path)
    assert answer.json == {
        "MessageReference": "M1",
        "MessageDateTime": "2026-01-15T07:30:00.000Z",
        "MessageCode": "0",
        "MessageDescription": "REQUEST ACCEPTED FOR PROCESSING",
    }
    assert (await coop.payments())[0]["state"] == "pending"
    await coop.bench.advance(60)
    (told,) = coop.callbacks
    assert (told["MessageCode"], told["MessageDescription"]) == ("0", "FULL SUCCESS")
    (leg,) = told["Destinations"]
    assert (leg["ResponseCode"], leg["ResponseDescription"]) == ("0", "Success")
    fee = 0 if path.startswith("internal") else 40
    assert await coop.balance() == f"{10_000_000 - 1000 - fee}.00"
    assert await coop.is_balanced()


async def test_the_payment_tells_payer_payee_and_both_references(coop):
    told = await coop.outcome()
    (payment,) = await coop.payments()
    assert (payment["kind"], payment["reference"], payment["amount"]) == ("transfer", "M1", "1000.00")
    assert payment["receipt"] == told["Destinations"][0]["TransactionID"]
    assert payment["provider_reference"].startswith("00110068")
    assert (await coop.balance("0712345678901", "68")) == "51000.00"


async def test_the_callback_comes_a_second_after_the_last_leg(coop):
    await coop.accepted()
    await coop.bench.advance(1.5)
    assert coop.callbacks == []
    await coop.bench.advance(0.5)
    assert len(coop.callbacks) == 1


async def test_legs_are_told_together_with_the_code_of_each(coop):
    legs = [
        coop.leg(),
        coop.leg(ReferenceNumber="M1_2", AccountNumber="0700000000001", Amount=250.5),
        coop.leg(ReferenceNumber="M1_3", AccountNumber="0712345678902", BankCode="01"),
    ]
    told = await coop.outcome(*legs, path="bulk", source={"Amount": "2250.50"})
    assert (told["MessageCode"], told["MessageDescription"]) == ("1", "PARTIAL SUCCESS")
    assert [leg["ResponseCode"] for leg in told["Destinations"]] == ["0", "40000126", "0"]
    assert [leg["TransactionID"] == "NULL" for leg in told["Destinations"]] == [False, True, False]
    assert (told["Source"]["ResponseCode"], told["Source"]["Amount"]) == ("0", 2250.5)
    assert await coop.balance() == "9997920.00", "two legs with their fees; the third came back"
    assert await coop.is_balanced()


async def test_the_debit_is_leg_by_leg_until_the_money_is_gone(coop):
    await coop.bench.control("PATCH", "/providers/coop", {"tariff": {"pesalink": []}})
    legs = [coop.leg(ReferenceNumber=f"M1_{number}", Amount=999_999) for number in range(11)]
    told = await coop.outcome(*legs, path="bulk")
    assert [leg["ResponseCode"] for leg in told["Destinations"]] == ["0"] * 10 + ["40507020"]
    assert told["MessageCode"] == "1"
    assert await coop.balance() == "10.00"


async def test_no_leg_that_is_paid_is_a_full_failure_of_the_source_too(coop):
    told = await coop.outcome(coop.leg(AccountNumber="0700000000004"))
    assert (told["MessageCode"], told["MessageDescription"]) == ("2", "FULL FAILURE")
    assert told["Source"]["ResponseCode"] == told["Destinations"][0]["ResponseCode"] == "40000132"
    assert await coop.balance() == "10000000.00"


async def test_legs_that_are_decided_at_different_times_wait_for_one_another(coop):
    legs = [coop.leg(), coop.leg(ReferenceNumber="M1_2", AccountNumber="0700000000090")]
    await coop.accepted(*legs)
    await coop.bench.advance(30)
    assert coop.callbacks == []
    await coop.bench.advance(30)
    (told,) = coop.callbacks
    assert told["MessageCode"] == "0"


@pytest.mark.parametrize(
    ("ending", "times"), [pytest.param("0092", 0, id="never"), pytest.param("0093", 2, id="twice")]
)
async def test_some_accounts_decide_how_often_the_callback_comes(coop, ending, times):
    await coop.accepted(coop.leg(AccountNumber=f"070000000{ending}"))
    await coop.bench.advance(200)
    bodies = [body for _, body in coop.bench.received]
    assert len(bodies) == times
    assert len(set(bodies)) <= 1
    assert (await coop.status()).json["MessageCode"] == "0"


async def test_one_leg_that_is_never_told_silences_the_request(coop):
    legs = [coop.leg(), coop.leg(ReferenceNumber="M1_2", AccountNumber="0700000000092")]
    await coop.accepted(*legs)
    await coop.bench.advance(200)
    assert coop.callbacks == []


async def test_a_callback_that_never_comes_holds_no_acknowledgement_back(coop):
    await coop.bench.fault("coop.pesalink_account.acknowledgement", kind="callback_first")
    assert (await coop.accepted(coop.leg(AccountNumber="0700000000092"))).json["MessageCode"] == "0"


async def test_the_callback_may_come_first(coop):
    await coop.bench.fault("coop.pesalink_account.acknowledgement", kind="callback_first")
    await coop.accepted()
    assert len(coop.callbacks) == 1


async def test_a_callback_that_is_refused_is_tried_three_times(coop):
    async def unavailable():
        return web.Response(status=503)

    coop.bench.answers["/coop"] = unavailable
    await coop.accepted()
    await coop.bench.advance(1000)
    assert len(coop.bench.received) == 3
    assert len({body for _, body in coop.bench.received}) == 1


@pytest.mark.parametrize("phone", ["0722000000", "254722000000", "+254722000000", "0110000000"])
async def test_a_phone_in_any_spelling_is_paid_at_its_default_bank_and_told_as_it_was_written(coop, phone):
    told = await coop.outcome(coop.phone_leg(phone), path="phone")
    (leg,) = told["Destinations"]
    assert leg["PhoneNumber"] == phone
    assert "AccountNumber" not in leg
    assert "BankCode" not in leg
    (payment,) = await coop.payments()
    assert payment["msisdn"] == ("254110000000" if phone == "0110000000" else "254722000000")


async def test_a_phone_that_no_bank_knows_fails_without_a_debit(coop):
    told = await coop.outcome(coop.phone_leg("0700000011"), path="phone")
    assert told["MessageCode"] == "2"
    assert told["Destinations"][0]["ResponseCode"] == "40000126"
    entries = (await coop.bench.control("GET", "/ledger/entries"))["items"]
    assert entries == []


@pytest.mark.parametrize("code", ["68", "0068", "68000", "40468000"])
async def test_every_spelling_of_a_bank_is_taken_and_told_as_it_was_written(coop, code):
    told = await coop.outcome(coop.leg(BankCode=code))
    assert told["Destinations"][0]["BankCode"] == code
    assert (await coop.balance("0712345678901", "68")) == "51000.00"


async def test_an_internal_transfer_needs_no_bank_code_and_stays_in_the_bank(coop):
    told = await coop.outcome(coop.leg(BankCode=None), path="internal")
    assert told["Destinations"][0]["BankCode"] == "11"
    assert (await coop.balance("0712345678901", "11")) == "51000.00"


@pytest.mark.parametrize("amount", [1000, 1000.0, "1000", "1000.00"])
async def test_an_amount_is_a_number_or_its_text_and_told_as_a_whole_number(coop, amount):
    told = await coop.outcome(coop.leg(Amount=amount), source={"Amount": amount})
    assert '"Amount":1000,' in coop.bench.received[0][1]
    assert told["MessageCode"] == "0"


# What is refused, leaves no trace.


def changed(coop, place, value):
    """An order with one field altered, in the request, its source or its only leg."""
    where, _, name = place.rpartition(".")
    body = coop.order(coop.leg())
    target = {"": body, "Source": body["Source"], "Leg": body["Destinations"][0]}[where]
    if value is ABSENT:
        target.pop(name, None)
    else:
        target[name] = value
    return body


REQUIRED = [
    "MessageReference",
    "CallBackUrl",
    "Source",
    "Destinations",
    "Source.AccountNumber",
    "Source.Amount",
    "Source.TransactionCurrency",
    "Source.Narration",
    "Leg.ReferenceNumber",
    "Leg.AccountNumber",
    "Leg.BankCode",
    "Leg.Amount",
    "Leg.TransactionCurrency",
    "Leg.Narration",
]


@pytest.mark.parametrize("place", REQUIRED)
@pytest.mark.parametrize(
    "value", [ABSENT, None, "", [], {"a": 1}, True], ids=["absent", "null", "empty", "list", "mapping", "true"]
)
async def test_a_field_that_says_nothing_is_invalid(coop, place, value):
    answer = await coop.post("account", changed(coop, place, value))
    assert (answer.status, answer.json["MessageCode"]) == (400, "-2")
    assert answer.json["MessageDescription"] == "INVALID/MISSING PARAMETER"
    assert await coop.payments() == []


@pytest.mark.parametrize("path", ["account v2", "bulk", "internal v3"])
async def test_version_two_wants_to_know_the_user(coop, path):
    assert (await coop.send(path=path, UserId=None)).json["MessageCode"] == "-2"
    assert (await coop.send(path=path, UserId=None, UserID="PESABOX")).json["MessageCode"] == "0"


@pytest.mark.parametrize(
    ("place", "value", "status", "code"),
    [
        pytest.param("MessageReference", "M" * 28, 400, "-11", id="a long message reference"),
        pytest.param("Leg.ReferenceNumber", "L" * 31, 400, "-11", id="a long leg reference"),
        pytest.param("Source.Narration", "N" * 26, 400, "-2", id="a long narration"),
        pytest.param("CallBackUrl", "app.test/coop", 400, "-2", id="no address"),
        pytest.param("ISO2CountryCode", "UG", 400, "-2", id="another country"),
        pytest.param("Source.TransactionCurrency", "USD", 403, "-9", id="another currency"),
        pytest.param("Leg.TransactionCurrency", "USD", 403, "-9", id="another currency of a leg"),
        pytest.param("Source.Amount", 0, 400, "-3", id="nothing"),
        pytest.param("Leg.Amount", -1000, 400, "-3", id="less than nothing"),
        pytest.param("Source.Amount", 999, 400, "-5", id="an amount that does not balance"),
        pytest.param("Source.Amount", 1000.001, 400, "-2", id="three decimals"),
        pytest.param("Source.Amount", "1e3", 400, "-2", id="an exponent"),
        pytest.param("Leg.BankCode", "09", 403, "-10", id="no member"),
        pytest.param("Leg.BankCode", "98", 403, "-10", id="no bank"),
        pytest.param("Leg.BankCode", "MPESA", 403, "-10", id="letters"),
        pytest.param("Leg.AccountNumber", "68:1", 400, "-2", id="no account number"),
        pytest.param("Leg.AccountNumber", "fees", 400, "-2", id="what the ledger keeps beside accounts"),
        pytest.param("Source.AccountNumber", "1001", 401, "-8", id="somebody else's account"),
    ],
)
async def test_each_refusal_has_its_status_and_code(coop, place, value, status, code):
    answer = await coop.post("account", changed(coop, place, value))
    assert (answer.status, answer.json["MessageCode"]) == (status, code)
    assert list(answer.json) == ["MessageReference", "MessageDateTime", "MessageCode", "MessageDescription"]
    assert answer.headers["Pesabox-Why"]
    assert await coop.payments() == []
    assert (await coop.status(changed(coop, place, value)["MessageReference"][:27])).json["MessageCode"] == "-13"


@pytest.mark.parametrize(("amount", "code"), [(9.99, "-6"), (10, "0"), (999_999, "0"), ("999999.01", "-6")])
async def test_the_amount_of_a_leg_has_its_window(coop, amount, code):
    answer = await coop.send(coop.leg(Amount=amount), source={"Amount": amount})
    assert answer.json["MessageCode"] == code


async def test_the_sum_of_the_legs_may_be_beyond_it(coop):
    legs = [coop.leg(Amount=999_999), coop.leg(ReferenceNumber="M1_2", Amount=999_999)]
    assert (await coop.send(*legs)).json["MessageCode"] == "0"


@pytest.mark.parametrize(
    "phone", ["722000000", "07220000000", "2547220000000", "0822000000", "+2547220000001", "x" * 10]
)
async def test_a_phone_that_is_none_is_told_so(coop, phone):
    answer = await coop.send(coop.phone_leg(phone), path="phone")
    assert (answer.status, answer.json["MessageCode"]) == (400, "-20")


async def test_one_reference_for_two_legs_is_refused(coop):
    answer = await coop.send(coop.leg(), coop.leg())
    assert (answer.status, answer.json["MessageCode"]) == (400, "-12")


async def test_the_leg_may_have_the_reference_of_its_request_unless_that_is_watched(coop):
    assert (await coop.send(coop.leg(ReferenceNumber="M1"))).json["MessageCode"] == "0"
    await coop.strict(leg_references=True)
    answer = await coop.send(coop.leg(ReferenceNumber="M2"), MessageReference="M2")
    assert (answer.status, answer.json["MessageCode"]) == (400, "-12")


async def test_a_message_reference_is_accepted_once_and_in_another_world_again(coop):
    await coop.accepted()
    answer = await coop.send()
    assert (answer.status, answer.json["MessageCode"]) == (409, "-1")
    assert answer.json["MessageDescription"] == "DUPLICATE MESSAGE REFERENCE"
    assert len(await coop.payments()) == 1
    coop.bearer = await coop.token(key="key@another")
    await coop.accepted()


async def test_a_repeat_is_told_as_such_even_where_the_day_is_full(coop):
    await coop.bench.control("PATCH", "/providers/coop", {"limits": {"daily": "1000.00"}})
    await coop.outcome()
    assert (await coop.send()).json["MessageCode"] == "-1"
    answer = await coop.send(MessageReference="M2")
    assert (answer.status, answer.json["MessageCode"]) == (403, "-16")


async def test_what_is_refused_counts_for_no_rule(coop):
    rule = {"name": "r", "at": "coop.pesalink_account.processing", "nth": 1, "effect": {"kind": "fail", "code": "-5"}}
    await coop.bench.control("POST", "/faults", rule)
    await coop.send(source={"AccountNumber": "1001"})
    told = await coop.outcome()
    assert told["Destinations"][0]["ResponseDescription"] == "Insufficient balance"


async def test_a_rule_may_fail_one_leg_by_its_reference(coop):
    rule = {
        "name": "r",
        "at": "coop.*.processing",
        "when": {"reference": "M1_2"},
        "effect": {"kind": "fail", "code": "40421536"},
    }
    await coop.bench.control("POST", "/faults", rule)
    told = await coop.outcome(coop.leg(), coop.leg(ReferenceNumber="M1_2"))
    assert [leg["ResponseCode"] for leg in told["Destinations"]] == ["0", "40421536"]


async def test_a_time_out_leaves_the_outcome_unknown_and_the_status_tells(coop):
    await coop.bench.fault("coop.pesalink_account.acknowledgement", kind="refuse", error="-4")
    answer = await coop.send()
    assert (answer.status, answer.json["MessageCode"]) == (408, "-4")
    assert answer.json["MessageDescription"] == "REQUEST TIMED OUT"
    await coop.bench.advance(60)
    assert (await coop.status()).json["MessageCode"] == "0"


@pytest.mark.parametrize("reference", [{"reference": "M1"}, {"amount": "1000.00"}])
async def test_acknowledgement_and_callback_are_known_by_the_request(coop, reference):
    for point, kind in (("acknowledgement", "reset"), ("callback", "drop")):
        rule = {"name": point, "at": f"coop.*.{point}", "when": reference, "effect": {"kind": kind}}
        await coop.bench.control("POST", "/faults", rule)
    with pytest.raises(Exception, match=r"reset|disconnected"):
        await coop.send()
    await coop.bench.advance(60)
    assert coop.callbacks == []
    assert (await coop.payments())[0]["state"] == "succeeded"


async def test_business_errors_may_come_with_200_and_the_gateways_own_do_not(coop):
    await coop.strict(always_200=True)
    for answer, code in ((await coop.send(Source=None), "-2"), (await coop.status(), "-13")):
        assert (answer.status, answer.json["MessageCode"]) == (200, code)
    await coop.outcome(coop.leg(AccountNumber="0700000000001"))
    answer = await coop.status()
    assert (answer.status, answer.json["MessageCode"]) == (200, "2")
    coop.bearer = "never-given"
    assert (await coop.send()).status == 401


@pytest.mark.parametrize(
    ("path", "leg"),
    [
        pytest.param("internal", {"AccountNumber": "36001873000"}, id="within the bank"),
        pytest.param("account", {"AccountNumber": "36001873000", "BankCode": "11"}, id="over PesaLink"),
    ],
)
async def test_who_pays_itself_pays_nothing(coop, path, leg):
    told = await coop.outcome(coop.leg(**leg), path=path)
    assert (told["MessageCode"], told["Destinations"][0]["ResponseCode"]) == ("2", "40000126")
    assert "outside" not in str(await coop.bench.control("GET", "/ledger/accounts"))
    assert await coop.is_balanced()


async def test_a_phone_that_stands_for_the_payer_is_not_paid(coop):
    link = {"accounts": [{"bank": "11", "account_number": "36001873000"}]}
    await coop.bench.control("PATCH", "/phones/254722000000", link)
    told = await coop.outcome(coop.phone_leg(), path="phone")
    assert told["Destinations"][0]["ResponseCode"] == "40000126"
    assert await coop.is_balanced()
