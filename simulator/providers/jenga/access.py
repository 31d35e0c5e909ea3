"""Who may call: a merchant code with its secret for a token, the bearer token for the rest."""

from __future__ import annotations

from simulator.core.errors import InvalidAuthorization, InvalidClient, InvalidToken
from simulator.core.simulation import Simulation
from simulator.core.worlds import World
from simulator.edge.admission import world_of_client, world_of_token
from simulator.edge.exchange import Received
from simulator.edge.wire import read
from simulator.providers.jenga.models import Credentials, flat, load

SECRETS = frozenset(
    {"merchantCode", "consumerSecret", "accessToken", "refreshToken"}
)  # what the journal must not hold; a merchant code names its world


async def admit_bearer(simulation: Simulation, received: Received) -> World:
    """The world that the bearer token names."""
    expected = "expected the header Authorization: Bearer <accessToken>"
    if not received.authorization:
        raise InvalidToken(expected)
    value = received.credential("Bearer")
    if value is None:
        raise InvalidAuthorization(expected)
    return world_of_token(simulation, "jenga", value)


async def admit_merchant(simulation: Simulation, received: Received) -> World:
    """The world that the merchant code names, made on first use. Its Api-Key may be any, and must be there."""
    told = credentials_of(received)
    if not received.headers.get("Api-Key", "").strip():
        raise InvalidClient("expected the header Api-Key")
    return await world_of_client(simulation, told.merchant_code, told.consumer_secret)


def credentials_of(received: Received) -> Credentials:
    return read(Credentials, flat(load(received.body)))
