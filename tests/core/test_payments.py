"""The table of a payment's states."""

import itertools

import pytest

from simulator.core.errors import Declined, Forced, IllegalMove, InsufficientFunds, family
from simulator.core.money import Money
from simulator.core.payments import MOVES, Failure, Kind, Move, Payment, State, begun, move, moved
from simulator.core.virtual_clock import VIRTUAL_START as NOON

FINAL = set(State) - {State.PENDING, State.PROMPTED}


@pytest.fixture
def payment():
    told = Payment("p1", Kind.COLLECTION, "fake.push", Money(100), "254700000001", "600000", "A1", "X1", "r1")
    return begun(told, NOON)


@pytest.mark.parametrize(
    ("state", "by"),
    [
        pytest.param(*pair, id=f"{pair[1]} a {pair[0]} payment")
        for pair in itertools.product(State, Move)
        if pair not in MOVES
    ],
)
def test_every_move_outside_the_table_is_refused(state, by):
    with pytest.raises(IllegalMove, match=f"cannot {by} a {state} payment"):
        move(state, by)


@pytest.mark.parametrize(("pair", "ends"), [pytest.param(*row, id=f"{row[0][0]} {row[0][1]}") for row in MOVES.items()])
def test_every_move_of_the_table_leads_on(pair, ends):
    assert move(*pair) is ends


def test_what_is_final_is_left_by_no_move():
    assert not {state for state, _ in MOVES} & FINAL


def test_a_payment_keeps_its_timeline(payment):
    paid = moved(moved(payment, Move.PROMPT, at=NOON), Move.SUCCEED, at=NOON, receipt="R1")
    assert [state for _, state in paid.timeline] == ["pending", "prompted", "succeeded"]
    assert (paid.is_decided, paid.decided_at, paid.receipt, paid.provider) == (True, NOON, "R1", "fake")
    assert not payment.is_decided


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        pytest.param(InsufficientFunds("told"), Failure("InsufficientFunds"), id="a rule of ours"),
        pytest.param(Forced("17"), Failure("Forced", "17"), id="a fault rule's code"),
    ],
)
def test_a_failure_names_its_reason(error, failure):
    assert Failure.of(error) == failure


def test_the_family_of_an_error_is_whole():
    assert {InsufficientFunds, Forced} <= set(family(Declined))
