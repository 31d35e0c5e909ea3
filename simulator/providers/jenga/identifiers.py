"""How Jenga writes tokens, receipts and moments."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import orjson

from simulator.core.entropy import ALPHANUMERIC, Entropy

SIGNATURE_CHARACTERS = 21  # as many as are independent
TOKEN_HEADER = {"alg": "RS512", "typ": "JWT"}


def instant(at: datetime) -> str:
    """ISO 8601 in UTC, to the second [SDKs agree]."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def access_token(entropy: Entropy, merchant: str, issued: datetime, expires: datetime, *key: object) -> str:
    """It looks like a JWT, and is opaque: nobody can verify it, and only the token table knows it."""
    claims = {"sub": merchant, "iat": int(issued.timestamp()), "exp": int(expires.timestamp())}
    parts = [_part(orjson.dumps(TOKEN_HEADER)), _part(orjson.dumps(claims))]
    return ".".join([*parts, opaque(entropy, "signature", *key)])


def opaque(entropy: Entropy, *key: object) -> str:
    return entropy.text(ALPHANUMERIC, SIGNATURE_CHARACTERS, "jenga", *key)


def _part(told: bytes) -> str:
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def receipt(at: datetime, number: int) -> str:
    """`transactionId`: the day and a number. Its form is not public."""
    return f"{at:%y%m%d}{number:08d}"


def masked(account: str) -> str:
    """An account as answers show it: `00013XXXX6836` [official]."""
    return f"{account[:-8]}XXXX{account[-4:]}" if len(account) > 8 else account
