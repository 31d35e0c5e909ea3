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


@pytest.fixture
def give(world, tokens):
    """A world gives tokens, each at noon."""

    async def begin(*given, is_only=False):
        for token in given:
            tokens.add(token, await world.run(lambda tx, token=token: keep(tx, token, NOON, is_only=is_only)))
        kept = await world.run(lambda tx: tx.find(Token))
        assert kept == tokens.of("default"), "the table is what the world keeps"
        return [token.key for token in kept]

    return begin


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


async def test_expired_tokens_of_a_world_go_when_it_gives_others(give, tokens):
    tokens.add(token("elsewhere", world="other", lives=0))
    await give(token("a", lives=0))
    assert await give(token("b", lives=0), token("live")) == ["live"]
    assert await give(token("next")) == ["live", "next"]
    assert (tokens.get("a"), tokens.get("elsewhere")) == (None, token("elsewhere", world="other", lives=0))


async def test_the_only_token_of_a_client_ends_its_older_ones(give, tokens):
    tokens.add(token("elsewhere", world="other"))
    await give(token("a"), token("b"), token("c", client="another"))
    assert await give(token("d"), is_only=True) == ["c", "d"]
    assert [tokens.get(key) is not None for key in ("a", "b", "elsewhere")] == [False, False, True]
