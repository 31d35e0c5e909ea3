"""Access tokens, above the worlds."""

from datetime import timedelta

import pytest

from simulator.core.tokens import Token, Tokens, keep
from simulator.core.virtual_clock import VIRTUAL_START as NOON


def token(key, *, world="default", client="key", lives=3600):
    return Token(key, world, "daraja", client, NOON + timedelta(seconds=lives))


@pytest.fixture
def tokens():
    return Tokens()


def give(tokens, token, *, is_only=False):
    tokens.add(token, tokens.ended_by(token, NOON, is_only=is_only))


def test_a_token_is_found_by_its_key(tokens):
    tokens.add(token("a"))
    assert tokens.get("a") == token("a")
    assert tokens.get("b") is None


def test_a_world_is_forgotten_with_its_tokens_and_no_others(tokens):
    tokens.add(token("a"))
    tokens.add(token("b", world="other"))
    tokens.forget_world("other")
    assert (tokens.get("a"), tokens.get("b")) == (token("a"), None)
    assert (tokens.of("default"), tokens.of("other")) == ([token("a")], [])


def test_expired_tokens_of_a_world_go_when_it_gives_the_next(tokens):
    for old in (token("elsewhere", world="other", lives=0), token("old", lives=0), token("live")):
        tokens.add(old)
    give(tokens, token("next"))
    assert [one.key for one in tokens.of("default")] == ["live", "next"]
    assert (tokens.get("old"), tokens.get("elsewhere")) == (None, token("elsewhere", world="other", lives=0))


def test_the_only_token_of_a_client_ends_its_older_ones(tokens):
    for old in (token("a"), token("b"), token("c", client="other"), token("d", world="other")):
        tokens.add(old)
    give(tokens, token("e"), is_only=True)
    assert [tokens.get(key) is not None for key in "abcde"] == [False, False, True, True, True]


async def test_a_token_is_kept_as_a_record_of_its_world_and_those_that_it_ends_are_dropped(world):
    await world.run(lambda tx: keep(tx, token("a")))
    await world.run(lambda tx: keep(tx, token("b"), [token("a")]))
    assert await world.run(lambda tx: tx.find(Token)) == [token("b")]
