"""Gathering evidence: who a payment belongs to, whether it was told, and asking only for what may have changed."""

from decimal import Decimal

import pytest

from harness.app_profile import CustomerSeen
from harness.data import BadFace
from harness.evidence import Evidence
from harness.exchange import Answer, Request
from harness.witness import Witness, moved, told_payments

ANN = {"id": "C1", "msisdn": "254708374149", "balance": "100.00", "available": "100.00"}
AUDIT = {name: "0.00" for name in ("difference", "customers", "held", "suspense", "fees", "float")} | {"balanced": True}
DEPOSIT = {"id": "D1", "customer": "C1", "state": "pending", "amount": "100.00"}


def row(id, **more):
    return {"id": id, "state": "succeeded", "amount": "100.00", "msisdn": "254708374149", "receipt": None, **more}


@pytest.fixture
def bank(stage, door):
    """A customer with one deposit that payment p1 was made for."""
    door.answers = {
        "GET /customers/C1": ANN,
        "GET /customers/C1/statement": {"entries": [{"amount": "100.00", "reference": "D1"}]},
        "GET /deposits/D1": {**DEPOSIT, "state": "completed"},
        "GET /ledger/audit": AUDIT,
    }
    stage.book.registered(CustomerSeen("C1", "254708374149", Decimal(0), Decimal(0)))
    return door


@pytest.fixture
def witness(stage, bank):
    return Witness(stage.world.control, stage.journal, stage.book, stage.app)


def asked(stage, make_event, payment="p1", status=202):
    request = Request("POST", "/deposits", {"Idempotency-Key": "k"}, {"customer": "C1"})
    events = [make_event(1, "request", payment=payment, status=200), make_event(2, "message", payment=payment)]
    stage.book.asked(request, Answer(status, {}, DEPOSIT), events)


async def test_a_payment_belongs_to_the_call_it_arrived_in(stage, world, make_event, witness):
    asked(stage, make_event)
    world.control.payment_rows = [
        row("p1", msisdn="254799999999"),
        row("p2"),
        row("p3", msisdn="254799999999", reference="C1"),
    ]
    world.control.payment_rows.append(row("p4", msisdn="254799999999"))
    seen = await witness.at_rest()
    assert [(one.id, one.customer, one.deposit) for one in seen.payments] == [
        ("p1", "C1", "D1"),
        ("p2", "C1", None),
        ("p3", "C1", None),
        ("p4", None, None),
    ]


async def test_a_payment_is_attributed_once(stage, make_event):
    asked(stage, make_event)
    asked(stage, make_event)
    assert [one.payments for one in stage.book.deposits.values()] == [["p1"]]


async def test_a_refused_wish_is_no_deposit(stage, make_event):
    asked(stage, make_event, status=422)
    assert stage.book.deposits == {}
    assert [(wish.key, wish.status, wish.id) for wish in stage.book.wishes] == [("k", 422, None)]


async def test_all_is_gathered_at_rest(stage, world, make_event, witness):
    asked(stage, make_event)
    world.control.payment_rows = [row("p1")]
    world.control.entry_rows = [
        {"payment": "p1", "postings": [{"account": "merchant:600000:utility", "amount": "100.00"}]}
    ]
    seen = await witness.at_rest()
    assert seen.customers[0].credited == 100
    assert seen.deposits[0].states == ("pending", "completed")
    assert (seen.provider_moved, seen.wishes[0].key) == (100, "k")


async def test_nothing_new_is_asked_when_nothing_happened(witness, bank, make_event):
    assert await witness.after_step([]) is None
    bank.sent.clear()
    assert await witness.after_step([make_event(1, "prompt"), make_event(2, "message")]) is None
    assert bank.sent == []


async def test_what_a_customer_had_before_is_no_credit_of_this_story(witness, stage, bank, make_event):
    stage.book.customers["C1"].opening = Decimal(100)
    await witness.after_step([])
    bank.answers["GET /customers/C1"] = {**ANN, "balance": "150.00"}
    bank.answers["GET /customers/C1/statement"] = {"items": [{"amount": "100.00"}, {"amount": "50.00"}]}
    (customer,) = (await witness.after_step([make_event(1, "callback")])).customers
    assert ([line.amount for line in customer.credits], customer.credited) == ([50], 50)


async def test_payments_are_read_again_only_when_one_changed(witness, world, make_event):
    await witness.after_step([make_event(1, "request")])
    assert ("payments",) not in world.control.asked
    await witness.after_step([make_event(2, "payment")])
    assert world.control.asked == [("payments",)]


async def test_a_statement_is_read_again_only_when_the_balance_changed(witness, stage, bank, make_event):
    stage.book.customers["C1"].opening = Decimal(100)
    await witness.after_step([make_event(1, "callback")])
    await witness.after_step([make_event(2, "callback")])
    assert [request.path for request in bank.sent].count("/customers/C1/statement") == 1
    bank.answers["GET /customers/C1"] = {**ANN, "balance": "200.00"}
    await witness.after_step([make_event(3, "callback")])
    assert [request.path for request in bank.sent].count("/customers/C1/statement") == 2


async def test_without_an_app_only_the_providers_books_are_looked_at(stage, world):
    world.control.books = {"balanced": False, "difference": "0.01"}
    witness = Witness(world.control, stage.journal, stage.book, None)
    assert await witness.after_step([]) is None
    assert await witness.at_rest() == Evidence(has_app=False, provider_difference=Decimal("0.01"))


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        pytest.param("request", {"status": 200}, {"p1"}, id="acknowledged"),
        pytest.param("request", {"status": 0}, set(), id="the acknowledgement was lost"),
        pytest.param("callback", {"outcome": "answered", "status": 500}, {"p1"}, id="a callback that was answered"),
        pytest.param("callback", {"outcome": "dropped"}, set(), id="a callback that was lost"),
        pytest.param("payment", {"state": "succeeded"}, set(), id="nothing that reaches the app"),
    ],
)
def test_what_counts_as_told(make_event, kind, fields, told):
    assert told_payments([make_event(1, kind, payment="p1", **fields)]) == told


def test_opening_balances_do_not_count_as_moved():
    legs = [
        {"account": "merchant:600000:utility", "amount": "10.00"},
        {"account": "merchant:6:utility", "amount": "1.00"},
    ]
    entries = [{"payment": None, "postings": legs}, {"payment": "p1", "postings": legs}]
    assert moved(entries, "600000") == 10


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(Answer(500, {}, {"detail": "broken"}), "answered 500", id="an error"),
        pytest.param([], "expected a customer", id="no mapping"),
        pytest.param({"balance": "1.00"}, '"id" is missing', id="no id"),
        pytest.param({**ANN, "balance": 100}, "expected an amount as text, got 100", id="a number as an amount"),
    ],
)
async def test_an_app_with_another_face_is_told_so(witness, bank, make_event, answer, message):
    bank.answers["GET /customers/C1"] = answer
    with pytest.raises(BadFace, match=message):
        await witness.after_step([make_event(1, "callback")])


async def test_a_statement_must_have_lines(witness, bank, make_event):
    bank.answers["GET /customers/C1/statement"] = {"rows": []}
    with pytest.raises(BadFace, match="expected a statement with items"):
        await witness.after_step([make_event(1, "callback")])
