"""Token: POST /token."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs

import orjson

from simulator.core.errors import InvalidGrantType
from simulator.core.faults import Facts
from simulator.core.store import Transaction
from simulator.core.tokens import Token, keep
from simulator.edge.exchange import Exchange, Reply
from simulator.providers.coop.access import client_of
from simulator.providers.coop.identifiers import token_value

SCOPE = "am_application_scope default"  # the gateway product's own


async def generate(exchange: Exchange) -> Reply:
    """A token of the world that the consumer key names. Older tokens stay valid to their expiry [inferred]."""
    form = parse_qs(exchange.received.body.decode("utf-8", "replace"))
    if form.get("grant_type") != ["client_credentials"]:
        raise InvalidGrantType("expected the form grant_type=client_credentials")
    await exchange.choose_acknowledgement(Facts("token"))
    world = exchange.world
    value = token_value(world.entropy, world.name, await world.take("token"))
    key, _ = client_of(exchange.received)

    def work(tx: Transaction) -> tuple[Reply, Token, list[Token]]:
        life = world.provider_settings(tx, "coop").lifetimes["token"]
        told = {"access_token": value, "scope": SCOPE, "token_type": "Bearer", "expires_in": int(life)}
        reply = Reply(200, orjson.dumps(told))
        exchange.record(tx, reply)
        token = Token(value, world.name, "coop", key, world.now() + timedelta(seconds=life))
        return reply, token, keep(tx, token, world.now())

    reply, token, ended = await world.run(work)
    exchange.tokens.add(token, ended)
    return reply
