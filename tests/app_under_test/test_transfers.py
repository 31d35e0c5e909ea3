"""Whatever banks say of transfers and returns, in whatever order and however often: the books agree with it."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from app_under_test import credits, ledger, withdrawals
from app_under_test.clients.gateway import Absent, Credit, Decided, NoAnswer, Outcome, Undecided
from app_under_test.states import State
from app_under_test.withdrawal import Way, WithdrawalRequest

NOW, EARLY, LATE = (f"2026-01-15T10:{minutes}:00+03:00" for minutes in (30, 31, 40))
AMOUNTS = (101_00, 203_00, 407_00)  # no sum of some equals another
OPENING, FEE = 1_000_00, 40_00
OPEN = (State.PENDING, State.UNKNOWN)


def pay_in(connection):
    legs = ledger.Posting(ledger.customer_account("C000001"), OPENING), ledger.Posting(ledger.FLOAT, -OPENING)
    ledger.post(connection, legs, kind="deposit", reference="D000001", at=NOW)


def a_transfer(connection, amount):
    to = {"bank": "01", "account_number": "1108815555", "name": "Jane"}
    asked = WithdrawalRequest(customer="C000001", amount=f"{amount // 100}", to=to)
    way = Way("coop", lambda withdrawal, _: f"{withdrawal}-secret", FEE)
    return withdrawals.open_withdrawal(connection, asked, way, NOW)


@dataclass(frozen=True)
class Found:
    """What the bank was told when it asked, and when that was."""

    standing: object
    asked_at: str


STANDINGS = st.one_of(
    st.builds(Decided, st.just(Outcome.COMPLETED), st.just("0"), st.sampled_from(["R0", "R1", None])),
    st.builds(Decided, st.just(Outcome.FAILED), st.just("2")),
    st.just(Undecided("S_001")),
    st.just(NoAnswer("lost")),
)
CREDITS = st.builds(
    Credit,
    receipt=st.sampled_from(["C0", "C1", "C2", "C3"]),
    amount=st.sampled_from([*AMOUNTS, 50_00, 1_00]),
    reference=st.sampled_from(["W000001-secret", "W000002-secret", "W000003-secret", "W000001-guess", ""]),
    words=st.sampled_from(["RETURN E2E", "C000001", "rent"]),
    is_return=st.booleans(),
)
FINDINGS = st.builds(Found, st.one_of(STANDINGS, st.just(Absent("-13"))), st.sampled_from([EARLY, LATE]))
STORY = st.lists(st.tuples(st.integers(0, 2), st.one_of(STANDINGS, FINDINGS, CREDITS)), max_size=25)


def happen(connection, transfer, said):
    match said:
        case Credit():
            credits.book(connection, "coop", said, at=NOW)
        case Found(standing, asked_at):
            withdrawals.believe(connection, transfer, standing, asked_at=asked_at, absent_after=300, at=NOW)
        case _:
            withdrawals.hear_bank(connection, transfer.id, said, at=NOW)


@settings(deadline=None)
@given(STORY)
def test_whatever_is_said_states_holds_returns_and_money_agree(bank_of_ann, story):
    with bank_of_ann() as connection:
        pay_in(connection)
        made, told = [a_transfer(connection, amount) for amount in AMOUNTS], {}
        for index, said in story:
            before = withdrawals.find(connection, made[index].id)
            happen(connection, before, said)
            if isinstance(said, Credit):
                told.setdefault(said.receipt, said.amount)
            now = [withdrawals.find(connection, each.id) for each in made]
            stored = ledger.Audit.of(connection).stored
            paid = [each for each in now if each.state is State.COMPLETED]

            assert before.state is not State.COMPLETED or now[index].state is State.COMPLETED
            assert not before.proven or now[index].proven
            assert all(each.proven is (each.state not in OPEN) for each in now)
            assert all(0 <= each.returned <= each.amount * (each in paid) for each in now)
            assert stored["held:C000001"] == sum(each.amount for each in now if not each.proven)
            assert stored["customer:C000001"] >= 0
            assert stored[ledger.FEES] == -FEE * len(paid)
            assert -stored[ledger.PESALINK] == sum(told.values()) - sum(each.amount + FEE for each in paid)
            assert ledger.Audit.of(connection).report()["balanced"] is True


@settings(deadline=None)
@given(st.permutations(["paid", "return", "part"]), st.lists(st.sampled_from(["paid", "return", "part"]), max_size=5))
def test_in_any_order_a_paid_transfer_has_its_returns_once(bank_of_ann, order, repeats):
    with bank_of_ann() as connection:
        pay_in(connection)
        transfer = a_transfer(connection, 300_00)
        said = {
            "paid": Decided(Outcome.COMPLETED, "0", "R0"),
            "return": Credit("C0", 200_00, transfer.client_reference, "RETURN E2E", is_return=True),
            "part": Credit("C1", 50_00, transfer.client_reference, "RETURN E2E", is_return=True),
        }
        for each in [*order, *repeats]:
            happen(connection, transfer, said[each])
        stored, now = ledger.Audit.of(connection).stored, withdrawals.find(connection, transfer.id)
        assert (now.state, now.returned, stored[ledger.SUSPENSE]) == (State.COMPLETED, 250_00, 0)
        assert stored["customer:C000001"] == OPENING - 50_00
