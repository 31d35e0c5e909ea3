"""A simulator on a thread and an event loop of its own, for callers that have none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from msgspec import Struct

from harness.loop import run_loop
from harness.targets.simulator import SimulatorTarget, simulator

T = TypeVar("T")


class _Life(Struct, frozen=True):
    """What its thread tells of a simulator that has begun to answer."""

    loop: asyncio.AbstractEventLoop
    target: SimulatorTarget
    leaving: asyncio.Event


class BackgroundSimulator:
    """A simulator on the virtual clock, on a thread and an event loop of its own, until `stop`."""

    def __init__(self, opened: Callable[[], AbstractAsyncContextManager[SimulatorTarget]] = simulator) -> None:
        began: Future[_Life] = Future()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pesabox")
        self._ended = self._thread.submit(run_loop, _live(opened(), began))
        either: list[Future[Any]] = [began, self._ended]
        wait(either, return_when=FIRST_COMPLETED)
        if self._ended.done():
            self._ended.result()
        self._life = began.result()

    @property
    def target(self) -> SimulatorTarget:
        """To be used on its own loop only: see `run`."""
        return self._life.target

    @property
    def url(self) -> str:
        return self.target.running.url

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, done on the simulator's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._life.loop).result()

    def stop(self) -> None:
        self._life.loop.call_soon_threadsafe(self._life.leaving.set)
        self._thread.shutdown()
        self._ended.result()


async def _live(opening: AbstractAsyncContextManager[SimulatorTarget], began: Future[_Life]) -> None:
    leaving = asyncio.Event()
    async with opening as target:
        began.set_result(_Life(asyncio.get_running_loop(), target, leaving))
        await leaving.wait()
