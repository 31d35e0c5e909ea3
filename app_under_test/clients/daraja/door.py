"""The way to Daraja: one token for all products, and authenticated requests, each exchange with its own deadline."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
import orjson
from aiohttp import web

from app_under_test.clients.daraja.reading import Json, object_in, printable, reference, text
from app_under_test.clients.gateway import Accepted, Acknowledgement, Refused, Unclear
from app_under_test.clock import Clock
from app_under_test.settings import Settings

_TOKEN_REFUSED = "Invalid Access Token"  # the code and the status differ by product, the words are the same
_TOKEN = re.compile(r"\b[A-Za-z0-9]{20,}\b")  # some refusals repeat it
_TIMED_OUT = 408
_RENEW_EARLY = timedelta(seconds=60)


class NotSent(Exception):
    """The request never left: there was no connection, or no token to send it with."""


class Lost(Exception):
    """The request may have arrived; its answer did not."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: Json = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.body.get(name)
        return value if isinstance(value, str) else ""

    @property
    def error(self) -> str:
        told = f"HTTP {self.status} {self.text('errorCode')} {self.text('errorMessage')}".rstrip()
        return _TOKEN.sub("…", printable(told))

    @property
    def is_refused_token(self) -> bool:
        return 400 <= self.status < 500 and _TOKEN_REFUSED in self.text("errorMessage")

    @property
    def is_refused_at_the_door(self) -> bool:
        """Daraja's gateway says itself that it did nothing. A firewall's page, or a breakdown behind it, does not."""
        by_the_gateway = "errorCode" in self.body or "fault" in self.body
        return 400 <= self.status < 500 and self.status != _TIMED_OUT and by_the_gateway

    def accepted_as(self, handle: str) -> Acknowledgement:
        """Accepted under the reference of that name, refused, or nothing that proves either."""
        found = reference(self.body.get(handle))
        if self.status == 200 and self.text("ResponseCode") == "0" and found is not None:
            return Accepted(found)
        return Refused(self.error) if self.is_refused_at_the_door else Unclear(self.error)


@dataclass(frozen=True)
class Token:
    value: str
    until: datetime


class Daraja:
    """Usable while the application runs that has `connected` among its contexts."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._session: aiohttp.ClientSession
        self._token: Token | None = None
        self._renewing = asyncio.Lock()

    async def connected(self, _: web.Application) -> AsyncIterator[None]:
        no_limit = aiohttp.ClientTimeout()  # deadlines are the clock's
        unbounded = aiohttp.TCPConnector(limit=0)  # whoever waits for a connection has a deadline running
        async with aiohttp.ClientSession(timeout=no_limit, connector=unbounded) as self._session:
            yield

    async def post(self, path: str, body: Json) -> Reply:
        """Raises `NotSent` or `Lost`. Sent again only where the token was refused: nothing was done with it."""
        token = await self._valid_token(refused=None)
        reply = await self._send(path, body, token)
        if reply.is_refused_token:
            reply = await self._send(path, body, await self._valid_token(refused=token))
        return reply

    async def _send(self, path: str, body: Json, token: Token) -> Reply:
        headers = {"Authorization": f"Bearer {token.value}", "Content-Type": "application/json"}
        try:
            async with self._clock.timeout(self._settings.provider_timeout_seconds):
                return await self._exchange("POST", path, headers, orjson.dumps(body))
        except TimeoutError:
            raise Lost("the provider did not answer in time") from None

    async def _valid_token(self, *, refused: Token | None) -> Token:
        """The token at hand, or a new one; callers at the same time share it, each within a deadline of its own."""
        try:
            async with self._clock.timeout(self._settings.provider_timeout_seconds), self._renewing:
                if self._token in (None, refused) or self._clock.now() >= self._token.until:
                    self._token = await self._new_token()
                return self._token
        except (Lost, TimeoutError) as error:
            raise NotSent(f"no token: {error!r}") from None

    async def _new_token(self) -> Token:
        pair = f"{self._settings.consumer_key}:{self._settings.consumer_secret.get_secret_value()}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        reply = await self._exchange("GET", "/oauth/v1/generate?grant_type=client_credentials", headers)
        value, seconds = reply.text("access_token"), text(reply.body.get("expires_in"), r"[0-9]{1,9}")
        if reply.status != 200 or not value or seconds is None:
            raise NotSent(f"no token: {reply.error}")
        return Token(value, self._clock.now() + timedelta(seconds=int(seconds)) - _RENEW_EARLY)

    async def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        url = self._settings.provider_url + path
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                return Reply(response.status, object_in(await response.read()))
        except aiohttp.ClientConnectorError as error:
            raise NotSent(f"no connection: {error}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(f"the answer was lost: {error!r}") from None
