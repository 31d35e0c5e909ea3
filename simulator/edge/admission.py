"""Who is admitted, and to which world: what a client's own key, or its token, names; and how it gets that token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import orjson

from simulator.core.errors import InvalidClient, InvalidToken
from simulator.core.simulation import InvalidWorldName, Simulation, TooManyWorlds, world_named_in
from simulator.core.store import Transaction
from simulator.core.tokens import Token, keep
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply


async def world_of_client(simulation: Simulation, key: str, secret: str) -> World:
    """The world that the key names, made on first use; `InvalidClient` where the pair opens none."""
    if not key or not secret or not simulation.accepts(key, secret):
        raise InvalidClient(f"the key {key!r} is not known with this secret")
    try:
        return await simulation.world_on_first_use(world_named_in(key))
    except (InvalidWorldName, TooManyWorlds) as error:
        raise InvalidClient(str(error)) from None


def world_of_token(simulation: Simulation, provider: str, value: str) -> World:
    """The world of a token that this provider gave, and that is still good; else `InvalidToken`."""
    token = simulation.tokens.get(value)
    if token is None or token.provider != provider:
        raise InvalidToken(f"this access token was never given here: ask {provider} for one")
    world = simulation.world(token.world)
    if world.now() >= token.expires_at:
        raise InvalidToken(f"this access token expired at {token.expires_at.isoformat()}")
    return world


async def give_token(
    exchange: Exchange, client: str, made: Callable[[datetime, float], tuple[str, Mapping[str, object]]]
) -> Reply:
    """A token of the exchange's provider for this client. `made` gives it and the answer, by the moment and its life.

    Older tokens stay valid to their expiry, unless the provider is strict about `one_token`.
    """
    world, provider = exchange.world, exchange.provider.name

    def work(tx: Transaction) -> tuple[Reply, Token, list[Token]]:
        now, settings = world.now(), world.provider_settings(tx, provider)
        life = settings.lifetimes["token"]
        value, told = made(now, life)
        reply = Reply(200, orjson.dumps(told))
        exchange.record(tx, reply)
        token = Token(value, world.name, provider, client, now + timedelta(seconds=life))
        return reply, token, keep(tx, token, now, is_only=settings.strictness.get("one_token", False))

    reply, token, ended = await world.run(work)
    exchange.tokens.add(token, ended)
    return reply
