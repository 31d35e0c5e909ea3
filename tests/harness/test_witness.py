"""Gathering evidence: both sides of the money, and asking only for what may have changed."""

from decimal import Decimal

import pytest

from harness.app_answers import Answers, CustomerSeen
from harness.app_profile import AppProfile
from harness.book import CustomerBook
from harness.data import BadFace
from harness.evidence import Evidence
from harness.exchange import Answer, Request
from harness.witness import Witness

ANN = {"id": "C1", "msisdn": "254708374149", "balance": "100.00", "available": "100.00"}
AUDIT = {name: "0.00" for name in ("difference", "customers", "held", "suspense", "fees", "float")} | {"balanced": True}
DEPOSIT = {"id": "D1", "customer": "C1", "state": "pending", "amount": "100.00"}


def row(id, **more):
    usual = {"kind": "collection", "operation": "daraja.stk_push", "merchant": "600000", "reference": "x"}
    usual |= {"state": "succeeded", "amount": "100.00", "msisdn": "254708374149", "receipt": None}
    return {"id": id, **usual, **more}


def had(balance, *lines):
    """Ann, who had that much before the scenario."""
    opening = CustomerSeen("C1", "254708374149", Decimal(balance), Decimal(balance))
    return CustomerBook("C1", "254708374149", opening, Answers(AppProfile()).statement(list(lines)))


@pytest.fixture
def bank(stage, door):
    """A customer with one deposit that payment p1 was made for."""
    door.answers = {
        "GET /customers/C1": ANN,
        "GET /customers/C1/statement": {"items": [{"amount": "100.00", "reference": "D1"}]},
        "GET /deposits/D1": {**DEPOSIT, "state": "completed"},
        "GET /ledger/audit": AUDIT,
    }
    stage.book.registered(CustomerSeen("C1", "254708374149", Decimal(0), Decimal(0)))
    return door


@pytest.fixture
def witness(stage, bank):
    return Witness(stage.world, stage.journal, stage.book, stage.app)


def asked(stage, make_event, payment="p1", status=202):
    request = Request("POST", "/deposits", {"Idempotency-Key": "k"}, {"customer": "C1"})
    events = [make_event(1, "request", payment=payment, status=200), make_event(2, "message", payment=payment)]
    stage.book.asked(request, Answer(status, {}, DEPOSIT), events)


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
    assert seen.app_payments[0].states == ("pending", "completed")
    assert (seen.provider_moved, seen.wishes[0].key) == (100, "k")
    assert [(one.id, one.customer, one.made_for) for one in seen.payments] == [("p1", "C1", "deposit D1")]


async def test_a_paybill_payment_has_its_receipt_before_it_is_settled(world, witness):
    begun = {"state": "cancelled", "operation": "daraja.c2b", "provider_reference": "UAF5X"}
    world.control.payment_rows = [row("p1", **begun), row("p2", **{**begun, "operation": "daraja.stk_push"})]
    assert [one.receipt for one in (await witness.at_rest()).payments] == ["UAF5X", None]


async def test_the_first_answer_that_a_repeat_gets_is_not_a_state_of_now(stage, make_event, witness):
    asked(stage, make_event)
    await witness.at_rest()
    asked(stage, make_event)
    assert (await witness.at_rest()).app_payments[0].states == ("pending", "completed")


async def test_payments_to_other_merchants_are_no_business_of_the_app(world, witness):
    world.control.payment_rows = [row("p1", merchant="174379"), row("p2")]
    assert [one.id for one in (await witness.at_rest()).payments] == ["p2"]


async def test_at_rest_the_journal_says_what_was_told_and_when_it_was_decided(stage, world, make_event, witness):
    world.control.payment_rows = [row("p1", provider_reference="ws_1"), row("p2")]
    stage.journal.events += [
        make_event(1, "request", payment="p1", operation="daraja.stk_push", status=200, answer={"id": "ws_1"}),
        make_event(2, "payment", payment="p1", state="failed"),
        make_event(3, payment="p1", outcome="answered", status=200),
    ]
    asked(stage, make_event)
    seen = await witness.at_rest(frozenset({"D1"}))
    assert [(one.is_told, one.decided, one.no_heard) for one in seen.payments] == [(True, 2, 3), (False, None, None)]
    assert [(one.made_for, one.sequence) for one in seen.asked] == [("deposit D1", 1)]
    assert ([one.payment for one in seen.notices], seen.listed) == (["p1"], {"D1"})


async def test_once_more_asks_the_provider_only_if_there_is_news(world, witness):
    world.control.payment_rows = [row("p1")]
    before = await witness.at_rest()
    world.control.asked.clear()
    world.control.payment_rows = [row("p1"), row("p2")]
    legs = [{"account": "merchant:600000:utility", "amount": "7.00"}]
    world.control.entry_rows = [{"payment": "p2", "postings": legs}]
    again = await witness.once_more(before, has_news=False)
    assert (len(again.payments), again.provider_moved, world.control.asked) == (1, 0, [])
    again = await witness.once_more(before, has_news=True)
    assert (len(again.payments), again.provider_moved) == (2, 7)


async def test_what_the_app_shows_is_noted_when_it_changes(stage, bank, witness, make_event):
    stage.journal.events.append(make_event(7, "request"))
    asked(stage, make_event)
    await witness.after_step([make_event(7, "request")])
    await witness.after_step([make_event(7, "request")])
    bank.answers["GET /customers/C1"] = {**ANN, "available": "60.00"}
    await witness.after_step([make_event(7, "request")])
    assert [(one.after, one.text) for one in witness.sightings] == [
        (7, "customer C1 has 100.00"),
        (7, "deposit D1 of 100.00 for customer C1 is completed"),
        (7, "customer C1 has 100.00, 60.00 of it available"),
    ]


async def test_an_app_without_statement_or_audit_is_not_asked_for_them(stage, world, bank):
    profile = AppProfile(statement=None, audit=None, reconcile=None, withdrawals=None)
    app = type(stage.app)(bank, profile)
    seen = await Witness(world, stage.journal, stage.book, app).at_rest()
    assert (seen.customers[0].statement, seen.audit) == (None, None)
    assert await app.reconcile() is None
    assert [request.path for request in bank.sent] == ["/customers/C1"]


async def test_nothing_new_is_asked_when_nothing_happened(witness, bank, make_event):
    assert await witness.after_step([]) is None
    bank.sent.clear()
    assert await witness.after_step([make_event(1, "prompt"), make_event(2, "message")]) is None
    assert bank.sent == []


async def test_what_a_customer_had_before_is_no_credit_of_this_story(witness, stage, bank, make_event):
    stage.book.customers["C1"] = had(100, {"amount": "100.00"})
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
    stage.book.customers["C1"] = had(100, {"amount": "100.00"})
    await witness.after_step([make_event(1, "callback")])
    await witness.after_step([make_event(2, "callback")])
    assert [request.path for request in bank.sent].count("/customers/C1/statement") == 0
    bank.answers["GET /customers/C1"] = {**ANN, "balance": "200.00"}
    await witness.after_step([make_event(3, "callback")])
    assert [request.path for request in bank.sent].count("/customers/C1/statement") == 1


async def test_without_an_app_only_the_providers_books_are_looked_at(stage, world):
    world.control.books = {"balanced": False, "difference": "0.01"}
    witness = Witness(world, stage.journal, stage.book, None)
    assert await witness.after_step([]) is None
    assert await witness.at_rest() == Evidence(has_app=False, provider_difference=Decimal("0.01"))


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


# At banks.

ACCOUNT, PAYEE = "bank:68:1450160649886", "bank:03:5555"


def transfer(id, **more):
    usual = {"kind": "transfer", "operation": "jenga.pesalink_account", "merchant": "1450160649886", "account": PAYEE}
    return row(id, **{**usual, "msisdn": "", "reference": id, **more})


async def test_what_goes_and_comes_by_banks_is_told_apart(world, witness):
    world.control.payment_rows = [
        transfer("p1"),
        transfer("p2", operation="jenga.credit", account=ACCOUNT),
        transfer("p3", operation="jenga.credit", account=ACCOUNT, kind="return", reference="p1"),
        transfer("p4", merchant="1450160649002"),
        row("p5"),
    ]
    found = {one.id: (one.kind, one.goes_out, one.account) for one in (await witness.at_rest()).payments}
    assert found == {
        "p1": ("transfer", True, PAYEE),
        "p2": ("credit", False, ACCOUNT),
        "p3": ("return", False, ACCOUNT),
        "p5": ("collection", False, ""),
    }


async def test_what_moved_at_banks_is_known_and_what_is_on_its_way_is_left_out(world, witness):
    def entry(payment, account, amount):
        return {"payment": payment, "postings": [{"account": account, "amount": amount}]}

    world.control.payment_rows = [transfer("p1"), transfer("p2", state="pending"), row("p3")]
    world.control.entry_rows = [
        entry("p1", ACCOUNT, "-640.00"),
        entry("p2", ACCOUNT, "-100.00"),
        entry("p3", "merchant:600000:utility", "7.00"),
    ]
    seen = await witness.at_rest()
    assert (seen.provider_moved, seen.banks_moved) == (-633, -640)
    again = await witness.once_more(seen, has_news=False)
    assert (again.provider_moved, again.banks_moved) == (-633, -640)


async def test_an_audit_may_tell_apart_what_is_held_at_banks(witness, bank):
    assert (await witness.at_rest()).audit.pesalink_float is None
    bank.answers["GET /ledger/audit"] = {**AUDIT, "pesalink_float": "5.00"}
    assert (await witness.at_rest()).audit.pesalink_float == 5


def test_a_withdrawal_to_a_bank_is_read_with_its_account():
    body = {"id": "W1", "customer": "C1", "state": "pending", "amount": "5.00"}
    told = Answers(AppProfile()).payment("withdrawal", {**body, "to": {"bank": "0003", "account_number": "5555"}})
    assert (told.payee, told.account) == (None, PAYEE)
    told = Answers(AppProfile()).payment("withdrawal", {**body, "to": {"msisdn": "254708374149", "via": "pesalink"}})
    assert (told.payee, told.account) == ("254708374149", None)


async def test_what_a_transfer_of_the_scenarios_own_cost_is_known(stage, world, witness):
    stage.book.foreign = {"p1"}
    world.control.payment_rows = [transfer("p1", amount="600.00")]
    world.control.entry_rows = [{"payment": "p1", "postings": [{"account": ACCOUNT, "amount": "-640.00"}]}]
    (payment,) = (await witness.at_rest()).payments
    assert (payment.is_told, payment.is_foreign, payment.charged) == (False, True, 40)
