"""Which surface a path is of, and how a token of it is asked for and read."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from harness.exchange import Answer, NoAnswer, Request
from harness.targets.base import Consumer

API_KEY = "pesabox-api-key"  # Jenga takes any


class Surface(StrEnum):
    DARAJA = "daraja"
    JENGA = "jenga"
    COOP = "coop"


PATHS: Mapping[str, Surface] = {
    "/v3-apis/": Surface.JENGA,
    "/authentication/": Surface.JENGA,
    "/FundsTransfer/": Surface.COOP,
    "/Enquiry/": Surface.COOP,
}


def without_prefix(path: str) -> str:
    """The path as it is at the provider's root: `/jenga/v3-apis/…` is `/v3-apis/…`."""
    first, _, rest = path.removeprefix("/").partition("/")
    return f"/{rest}" if rest and first in set(Surface) else path


def surface_of(path: str) -> Surface:
    """Daraja's where the path is no other's; the surface's name before it decides."""
    own = without_prefix(path)
    if own != path:
        return Surface(path.split("/")[1])
    return next((surface for beginning, surface in PATHS.items() if path.startswith(beginning)), Surface.DARAJA)


def basic(consumer: Consumer) -> str:
    return "Basic " + base64.b64encode(f"{consumer.key}:{consumer.secret}".encode()).decode()


def token_request(surface: Surface, consumer: Consumer) -> Request:
    if surface is Surface.JENGA:
        path, wish = "/authentication/api/v3/authenticate/merchant", {"merchantCode": consumer.key}
        return Request("POST", path, {"Api-Key": API_KEY}, {**wish, "consumerSecret": consumer.secret})
    if surface is Surface.COOP:
        headers = {"Authorization": basic(consumer), "Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", "/token", headers, {"grant_type": "client_credentials"})
    path = "/oauth/v1/generate?grant_type=client_credentials"
    return Request("GET", path, {"Authorization": basic(consumer)})


def token_in(surface: Surface, answer: Answer, now: datetime) -> tuple[str, datetime]:
    """The token, and until when it is good. Jenga tells a moment, the others seconds."""
    told = answer.body if isinstance(answer.body, dict) else {}
    names = ("accessToken", "expiresIn") if surface is Surface.JENGA else ("access_token", "expires_in")
    if not told.keys() >= set(names):
        raise NoAnswer(f"the provider gave no token: {answer}")
    token, expires = (str(told[name]) for name in names)
    if surface is Surface.JENGA:
        return token, datetime.fromisoformat(expires)
    return token, now + timedelta(seconds=int(expires))
