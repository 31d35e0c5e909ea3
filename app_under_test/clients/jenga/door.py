"""Jenga's door: a token whose life ends at an instant, and a signature of the merchant's under every call.

What is signed are the values of some fields, in an order of each endpoint's own, exactly as they stand in the request.
"""

import base64
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from app_under_test.clients.door import Answer, Door, NotSent, Request, Token
from app_under_test.clients.reading import CODE, Json, printable, text
from app_under_test.clock import Clock
from app_under_test.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_AUTHENTICATE = "/authentication/api/v3/authenticate/merchant"
_TOKEN_REFUSED = (None, "401", "401101")


class Jenga:
    """Usable while the application runs that has `connected` among its contexts."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._door = Door(
            settings.jenga,
            clock,
            timeout_seconds=settings.provider_timeout_seconds,
            new_token=self._new_token,
            is_refused_token=_is_refused_token,
        )
        self.connected = self._door.connected
        self._key: RSAPrivateKey | None = None

    async def post(self, path: str, body: Json, *, signed: str) -> Answer:
        """Raises `NotSent` or `Lost`."""
        headers = {"signature": self._signature(signed)}
        return await self._door.call(Request("POST", path, orjson.dumps(body), headers))

    async def get(self, path: str, *, signed: str) -> Answer:
        """Raises `NotSent` or `Lost`."""
        return await self._door.call(Request("GET", path, headers={"signature": self._signature(signed)}))

    async def _new_token(self) -> Token:
        key = self._settings.jenga_api_key.get_secret_value()
        merchant, secret = self._settings.consumer_key, self._settings.consumer_secret.get_secret_value()
        body = orjson.dumps({"merchantCode": merchant, "consumerSecret": secret})
        headers = {"Api-Key": key, "Content-Type": "application/json"}
        answer = await self._door.exchange(Request("POST", _AUTHENTICATE, body, headers))
        token, until = answer.body.get("accessToken"), instant(answer.body.get("expiresIn"))
        if answer.status != 200 or not isinstance(token, str) or not token.isprintable() or until is None:
            raise NotSent(f"no token: {told(answer)}")
        return Token(token, until)

    def _signature(self, words: str) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        if self._key is None:
            self._key = _key_in(self._settings.jenga_key_file)
        return base64.b64encode(self._key.sign(words.encode(), PKCS1v15(), SHA256())).decode()


def code_of(answer: Answer) -> str | None:
    return text(answer.body.get("code"), CODE)


def told(answer: Answer) -> str:
    message = answer.body.get("message")
    words = f"HTTP {answer.status} {code_of(answer) or ''} {message if isinstance(message, str) else ''}"
    return printable(" ".join(words.split()))


def instant(value: object) -> datetime | None:
    """`2026-01-05T07:26:12Z`; not seconds, whatever the name of the field says."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _is_refused_token(answer: Answer) -> bool:
    """By Jenga, that is: what a firewall says has no body that can be read, and other codes say nothing of a token."""
    return answer.status == 401 and bool(answer.body) and code_of(answer) in _TOKEN_REFUSED


def _key_in(file: Path) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise NotSent(f"jenga_key_file holds no private key that can be used: {error}") from None
    if not isinstance(key, RSAPrivateKey):
        raise NotSent("jenga_key_file: Jenga signs with RSA")
    return key
