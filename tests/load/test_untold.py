"""Which money nobody told the app of, and whether both ledgers agree but for it."""

from decimal import Decimal

import pytest
from books import Books, Side, compared, worth
from untold import untold

PUSHED = {
    "id": "p1",
    "state": "succeeded",
    "kind": "collection",
    "operation": "daraja.stk_push",
    "amount": "100.00",
    "msisdn": "254711000001",
    "reference": "D000001",
    "provider_reference": "ws_1",
    "receipt": "UAF1",
}
PAID_OUT = PUSHED | {"kind": "payout", "reference": "W000001-abc", "provider_reference": "AG_1"}
ACKNOWLEDGED = {"status": 200, "body": {"Amount": 100}, "answer": {"CheckoutRequestID": "ws_1"}}
CONFIRMED = {"outcome": "answered", "status": 200, "operation": "daraja.c2b_confirmation", "body": {"TransID": "UAF1"}}
RESULT = {
    "outcome": "answered",
    "status": 500,
    "operation": "daraja.stk_push",
    "body": {"stkCallback": {"Items": [{"Name": "CheckoutRequestID", "Value": "ws_1"}]}},
}


def event(kind, data, payment="p1", correlation="r1"):
    return {"kind": kind, "payment": payment, "correlation": correlation, **data}


def request(**changes):
    return event("request", ACKNOWLEDGED | changes)


def callback(told, **changes):
    return event("callback", told | changes)


@pytest.mark.parametrize(
    ("events", "is_told"),
    [
        pytest.param([], False, id="nothing was said"),
        pytest.param([request()], True, id="acknowledged"),
        pytest.param([request(), event("hung_up", {})], False, id="acknowledged to nobody"),
        pytest.param([request(status=0, answer="")], False, id="the acknowledgement was lost"),
        pytest.param([request(status=500)], False, id="acknowledged as refused"),
        pytest.param([request(answer={"CheckoutRequestID": "ws_2"})], False, id="another's handle"),
        pytest.param([event("request", ACKNOWLEDGED, payment="p2")], False, id="another's acknowledgement"),
        pytest.param([callback(RESULT)], True, id="a result that the app refused is a handle all the same"),
        pytest.param([callback(RESULT, outcome="dropped")], False, id="a result that never left"),
        pytest.param([callback(RESULT, outcome="timed_out")], False, id="a result that nobody answered"),
        pytest.param([callback(RESULT, forged=True)], False, id="a forged result"),
        pytest.param([callback(RESULT, body="<html>")], False, id="a broken result"),
        pytest.param([callback(CONFIRMED)], True, id="confirmed"),
        pytest.param([callback(CONFIRMED, status=500)], False, id="a confirmation that the app refused"),
    ],
)
def test_money_is_untold_until_a_message_with_a_handle_is_answered(events, is_told):
    assert untold([PUSHED], events) == ([] if is_told else [PUSHED])


def test_an_app_that_chose_the_handle_has_it_once_it_asked():
    asked = request(status=0, body={"OriginatorConversationID": "W000001-abc"}, answer="")
    assert untold([PAID_OUT], [asked]) == []
    assert untold([PUSHED], [asked]) == [PUSHED]


TRANSFERRED = PUSHED | {"kind": "transfer", "operation": "jenga.pesalink_account", "reference": "192112602006"}
CAME_IN = TRANSFERRED | {"operation": "jenga.credit"}
NOTICED = {"outcome": "answered", "status": 200, "operation": "jenga.credit", "body": {"reference": "UAF1"}}


def test_a_transfer_that_the_app_named_is_never_untold():
    assert untold([TRANSFERRED], []) == []


@pytest.mark.parametrize("payment", [CAME_IN, CAME_IN | {"kind": "return"}], ids=["a credit", "a return"])
@pytest.mark.parametrize(("status", "is_told"), [(200, True), (403, False)])
def test_money_from_a_bank_is_untold_until_its_notice_was_taken(payment, status, is_told):
    assert untold([payment], [callback(NOTICED, status=status)]) == ([] if is_told else [payment])


def test_what_is_sent_to_a_bank_is_less_at_the_provider():
    assert [worth(one) for one in (PAID_OUT, TRANSFERRED, CAME_IN)] == [-100, -100, 100]


@pytest.mark.parametrize("state", ["failed", "cancelled", "expired"])
def test_only_settled_money_is_untold(state):
    assert untold([PUSHED | {"state": state}], []) == []


def sides(before, after, fault=""):
    return Side(Decimal(before)), Side(Decimal(after), fault)


def test_ledgers_that_agree_are_no_problem():
    standing = compared(sides("5.00", "105.00"), sides("0.00", "100.00"), [])
    assert (standing.owed, standing.moved, standing.problems) == (Decimal(100), Decimal(100), ())


@pytest.mark.parametrize(
    ("owed", "missing", "is_right"),
    [
        pytest.param("0.00", [PUSHED], True, id="a collection untold"),
        pytest.param("200.00", [PAID_OUT], True, id="a payout untold"),
        pytest.param("100.00", [PUSHED], False, id="more than was told"),
        pytest.param("0.00", [], False, id="told and lost"),
    ],
)
def test_exactly_the_untold_money_may_be_missing(owed, missing, is_right):
    standing = compared(sides("0.00", owed), sides("0.00", "100.00"), missing)
    assert (standing.problems == ()) is is_right


@pytest.mark.parametrize(
    ("bank", "provider", "told"),
    [
        pytest.param(
            sides("0.00", "130.00"),
            sides("0.00", "100.00"),
            "the bank's ledger is off by +30.00: it shows +130.00, the provider moved +100.00 and told nobody of +0.00",
            id="a credit without money",
        ),
        pytest.param(
            sides("0.00", "0.00", "its accounts differ"),
            sides("0.00", "0.00"),
            "the bank's ledger does not balance: its accounts differ",
            id="the bank's own audit",
        ),
        pytest.param(
            sides("0.00", "0.00"),
            sides("0.00", "0.00", "p1 was settled twice"),
            "the provider's ledger does not balance: p1 was settled twice",
            id="the provider's own audit",
        ),
    ],
)
def test_the_ledger_that_is_off_is_named(bank, provider, told):
    assert compared(bank, provider, []).problems == (told,)


def test_untold_payments_are_listed():
    lines = compared(sides("0.00", "0.00"), sides("0.00", "2500.00"), [PUSHED] * 25).lines()
    assert lines[2].split() == ["untold", "money:", "payments", "25", "+2,500.00"]
    assert lines[3].split() == ["p1", "daraja.stk_push", "100.00", "254711000001"]
    assert lines[-1] == "  and 5 more"


class Scripted:
    """Stands for one of the two: what it answers, by path."""

    def __init__(self, **answers):
        self.answers = {"/_sim/worlds": [], "/_sim/payments": [], "/_sim/callbacks": [], "/_sim/journal": []} | answers

    def call(self, method, path, body=None):
        return self.answers[path.partition("?")[0]]

    def pages(self, path, after=""):
        return iter(self.answers[path])


BALANCED = {"balanced": True, "customers": "70.00", "held": "20.00", "suspense": "6.00", "fees": "4.00"}
BANK = Scripted(**{"/ledger/audit": BALANCED})
BALANCES = {
    "/_sim/ledger/audit": {"balanced": True, "problems": []},
    "/_sim/ledger/accounts": {"items": [{"balance": "50.00"}]},
}


@pytest.mark.parametrize(
    ("answers", "is_quiet"),
    [
        pytest.param({"/_sim/worlds": [{"name": "default", "open_jobs": 0}]}, True, id="no job is open"),
        pytest.param({"/_sim/payments": [{"state": "prompted"}]}, False, id="a payment is not decided"),
        pytest.param({"/_sim/callbacks": [{"attempts": []}]}, False, id="a callback was never sent"),
        pytest.param({"/_sim/callbacks": [{"attempts": [{"number": 1}]}]}, True, id="only repeats are due"),
    ],
)
def test_what_is_still_to_come_is_waited_for(answers, is_quiet):
    busy = {"/_sim/worlds": [{"name": "default", "open_jobs": 3}]}
    assert Books(BANK, Scripted(**(busy | answers)), "600000").is_quiet(opening()) is is_quiet


def opening(**answers):
    return Books(BANK, Scripted(**(BALANCES | answers)), "600000").opened()


def test_a_run_begins_behind_what_was_there():
    before = {"/_sim/payments": [PUSHED], "/_sim/journal": [{"sequence": 7}, {"sequence": 8}]}
    opened = opening(**before)
    assert (opened.bank.holds, opened.provider.holds) == (Decimal(100), Decimal(100))
    assert (opened.payment, opened.event) == ("p1", "8")


def test_accounts_at_banks_are_the_merchants_too():
    books = Books(BANK, Scripted(**BALANCES), "600000", ("68:1450160649886", "11:36001873000"))
    assert books.opened().provider.holds == Decimal(200)


@pytest.mark.parametrize(("first", "is_whole"), [(1, True), (2, False)])
def test_a_journal_that_forgot_the_beginning_judges_nothing(first, is_whole):
    journal = {"/_sim/journal": [request() | {"sequence": first}]}
    standing = Books(BANK, Scripted(**(BALANCES | journal)), "600000").standing(opening())
    assert (standing.problems == ()) is is_whole
    assert is_whole or "--retain" in standing.problems[0]


def test_a_ledger_that_does_not_balance_is_a_fault_of_its_side():
    audit = {"/ledger/audit": BALANCED | {"balanced": False, "difference": "1.00"}}
    standing = Books(Scripted(**audit), Scripted(**BALANCES), "600000").standing(opening())
    assert standing.problems == ("the bank's ledger does not balance: its accounts differ from their entries by 1.00",)
