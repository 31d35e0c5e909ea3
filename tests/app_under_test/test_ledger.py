import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from app_under_test import deposits, ledger
from app_under_test.clients.gateway import Accepted, Decided, Notice, Outcome, Refused, Unclear
from app_under_test.deposits import DepositRequest
from app_under_test.schema import accounts, entries, postings
from app_under_test.states import State

NOW = "2026-01-15T10:30:00+03:00"
ANN = ledger.customer_account("C000001")


@pytest.fixture
def books(bank_of_ann):
    with bank_of_ann() as connection:
        yield connection


def pay_in(books, amount, reference="D000001"):
    legs = (ledger.Posting(ANN, amount), ledger.Posting(ledger.FLOAT, -amount))
    ledger.post(books, legs, kind="deposit", reference=reference, at=NOW)


def test_an_entry_moves_all_its_accounts(books):
    pay_in(books, 500)
    assert (ledger.Audit.of(books).stored[ANN], ledger.Audit.of(books).stored[ledger.FLOAT]) == (500, -1_005_00)
    assert [(line["amount"], line["balance"]) for line in ledger.statement_of(books, "C000001")] == [("5.00", "5.00")]


def test_an_unbalanced_entry_is_a_mistake_of_ours(books):
    with pytest.raises(ValueError, match="do not sum to zero"):
        ledger.post(books, (ledger.Posting(ANN, 1),), kind="deposit", reference="D000001", at=NOW)


@pytest.mark.parametrize(
    ("account", "amount"),
    [
        pytest.param(ANN, -501, id="a customer's account does not go below zero"),
        pytest.param(ledger.held_account("C000001"), -1, id="nor does what is held"),
        pytest.param("customer:nobody", 1, id="an account that was never opened takes nothing"),
    ],
)
def test_what_an_account_cannot_take_is_refused(books, account, amount):
    pay_in(books, 500)
    legs = (ledger.Posting(account, amount), ledger.Posting(ledger.FLOAT, -amount))
    with pytest.raises(ledger.Overdrawn):
        ledger.post(books, legs, kind="withdrawal", reference="W000001", at=NOW)


def test_the_audit_recomputes_and_does_not_remember(books):
    pay_in(books, 500)
    assert ledger.Audit.of(books).report()["balanced"] is True
    books.execute(update(accounts).where(accounts.c.account == ANN).values(balance=700))
    audit = ledger.Audit.of(books)
    assert (audit.report()["balanced"], audit.report()["difference"]) == (False, "2.00")
    assert audit.differences() == {ANN: 200}


def test_the_audit_sees_postings_that_do_not_balance(books):
    pay_in(books, 500)
    books.execute(update(postings).where(postings.c.account == ANN).values(amount=600))
    books.execute(update(accounts).where(accounts.c.account == ANN).values(balance=600))
    assert ledger.Audit.of(books).report()["difference"] == "1.00"


def a_deposit(books):
    return deposits.open_deposit(books, DepositRequest(customer="C000001", amount="101.00", via="mpesa"), NOW)


def test_what_was_assumed_meanwhile_is_not_taken_back(books):
    seen = a_deposit(books)
    deposits.leave(books, seen, state=State.EXPIRED, reason="waited long enough")
    deposits.leave(books, seen, state=State.PENDING, reason="no answer")
    now = deposits.find(books, seen.id)
    assert (now.state, now.reason) == (State.EXPIRED, "waited long enough")


def test_an_acknowledgement_knows_better_than_what_a_callback_told(books):
    deposit = a_deposit(books)
    asked = deposits.hear(books, deposit.id, Notice(None, "because", "ws_CO_1"), at=NOW)
    assert asked.reference == "ws_CO_1"
    assert deposits.acknowledge(books, deposit, Accepted("ws_CO_2")).reference == "ws_CO_2"


def test_not_than_one_that_the_provider_recognised(books):
    deposit = a_deposit(books)
    deposits.learn(books, deposit, "ws_CO_1", Decided(Outcome.CANCELLED, "because"), at=NOW)
    assert deposits.acknowledge(books, deposit, Accepted("ws_CO_2")).reference == "ws_CO_1"


def test_a_handle_of_another_deposit_decides_nothing_here(books):
    first, second = a_deposit(books), a_deposit(books)
    deposits.adopt(books, first, "ws_CO_1")
    deposits.learn(books, second, "ws_CO_1", Decided(Outcome.COMPLETED, "0 paid"), at=NOW)
    assert deposits.find(books, second.id).state is State.PENDING


AMOUNTS = (101_00, 203_00, 407_00)  # no sum of some equals another
REASONS = st.just("because")
ACKNOWLEDGEMENTS = st.one_of(
    st.builds(lambda index: Accepted(f"ws_CO_{index}"), st.integers(0, 2)),
    st.builds(Refused, REASONS),
    st.builds(Unclear, REASONS),
)
NOTICES = st.builds(
    Notice,
    outcome=st.sampled_from([*Outcome, None]),
    reason=REASONS,
    provider_reference=st.sampled_from(["ws_CO_0", "ws_CO_1", "ws_CO_2", None]),
    amount=st.sampled_from([*AMOUNTS, 1_00, None]),
    msisdn=st.sampled_from(["254708374149", "254700000001"]),
    receipt=st.sampled_from(["R0", "R1", "R2", None]),
)
EVENTS = st.one_of(
    ACKNOWLEDGEMENTS, NOTICES, st.builds(Decided, st.sampled_from(Outcome), REASONS), st.sampled_from([State.EXPIRED])
)


def happen(connection, deposit, event):
    match event:
        case Notice():
            deposits.hear(connection, deposit.id, event, at=NOW)
        case Decided():
            reference = deposits.find(connection, deposit.id).reference
            deposits.learn(connection, deposit, reference or f"ws_CO_{int(deposit.id[1:]) - 1}", event, at=NOW)
        case State():
            deposits.leave(connection, deposit, state=event, reason="waited long enough")
        case _:
            deposits.acknowledge(connection, deposit, event)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), EVENTS), max_size=25))
def test_whatever_the_provider_says_in_whatever_order_money_and_states_agree(bank_of_ann, story):
    with bank_of_ann() as connection:
        made = [
            deposits.open_deposit(
                connection, DepositRequest(customer="C000001", amount=f"{amount // 100}", via="mpesa"), NOW
            )
            for amount in AMOUNTS
        ]
        for index, event in story:
            before = deposits.find(connection, made[index].id)
            happen(connection, before, event)
            now = [deposits.find(connection, deposit.id) for deposit in made]
            completed = [deposit for deposit in now if deposit.state is State.COMPLETED]

            assert before.state is not State.COMPLETED or now[index].state is State.COMPLETED
            assert ledger.Audit.of(connection).stored[ANN] == sum(deposit.amount for deposit in completed)
            assert ledger.Audit.of(connection).report()["balanced"] is True
            assert now[index].proven or now[index].state in (State.PENDING, State.UNKNOWN, State.EXPIRED)
        credited = connection.execute(select(entries.c.reference).where(entries.c.kind == "deposit")).scalars().all()
        assert sorted(credited) == [deposit.id for deposit in completed] if story else credited == []


@settings(deadline=None, max_examples=50)
@given(st.permutations(range(5)), st.integers(0, 2))
def test_the_order_of_true_messages_does_not_matter(bank_of_ann, order, repeats):
    paid = Notice(Outcome.COMPLETED, "0 paid", "ws_CO_0", AMOUNTS[0], "254708374149", "R0")
    true = [Accepted("ws_CO_0"), paid, paid, Decided(Outcome.COMPLETED, "0 paid"), Unclear("slow")]
    with bank_of_ann() as connection:
        deposit = a_deposit(connection)
        for event in [true[index] for index in order] * (repeats + 1):
            happen(connection, deposit, event)
        happen(connection, deposit, paid)  # a callback that made the bank ask counts again once it has
        now = deposits.find(connection, deposit.id)
        assert (now.state, now.receipt, now.provider_reference) == (State.COMPLETED, "R0", "ws_CO_0")
        assert ledger.Audit.of(connection).stored[ANN] == AMOUNTS[0]
