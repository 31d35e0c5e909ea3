"""Whatever is said of withdrawals, in whatever order and however often: a hold ends once, and the books agree."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app_under_test import holds, ledger, withdrawals
from app_under_test.clients.gateway import Accepted, Finding, Notice, Outcome, Refused, Unclear
from app_under_test.schema import entries
from app_under_test.states import State
from app_under_test.withdrawal import Way, Withdrawal, WithdrawalRequest

EARLY, LATE = "2026-01-15T10:31:00+03:00", "2026-01-15T10:40:00+03:00"
NOW = "2026-01-15T10:30:00+03:00"
PAYEE = "254711000001"
AMOUNTS = (101_00, 203_00, 407_00)  # no sum of some equals another
OPENING = 1_000_00
OPEN = (State.PENDING, State.UNKNOWN)


def pay_in(connection, amount=OPENING):
    legs = ledger.Posting(ledger.customer_account("C000001"), amount), ledger.Posting(ledger.FLOAT, -amount)
    ledger.post(connection, legs, kind="deposit", reference="D000001", at=NOW)


def a_withdrawal(connection, amount=AMOUNTS[0]):
    asked = WithdrawalRequest(customer="C000001", amount=f"{amount // 100}", to={"msisdn": PAYEE})
    way = Way("daraja", lambda withdrawal, _: f"{withdrawal}-secret")
    return withdrawals.open_withdrawal(connection, asked, way, NOW)


def money(connection):
    accounts = ledger.customer_account("C000001"), ledger.held_account("C000001"), ledger.SUSPENSE, ledger.FLOAT
    available, held, suspense, owned = map(ledger.Audit.of(connection).stored.__getitem__, accounts)
    return available, held, suspense, -owned


def test_an_entry_of_a_kind_exists_once(bank_of_ann):
    """The second guard: the first is that nobody asks for it."""
    with bank_of_ann() as connection:
        pay_in(connection)
        holds.hold(connection, "C000001", 500, withdrawal="W000001", at=NOW)
        with pytest.raises(IntegrityError):
            holds.hold(connection, "C000001", 500, withdrawal="W000001", at=NOW)


@dataclass(frozen=True)
class Asked:
    """The bank asked, at that time, and the provider took the question under that name."""

    question: str
    at: str


@dataclass(frozen=True)
class QueueTimedOut:
    pass


REASONS = st.just("because")
NAMES = st.sampled_from([*(f"W00000{number}-secret" for number in (1, 2, 3)), "W000001-guess", None])
HANDLES = st.sampled_from(["AG_0", "AG_1", "AG_2", None])
NOTICES = st.builds(
    Notice,
    outcome=st.sampled_from([Outcome.COMPLETED, Outcome.FAILED, None]),
    reason=REASONS,
    provider_reference=HANDLES,
    amount=st.sampled_from([*AMOUNTS, 1_00, None]),
    msisdn=st.sampled_from([PAYEE, PAYEE, "254700000001", None]),
    receipt=st.sampled_from(["R0", "R1", "R2", None]),
    client_reference=NAMES,
)
QUESTIONS = st.sampled_from(["AQ_0", "AQ_1", "AQ_2"])
ANYTHING = st.one_of(
    st.builds(Accepted, st.sampled_from(["AG_0", "AG_1", "AG_2"])),
    st.builds(Refused, REASONS),
    st.builds(Unclear, REASONS),
    NOTICES,
    st.builds(Asked, QUESTIONS, st.sampled_from([EARLY, LATE])),
    st.builds(Finding, st.one_of(QUESTIONS, st.none()), NOTICES, st.booleans()),
    st.just(QueueTimedOut()),
)


def happen(connection, withdrawal: Withdrawal, said):
    match said:
        case Notice():
            withdrawals.hear(connection, withdrawal.id, said, at=NOW)
        case Asked(question, at):
            withdrawals.note_question(connection, withdrawal, question, at)
        case Finding():
            withdrawals.learn(connection, withdrawal.id, said, absent_after=300, at=NOW)
        case QueueTimedOut():
            withdrawals.doubt(connection, withdrawal.id)
        case _:
            withdrawals.acknowledge(connection, withdrawal, said, at=NOW)


def entries_of(connection, withdrawal):
    kinds = select(entries.c.kind).where(entries.c.reference == withdrawal.id)
    return Counter(connection.execute(kinds).scalars())


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), ANYTHING), max_size=25))
def test_whatever_is_said_states_holds_and_money_agree(bank_of_ann, story):
    with bank_of_ann() as connection:
        pay_in(connection)
        made = [a_withdrawal(connection, amount) for amount in AMOUNTS]
        for index, said in story:
            before = withdrawals.find(connection, made[index].id)
            happen(connection, before, said)
            now = [withdrawals.find(connection, each.id) for each in made]
            completed = sum(each.amount for each in now if each.state is State.COMPLETED)
            available, held, suspense, owned = money(connection)

            assert before.state is not State.COMPLETED or now[index].state is State.COMPLETED
            assert not before.proven or now[index].proven
            assert held == sum(each.amount for each in now if not each.proven)
            assert available + held + suspense == OPENING - completed
            assert owned == OPENING + 1_000_00 - completed
            assert available >= 0
            assert ledger.Audit.of(connection).report()["balanced"] is True
            for each in now:
                assert each.proven is (each.state not in OPEN)
                found = entries_of(connection, each)
                assert (found["hold"], found["withdrawal"]) == (1, int(each.state is State.COMPLETED))
                assert found["release"] <= 1
                assert each.proven is (found["release"] + found["withdrawal"] >= 1)


def true_messages(withdrawal, *, is_paid):
    """What a provider says that took the request and decided it."""
    paid = Notice(Outcome.COMPLETED, "0 paid", "AG_0", withdrawal.amount, PAYEE, "R0", withdrawal.client_reference)
    not_paid = replace(paid, outcome=Outcome.FAILED, amount=None, msisdn=None, receipt=None)
    outcome = paid if is_paid else not_paid
    return [outcome, Finding("AQ_0", outcome if is_paid else replace(outcome, amount=withdrawal.amount))]


def noise(withdrawal):
    """What proves nothing, and lies of somebody who does not know what the bank calls the payment."""
    guess = Notice(Outcome.COMPLETED, "0 paid", "AG_9", withdrawal.amount, PAYEE, "R9", "W000001-guess")
    failed = replace(guess, outcome=Outcome.FAILED, amount=None, msisdn=None, receipt=None)
    known = replace(guess, client_reference=withdrawal.client_reference, amount=1_00)
    return st.sampled_from(
        [
            Accepted("AG_0"),
            Unclear("lost"),
            QueueTimedOut(),
            Asked("AQ_1", EARLY),
            Finding("AQ_1", Notice(reason="2033"), is_absent=True),
            Finding("AQ_9", Notice(reason="2033"), is_absent=True),
            Finding("AQ_0", Notice(reason="8006")),
            guess,
            failed,
            known,
            Finding("AQ_9", guess),
            Finding("AQ_0", guess),
            Finding("AQ_0", known),
        ]
    )


@settings(deadline=None)
@given(st.data(), st.booleans())
def test_it_is_completed_exactly_if_the_provider_moved_the_money(bank_of_ann, data, is_paid):
    with bank_of_ann() as connection:
        pay_in(connection)
        withdrawal = a_withdrawal(connection)
        truth = true_messages(withdrawal, is_paid=is_paid)
        said = data.draw(st.lists(st.one_of(noise(withdrawal), st.sampled_from(truth)), max_size=15))
        for each in [Asked("AQ_0", EARLY), *said]:
            happen(connection, withdrawals.find(connection, withdrawal.id), each)
        now, (available, held, _, owned) = withdrawals.find(connection, withdrawal.id), money(connection)
        if any(each in truth for each in said):
            assert now.state is (State.COMPLETED if is_paid else State.FAILED)
            assert held == 0
            assert (available, owned - 1_000_00) == (OPENING - withdrawal.amount * is_paid,) * 2
        else:
            assert now.state in OPEN
            assert (available, held) == (OPENING - withdrawal.amount, withdrawal.amount)
