"""OAuth (Authorization API): GET /oauth/v1/generate."""

from __future__ import annotations

from yarl import URL

from simulator.core.entropy import ALPHANUMERIC
from simulator.core.errors import InvalidGrantType
from simulator.core.faults import Facts
from simulator.edge.admission import give_token
from simulator.edge.exchange import Exchange, Reply
from simulator.providers.daraja.access import client_of

TOKEN_CHARACTERS = 28


async def generate(exchange: Exchange) -> Reply:
    """A token of the world that the consumer key names. Older tokens stay valid to their expiry."""
    grant_type = URL.build(query_string=exchange.received.query).query.get("grant_type")
    if grant_type != "client_credentials":
        raise InvalidGrantType(f"grant_type is {grant_type!r}, expected 'client_credentials'")
    await exchange.choose_acknowledgement(Facts("oauth"))
    world, (key, _) = exchange.world, client_of(exchange.received)
    value = world.entropy.text(ALPHANUMERIC, TOKEN_CHARACTERS, "token", world.name, await world.take("token"))
    return await give_token(exchange, key, lambda now, life: (value, _told(value, life)))


def _told(value: str, life: float) -> dict[str, object]:
    """`expires_in` is a string and one less than the life [captured]."""
    return {"access_token": value, "expires_in": f"{life - 1:.0f}"}
