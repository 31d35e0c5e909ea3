"""Access tokens, above the worlds."""

from datetime import timedelta

import pytest

from simulator.core.tokens import Token, Tokens
from simulator.core.virtual_clock import VIRTUAL_START as NOON


def token(value, *, world="default", lives=3600):
    return Token(value, world, "daraja", "key", NOON + timedelta(seconds=lives))


@pytest.fixture
def tokens():
    return Tokens()


def test_a_token_is_found_by_its_value(tokens):
    tokens.add(token("a"), NOON)
    assert tokens.get("a") == token("a")
    assert tokens.get("b") is None


def test_a_world_is_forgotten_with_its_tokens_and_no_others(tokens):
    tokens.add(token("a"), NOON)
    tokens.add(token("b", world="other"), NOON)
    tokens.forget_world("other")
    assert (tokens.get("a"), tokens.get("b")) == (token("a"), None)


def test_expired_tokens_of_a_world_do_not_pile_up(tokens):
    tokens.add(token("elsewhere", world="other", lives=0), NOON)
    for number in range(5000):
        tokens.add(token(str(number), lives=number % 2), NOON)
    kept = [number for number in range(5000) if tokens.get(str(number)) is not None]
    assert {number for number in kept if number % 2 == 0} < set(range(3000, 5000))
    assert len([number for number in kept if number % 2]) == 2500
    assert tokens.get("elsewhere") is not None
