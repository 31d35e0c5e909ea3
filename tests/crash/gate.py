"""Stands between the bank and the provider, both ways, and kills the bank at the moment that is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum

import aiohttp
from aiohttp import web

EAT = timezone(timedelta(hours=3))
NOON = datetime(2026, 1, 15, 12, tzinfo=EAT)
MOVES_MONEY = ("/provider/mpesa/stkpush/v1/processrequest", "/provider/mpesa/b2c/v3/paymentrequest")

Passed = tuple[int, bytes]


class Point(StrEnum):
    CALLBACK = "a callback has come and is not answered yet"
    UNSENT = "the payment is written down, and the provider has not heard of it"
    SENT = "the provider is at it"
    UNHEARD = "the provider has answered, and the bank has not heard it"
    HEARD = "the bank is hearing the answer"


@dataclass(frozen=True)
class Blow:
    """Falls on the `nth` exchange of its kind; where the bank is at work, so many seconds into it."""

    point: Point
    nth: int
    seconds: float


@dataclass(frozen=True)
class Promise:
    """A callback that the bank has answered with a 2xx."""

    path: str
    body: bytes


@dataclass
class Gate:
    """`kill` ends the bank; `ahead` is by how much the bank's clock is ahead of the time since the gate opened."""

    http: aiohttp.ClientSession
    provider: str
    url: str = ""
    bank: str = ""
    kill: Callable[[], Awaitable[None]] | None = None
    ahead: timedelta = timedelta(0)
    blow: Blow | None = None
    seen: int = 0
    fallen: asyncio.Event = field(default_factory=asyncio.Event)
    promises: list[Promise] = field(default_factory=list)
    unanswered: int = 0  # callbacks
    in_time: int = 0  # blows on a callback that came before its answer

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/clock", self.tell_time),
            web.post("/callbacks/{path:.*}", self.call_back),
            web.route("*", "/provider/{path:.*}", self.ask_provider),
        ]

    def aim(self, blow: Blow) -> None:
        self.blow, self.seen = blow, 0
        self.fallen.clear()

    async def tell_time(self, _: web.Request) -> web.Response:
        passed = timedelta(seconds=asyncio.get_running_loop().time())
        return web.json_response({"now": (NOON + passed + self.ahead).isoformat()})

    async def call_back(self, request: web.Request) -> web.Response:
        blow = self._falls_on(Point.CALLBACK)
        body = await request.read()
        answering = asyncio.ensure_future(self._passed_on(request, self.bank + request.path_qs, body))
        if blow is not None:
            await asyncio.wait([answering], timeout=blow.seconds)
            await self._strike()
        try:
            status, answer = await answering
        except aiohttp.ClientError:
            self.unanswered += 1
            self.in_time += blow is not None
            return web.Response(status=502)
        if 200 <= status < 300:
            self.promises.append(Promise(request.path, body))
        return _json(status, answer)

    async def ask_provider(self, request: web.Request) -> web.StreamResponse:
        points = (Point.UNSENT, Point.SENT, Point.UNHEARD, Point.HEARD)
        blow = self._falls_on(*points) if request.path in MOVES_MONEY else None
        body, url = await request.read(), self.provider + request.path_qs.removeprefix("/provider")
        if blow is not None and blow.point is Point.UNSENT:
            await self._strike()
            return web.Response(status=502)
        answering = asyncio.ensure_future(self._passed_on(request, url, body))
        if blow is not None and blow.point is Point.SENT:
            await self._strike()
        status, answer = await answering
        if blow is not None and blow.point is Point.UNHEARD:
            await self._strike()
        response = _json(status, answer)
        if blow is not None and blow.point is Point.HEARD:
            await response.prepare(request)
            await response.write_eof()
            await asyncio.wait([asyncio.ensure_future(self.fallen.wait())], timeout=blow.seconds)
            await self._strike()
        return response

    def _falls_on(self, *points: Point) -> Blow | None:
        """The blow, if it is meant for an exchange of this kind and this is the one."""
        if self.blow is None or self.blow.point not in points:
            return None
        self.seen += 1
        return self.blow if self.seen == self.blow.nth else None

    async def _strike(self) -> None:
        assert self.kill is not None
        await self.kill()
        self.blow = None
        self.fallen.set()

    async def _passed_on(self, request: web.Request, url: str, body: bytes) -> Passed:
        kept = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with self.http.request(request.method, url, data=body, headers=kept) as response:
            return response.status, await response.read()


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
