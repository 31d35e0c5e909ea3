"""The way to a provider: one token for all that is asked of it, and each exchange with a deadline of its own.

How a token is got and how it is refused is the provider's, and told by its own door.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import aiohttp
from aiohttp import web
from msgspec import Struct, field

from app_under_test.clients.reading import Json, object_in
from app_under_test.clock import Clock

_RENEW_EARLY = timedelta(seconds=60)


class NotSent(Exception):
    """The request never left: there was no connection, or no token to send it with."""


class Lost(Exception):
    """The request may have arrived; its answer did not."""


class Request(Struct, frozen=True):
    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Answer(Struct, frozen=True):
    """`body` is empty where the provider, or a firewall before it, sent something that is no JSON object."""

    status: int
    body: Json = field(default_factory=dict)


class Token(Struct, frozen=True):
    value: str
    until: datetime


class Door:
    """Usable while the application runs that has `connected` among its contexts."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        timeout_seconds: float,
        new_token: Callable[[], Awaitable[Token]],
        is_refused_token: Callable[[Answer], bool],
    ) -> None:
        self._url, self._clock, self._timeout_seconds = url, clock, timeout_seconds
        self._new_token, self._is_refused_token = new_token, is_refused_token
        self._session: aiohttp.ClientSession
        self._token: Token | None = None
        self._renewing = asyncio.Lock()

    async def connected(self, _: web.Application) -> AsyncIterator[None]:
        no_limit = aiohttp.ClientTimeout()  # deadlines are the clock's
        unbounded = aiohttp.TCPConnector(limit=0)  # whoever waits for a connection has a deadline running
        async with aiohttp.ClientSession(timeout=no_limit, connector=unbounded) as self._session:
            yield

    async def call(self, request: Request) -> Answer:
        """Raises `NotSent` or `Lost`. Sent again only where the token was refused: nothing was done with it."""
        token = await self._valid_token(refused=None)
        answer = await self._send(request, token)
        if self._is_refused_token(answer):
            answer = await self._send(request, await self._valid_token(refused=token))
        return answer

    async def exchange(self, request: Request) -> Answer:
        """Without a token, and within whatever deadline is running."""
        url = self._url + request.path
        try:
            async with self._session.request(
                request.method, url, headers=request.headers, data=request.body, allow_redirects=False
            ) as response:
                return Answer(response.status, object_in(await response.read()))
        except aiohttp.ClientConnectorError as error:
            raise NotSent(f"no connection: {error}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(f"the answer was lost: {error!r}") from None

    async def _send(self, request: Request, token: Token) -> Answer:
        headers = {"Content-Type": "application/json", **request.headers, "Authorization": f"Bearer {token.value}"}
        try:
            async with self._clock.timeout(self._timeout_seconds):
                return await self.exchange(Request(request.method, request.path, request.body, headers))
        except TimeoutError:
            raise Lost("the provider did not answer in time") from None

    async def _valid_token(self, *, refused: Token | None) -> Token:
        """The token at hand, or a new one; callers at the same time share it, each within a deadline of its own."""
        try:
            async with self._clock.timeout(self._timeout_seconds), self._renewing:
                if self._token in (None, refused) or self._clock.now() >= self._token.until - _RENEW_EARLY:
                    self._token = await self._new_token()
                return self._token
        except (Lost, TimeoutError) as error:
            raise NotSent(f"no token: {error!r}") from None
