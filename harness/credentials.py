"""What a `provider:` step sends besides its body: the bearer, and `{timestamp} {password} {credential} {callback}`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from harness.exchange import NoAnswer, Request
from harness.targets.base import World

EAT = timezone(timedelta(hours=3), "EAT")
NAMES = ("timestamp", "password", "credential", "callback")
TOKEN = "/oauth/v1/generate?grant_type=client_credentials"
PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
SHORTCODE = "174379"
CALLBACK = "http://app.test/callback"
CREDENTIAL_BYTES = 256
EARLY = timedelta(seconds=5)


@dataclass
class Credentials:
    """Of one world. A bearer is fetched once and again when it is about to expire."""

    world: World
    passkeys: dict[str, str] = field(default_factory=dict)
    token: str = ""
    good_until: datetime | None = None

    def basic(self) -> str:
        consumer = self.world.consumer
        return "Basic " + base64.b64encode(f"{consumer.key}:{consumer.secret}".encode()).decode()

    async def bearer(self) -> str:
        now = await self.world.now()
        if self.good_until is None or now >= self.good_until:
            life = await self._fetch()
            self.good_until = now + life - EARLY
        return f"Bearer {self.token}"

    async def _fetch(self) -> timedelta:
        answer = await self.world.send(Request("GET", TOKEN, {"Authorization": self.basic()}))
        if not isinstance(answer.body, dict) or "access_token" not in answer.body:
            raise NoAnswer(f"the provider gave no token: {answer}")
        self.token = str(answer.body["access_token"])
        return timedelta(seconds=int(str(answer.body["expires_in"])))

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
