"""Runs jobs: one by one for the virtual clock's driver, in a loop of its own on the system clock."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind
from simulator.core.store import StoreBroken, Transaction
from simulator.core.worlds import World

log = logging.getLogger(__name__)

JobHandler: TypeAlias = Callable[["World", Job], Awaitable[None]]

JOBS_AT_A_TIME = 64


class JobRunner:
    """Runs the jobs of one world: the virtual clock's driver asks it one by one, on the system clock it loops."""

    def __init__(self, world: World, handlers: Mapping[str, JobHandler]) -> None:
        self._world = world
        self._handlers = handlers
        self._running: set[asyncio.Task[None]] = set()
        self._is_draining = False

    async def next_due(self) -> datetime | None:
        world = self._world
        return None if world.is_closed else await world.store.next_due(world.name, held=world.open_requests)

    async def start_next(self, until: datetime) -> tuple[str, Callable[[], Awaitable[None]]] | None:
        jobs = await self._claim(until, 1)
        if not jobs:
            return None
        told = " to ".join([f"{jobs[0].work} {jobs[0].subject}", *filter(None, [jobs[0].details.get("to")])])
        return told, functools.partial(self.run, jobs[0])

    async def run(self, job: Job) -> None:
        """Runs one job. A defect of ours is journalled with its traceback, and the job is not tried again."""
        world = self._world
        try:
            await self._handlers[job.work](world, job)
        except StoreBroken:
            return  # the process is about to end, and the job is still in the file
        except Exception:
            if not world.is_closed:
                await self._give_up(job, traceback.format_exc())

    async def _give_up(self, job: Job, told: str) -> None:
        world = self._world
        log.exception("job %s of world %s failed", job.key, world.name)

        def record(tx: Transaction) -> None:
            tx.done(job)
            tx.append(Event(EventKind.ERROR, world.now(), {"job": job.key, "traceback": told}))

        await world.run(record)

    def drain(self) -> set[asyncio.Task[None]]:
        """Starts nothing more, and gives what is running: what is due stays due."""
        self._is_draining = True
        return set(self._running)

    async def loop(self) -> None:
        """On the system clock: runs what is due, waits for what comes next, for ever."""
        changed = asyncio.Event()
        self._world.watch(changed)
        try:
            while True:
                changed.clear()
                await self._start_due()
                due = await self.next_due()
                seconds = None if due is None else max(0.0, (due - self._world.now()).total_seconds())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await changed.wait()
        except StoreBroken:
            return  # the process is about to end
        finally:
            self._world.unwatch(changed)
            for task in self._running:
                task.cancel()

    async def _start_due(self) -> None:
        """Starts all; how many deliveries leave at once is the sender's business."""
        while not self._is_draining and (jobs := await self._claim(self._world.now(), JOBS_AT_A_TIME)):
            for job in jobs:
                task = asyncio.create_task(self.run(job))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def _claim(self, until: datetime, limit: int) -> list[Job]:
        world = self._world
        return (
            []
            if world.is_closed
            else await world.store.claim(world.name, until=until, limit=limit, held=world.open_requests)
        )
