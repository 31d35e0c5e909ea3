"""Who may call: Basic credentials for a token, bearer tokens for the rest."""

from __future__ import annotations

import base64

from simulator.core.errors import InvalidAuthorization, InvalidClient
from simulator.core.simulation import Simulation
from simulator.core.worlds import World
from simulator.edge.admission import world_of_client, world_of_token
from simulator.edge.exchange import Received

SECRETS = frozenset({"access_token"})  # what the journal must not hold


async def admit_bearer(simulation: Simulation, received: Received) -> World:
    """The world that the bearer token names."""
    value = received.credential("Bearer")
    if value is None:
        raise InvalidAuthorization("expected the header Authorization: Bearer <access token>")
    return world_of_token(simulation, "coop", value)


async def admit_client(simulation: Simulation, received: Received) -> World:
    """The world that the consumer key names, made on first use."""
    return await world_of_client(simulation, *client_of(received))


def client_of(received: Received) -> tuple[str, str]:
    """Consumer key and secret."""
    try:
        pair = base64.b64decode(received.credential("Basic") or "", validate=True).decode()
    except ValueError:
        pair = ""
    key, _, secret = (part.strip() for part in pair.partition(":"))
    if not key or not secret:
        raise InvalidClient("expected the header Authorization: Basic base64(consumerKey:consumerSecret)")
    return key, secret
