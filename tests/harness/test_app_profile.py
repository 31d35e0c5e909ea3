"""How other apps' answers are read, and what they are asked."""

from decimal import Decimal

import pytest

from harness.app_answers import Answers, AppPaymentSeen, CustomerSeen, StatementLine
from harness.app_face import AppFace
from harness.app_profile import AppProfile
from harness.data import BadFace

SHOP = AppProfile(
    customers="/members",
    withdrawals="/cashouts",
    fields={
        "customer": {"msisdn": "$.phone", "balance": "$.wallet.total", "available": "$.wallet.free"},
        "withdrawal": {"customer": "$.member", "payee": "$.phone"},
        "statement": {"lines": "$.rows", "receipt": "$.mpesa", "payment": "$.for"},
        "reconciliation": {"undecided": "$.open"},
    },
    bodies={"withdrawal": {"member": "{customer}", "kes": "{amount}"}},
    states={"paid": "completed"},
)


def test_a_customer_is_read_by_the_profiles_paths():
    body = {"id": 7, "phone": "254708374149", "wallet": {"total": "5.00", "free": "3.00"}}
    seen = Answers(SHOP).customer(body)
    assert seen == CustomerSeen("7", "254708374149", Decimal(5), Decimal(3))
    assert seen.held == 2


def test_who_shows_no_available_balance_holds_nothing():
    seen = Answers(AppProfile()).customer({"id": "C1", "msisdn": "254708374149", "balance": "5.00"})
    assert (seen.available, seen.held) == (None, 0)


def test_a_payment_is_read_in_our_words_with_its_references():
    body = {"id": "W1", "member": "C1", "state": "paid", "amount": "5.00", "fee": "1.00", "phone": "2547", "ref": ["X"]}
    assert Answers(SHOP).payment("withdrawal", body) == AppPaymentSeen(
        "W1", "C1", "completed", Decimal(5), Decimal(1), "2547", frozenset({"W1", "paid", "5.00", "1.00", "X"})
    )


@pytest.mark.parametrize("body", [{"rows": [{"amount": "1.00", "mpesa": "U1"}]}, [{"amount": "1.00", "mpesa": "U1"}]])
def test_a_statement_is_a_list_or_holds_one(body):
    assert Answers(SHOP).statement(body) == (StatementLine(Decimal(1), "U1", None),)


@pytest.mark.parametrize(
    ("body", "found"), [({"open": [{"id": "W1"}, "W2"]}, {"W1", "W2"}), ({}, None), ("done", None)]
)
def test_what_is_undecided_is_known_where_it_is_listed(body, found):
    assert Answers(SHOP).undecided(body) == found


def test_a_wish_is_written_as_the_app_reads_it(door):
    wish = AppFace(door, SHOP).wish("withdrawal", customer="C1", amount="5.00", msisdn="2547")
    assert (wish.method, wish.path, wish.body) == ("POST", "/cashouts", {"member": "C1", "kes": "5.00"})
    assert SHOP.kind_at("/cashouts") == "withdrawal"
    assert SHOP.kind_at("/withdrawals") is None


def test_what_is_no_audit_is_told():
    with pytest.raises(BadFace, match="expected an audit, got"):
        Answers(SHOP).audit(["balanced"])
