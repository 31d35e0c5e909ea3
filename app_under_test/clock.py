"""The bank's time: the only module that asks the system for it. Whoever needs the time is given a `Clock`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta, timezone
from typing import Protocol

import aiohttp
import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

EAT = timezone(timedelta(hours=3), "EAT")


class Clock(Protocol):
    def now(self) -> datetime:
        """An aware time."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Gives up what runs inside it, with a TimeoutError, once the seconds are over."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(EAT)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> asyncio.Timeout:
        return asyncio.timeout(seconds)


class ClockUnreachable(Exception):
    pass


class BorrowedClock(SystemClock):
    """Tells the time of another process, read from its URL at every request; sleeps and deadlines are real."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._now: datetime
        self._session: aiohttp.ClientSession

    def now(self) -> datetime:
        return self._now

    async def connected(self, _: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as self._session:
            await self._read()
            yield

    @web.middleware
    async def read_once(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        await self._read()
        return await handler(request)

    async def _read(self) -> None:
        try:
            async with self.timeout(5), self._session.get(self._url) as response:
                now = datetime.fromisoformat(orjson.loads(await response.read())["now"])
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise ClockUnreachable(f"no time from {self._url}: {error!r}") from None
        if now.tzinfo is None:
            raise ClockUnreachable(f"{self._url} tells a time without its zone: {now}")
        self._now = now


def stamp(moment: datetime) -> str:
    """How the bank writes a time: ISO 8601 in East Africa Time, so that the date is the one of the business day."""
    return moment.astimezone(EAT).isoformat()


def seconds_between(earlier: str, later: str) -> float:
    """Of two stamps."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
