"""However often and in whatever order money is told of, by STK push or by the paybill: it is booked once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app_under_test import deposits, ledger, paybill, receipts
from app_under_test.clients.gateway import Accepted, Arrival, Decided, Notice, Outcome, Unclear
from app_under_test.deposits import DepositRequest
from app_under_test.receipts import BookedTo
from app_under_test.states import State

NOW = "2026-01-15T10:30:00+03:00"
ANN = "254708374149"
PUSHED, BY_HAND, TO_THE_ACCOUNT = 101_00, 101_00, 203_00  # the second names the deposit as well: nobody should


def anybody(payer, msisdn):
    return True


def arrival(receipt, account, amount):
    return Arrival(receipt, account, amount, payer=ANN, is_to_us=True)


def a_deposit(connection):
    asked = DepositRequest(customer="C000001", amount=f"{PUSHED // 100}", via="mpesa")
    return deposits.open_deposit(connection, asked, NOW)


CONFIRMED = [
    arrival("R1", "D000001", PUSHED),
    arrival("R2", "d000001", BY_HAND),
    arrival("R3", "C000001", TO_THE_ACCOUNT),
    arrival("R4", "C000009", TO_THE_ACCOUNT),
]
PAID = Notice(Outcome.COMPLETED, "0 paid", "ws_CO_1", PUSHED, ANN, "R1")
ASKED = Decided(Outcome.COMPLETED, "0 paid")
MESSAGES = [*CONFIRMED, PAID, ASKED, Accepted("ws_CO_1"), Unclear("lost")]


def happen(connection, said):
    deposit = deposits.find(connection, "D000001")
    match said:
        case Arrival():
            paybill.book(connection, said, anybody, at=NOW)
        case Notice():
            deposits.hear(connection, deposit.id, said, at=NOW)
        case Decided():
            deposits.learn(connection, deposit, "ws_CO_1", said, at=NOW)
        case _:
            deposits.acknowledge(connection, deposit, said)


def sums(connection):
    report = ledger.Audit.of(connection).report()
    assert report["balanced"] is True
    return report["customers"], report["suspense"], report["float"]


@settings(deadline=None)
@given(st.permutations(MESSAGES), st.lists(st.sampled_from(MESSAGES), max_size=6))
def test_in_any_order_all_money_is_booked_once(bank_of_ann, order, repeats):
    with bank_of_ann() as connection:
        a_deposit(connection)
        for said in [*order, *repeats]:
            happen(connection, said)
            assert deposits.find(connection, "D000001").state in (State.PENDING, State.UNKNOWN, State.COMPLETED)
        assert sums(connection) == ("304.00", "304.00", "1608.00")


@settings(deadline=None)
@given(st.lists(st.sampled_from(MESSAGES), max_size=12))
def test_at_any_time_nothing_is_booked_that_was_not_told(bank_of_ann, story):
    """What was told of the push without its receipt may be in the books beside one that names the deposit, no more."""
    with bank_of_ann() as connection:
        a_deposit(connection)
        for said in story:
            happen(connection, said)
        told = {said.receipt: said.amount for said in story if isinstance(said, Arrival)}
        completed = deposits.find(connection, "D000001").state is State.COMPLETED
        customers = PUSHED * completed + told.get("R3", 0)
        owned = round(float(sums(connection)[2]) * 100) - 1_000_00
        assert sums(connection)[0] == f"{customers // 100}.00"
        assert sum(told.values()) <= owned <= sum(told.values()) + PUSHED * completed


@pytest.mark.parametrize(
    ("booked_to", "amount", "spent"),
    [
        pytest.param(BookedTo.CUSTOMER, PUSHED, True, id="a customer's"),
        pytest.param(BookedTo.SUSPENSE, PUSHED, False, id="waiting"),
        pytest.param(BookedTo.SUSPENSE, 1_00, True, id="another amount"),
        pytest.param(BookedTo.DEPOSIT, PUSHED, False, id="its own"),
    ],
)
def test_a_receipt_that_is_somebody_elses_is_spent(bank_of_ann, booked_to, amount, spent):
    with bank_of_ann() as connection:
        deposit = a_deposit(connection)
        receipts.write_down(connection, arrival("R1", "x", amount), booked_to, at=NOW)
        assert receipts.is_spent(connection, "R1", PUSHED, but_for=deposit.id) is spent
        assert receipts.is_spent(connection, "R9", PUSHED, but_for=deposit.id) is False
