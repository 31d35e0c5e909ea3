"""POST /authentication/api/v3/authenticate/merchant: a token of 15 minutes. There is no refresh endpoint."""

from __future__ import annotations

from datetime import datetime, timedelta

from simulator.core.faults import Facts
from simulator.edge.admission import give_token
from simulator.edge.exchange import Exchange, Reply
from simulator.providers.jenga.access import credentials_of
from simulator.providers.jenga.identifiers import access_token, instant, opaque


async def authenticate(exchange: Exchange) -> Reply:
    """`expiresIn` is a moment, not seconds [SDKs agree]. Older tokens stay valid to their expiry."""
    await exchange.choose_acknowledgement(Facts("authenticate"))
    world, merchant = exchange.world, credentials_of(exchange.received).merchant_code
    number = await world.take("token")

    def made(now: datetime, life: float) -> tuple[str, dict[str, object]]:
        expires = now + timedelta(seconds=life)
        value = access_token(world.entropy, merchant, now, expires, world.name, number)
        return value, {
            "accessToken": value,
            "refreshToken": opaque(world.entropy, "refresh", world.name, number),
            "expiresIn": instant(expires),
            "issuedAt": instant(now),
            "tokenType": "Bearer",
        }

    return await give_token(exchange, merchant, made)
