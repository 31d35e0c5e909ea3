"""Each invariant, with evidence that keeps it and evidence that breaks it."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from harness.app_answers import AppAudit, StatementLine
from harness.book import Unfulfilled, Wish
from harness.evidence import AppPayment, Asked, Customer, Evidence, Notice, Payment
from harness.invariants import INVARIANTS, switched_off, untold_money, violations

PHONE, OTHER = "254708374149", "254711000002"
FLOAT = 20_000_000


def audit(customers="0", float_=FLOAT, *, held="0", suspense="0", fees="0", balanced=True, difference="0"):
    return AppAudit(balanced, *map(Decimal, (difference, customers, held, suspense, fees, str(float_))))


def line(told):
    """`100`, `-100 W1` or `100 D1 UAF1`: an amount, and what the line says it is for."""
    amount, payment, receipt, *_ = [*str(told).split(), None, None]
    return StatementLine(Decimal(amount), receipt=receipt, payment=payment)


def ann(balance, *lines, opening="0", available=None):
    spendable = balance if available is None else available
    lines = tuple(map(line, lines))
    return Customer("C1", PHONE, Decimal(opening), Decimal(balance), Decimal(spendable), lines)


def brian(balance, *lines):
    return replace(ann(balance, *lines), id="C2", msisdn=OTHER)


def deposit(*states, amount="100", id="D1", customer="C1"):
    return AppPayment("deposit", id, customer, Decimal(amount), states)


def withdrawal(*states, amount="40", id="W1", customer="C1", payee=PHONE, fee="0"):
    return AppPayment("withdrawal", id, customer, Decimal(amount), states, Decimal(fee), payee)


def payment(state="succeeded", amount="100", id="p1", for_="deposit D1", customer="C1", **more):
    more = {"receipt": f"R{id}", **more}
    return Payment(id, state, Decimal(amount), PHONE, customer=customer, made_for=for_, **more)


def payout(state="succeeded", amount="40", id="p2", for_="withdrawal W1", **more):
    return payment(state, amount, id, for_, kind="payout", **more)


def paybill(state="succeeded", amount="50", id="p5", customer="C1", **more):
    return payment(state, amount, id, None, customer, **more)


def validated(answer, *, status=200, outcome="answered", **more):
    return Notice("p5", "daraja.c2b_validation", outcome, status, answer, **more)


def confirmed(result=0, status=200):
    return Notice("p5", "daraja.c2b_confirmation", "answered", status, {"ResultCode": result, "ResultDesc": "."})


YES = {"ResultCode": "0", "ResultDesc": "Accepted"}


def evidence(*, customers=(), app_payments=(), payments=(), moved="0", after=None, **more):
    after = after or audit(moved, FLOAT + Decimal(moved))
    return Evidence(
        customers, app_payments, payments, audit=after, audit_before=audit(), provider_moved=Decimal(moved), **more
    )


PAID = evidence(
    customers=(ann("100", "100"),), app_payments=(deposit("pending", "completed"),), payments=(payment(),), moved="100"
)
WITHDRAWN = evidence(
    customers=(ann("60", "100 D1", "-40 W1"),),
    app_payments=(deposit("completed"), withdrawal("pending", "completed")),
    payments=(payment(), payout()),
    moved="60",
)
HELD = evidence(
    customers=(ann("100", "100 D1", available="60"),),
    app_payments=(deposit("completed"), withdrawal("unknown")),
    payments=(payment(), payout("pending")),
    moved="100",
    after=audit("60", FLOAT + 100, held="40"),
    listed=frozenset({"W1"}),
)
REFUSED = evidence(
    customers=(ann("100", "100 D1"),),
    app_payments=(deposit("completed"), withdrawal("pending", "failed")),
    payments=(payment(), payout("failed")),
    moved="100",
)
UNTOLD = evidence(
    customers=(ann("0"),),
    app_payments=(deposit("unknown"),),
    payments=(payment(is_told=False),),
    moved="100",
    after=audit(),
    listed=frozenset({"D1"}),
)
PAYBILL = evidence(
    customers=(ann("50", "50 Rp5"),), payments=(paybill(),), moved="50", notices=(validated(YES), confirmed())
)
SUSPENSE = evidence(
    customers=(ann("0"),),
    payments=(paybill(customer=None),),
    moved="50",
    after=audit(float_=FLOAT + 50, suspense="50"),
    notices=(validated(YES), confirmed()),
)


def but(known, **changes):
    return replace(known, **changes)


MANY = evidence(payments=tuple(paybill(amount="1", id=f"u{number}") for number in range(12)), moved="12")


def twenty_untold(credited):
    """More of them than there are sums to try."""
    return evidence(
        customers=(ann(credited, credited),),
        payments=tuple(paybill(amount=f"{number}", id=f"u{number}", is_told=False) for number in range(1, 21)),
        moved="210",
        after=audit(credited, FLOAT + Decimal(credited)),
    )


def repeats(*wishes):
    return tuple(Wish("k", *wish) for wish in wishes)


GOOD = [
    pytest.param(PAID, id="paid"),
    pytest.param(WITHDRAWN, id="withdrawn"),
    pytest.param(HELD, id="the provider is undecided about a withdrawal"),
    pytest.param(REFUSED, id="a withdrawal that the provider declined"),
    pytest.param(UNTOLD, id="untold money, not credited"),
    pytest.param(but(PAID, payments=(payment(is_told=False),)), id="untold money, found by a later query"),
    pytest.param(twenty_untold("100"), id="very much untold money"),
    pytest.param(PAYBILL, id="paid in by paybill"),
    pytest.param(SUSPENSE, id="paid to an account that nobody has"),
    pytest.param(evidence(customers=(ann("0"),), app_payments=(deposit("pending", "failed"),)), id="never arrived"),
    pytest.param(
        evidence(customers=(ann("0"),), app_payments=(deposit("cancelled"),), payments=(payment("cancelled"),)),
        id="cancelled",
    ),
    pytest.param(
        evidence(customers=(ann("0"),), app_payments=(deposit("unknown"),), payments=(payment("prompted"),)),
        id="undecided",
    ),
    pytest.param(
        evidence(customers=(ann("0"),), app_payments=(deposit("unknown"),), listed=frozenset({"D1"})),
        id="never reached the provider",
    ),
    pytest.param(
        evidence(
            customers=(ann("200", "100", "100"),),
            app_payments=(deposit("completed"), deposit("completed", id="D2")),
            payments=(payment(), payment(id="p2", for_="deposit D2")),
            moved="200",
        ),
        id="the same amount twice, paid twice",
    ),
    pytest.param(
        evidence(
            customers=(ann("0"),),
            payments=(payment(for_=None, amount="50"),),
            moved="50",
            after=audit(float_=FLOAT + 50, suspense="50"),
        ),
        id="a customer's money, visible in suspense",
    ),
    pytest.param(
        evidence(
            customers=(ann("300", "200", "100", opening="200"),),
            app_payments=(deposit("completed"),),
            payments=(payment(),),
            moved="100",
        ),
        id="a customer who had something before",
    ),
    pytest.param(
        evidence(
            customers=(ann("55", "100", "-45 W1"),),
            app_payments=(deposit("completed"), withdrawal("completed", fee="5")),
            payments=(payment(), payout()),
            moved="60",
            after=audit("55", FLOAT + 60, fees="5"),
        ),
        id="a fee that the app declares",
    ),
    pytest.param(but(REFUSED, customers=(ann("100", "100 D1", "-40 W1", "40 W1"),)), id="a statement that shows holds"),
    pytest.param(
        but(
            PAID,
            asked=(Asked(3, "deposit D1", 500), Asked(5, "deposit D1", 200, "p0"), Asked(9, "deposit D1", 200, "p1")),
            payments=(payment("failed", id="p0", decided=6, no_heard=8), payment()),
        ),
        id="asked again after a no",
    ),
    pytest.param(
        but(WITHDRAWN, asked=(Asked(3, "withdrawal W1", 0, None, "K"), Asked(5, "withdrawal W1", 200, "p2", "K"))),
        id="asked again under the same id",
    ),
    pytest.param(
        but(
            PAYBILL,
            notices=(
                validated(None, outcome="timed_out", status=0, is_faulty=True),
                validated("no", is_forged=True),
                confirmed(),
            ),
        ),
        id="a validation that a fault or a forger spoilt",
    ),
    pytest.param(
        but(PAYBILL, notices=(validated(YES), replace(confirmed(1), is_faulty=True))), id="a broken confirmation"
    ),
    pytest.param(
        but(PAYBILL, notices=(confirmed(1), replace(confirmed(), operation="daraja.transaction_status"))),
        id="a refused confirmation, and the provider was asked",
    ),
    pytest.param(
        but(WITHDRAWN, unfulfilled=(Unfulfilled("withdrawal", "C1", 422, ()), Unfulfilled("deposit", "C1", 0, ()))),
        id="refused and unanswered calls that did nothing",
    ),
    pytest.param(
        but(HELD, app_payments=HELD.app_payments[:1], unfulfilled=(Unfulfilled("withdrawal", "C1", 0, ("p2",)),)),
        id="a call for a withdrawal that broke, and what it holds",
    ),
    pytest.param(but(PAID, again=replace(PAID, payments=())), id="reconciled again, and nothing new"),
    pytest.param(
        but(WITHDRAWN, customers=(replace(WITHDRAWN.customers[0], available=None, statement=None),), audit=None),
        id="an app that shows no more than balances and states",
    ),
    pytest.param(
        evidence(
            customers=(ann("0"),),
            wishes=repeats(
                ("POST /deposits", "{}", 202, "D1"),
                ("POST /deposits", "{}", 202, "D1"),
                ("POST /deposits", "{1}", 422, None),
                ("POST /withdrawals", "{}", 202, "W1"),
                ("POST /deposits", "{}", 409, None),
            ),
        ),
        id="repeats of one wish",
    ),
    pytest.param(Evidence(has_app=False), id="no app"),
]


@pytest.mark.parametrize("seen", GOOD)
def test_evidence_that_contradicts_nothing(seen):
    assert [str(one) for one in violations(seen)] == []


I1, I2, I3, I4 = "I1 conservation", "I2 no credit without money", "I3 once", "I4 nothing lost"
I5, I6, I7, I8 = "I5 the amount that moved", "I6 the right owner", "I7 no overdraft", "I8 one payout each"
I9, I11, I12, I13 = "I9 hold ends once", "I11 truth", "I12 one way", "I13 state and money agree"
I14, I20, I23 = "I14 it ends", "I20 validation", "I23 reconciliation"
I25, I28, I30 = "I25 one request for one wish", "I28 books", "I30 same key, same wish"

BAD = [
    pytest.param(but(PAID, customers=(ann("0"),)), I1, id="I1, a customer's balance"),
    pytest.param(but(PAID, audit=audit("100", FLOAT)), I1, id="I1, the float"),
    pytest.param(but(PAID, audit=audit("90", FLOAT + 100)), I1, id="I1, the books"),
    pytest.param(but(WITHDRAWN, customers=(ann("100", "100"),)), I1, id="I1, paid out and not taken off"),
    pytest.param(twenty_untold("211"), I1, id="I1, more than all untold money"),
    pytest.param(but(PAID, customers=(ann("101", "101"),)), I2, id="I2"),
    pytest.param(but(WITHDRAWN, customers=(ann("100", "100"),)), I2, id="I2, a withdrawal that took nothing"),
    pytest.param(
        but(HELD, customers=(ann("100", "100 D1"),), payments=(payment(), payout())),
        I2,
        id="I2, to be spent though it was paid out",
    ),
    pytest.param(but(PAID, customers=(ann("200", "100", "100"),)), I3, id="I3, twice by amount"),
    pytest.param(but(PAID, customers=(ann("200", "90 D1", "110 D1"),)), I3, id="I3, twice by deposit"),
    pytest.param(but(PAID, customers=(ann("101", "100 D1", "1 x Rp1"),)), I3, id="I3, over two channels"),
    pytest.param(but(PAID, customers=(ann("3", "1 x U1", "2 y U1"),)), I3, id="I3, a receipt of nobody's"),
    pytest.param(but(PAID, customers=(ann("40", "40"),)), I4, id="I4"),
    pytest.param(but(SUSPENSE, audit=audit(float_=FLOAT + 50)), I4, id="I4, nobody's money in no suspense"),
    pytest.param(
        but(SUSPENSE, payments=(*SUSPENSE.payments, paybill(id="p6"))),
        I4,
        id="I4, and nobody's money is not a customer's",
    ),
    pytest.param(but(PAID, app_payments=(deposit("completed", amount="90"),)), I5, id="I5"),
    pytest.param(but(WITHDRAWN, payments=(payment(), payout(amount="30"))), I5, id="I5, a withdrawal"),
    pytest.param(but(PAID, customers=(ann("0"), brian("100", "100"))), I6, id="I6"),
    pytest.param(but(SUSPENSE, customers=(ann("50", "50"),)), I6, id="I6, nobody's money"),
    pytest.param(
        but(WITHDRAWN, customers=(ann("100", "100"), replace(brian("-40", "-40"), opening=Decimal(0)))),
        I6,
        id="I6, another customer pays for the withdrawal",
    ),
    pytest.param(but(HELD, customers=(ann("30", "30", available="-10"),)), I7, id="I7, below zero"),
    pytest.param(but(HELD, customers=(ann("100", "100 D1"),)), I7, id="I7, nothing is held"),
    pytest.param(but(REFUSED, customers=(ann("100", "100", available="60"),)), I7, id="I7, held for nothing"),
    pytest.param(but(WITHDRAWN, payments=(payment(), payout(), payout(id="p3"))), I8, id="I8, paid twice"),
    pytest.param(but(WITHDRAWN, payments=(payment(), payout(amount="50"))), I8, id="I8, another amount"),
    pytest.param(but(WITHDRAWN, payments=(payment(), replace(payout(), msisdn=OTHER))), I8, id="I8, another payee"),
    pytest.param(but(PAID, payments=(payment(), payout(for_=None))), I8, id="I8, nobody asked"),
    pytest.param(
        but(
            PAID,
            payments=(payment(), payout(for_=None)),
            unfulfilled=(Unfulfilled("withdrawal", "C1", 422, ("p2",)),),
        ),
        I8,
        id="I8, refused and paid",
    ),
    pytest.param(but(WITHDRAWN, audit=audit("20", FLOAT + 60, held="40")), I9, id="I9, still held"),
    pytest.param(but(HELD, audit=audit("100", FLOAT + 100)), I9, id="I9, held no more"),
    pytest.param(but(WITHDRAWN, customers=(ann("20", "100 D1", "-40 W1", "-40 W1"),)), I9, id="I9, posted twice"),
    pytest.param(but(REFUSED, customers=(ann("60", "100 D1", "-40 W1"),)), I9, id="I9, posted though it was not paid"),
    pytest.param(
        but(WITHDRAWN, customers=(ann("100", "100 D1", "-40 W1", "40 W1"),)), I9, id="I9, posted and released"
    ),
    pytest.param(but(PAID, payments=(payment("cancelled"),)), I11, id="I11, completed without money"),
    pytest.param(but(PAID, app_payments=(deposit("failed"),)), I11, id="I11, failed and settled"),
    pytest.param(but(PAID, app_payments=(deposit("unknown"),)), I11, id="I11, unknown at rest"),
    pytest.param(but(REFUSED, payments=(payment(), payout("pending"))), I11, id="I11, failed too early"),
    pytest.param(but(WITHDRAWN, app_payments=(withdrawal("failed"),)), I11, id="I11, a withdrawal"),
    pytest.param(but(PAID, app_payments=(deposit("completed", "failed", "completed"),)), I12, id="I12, from yes to no"),
    pytest.param(but(PAID, app_payments=(deposit("failed", "pending", "completed"),)), I12, id="I12, younger"),
    pytest.param(but(REFUSED, app_payments=(withdrawal("expired", "failed"),)), I12, id="I12, from no to no"),
    pytest.param(but(PAID, customers=(ann("0"),)), I13, id="I13, completed, not credited"),
    pytest.param(but(PAID, app_payments=(deposit("pending"),)), I13, id="I13, credited and pending"),
    pytest.param(but(WITHDRAWN, customers=(ann("100", "100"),)), I13, id="I13, completed, not taken off"),
    pytest.param(
        but(WITHDRAWN, app_payments=(deposit("completed"), withdrawal("pending"))), I13, id="I13, taken off and pending"
    ),
    pytest.param(
        but(PAID, app_payments=(deposit("pending"),), payments=(payment("prompted"),)), I14, id="I14, pending at rest"
    ),
    pytest.param(but(HELD, listed=frozenset()), I14, id="I14, unknown and not listed"),
    pytest.param(
        but(HELD, payments=(payment(), payout("failed"))), I14, id="I14, unknown though the provider has decided"
    ),
    pytest.param(but(PAYBILL, notices=(validated(None, outcome="timed_out"),)), I20, id="I20, no answer in time"),
    pytest.param(but(PAYBILL, notices=(validated("yes"),)), I20, id="I20, no JSON"),
    pytest.param(but(PAYBILL, notices=(validated({"ok": True}),)), I20, id="I20, no result"),
    pytest.param(but(PAYBILL, notices=(validated(YES, status=500),)), I20, id="I20, an error"),
    pytest.param(
        but(PAYBILL, payments=(paybill("cancelled"),), notices=(validated(YES),)), I20, id="I20, a validation is booked"
    ),
    pytest.param(but(PAYBILL, customers=(ann("0"),)), I20, id="I20, accepted, confirmed and lost"),
    pytest.param(but(SUSPENSE, audit=audit()), I20, id="I20, accepted for nobody and lost"),
    pytest.param(but(PAYBILL, notices=(confirmed("C2B00012"),)), I20, id="I20, refused with effect"),
    pytest.param(but(PAID, again=but(PAID, customers=(ann("200"),))), I23, id="I23, a balance"),
    pytest.param(but(PAID, again=but(PAID, app_payments=(deposit("failed"),))), I23, id="I23, a state"),
    pytest.param(but(PAID, again=but(PAID, audit=audit())), I23, id="I23, the books"),
    pytest.param(but(PAID, again=but(PAID, payments=(payment(), payout()))), I23, id="I23, a payout"),
    pytest.param(
        but(
            PAID,
            asked=(Asked(3, "deposit D1", 200, "p1"), Asked(5, "deposit D1", 200, "p0")),
            payments=(payment("failed", id="p0"), payment(decided=7)),
        ),
        I25,
        id="I25, asked again while the first is undecided",
    ),
    pytest.param(
        but(WITHDRAWN, asked=(Asked(3, "withdrawal W1", 0, None, "K"), Asked(5, "withdrawal W1", 200, "p2", "L"))),
        I25,
        id="I25, another id though the first was not answered",
    ),
    pytest.param(
        but(
            REFUSED,
            asked=(Asked(3, "withdrawal W1", 200, "p2", "K"), Asked(5, "withdrawal W1", 200, "p3", "L")),
            payments=(payment(), payout("failed", decided=4), payout("failed", id="p3")),
        ),
        I25,
        id="I25, before the app had heard of the no",
    ),
    pytest.param(but(PAID, audit=audit("100", FLOAT + 100, balanced=False)), I28, id="I28, the audit"),
    pytest.param(but(PAID, audit=audit("100", FLOAT + 100, difference="0.01")), I28, id="I28, the difference"),
    pytest.param(but(PAID, customers=(ann("100", "60"),)), I28, id="I28, a statement"),
    pytest.param(
        but(PAID, wishes=repeats(("POST /deposits", "{}", 202, "D1"), ("POST /deposits", "{}", 202, "D2"))),
        I30,
        id="I30, another id",
    ),
    pytest.param(
        but(PAID, wishes=repeats(("POST /deposits", "{}", 202, "D1"), ("POST /deposits", "{1}", 202, "D1"))),
        I30,
        id="I30, another body",
    ),
    pytest.param(
        but(
            WITHDRAWN,
            wishes=repeats(("POST /withdrawals", "{}", 202, "W1")),
            payments=(payment(), payout(), payout("pending", id="p3")),
        ),
        I30,
        id="I30, two effects",
    ),
    pytest.param(Evidence(has_app=False, provider_difference=Decimal(1)), "P1 the provider's books", id="P1"),
]


@pytest.mark.parametrize(("seen", "name"), BAD)
def test_evidence_that_breaks_an_invariant_is_told_by_its_name(seen, name):
    assert name in [str(one.invariant) for one in violations(seen)]


def test_every_invariant_is_broken_by_some_evidence():
    assert {case.values[1] for case in BAD} == {str(one) for one in INVARIANTS}


def test_only_the_always_ones_are_judged_after_a_step():
    early = but(PAID, customers=(ann("0"),), app_payments=(deposit("pending"),))
    assert violations(early, always_only=True) == ()
    assert violations(early) != ()


def test_a_withdrawal_that_may_still_be_paid_is_never_called_failed():
    early = but(REFUSED, payments=(payment(), payout("pending")))
    assert [str(one.invariant) for one in violations(early, always_only=True)] == [I11]


MIDWAY = [
    pytest.param(but(HELD, payments=(payment(), payout())), id="the provider has paid, and its result is on the way"),
    pytest.param(
        but(HELD, customers=(*HELD.customers, brian("0")), payments=(payment(), payout(), paybill(customer="C2"))),
        id="another customer's money is on its way meanwhile",
    ),
]


@pytest.mark.parametrize("seen", MIDWAY)
def test_an_honest_app_breaks_nothing_while_messages_are_on_their_way(seen):
    assert violations(seen, always_only=True) == ()


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        pytest.param(
            but(PAID, customers=(ann("200", "200"),)),
            "I2 no credit without money: customer C1 shows 200.00 after an opening of 0.00;"
            " so far the provider settled p1 (100.00 from 254708374149, succeeded)",
            id="I2",
        ),
        pytest.param(
            but(
                MANY,
                customers=(ann("10", *(f"1 x Ru{number}" for number in range(10))),),
            ),
            "I4 nothing lost: customer C1 shows 10.00 after an opening of 0.00; the provider settled 12 payments of"
            " 12.00 together (in no statement: u10 (1.00 from 254708374149, succeeded),"
            " u11 (1.00 from 254708374149, succeeded)): 2.00 is lost",
            id="I4, of many",
        ),
        pytest.param(
            but(REFUSED, customers=(ann("100", "100", available="60"),)),
            "I7 no overdraft: customer C1 shows 100.00 (60.00 available) after an opening of 0.00:"
            " 40.00 is held, and 0.00 is being withdrawn (undecided: none)",
            id="I7",
        ),
        pytest.param(
            but(WITHDRAWN, payments=(payment(), payout(), payout(id="p3"))),
            "I8 one payout each: withdrawal W1 of 40.00 for customer C1 is pending → completed;"
            " the provider paid p2 (40.00 to 254708374149, succeeded), p3 (40.00 to 254708374149, succeeded)",
            id="I8",
        ),
        pytest.param(
            but(PAID, again=but(PAID, audit=audit("100", FLOAT + 100, suspense="1"))),
            "I23 reconciliation: another reconciliation changed the app's suspense from 0 to 1",
            id="I23",
        ),
        pytest.param(
            but(WITHDRAWN, asked=(Asked(3, "withdrawal W1", 0, None, "K"), Asked(5, "withdrawal W1", 200, "p2", "L"))),
            "I25 one request for one wish: withdrawal W1 of 40.00 for customer C1 is pending → completed;"
            " the provider was asked twice: by a request that was not answered (id K),"
            " then for p2 (40.00 to 254708374149, succeeded) (id L)",
            id="I25",
        ),
    ],
)
def test_a_violation_says_what_both_sides_show(seen, told):
    assert told in [str(one) for one in violations(seen)]


def test_a_profile_switches_invariants_off_and_the_report_says_so():
    profile = {"I2": "this app lends", "P1": "no"}
    broken = but(PAID, customers=(ann("101", "101"),))
    assert "I2" not in {one.invariant.id for one in violations(broken, without=profile)}
    assert list(switched_off(profile)) == ["I2 no credit without money: this app lends", "P1 the provider's books: no"]


def test_untold_money_is_told_by_payment():
    assert list(untold_money(UNTOLD)) == [
        "untold money: p1 (100.00 from 254708374149, succeeded) for deposit D1 of customer C1:"
        " no message of it that the app could use ever reached it"
    ]
    assert list(untold_money(PAID)) == []
