"""The virtual clock: time that moves when driven, and the one task that drives it.

It moves only towards a moment that somebody wants, fires one thing at a time, and the next only when everything in
flight has ended or is parked.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from simulator.core.clock import EAT, Unanswered

FAR_FUTURE = datetime(9999, 1, 1, tzinfo=EAT)
VIRTUAL_START = datetime(2026, 1, 15, 10, 30, tzinfo=EAT)


class Agenda(Protocol):
    """The jobs of one world, as its driver sees them."""

    async def next_due(self) -> datetime | None: ...

    async def start_next(self, until: datetime) -> tuple[str, Callable[[], Awaitable[None]]] | None:
        """Claims the first job that is due: its name, and what runs it."""
        ...


@dataclass(order=True)
class _Timer:
    due: datetime
    number: int
    fire: Callable[[], Awaitable[None]] | None = field(compare=False)

    def drop(self) -> None:
        self.fire = None


class _Flight(Struct, eq=False):
    name: str
    is_delivery: bool


class _Park(Struct, eq=False):
    """A request that waits for the clock, and what was in flight when it began to."""

    number: int
    flights: frozenset[_Flight]
    ended: asyncio.Event = msgspec.field(default_factory=asyncio.Event)


class _Wish(Struct, eq=False):
    """Somebody wants the clock to reach `until`, or to go on from due time to due time until `is_settled()`."""

    until: datetime
    is_settled: Callable[[], bool]
    granted: asyncio.Future[None]
    is_awaited: bool = False
    jobs_run: int = 0

    def end(self, failure: Exception | None = None) -> None:
        """Grants the wish; only an advance, which somebody awaits, hears of a failure."""
        if self.granted.done():
            return
        if failure is not None and self.is_awaited:
            self.granted.set_exception(failure)
        else:
            self.granted.set_result(None)


class VirtualClock:
    """Time that moves when driven. One driver at a time; it lives while somebody wants time to move."""

    kind = "virtual"
    grace_seconds = 0.0

    def __init__(self, starts_at: datetime = VIRTUAL_START, *, answer_timeout_seconds: float = 5.0) -> None:
        self._now = starts_at
        self._answer_timeout_seconds = answer_timeout_seconds
        self._agenda: Agenda | None = None
        self._timers: list[_Timer] = []
        self._numbers = itertools.count()
        self._flights: list[_Flight] = []
        self._parks: list[_Park] = []
        self._wishes: list[_Wish] = []
        self._driver: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._failure: Exception | None = None

    def attach(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def now(self) -> datetime:
        return self._now

    async def advance(self, *, seconds: float = 0, to: datetime | None = None, jobs: int | None = None) -> int:
        """Moves by `seconds`, to a time, or over so many jobs (not beyond `to`), with all that falls due.

        Gives the number of jobs that ran.
        """
        if seconds < 0 or (to is not None and to < self._now):
            told = f"{seconds:g} s" if to is None else to.isoformat()
            raise ValueError(f"the clock is at {self._now.isoformat()} and does not go back: {told}")
        if (to or self._now + timedelta(seconds=seconds)) >= FAR_FUTURE:
            raise ValueError(f"the clock does not reach {FAR_FUTURE.year}")
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        until = to or (FAR_FUTURE if jobs is not None else self._now + timedelta(seconds=seconds))
        wish = self._want(until, lambda: jobs is not None and wish.jobs_run >= jobs)
        wish.is_awaited = True
        try:
            await wish.granted
        finally:
            self._forget(wish)
        return wish.jobs_run

    @contextlib.contextmanager
    def flight(self, name: str) -> Iterator[None]:
        flight = _Flight(name, is_delivery=False)
        self._flights.append(flight)
        try:
            yield
        finally:
            self._land(flight)

    async def sleep(self, seconds: float) -> None:
        """Parks the caller. While a delivery is unanswered a parked caller wants nothing: it waits for an advance."""
        if seconds <= 0:
            return
        released = asyncio.Event()

        async def release() -> None:
            released.set()
            await park.ended.wait()

        timer = self._at(self._now + timedelta(seconds=seconds), release)
        with self._parked() as park:
            if not self._is_delivering():
                self._want(timer.due, lambda: park.ended.is_set() or released.is_set())
            try:
                await released.wait()
            finally:
                timer.drop()

    async def until(self, event: asyncio.Event) -> bool:
        with self._parked():
            if self._is_delivering():
                return await event.wait()
            wish = self._want(FAR_FUTURE, event.is_set)
            happened = asyncio.ensure_future(event.wait())
            either: list[asyncio.Future[Any]] = [happened, wish.granted]
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                happened.cancel()
                self._forget(wish)
        return event.is_set()

    @contextlib.asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        """A deadline, not a wait: it moves no time by itself."""
        caller, is_fired, entered = asyncio.current_task(), False, next(self._numbers)
        assert caller is not None

        async def expire() -> None:
            nonlocal is_fired
            is_fired = True
            given_up = [park for park in self._parks if park.number > entered]
            caller.cancel()
            await self._until_one_ended(given_up)

        timer = self._at(self._now + timedelta(seconds=seconds), expire)
        try:
            yield
        except asyncio.CancelledError:
            if is_fired and caller.uncancel() == 0:
                raise TimeoutError(f"no answer within {seconds:g} s") from None
            raise
        finally:
            timer.drop()

    # What follows is the driver's.

    def _at(self, due: datetime, fire: Callable[[], Awaitable[None]]) -> _Timer:
        timer = _Timer(due, next(self._numbers), fire)
        heapq.heappush(self._timers, timer)
        return timer

    def _land(self, flight: _Flight) -> None:
        self._flights.remove(flight)
        self._changed.set()

    @contextlib.contextmanager
    def _parked(self) -> Iterator[_Park]:
        park = _Park(next(self._numbers), frozenset(self._flights))
        self._parks.append(park)
        self._changed.set()
        try:
            yield park
        finally:
            self._parks.remove(park)
            park.ended.set()
            self._changed.set()

    def _want(self, until: datetime, is_settled: Callable[[], bool]) -> _Wish:
        wish = _Wish(until, is_settled, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive())
        return wish

    def _forget(self, wish: _Wish) -> None:
        if wish in self._wishes:
            self._wishes.remove(wish)

    async def _drive(self) -> None:
        """A driver that fails tells whoever waits for an advance, or else the next who asks for one."""
        try:
            while self._wishes:
                await self._until_quiet()
                due = await self._next_due()
                self._grant(before=due)
                if self._wishes and due is not None:
                    await self._fire(due)
        except Exception as failure:
            waiting, self._wishes = self._wishes, []
            if not any(wish.is_awaited for wish in waiting):
                self._failure = failure
            for wish in waiting:
                wish.end(failure)

    def _grant(self, *, before: datetime | None) -> None:
        """Grants the wishes that are settled or whose time comes before anything else is due."""
        for wish in sorted(self._wishes, key=lambda wish: wish.until):
            if not wish.is_settled():
                if before is not None and before <= wish.until:
                    continue
                if wish.until < FAR_FUTURE:
                    self._now = max(self._now, wish.until)
            self._wishes.remove(wish)
            wish.end()

    async def _next_due(self) -> datetime | None:
        while self._timers and self._timers[0].fire is None:
            heapq.heappop(self._timers)
        job = await self._agenda.next_due() if self._agenda else None
        timer = self._timers[0].due if self._timers else None
        return min((due for due in (job, timer) if due is not None), default=None)

    async def _fire(self, due: datetime) -> None:
        """Fires one thing that is due then: a job before a timer."""
        self._now = max(self._now, due)
        started = await self._agenda.start_next(self._now) if self._agenda else None
        if started is not None:
            for wish in self._wishes:
                wish.jobs_run += 1
            self._start(*started)
            return
        if self._timers and self._timers[0].due <= self._now:
            timer = heapq.heappop(self._timers)
            if timer.fire is not None:
                await timer.fire()

    def _start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Starts a job as a flight of its own, which counts from now on and not from its task's first step."""
        flight = _Flight(name, is_delivery=True)
        self._flights.append(flight)

        async def fly() -> None:
            try:
                await run()
            finally:
                self._land(flight)

        task = asyncio.create_task(fly())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _is_delivering(self) -> bool:
        return any(flight.is_delivery for flight in self._flights)

    def _is_quiet(self) -> bool:
        """Whether every flight has a parked request that began during it. Newer flights have fewer to choose from.

        Its limit: two requests that one flight parks at once may stand in for an older flight that is busy.
        """
        free = list(self._parks)
        for flight in reversed(self._flights):
            park = next((park for park in free if flight in park.flights), None)
            if park is None:
                return False
            free.remove(park)
        return True

    async def _until_quiet(self) -> None:
        if self._is_quiet():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._answer_timeout_seconds):
                while not self._is_quiet():
                    self._changed.clear()
                    await self._changed.wait()
                return
        names = ", ".join(flight.name for flight in self._flights)
        real = f"{self._answer_timeout_seconds:g} s of real time"
        raise Unanswered(f"neither answered nor waiting for the clock within {real}: {names}")

    async def _until_one_ended(self, parks: list[_Park]) -> None:
        """Waits for the far side of a call that is being given up: it must notice before anything else fires."""
        if not parks:
            return
        waiting = [asyncio.ensure_future(park.ended.wait()) for park in parks]
        await asyncio.wait(waiting, timeout=self._answer_timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
