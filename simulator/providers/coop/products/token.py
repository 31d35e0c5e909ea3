"""Token: POST /token."""

from __future__ import annotations

from urllib.parse import parse_qs

from simulator.core.errors import InvalidGrantType
from simulator.core.faults import Facts
from simulator.edge.admission import give_token
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
    return await give_token(exchange, key, lambda now, life: (value, _told(value, life)))


def _told(value: str, life: float) -> dict[str, object]:
    return {"access_token": value, "scope": SCOPE, "token_type": "Bearer", "expires_in": int(life)}
