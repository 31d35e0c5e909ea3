"""Each invariant, with evidence that keeps it and evidence that breaks it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from harness.app_profile import AppAudit, StatementLine
from harness.book import Wish
from harness.evidence import Customer, Deposit, Evidence, Payment
from harness.invariants import INVARIANTS, violations

NOTHING = AppAudit(True, *map(Decimal, ("0", "0", "0", "0", "0", "20000000")))


def ann(balance, *amounts, opening="0"):
    lines = tuple(StatementLine(Decimal(amount)) for amount in amounts)
    return Customer("C1", "254708374149", Decimal(opening), Decimal(balance), lines)


def brian(balance, *amounts):
    return replace(ann(balance, *amounts), id="C2", msisdn="254711000002")


def deposit(*states, amount="100", id="D1", customer="C1"):
    return Deposit(id, customer, Decimal(amount), states)


def payment(state="succeeded", amount="100", id="p1", deposit="D1", customer="C1", is_told=True):
    return Payment(id, state, Decimal(amount), "254708374149", "UAF1", customer, deposit, is_told)


def audit(customers="0", float_="20000000", balanced=True, difference="0", suspense="0"):
    sums = map(Decimal, (difference, customers, "0", suspense, "0", float_))
    return AppAudit(balanced, *sums)


def evidence(*, customers=(), deposits=(), payments=(), moved="0", after=None, **more):
    after = after or audit(moved, str(20_000_000 + Decimal(moved)))
    return Evidence(
        customers, deposits, payments, audit=after, audit_before=NOTHING, provider_moved=Decimal(moved), **more
    )


PAID = evidence(
    customers=(ann("100", "100"),), deposits=(deposit("pending", "completed"),), payments=(payment(),), moved="100"
)
UNTOLD = evidence(
    customers=(ann("0"),),
    deposits=(deposit("unknown"),),
    payments=(payment(is_told=False),),
    moved="100",
    after=audit("0", "20000000"),
)

GOOD = [
    pytest.param(PAID, id="paid"),
    pytest.param(UNTOLD, id="untold money, not credited"),
    pytest.param(replace(PAID, payments=(payment(is_told=False),)), id="untold money, found by a later query"),
    pytest.param(evidence(customers=(ann("0"),), deposits=(deposit("pending", "failed"),)), id="never arrived"),
    pytest.param(
        evidence(customers=(ann("0"),), deposits=(deposit("cancelled"),), payments=(payment("cancelled"),)),
        id="cancelled",
    ),
    pytest.param(
        evidence(customers=(ann("0"),), deposits=(deposit("pending"),), payments=(payment("prompted"),)), id="undecided"
    ),
    pytest.param(
        evidence(
            customers=(ann("200", "100", "100"),),
            deposits=(deposit("completed"), deposit("completed", id="D2")),
            payments=(payment(), payment(id="p2", deposit="D2")),
            moved="200",
        ),
        id="the same amount twice, paid twice",
    ),
    pytest.param(
        evidence(customers=(ann("50", "50"),), payments=(payment(deposit=None, amount="50"),), moved="50"),
        id="paid in without a deposit",
    ),
    pytest.param(
        evidence(
            customers=(ann("0"),),
            payments=(payment(deposit=None),),
            moved="100",
            after=audit("0", "20000100", suspense="100"),
        ),
        id="visible in suspense",
    ),
    pytest.param(
        evidence(
            customers=(ann("300", "200", "100", opening="200"),),
            deposits=(deposit("completed"),),
            payments=(payment(),),
            moved="100",
        ),
        id="a customer who had something before",
    ),
    pytest.param(
        evidence(
            customers=(ann("0"),),
            wishes=(
                Wish("k", "POST /deposits", "{}", 202, "D1"),
                Wish("k", "POST /deposits", "{}", 202, "D1"),
                Wish("k", "POST /deposits", "{1}", 422, None),
                Wish("k", "POST /withdrawals", "{}", 202, "W1"),
                Wish("j", "POST /deposits", "{}", 409, None),
            ),
        ),
        id="repeats of one wish",
    ),
    pytest.param(Evidence(has_app=False), id="no app"),
]


@pytest.mark.parametrize("seen", GOOD)
def test_evidence_that_contradicts_nothing(seen):
    assert [str(one) for one in violations(seen)] == []


def paid(**changes):
    return replace(PAID, **changes)


BAD = [
    pytest.param(paid(customers=(ann("0"),)), "I1 conservation", id="I1, a customer's balance"),
    pytest.param(paid(audit=audit("100", "20000000")), "I1 conservation", id="I1, the float"),
    pytest.param(paid(audit=audit("90", "20000100")), "I1 conservation", id="I1, the books"),
    pytest.param(paid(customers=(ann("101", "101"),)), "I2 no credit without money", id="I2"),
    pytest.param(paid(customers=(ann("200", "100", "100"),)), "I3 once", id="I3, twice by amount"),
    pytest.param(
        paid(
            customers=(
                replace(ann("100"), statement=(StatementLine(Decimal(50), "R1"), StatementLine(Decimal(50), "R1"))),
            )
        ),
        "I3 once",
        id="I3, twice by receipt",
    ),
    pytest.param(paid(customers=(ann("99", "99"),)), "I4 nothing lost", id="I4"),
    pytest.param(
        paid(deposits=(deposit("completed", amount="120"),), customers=(ann("120", "120"),)),
        "I5 the amount that moved",
        id="I5",
    ),
    pytest.param(paid(customers=(ann("0"), brian("100", "100"))), "I6 the right owner", id="I6"),
    pytest.param(paid(payments=(payment("failed"),)), "I11 truth", id="I11, completed and not settled"),
    pytest.param(paid(deposits=(deposit("pending", "failed"),)), "I11 truth", id="I11, settled and failed"),
    pytest.param(
        evidence(customers=(ann("0"),), deposits=(deposit("failed"),), payments=(payment("prompted"),)),
        "I11 truth",
        id="I11, failed while undecided",
    ),
    pytest.param(paid(deposits=(deposit("unknown"),)), "I11 truth", id="I11, unknown though told"),
    pytest.param(replace(UNTOLD, deposits=(deposit("expired"),)), "I11 truth", id="I11, a no for untold money"),
    pytest.param(paid(customers=(ann("0"),)), "I13 state and money agree", id="I13, completed and not credited"),
    pytest.param(paid(deposits=(deposit("pending"),)), "I13 state and money agree", id="I13, credited and pending"),
    pytest.param(paid(audit=audit("100", "20000100", balanced=False)), "I28 books", id="I28, the audit"),
    pytest.param(paid(audit=audit("100", "20000100", difference="0.01")), "I28 books", id="I28, the difference"),
    pytest.param(paid(customers=(ann("100", "60"),)), "I28 books", id="I28, a statement"),
    pytest.param(
        paid(wishes=(Wish("k", "POST /deposits", "{}", 202, "D1"), Wish("k", "POST /deposits", "{}", 202, "D2"))),
        "I30 same key, same wish",
        id="I30, another id",
    ),
    pytest.param(
        paid(wishes=(Wish("k", "POST /deposits", "{}", 202, "D1"), Wish("k", "POST /deposits", "{1}", 202, "D1"))),
        "I30 same key, same wish",
        id="I30, another body",
    ),
    pytest.param(
        paid(wishes=(Wish("k", "POST /deposits", "{}", 202, "D1"),), payments=(payment(), payment("failed", id="p2"))),
        "I30 same key, same wish",
        id="I30, two effects",
    ),
    pytest.param(Evidence(has_app=False, provider_difference=Decimal(1)), "P1 the provider's books", id="P1"),
]


@pytest.mark.parametrize(("seen", "name"), BAD)
def test_evidence_that_breaks_an_invariant_is_told_by_its_name(seen, name):
    assert name in [str(one.invariant) for one in violations(seen)]


def test_every_invariant_is_broken_by_some_evidence():
    broken = {str(one.invariant) for case in BAD for one in violations(case.values[0])}
    assert broken == {str(one) for one in INVARIANTS}


def test_only_the_always_ones_are_judged_after_a_step():
    early = paid(customers=(ann("0"),), deposits=(deposit("pending"),))
    assert violations(early, always_only=True) == ()
    assert violations(early) != ()


def test_a_violation_says_what_both_sides_show():
    (told,) = [one for one in violations(paid(customers=(ann("200", "200"),))) if one.invariant.id == "I2"]
    assert str(told) == (
        "I2 no credit without money: customer C1 shows 200.00 after an opening of 0.00;"
        " so far the provider settled p1 (100.00 from 254708374149, succeeded)"
    )
