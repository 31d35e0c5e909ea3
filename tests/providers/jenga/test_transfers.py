"""Transfers: what they are waited for, what refuses them and in which order, and what fault rules do to them."""

from __future__ import annotations

import asyncio
import contextlib
import json

import aiohttp
import orjson
import pytest

from simulator.app import running
from simulator.settings import Settings
from tests.providers.conftest import Bench
from tests.providers.jenga.conftest import PAYEE, PAYER, PENNILESS, PESALINK, Jenga, nested

SLOW = {"name": "slow", "at": "jenga.*.processing", "effect": {"kind": "delay", "seconds": 600}}
GONE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
LATE, LATE_REFUSAL = "1234560090", "1234560091"
KINDS = [
    pytest.param("pesalinkacc", "PESALINK_ACCOUNT", id="to an account"),
    pytest.param("pesalinkacc/imt", "PESALINK_ACCOUNT_IMT", id="to an account, imt"),
    pytest.param("pesalinkMobile", "PESALINK_MOBILE", id="to a phone"),
    pytest.param("pesalinkMobile/imt", "PESALINK_MOBILE_IMT", id="to a phone, imt"),
    pytest.param("internalBankTransfer", "INTERNAL_BANK_TRANSFER", id="within Equity"),
    pytest.param("internalBankTransfer/imt", "INTERNAL_BANK_TRANSFER_IMT", id="within Equity, imt"),
]


async def now(bench):
    return (await bench.control("GET", "/clock"))["now"]


async def told_of(jenga, reference):
    return (await jenga.details(reference)).json["data"]


async def available(jenga):
    return (await jenga.account("accounts/balances")).json["data"]["balances"][0]["amount"]


@pytest.mark.parametrize(("kind", "service"), KINDS)
async def test_a_transfer_is_answered_once_it_is_paid(jenga, bench, kind, service):
    answer = await jenga.send(kind, transfer__amount="1000.00")
    assert (answer.status, answer.json["code"]) == (200, 0)
    assert await now(bench) == "2026-01-15T10:30:01+03:00", "after the published latency"
    (payment,) = await jenga.payments()
    assert (payment["kind"], payment["state"], payment["amount"]) == ("transfer", "succeeded", "1000.00")
    assert payment["receipt"] == answer.json["data"]["transactionId"]
    assert payment["reference"] == answer.json["reference"]
    assert payment["msisdn"] == ("254722000001" if "Mobile" in kind else "")
    told = await told_of(jenga, payment["reference"])
    assert (told["state"], told["stateCode"], told["amount"], told["serviceName"]) == ("Success", 2, "1000.00", service)
    assert told["transactionReference"] == payment["receipt"]
    fee = "0.00" if "internal" in kind else "40.00"
    assert told["charge"] == fee
    assert await available(jenga) == ("9999000.00" if "internal" in kind else "9998960.00")
    assert await bench.is_balanced()


async def test_the_money_arrives(jenga):
    await jenga.send(destination__accountNumber=PAYEE, destination__bankCode="40457000", transfer__amount="10.00")
    assert await jenga.held(f"bank:57:{PAYEE}") == "50010.00"
    assert await jenga.held("switch:57") == "10.00"
    assert await jenga.held("switch:68") == "-10.00"


@pytest.mark.parametrize("told", ["1", "01", "0001", "01000", "40401000", " 01 "])
async def test_a_bank_is_named_in_any_spelling(jenga, told):
    assert (await jenga.send(destination__bankCode=told)).json["code"] == 0
    assert await jenga.held(f"bank:01:{PAYEE}") == "50500.00"


@pytest.mark.parametrize("told", ["0722000001", "254722000001", "+254722000001", "+254-722000001", "0110000001"])
async def test_a_phone_is_named_in_any_spelling(jenga, told):
    assert (await jenga.send("pesalinkMobile", destination__mobileNumber=told)).json["code"] == 0


@pytest.mark.parametrize("told", ["PesaLink", "Pesalink", "PESALINK"])
async def test_the_type_is_written_in_any_case(jenga, told):
    assert (await jenga.send(transfer__type=told)).json["code"] == 0


@pytest.mark.parametrize("amount", ["10.00", "999999.00", "500", "500.5"])
async def test_an_amount_within_the_limits_is_paid(jenga, amount):
    assert (await jenga.send(transfer__amount=amount)).json["code"] == 0


async def test_limits_are_a_setting_and_not_those_of_internal_transfers(jenga, bench):
    await bench.control("PATCH", "/providers/jenga", {"limits": {"minimum": "50.00", "maximum": "60.00"}})
    assert (await jenga.send(transfer__amount="49.99")).json["code"] == 103105
    assert (await jenga.send(transfer__amount="60.01")).json["code"] == 103105
    assert (await jenga.send("internalBankTransfer", transfer__amount="1.00")).json["code"] == 0
    assert (await jenga.send("internalBankTransfer", transfer__amount="0.00")).json["code"] == 103107


@pytest.mark.parametrize("more", [{"rail": "x"}, {"callbackUrl": "https://app.test/x"}])
async def test_members_that_nobody_documents_are_ignored(jenga, more):
    changes = {f"transfer__{name}": value for name, value in more.items()}
    assert (await jenga.send(**changes, source__currencyCode="KES", sender__name="Ann")).json["code"] == 0


# What refuses it.

FORM = {"destination__name": None}
IN_ORDER = [
    ("form", FORM, 400111),
    ("signature", {}, 900101),
    ("currency", {"transfer__currencyCode": "USD"}, 103107),
    ("amount", {"transfer__amount": "5.00"}, 103105),
    ("payer", {"source__accountNumber": "0020100014605"}, 401201),
    ("bank", {"destination__bankCode": "09"}, 400400),
    ("reference", {"transfer__reference": "taken"}, 400101),
    ("phone", {"destination__mobileNumber": "254700000011"}, 400103),
]


@pytest.mark.parametrize("first", range(len(IN_ORDER)), ids=[name for name, _, _ in IN_ORDER])
async def test_of_all_that_is_wrong_the_first_is_told_and_leaves_no_trace(jenga, first):
    """Everything from there on is wrong at once."""
    await jenga.send("pesalinkMobile", transfer__reference="taken")
    before = await jenga.payments()
    changes = {name: value for _, told, _ in reversed(IN_ORDER[first:]) for name, value in told.items()}
    sign = "another text" if first <= 1 else None
    answer = await jenga.send("pesalinkMobile", sign=sign, **changes)
    assert answer.json["code"] == IN_ORDER[first][2]
    assert await jenga.payments() == before
    assert (await jenga.bench.control("GET", "/journal?kind=request"))["items"][-1]["why"]


async def test_a_token_comes_before_the_form(jenga, bench):
    answer = await bench.call("POST", "/v3-apis/transaction-api/v3.0/remittance/pesalinkacc", data=b"[")
    assert (answer.status, answer.json["code"]) == (401, 401101)


async def test_a_reference_is_taken_whatever_became_of_the_transfer(jenga):
    failed = await jenga.send(destination__accountNumber="1234560001", transfer__reference="R1")
    assert failed.json["code"] == 400103
    again = await jenga.send("pesalinkMobile", transfer__reference="R1")
    assert (again.status, again.json) == (
        400,
        {"status": False, "code": 400101, "message": "Duplicate transaction reference", "reference": "R1"},
    )
    assert len(await jenga.payments()) == 1


async def test_two_transfers_of_one_reference_at_once_are_one(jenga):
    answers = await asyncio.gather(*(jenga.send(transfer__reference="R1") for _ in range(5)))
    assert sorted(answer.json["code"] for answer in answers) == [0, 400101, 400101, 400101, 400101]
    assert len(await jenga.payments()) == 1


async def test_who_cannot_pay_has_lost_nothing(jenga):
    answer = await jenga.send(source__accountNumber=PENNILESS)
    assert (answer.status, answer.json["code"]) == (400, 400104)
    assert (await told_of(jenga, answer.json["reference"]))["stateCode"] == 1
    assert await jenga.bench.is_balanced()


async def test_what_the_payees_bank_refuses_comes_back_with_the_fee(jenga):
    answer = await jenga.send(destination__accountNumber="1234560006", transfer__amount="1000.00")
    assert answer.json["code"] == 400106
    told = await told_of(jenga, answer.json["reference"])
    assert (told["state"], told["charge"], told["transactionReference"]) == ("Failed", "0.00", "")
    assert await available(jenga) == "10000000.00"


# What is not known in time.


@pytest.mark.parametrize(
    ("account", "state", "code", "left"),
    [
        pytest.param(LATE, 2, 0, "9998960.00", id="paid"),
        pytest.param(LATE_REFUSAL, 1, 400108, "10000000.00", id="given back"),
    ],
)
async def test_an_unclear_transfer_is_acknowledged_and_the_details_tell_the_truth_later(
    jenga, bench, account, state, code, left
):
    answer = await jenga.send(destination__accountNumber=account, transfer__amount="1000.00")
    assert await now(bench) == "2026-01-15T10:30:25+03:00"
    assert (answer.status, answer.json["status"], answer.json["code"]) == (200, True, -1)
    assert list(answer.json) == ["status", "code", "message", "reference"]
    told = await told_of(jenga, answer.json["reference"])
    assert (told["state"], told["stateCode"], told["charge"]) == ("Pending", -1, "40.00")
    assert await available(jenga) == "9998960.00", "the payer is debited first"
    await bench.advance(19)
    assert (await told_of(jenga, answer.json["reference"]))["stateCode"] == -1
    await bench.advance(2)
    told = await told_of(jenga, answer.json["reference"])
    assert (told["stateCode"], told["code"]) == (state, code)
    assert await available(jenga) == left
    assert await bench.is_balanced()


async def test_transfers_at_once_are_each_answered_by_their_own_outcome(jenga):
    await jenga.token()
    sent = (jenga.send(destination__accountNumber=LATE), jenga.send(), jenga.send("pesalinkMobile"))
    answers = await asyncio.gather(*sent)
    assert [answer.json["code"] for answer in answers] == [-1, 0, 0]


async def test_whoever_hangs_up_finds_the_transfer_by_its_details():
    """On the system clock: the caller goes away while the switch has no answer."""
    settings = Settings(port=0, clock="system", latency=0.002)
    async with running(settings) as simulator, aiohttp.ClientSession() as http:
        bench = Bench(http, simulator.url, "")
        jenga = Jenga(bench)
        await jenga.token()
        waiting = asyncio.create_task(jenga.send(transfer__reference="R1", destination__accountNumber=LATE))
        (begun,) = (await bench.control("GET", "/journal?kind=payment&wait=10"))["items"]
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await bench.control("GET", f"/journal?kind=payment&wait=10&after={begun['sequence']}")
        assert (await told_of(jenga, "R1"))["stateCode"] == 2


# Fault rules.


@pytest.mark.parametrize(
    "effect",
    [
        pytest.param({"kind": "reset"}, id="reset"),
        pytest.param({"kind": "hang", "seconds": 45}, id="hang"),
    ],
)
async def test_an_answer_that_is_lost_leaves_a_transfer_that_the_details_find(jenga, bench, effect):
    await jenga.token()
    await bench.fault("jenga.pesalink_account.acknowledgement", **effect)
    with pytest.raises(GONE):
        await jenga.send(transfer__reference="R1")
    told = await told_of(jenga, "R1")
    assert (told["state"], told["stateCode"]) == ("Success", 2)
    event = (await bench.control("GET", "/journal?kind=request"))["items"][-2]
    assert (event["status"], event["instead_of"]["answer"]["code"], event["payment"]) == (0, 0, "p000001")


@pytest.mark.parametrize("effect", [{"kind": "reset"}, {"kind": "refuse", "error": "temporarily_unavailable"}])
async def test_a_request_that_is_not_served_leaves_nothing(jenga, bench, effect):
    await jenga.token()
    await bench.fault("jenga.pesalink_account.request", **effect)
    with contextlib.suppress(*GONE):
        await jenga.send(transfer__reference="R1")
    assert await jenga.payments() == []
    assert (await jenga.details("R1")).status == 404


async def test_an_unknown_status_at_the_acknowledgement_may_hide_a_success(jenga, bench):
    await bench.fault("jenga.pesalink_account.acknowledgement", kind="refuse", error="400105")
    answer = await jenga.send(transfer__reference="R1")
    assert (answer.status, answer.json["code"], answer.json["reference"]) == (400, 400105, "R1")
    assert (await told_of(jenga, "R1"))["stateCode"] == 2


async def test_an_unknown_status_of_the_processing_is_a_failure(jenga, bench):
    await bench.fault("jenga.pesalink_account.processing", kind="fail", code="400105")
    answer = await jenga.send(transfer__reference="R1")
    assert (answer.status, answer.json["code"]) == (400, 400105)
    told = await told_of(jenga, "R1")
    assert (told["stateCode"], told["code"]) == (1, 400105)
    assert await available(jenga) == "10000000.00"


@pytest.mark.parametrize(("seconds", "code", "at"), [(10, 0, "10:30:11"), (24, 0, "10:30:25"), (40, -1, "10:30:25")])
async def test_processing_may_take_its_time(jenga, bench, seconds, code, at):
    await bench.fault("jenga.pesalink_account.processing", kind="delay", seconds=seconds)
    answer = await jenga.send()
    assert (answer.json["code"], await now(bench)) == (code, f"2026-01-15T{at}+03:00")
    await bench.advance(30)
    assert (await told_of(jenga, answer.json["reference"]))["stateCode"] == 2


async def test_what_is_refused_is_not_counted(jenga, bench):
    rule = {"name": "second", "at": "jenga.pesalink_account.acknowledgement", "nth": 2, "effect": {"kind": "reset"}}
    await bench.control("POST", "/faults", rule)
    assert (await jenga.send()).json["code"] == 0
    assert (await jenga.send(sign="another text")).json["code"] == 900101
    assert (await jenga.send(transfer__amount="1.00")).json["code"] == 103105
    with pytest.raises(GONE):
        await jenga.send()


async def test_rules_look_at_what_was_asked_for(jenga, bench):
    when = {"msisdn": "254722000001", "amount": "500.00", "reference": "R1"}
    effect = {"kind": "fail", "code": "400112"}
    rule = {"name": "r", "at": "jenga.pesalink_mobile.processing", "when": when, "effect": effect}
    await bench.control("POST", "/faults", rule)
    assert (await jenga.send("pesalinkMobile", transfer__reference="R2")).json["code"] == 0
    assert (await jenga.send("pesalinkMobile", transfer__reference="R1", transfer__amount="500")).json["code"] == 400112


async def test_no_answer_is_kept_back_for_a_callback_that_there_is_not(jenga, bench):
    await bench.fault("jenga.pesalink_account.acknowledgement", kind="callback_first")
    assert (await jenga.send(destination__accountNumber=LATE)).json["code"] == -1
    (event,) = (await bench.control("GET", "/journal?kind=fault"))["items"]
    assert "does not apply" in event["why"]


@pytest.mark.parametrize("point", ["request", "acknowledgement"])
async def test_look_ups_are_refused_by_rules_too(jenga, bench, point):
    await jenga.send(transfer__reference="R1")
    for operation in ("transaction_details", "balances", "search", "validate"):
        await bench.control(
            "POST",
            "/faults",
            {"name": operation, "at": f"jenga.{operation}.{point}", "effect": {"kind": "refuse", "status": 418}},
        )
    answers = [
        await jenga.details("R1"),
        await jenga.account("accounts/balances"),
        await jenga.account("search"),
        await jenga.account("accounts/search"),
        await jenga.validate(PAYER, "PESABOX LIMITED"),
    ]
    assert [answer.status for answer in answers] == [418] * 5


# Other surfaces' accounts.


async def test_an_account_of_another_surface_takes_money_like_any(jenga):
    answer = await jenga.send(destination__bankCode="11", destination__accountNumber="36001873000")
    assert answer.json["code"] == 0
    assert await jenga.held("bank:11:36001873000") == "10000500.00"


WORLD = """
accounts:
  "68:1450160649555": {surface: jenga, refuses_debits: "118108"}
  "68:1450160649556": {surface: jenga, refuses_credits: "103101"}
  "11:36001873556": {surface: coop, refuses_credits: "40180193"}
"""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"source__accountNumber": "1450160649555"}, 118108, id="a payer's"),
        pytest.param(
            {"destination__bankCode": "68", "destination__accountNumber": "1450160649556"}, 103101, id="a payee's"
        ),
        pytest.param(
            {"destination__bankCode": "11", "destination__accountNumber": "36001873556"}, 400106, id="another's"
        ),
    ],
)
async def test_an_account_may_refuse_with_a_code_of_its_own_surface(tmp_path, changes, code):
    (tmp_path / "world.yaml").write_text(WORLD)
    settings = Settings(port=0, clock="virtual", world=tmp_path / "world.yaml")
    async with running(settings) as simulator, aiohttp.ClientSession() as http:
        jenga = Jenga(Bench(http, simulator.url, ""))
        answer = await jenga.send(transfer__reference="R1", **changes)
        assert (answer.status, answer.json["code"]) == (400, code)
        assert (await told_of(jenga, "R1"))["code"] == code
        assert await jenga.bench.is_balanced()


async def test_worlds_know_nothing_of_each_others_transfers(jenga, bench):
    await jenga.send(transfer__reference="R1")
    jenga.bearer = (await jenga.authenticate("any-key@other", "any")).json["accessToken"]
    assert (await jenga.details("R1")).json["code"] == 100100
    assert (await jenga.send(transfer__reference="R1")).json["code"] == 0


@pytest.mark.parametrize("how", ["/jenga/v3-apis", "//v3-apis", "/v3-apis"])
async def test_paths_are_joined_in_any_way(jenga, how):
    await jenga.send(transfer__reference="R1")
    told = await jenga.call("GET", f"{how}/transaction-api/v3.0/transactions/details/R1/", sign="R1")
    assert told.status == 200


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half of it"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"source": ' + b"[" * 900 + b"]" * 900 + b"}", id="deep"),
        pytest.param(b'{"transfer": {"amount": NaN}}', id="no number"),
        pytest.param(b'{"transfer": {"reference": "\\ud800"}}', id="half a character"),
        pytest.param("é".encode("latin-1"), id="no UTF-8"),
        pytest.param(orjson.dumps({"source": "KE", "destination": [], "transfer": None}), id="no members"),
    ],
)
async def test_a_body_that_nobody_can_read_is_refused(jenga, body):
    answer = await jenga.send(raw=body or b" ", sign="x")
    assert (answer.status, answer.json["code"] in (400400, 400111)) == (400, True)


# What nobody means.

ODD = ["", " ", "\x00", "é" * 300, "x" * 5000, "::", "%2F", "../..", "0", -1, 1e300, 10**400, True, None, [], {}, [{}]]
FIELDS = [
    name for kind in ("pesalinkMobile", "pesalinkacc") for name in Jenga(None).body(kind) if name != "destination.name"
]


@pytest.mark.parametrize("name", [*dict.fromkeys(FIELDS), "destination.name"])
async def test_odd_values_are_answered_in_jengas_words(jenga, bench, name):
    """Signed or not, whatever a field holds: paid, or refused for what it is."""
    kind = "pesalinkMobile" if name == "destination.mobileNumber" else "pesalinkacc"
    for value in ODD:
        fields = jenga.body(kind) | {name: value}
        signed = (told if isinstance(told, str) else json.dumps(told) for told in map(fields.get, PESALINK))
        answer = await jenga.send(kind, raw=json.dumps(nested(fields)).encode(), sign="".join(signed))
        assert answer.status in (200, 400), answer.text
        assert answer.json["code"] in (0, 400111, 400400, 103107, 103105, 401201, 900101), answer.text
    assert (await bench.control("GET", "/journal?kind=error"))["items"] == []
    assert await bench.is_balanced()


async def test_whoever_waits_in_a_world_that_is_deleted_is_let_go():
    async with running(Settings(port=0, clock="system")) as simulator, aiohttp.ClientSession() as http:
        bench = Bench(http, simulator.url, "")
        jenga = Jenga(bench)
        jenga.bearer = (await jenga.authenticate("any@gone", "any")).json["accessToken"]
        await bench.control("POST", "/faults?world=gone", SLOW)
        waiting = asyncio.create_task(jenga.send(destination__accountNumber=LATE))
        await bench.control("GET", "/journal?world=gone&kind=entry&wait=10")
        await bench.control("DELETE", "/worlds/gone")
        async with asyncio.timeout(2):
            assert (await waiting).status == 503


async def test_a_reference_with_a_slash_in_it_is_found_too(jenga):
    await jenga.send(transfer__reference="INV/1")
    answer = await jenga.details("INV%2F1", sign="INV/1")
    assert (answer.status, answer.json["data"]["stateCode"]) == (200, 2)


async def test_a_member_that_is_called_by_a_whole_path_is_nobodys(jenga):
    """Else a body without a single part would be a transfer, and one member could stand for another."""
    fields = jenga.body()
    assert (await jenga.send(raw=orjson.dumps(fields))).json["code"] == 400111
    both = nested(fields) | {"transfer.amount": "900.00"}
    answer = await jenga.send(raw=orjson.dumps(both), transfer__reference=fields["transfer.reference"])
    assert answer.json["data"]["description"].startswith("Confirmed. KES 500.00")
