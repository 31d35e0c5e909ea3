"""The two kinds of time in a simulator's world: driven, where waiting is moving the clock, and real."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from msgspec import Struct

from harness.targets.base import AppClock, Refused
from harness.targets.control import ControlApi

LONGEST_REST_SECONDS = 90.0
LOOK_AGAIN_SECONDS = 0.05
NOTHING_HAPPENS_SECONDS = 1


class DrivenTime(Struct, frozen=True):
    """The virtual clock. `flight` tells it of an open step, which only a clock in this process can hear; that one
    `tells` the time without being asked over HTTP."""

    control: ControlApi
    app_clock: AppClock | None
    flight: Callable[[str], AbstractContextManager[object]] = contextlib.nullcontext
    tells: Callable[[], datetime] | None = None
    moves_by_itself: bool = False

    async def now(self) -> datetime:
        return await self.control.now() if self.tells is None else self.tells()

    async def until_next(self, deadline: datetime, *, after: int) -> bool:
        return (await self.control.advance_jobs(1, deadline)).jobs_run > 0

    async def rest(self, by: timedelta) -> None:
        await self.control.advance(by)


class RealTime(Struct, frozen=True):
    """The system clock, which nobody moves: the app keeps its own time, and jobs run when they are due."""

    control: ControlApi
    flight: Callable[[str], AbstractContextManager[object]] = contextlib.nullcontext
    app_clock: None = None
    moves_by_itself: bool = True

    async def now(self) -> datetime:
        return await self.control.now()

    async def until_next(self, deadline: datetime, *, after: int) -> bool:
        if await self.now() >= deadline:
            return False
        await self.control.await_event(after, NOTHING_HAPPENS_SECONDS)
        return True

    async def rest(self, by: timedelta) -> None:
        clock = asyncio.get_running_loop().time
        end = clock() + LONGEST_REST_SECONDS
        while jobs := await self.control.open_jobs():
            if clock() > end:
                raise Refused(f"{jobs} jobs are still to run after {LONGEST_REST_SECONDS:g} s")
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
