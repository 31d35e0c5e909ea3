"""What the simulator asks of time, and the system clock. Core never sleeps: what happens later is a job, and a request
that waits is parked here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime, timedelta, timezone
from typing import Protocol

EAT = timezone(timedelta(hours=3), "EAT")


class Unanswered(Exception):
    """Something in flight neither ended nor parked in real time: usually a lock that is kept across a call."""


def nairobi(time: datetime) -> datetime:
    """The same moment told in EAT; a time without an offset is Nairobi's already."""
    try:
        return time.replace(tzinfo=EAT) if time.tzinfo is None else time.astimezone(EAT)
    except OverflowError:
        raise ValueError(f"{time.isoformat()} is before or after all time") from None


class Clock(Protocol):
    """What the simulator asks of time. The app under test gets the first three verbs."""

    @property
    def kind(self) -> str:
        """`system` or `virtual`."""
        ...

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]: ...

    async def until(self, event: asyncio.Event) -> bool:
        """Parks until `event` is set; False when nothing that is still to come could set it."""
        ...

    def flight(self, name: str) -> AbstractContextManager[None]:
        """Something on its way: on the virtual clock nothing fires until it has ended or is parked."""
        ...


def stopwatch() -> float:
    """Real seconds, for what stands beside the journal: how long an answer took."""
    return time.perf_counter()


class SystemClock:
    """Real time, told in EAT."""

    kind = "system"
    grace_seconds = 0.02  # between an answer and what it set off: no callback overtakes its acknowledgement

    def now(self) -> datetime:
        return datetime.now(EAT)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)

    async def until(self, event: asyncio.Event) -> bool:
        return await event.wait()

    @contextlib.contextmanager
    def flight(self, name: str) -> Iterator[None]:
        yield
