"""The clock that an app in this process is lent when its simulator runs elsewhere on the virtual clock."""

from __future__ import annotations

import asyncio
from datetime import datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from harness.targets.control import ControlApi


class LentClock:
    """Tells the world's time, read at the beginning of each request to the app; its sleeps and deadlines are real."""

    def __init__(self, control: ControlApi, now: datetime) -> None:
        self._control, self._now = control, now

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> asyncio.Timeout:
        return asyncio.timeout(seconds)

    def lend_to(self, app: web.Application) -> None:
        @web.middleware
        async def read_once(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._now = await self._control.now()
            return await handler(request)

        app.middlewares.insert(0, read_once)
