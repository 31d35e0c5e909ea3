"""POST /authentication/api/v3/authenticate/merchant: a token of 15 minutes. There is no refresh endpoint."""

from __future__ import annotations

from datetime import timedelta

import orjson

from simulator.core.faults import Facts
from simulator.core.store import Transaction
from simulator.core.tokens import Token, keep
from simulator.edge.exchange import Exchange, Reply
from simulator.providers.jenga.access import credentials_of
from simulator.providers.jenga.identifiers import access_token, instant, opaque


async def authenticate(exchange: Exchange) -> Reply:
    """`expiresIn` is a moment, not seconds [SDKs agree]. Older tokens stay valid to their expiry."""
    await exchange.choose_acknowledgement(Facts("authenticate"))
    world, merchant = exchange.world, credentials_of(exchange.received).merchant_code
    number = await world.take("token")

    def work(tx: Transaction) -> tuple[Reply, Token, list[Token]]:
        now = world.now()
        expires = now + timedelta(seconds=world.provider_settings(tx, "jenga").lifetimes["token"])
        value = access_token(world.entropy, merchant, now, expires, world.name, number)
        told = {
            "accessToken": value,
            "refreshToken": opaque(world.entropy, "refresh", world.name, number),
            "expiresIn": instant(expires),
            "issuedAt": instant(now),
            "tokenType": "Bearer",
        }
        reply = Reply(200, orjson.dumps(told))
        exchange.record(tx, reply)
        token = Token(value, world.name, "jenga", merchant, expires)
        return reply, token, keep(tx, token, now)

    reply, token, ended = await world.run(work)
    exchange.tokens.add(token, ended)
    return reply
