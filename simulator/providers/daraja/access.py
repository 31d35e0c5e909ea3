"""Who may call: Basic credentials for a token, bearer tokens for the rest, and the password of an STK request."""

from __future__ import annotations

import base64
import hmac

from simulator.core.errors import InvalidAuthorization, InvalidClient, InvalidToken, WrongPassword
from simulator.core.merchants import Merchant
from simulator.core.simulation import Simulation
from simulator.core.worlds import World
from simulator.edge.admission import world_of_client, world_of_token
from simulator.edge.exchange import Received

SECRETS = frozenset({"Password", "SecurityCredential", "access_token"})  # what the journal must not hold


async def admit_bearer(simulation: Simulation, received: Received) -> World:
    """The world that the bearer token names."""
    expected = "expected the header Authorization: Bearer <access token>"
    if not received.authorization:
        raise InvalidToken(expected)
    value = received.credential("Bearer")
    if value is None:
        raise InvalidAuthorization(expected)
    return world_of_token(simulation, "daraja", value)


async def admit_client(simulation: Simulation, received: Received) -> World:
    """The world that the consumer key names, made on first use."""
    return await world_of_client(simulation, *client_of(received))


def client_of(received: Received) -> tuple[str, str]:
    """Consumer key and secret. Some clients add a newline to the credentials: they are trimmed [SDKs agree]."""
    told = received.credential("Basic")
    try:
        pair = base64.b64decode(told or "", validate=True).decode().strip()
    except ValueError:
        pair = ""
    key, _, secret = pair.partition(":")
    if not key or not secret:
        raise InvalidClient("expected the header Authorization: Basic base64(ConsumerKey:ConsumerSecret)")
    return key.strip(), secret.strip()


def check_password(merchant: Merchant, shortcode: str, password: object, timestamp: str) -> None:
    """`Password` is base64(shortcode + passkey + timestamp) of the same body; anything else is wrong credentials."""
    expected = base64.b64encode(f"{shortcode}{merchant.passkey}{timestamp}".encode()).decode()
    if not isinstance(password, str) or not hmac.compare_digest(password.encode(), expected.encode()):
        raise WrongPassword(f"Password is not base64 of {shortcode}, its passkey and {timestamp}")
