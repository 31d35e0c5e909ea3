"""OAuth (Authorization API): GET /oauth/v1/generate."""

from __future__ import annotations

from datetime import timedelta

import orjson
from yarl import URL

from simulator.core.entropy import ALPHANUMERIC
from simulator.core.errors import InvalidGrantType
from simulator.core.faults import Facts
from simulator.core.store import Transaction
from simulator.core.tokens import Token, keep
from simulator.edge.exchange import Exchange, Reply
from simulator.providers.daraja.access import client_of
from simulator.providers.daraja.strictness import is_strict

TOKEN_CHARACTERS = 28


async def generate(exchange: Exchange) -> Reply:
    """A token of the world that the consumer key names. Older tokens stay valid to their expiry."""
    grant_type = URL.build(query_string=exchange.received.query).query.get("grant_type")
    if grant_type != "client_credentials":
        raise InvalidGrantType(f"grant_type is {grant_type!r}, expected 'client_credentials'")
    await exchange.choose_acknowledgement(Facts("oauth"))
    world = exchange.world
    number = await world.take("token")
    value = world.entropy.text(ALPHANUMERIC, TOKEN_CHARACTERS, "token", world.name, number)
    key, _ = client_of(exchange.received)

    def work(tx: Transaction) -> tuple[Reply, Token, list[Token]]:
        life = world.provider_settings(tx, "daraja").lifetimes["token"]
        # `expires_in` is a string and one less than the life [captured]
        reply = Reply(200, orjson.dumps({"access_token": value, "expires_in": f"{life - 1:.0f}"}))
        exchange.record(tx, reply)
        token = Token(value, world.name, "daraja", key, world.now() + timedelta(seconds=life))
        return reply, token, keep(tx, token, world.now(), is_only=is_strict(tx, world, "one_token"))

    reply, token, ended = await world.run(work)
    exchange.tokens.add(token, ended)
    return reply
