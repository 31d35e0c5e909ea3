"""What a `provider:` step sends beside its body: bearer, signature, {timestamp} {password} {credential} {callback}."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from msgspec import Struct, field

from harness.signing import HEADER, signature, text_to_sign
from harness.surfaces import Surface, basic, surface_of, token_in, token_request, without_prefix
from harness.targets.base import World

EAT = timezone(timedelta(hours=3), "EAT")
NAMES = ("timestamp", "password", "credential", "callback")
PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
SHORTCODE = "174379"
CALLBACK = "http://app.test/callback"
CREDENTIAL_BYTES = 256
EARLY = timedelta(seconds=5)


class Credentials(Struct):
    """Of one world. A bearer of each surface is fetched once and again when it is about to expire."""

    world: World
    passkeys: dict[str, str] = field(default_factory=dict)
    tokens: dict[Surface, tuple[str, datetime]] = field(default_factory=dict)
    signing_key: str = ""

    def basic(self) -> str:
        return basic(self.world.consumer)

    async def bearer(self, path: str) -> str:
        """One of the surface that the path is of."""
        surface, now = surface_of(path), await self.world.now()
        if surface not in self.tokens or now >= self.tokens[surface][1] - EARLY:
            answer = await self.world.send(token_request(surface, self.world.consumer))
            self.tokens[surface] = token_in(surface, answer, now)
        return f"Bearer {self.tokens[surface][0]}"

    async def signature(self, path: str, body: object) -> dict[str, str]:
        """The header in which the provider wants the request signed; none where it does not."""
        text = text_to_sign(without_prefix(path), body)
        if text is None:
            return {}
        self.signing_key = self.signing_key or await self.world.control.jenga_key()
        return {HEADER: signature(self.signing_key, text)}

    async def names(self, body: object) -> dict[str, object]:
        """The credentials for a request with this body, as of now."""
        shortcode = str(body.get("BusinessShortCode", SHORTCODE)) if isinstance(body, Mapping) else SHORTCODE
        timestamp = (await self.world.now()).astimezone(EAT).strftime("%Y%m%d%H%M%S")
        return {
            "timestamp": timestamp,
            "password": password(shortcode, self.passkeys.get(shortcode, PASSKEY), timestamp),
            "credential": base64.b64encode(b"pesabox".ljust(CREDENTIAL_BYTES, b".")).decode(),
            "callback": CALLBACK,
        }


def password(shortcode: str, passkey: str, timestamp: str) -> str:
    return base64.b64encode(f"{shortcode}{passkey}{timestamp}".encode()).decode()
