"""The invariants where money goes and comes by banks: transfers, money that comes in, and what comes back."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from harness.app_answers import AppAudit, StatementLine
from harness.evidence import AppPayment, Asked, Customer, Evidence, Payment
from harness.invariants import untold_money, violations

PHONE, PAYEE, OTHER, OWN = "254708374149", "bank:03:5555", "bank:03:6666", "bank:68:1450160649886"


def audit(customers="0", float_="0", pesalink="0", *, held="0", suspense="0", fees="0"):
    sums = map(Decimal, ("0", customers, held, suspense, fees, float_))
    return AppAudit(True, *sums, pesalink_float=None if pesalink is None else Decimal(pesalink))


def line(told):
    """`-100 W1` or `100 W1 Rp3`: an amount, and what the line says it is for."""
    amount, payment, receipt, *_ = [*str(told).split(), None, None]
    return StatementLine(Decimal(amount), receipt=receipt, payment=payment)


def ann(credited, *lines, held="0"):
    """A customer who had 1000 before."""
    balance = 1000 + Decimal(credited)
    statement = tuple(map(line, ("1000", *lines)))
    return Customer("C1", PHONE, Decimal(1000), balance, balance - Decimal(held), statement, opening_lines=1)


def withdrawal(*states, account=PAYEE, payee=None, amount="600", id="W1"):
    return AppPayment("withdrawal", id, "C1", Decimal(amount), states, payee=payee, account=account)


def transfer(state="succeeded", amount="600", id="p1", account=PAYEE, reference="R1", **more):
    more = {"made_for": "withdrawal W1", "customer": "C1", "receipt": f"R{id}", "kind": "transfer"} | more
    return Payment(id, state, Decimal(amount), "", account=account, reference=reference, **more)


def back(amount="600", id="p3", reference="R1", **more):
    return transfer("succeeded", amount, id, OWN, reference, kind="return", **more)


def credit(amount="75", id="p5", customer="C1", **more):
    return transfer(
        "succeeded", amount, id, OWN, customer or "?", kind="credit", made_for=None, customer=customer, **more
    )


def asked(number, payment=None, key="R1", status=200):
    return Asked(number, "withdrawal W1", status, payment, key)


def evidence(*customers, app_payments=(), payments=(), moved="0", after=None, before=None, **more):
    """All at banks: `moved` is by how much the app's account there changed."""
    moved = Decimal(moved)
    after, before = after or audit(str(moved), "0", str(moved)), before or audit()
    sides = {"provider_moved": moved, "banks_moved": moved, "audit": after, "audit_before": before}
    return Evidence(customers, app_payments, payments, **sides | more)


FEE = audit("-600", "0", "-640", fees="-40")  # what the app's own bank took is its cost
SENT = evidence(
    ann("-600", "-600 W1"),
    app_payments=(withdrawal("pending", "completed"),),
    payments=(transfer(),),
    moved="-640",
    after=FEE,
    asked=(asked(1, "p1"),),
)
RETURNED = evidence(
    ann("0", "-600 W1", "600 W1 Rp3"),
    app_payments=(withdrawal("pending", "completed"),),
    payments=(transfer(), back()),
    moved="-40",
    after=audit("0", "0", "-40", fees="-40"),
)
IN_PARTS = evidence(
    ann("-100", "-600 W1", "250 credit Rp3", "250 credit Rp4"),
    app_payments=(withdrawal("pending", "completed"),),
    payments=(transfer(), back("250"), back("250", "p4")),
    moved="-140",
    after=audit("-100", "0", "-140", fees="-40"),
)
CAME_IN = evidence(ann("75", "75 credit Rp5"), payments=(credit(),), moved="75")
REFUSED = evidence(ann("0"), app_payments=(withdrawal("pending", "failed"),), payments=(transfer("failed"),))
TO_A_PHONE = replace(
    SENT,
    app_payments=(withdrawal("completed", account=None, payee=PHONE),),
    payments=(replace(transfer(), msisdn=PHONE),),
)


def but(known, **changes):
    return replace(known, **changes)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(SENT, id="sent, with the bank's charge"),
        pytest.param(TO_A_PHONE, id="sent to a phone"),
        pytest.param(RETURNED, id="returned"),
        pytest.param(IN_PARTS, id="returned in parts, and not all of it"),
        pytest.param(CAME_IN, id="money that came in"),
        pytest.param(REFUSED, id="refused"),
        pytest.param(but(RETURNED, app_payments=(withdrawal("completed", "reversed"),)), id="returned, and said so"),
        pytest.param(
            but(RETURNED, customers=(ann("0"),), app_payments=(withdrawal("unknown", "failed"),)),
            id="returned before the app knew that it was sent",
        ),
        pytest.param(
            but(SENT, audit=audit("-600", "-640", None, fees="-40"), audit_before=audit(pesalink=None)),
            id="an app with one float for all",
        ),
        pytest.param(
            but(
                SENT, payments=(transfer(), back(is_told=False)), provider_moved=Decimal(-40), banks_moved=Decimal(-40)
            ),
            id="a return of which no notice came",
        ),
        pytest.param(
            but(RETURNED, payments=(transfer(), back(is_told=False))), id="a return that the app found by asking"
        ),
        pytest.param(
            evidence(ann("0"), payments=(credit(is_told=False),), moved="75", after=audit()),
            id="money that came in, of which no notice came",
        ),
        pytest.param(
            evidence(
                ann("0"), payments=(credit(customer=None),), moved="75", after=audit("0", "0", "75", suspense="75")
            ),
            id="money that came in for nobody",
        ),
        pytest.param(
            evidence(
                ann("0"),
                payments=(transfer(made_for=None, customer=None, is_told=False, is_foreign=True, charged=Decimal(40)),),
                moved="-640",
                after=audit(),
            ),
            id="sent by the scenario itself, at a charge",
        ),
        pytest.param(but(SENT, asked=(asked(1, key="R1", status=0), asked(2, "p1"))), id="the same once more"),
        pytest.param(but(SENT, asked=(asked(1, "p1"), asked(2, status=409))), id="the same, refused as a duplicate"),
        pytest.param(
            but(
                SENT,
                payments=(transfer("failed", id="p0", reference="R0", decided=2, no_heard=3), transfer()),
                asked=(asked(1, "p0", "R0"), asked(4, "p1")),
            ),
            id="another, once the first was known not to happen",
        ),
    ],
)
def test_what_is_good(known):
    assert [str(one) for one in violations(known)] == []


@pytest.mark.parametrize(
    ("known", "names", "words"),
    [
        pytest.param(
            but(
                SENT,
                payments=(transfer(), transfer(id="p2", reference="R2")),
                asked=(asked(1, "p1"), asked(2, "p2", "R2")),
            ),
            {"I25", "I8", "I1"},
            "the provider was asked twice: for p1 (600.00 to bank:03:5555, succeeded) (id R1), then for p2",
            id="sent again under another reference",
        ),
        pytest.param(
            but(
                SENT,
                payments=(transfer("failed"), transfer(id="p2", reference="R2")),
                asked=(*SENT.asked, asked(2, "p2", "R2")),
            ),
            {"I25"},
            "asked twice",
            id="sent again under another reference, before the first was known to fail",
        ),
        pytest.param(
            but(SENT, payments=(transfer(account=OTHER),)), {"I8"}, "to bank:03:5555", id="to another account"
        ),
        pytest.param(but(SENT, payments=(transfer(amount="60"),)), {"I8", "I1"}, "was asked for", id="another amount"),
        pytest.param(but(TO_A_PHONE, payments=(transfer(),)), {"I8"}, PHONE, id="to an account in place of a phone"),
        pytest.param(
            but(SENT, payments=(transfer(made_for=None, customer=None),)),
            {"I8", "I1"},
            "nobody asked for such a withdrawal",
            id="sent unasked",
        ),
        pytest.param(
            but(SENT, audit=audit("-600", "0", "-600")),
            {"I1"},
            "pesalink_float changed by -600.00",
            id="a charge not booked",
        ),
        pytest.param(
            but(SENT, audit=audit("-600", "-640", "0", fees="-40")),
            {"I1"},
            "float changed by -640.00",
            id="booked to the float at M-PESA",
        ),
        pytest.param(
            but(RETURNED, customers=(ann("-600", "-600 W1"),), audit=audit("-600", "0", "-640", fees="-40")),
            {"I4", "I1"},
            "600.00 is lost",
            id="a return that was told and not booked",
        ),
        pytest.param(
            but(RETURNED, customers=(ann("600", "-600 W1", "600 W1 Rp3", "600 W1 Rp3"),)),
            {"I3", "I1"},
            "receipt Rp3 is credited 2 times",
            id="a return that was booked twice",
        ),
        pytest.param(
            but(RETURNED, customers=(ann("600", "-600 W1", "600 W1", "600 W1"),)),
            {"I3", "I1", "I9"},
            "withdrawal W1 is credited 2 times",
            id="a return that was booked twice, without its receipt",
        ),
        pytest.param(
            but(SENT, app_payments=(withdrawal("completed", "reversed"),)),
            {"I11"},
            "of which came back nothing",
            id="called reversed, and nothing came back",
        ),
        pytest.param(
            but(
                SENT,
                app_payments=(withdrawal("unknown", "failed"),),
                customers=(ann("0"),),
                asked=(asked(1, "p1", status=504),),
            ),
            {"I11"},
            "is unknown → failed",
            id="called failed, after an answer that told nothing",
        ),
        pytest.param(
            but(CAME_IN, customers=(ann("150", "75 credit Rp5", "75 credit Rp5"),)),
            {"I2", "I3"},
            "receipt Rp5 is credited 2 times",
            id="money that came in, booked twice",
        ),
        pytest.param(
            but(CAME_IN, customers=(ann("0"),), audit=audit("0", "0", "75")), {"I4"}, "75.00 is lost", id="money lost"
        ),
        pytest.param(
            evidence(ann("75", "75 credit Rp5"), payments=(credit(customer=None),), moved="75"),
            {"I4", "I6"},
            "for nobody known",
            id="nobody's money, given to somebody",
        ),
    ],
)
def test_what_is_not(known, names, words):
    found = violations(known)
    assert names <= {one.invariant.id for one in found}, [str(one) for one in found]
    assert any(words in one.message for one in found), [str(one) for one in found]


def test_untold_money_at_banks_is_told_by_account():
    known = but(CAME_IN, payments=(credit(is_told=False), back(is_told=False)))
    untold = "no message of it that the app could use ever reached it"
    assert [told.partition(":")[2] for told in untold_money(known)] == [
        f" p5 (75.00 came in to {OWN}, succeeded) of customer C1: {untold}",
        f" p3 (600.00 returned to {OWN}, succeeded) for withdrawal W1 of customer C1: {untold}",
    ]
