"""One line an exchange, for a person at a terminal: who called what, the answer, and for a callback the app's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from simulator.core.journal import Event, EventKind
from simulator.core.simulation import Simulation
from simulator.core.worlds import World

SHOWN_CHARACTERS = 160


@contextlib.contextmanager
def told_to(write: Callable[[str], None], simulation: Simulation) -> Iterator[None]:
    """While open, every exchange of every world is written as it happens."""
    tasks: set[asyncio.Task[None]] = set()

    def follow(world: World) -> None:
        tasks.add(asyncio.create_task(_follow(world, write)))

    simulation.on_new_world(follow)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def _follow(world: World, write: Callable[[str], None]) -> None:
    seen, changed = 0, asyncio.Event()
    world.watch(changed)
    while True:
        for event in await world.store.events(world.name, after=seen, limit=1000):
            seen = event.sequence
            line = line_of(world.name, event)
            if line:
                write(line)
        await changed.wait()
        changed.clear()


def line_of(world: str, event: Event) -> str:
    """The event as one line; empty for what is no exchange."""
    if event.kind is EventKind.REQUEST:
        told = _request(event)
    elif event.kind is EventKind.CALLBACK:
        told = _callback(event)
    elif event.kind is EventKind.ERROR:
        told = "pesabox failed: " + str(event.data["traceback"]).strip().splitlines()[-1]
    else:
        return ""
    return f"{event.at:%H:%M:%S}  {world}  {told[:SHOWN_CHARACTERS]}"


def _request(event: Event) -> str:
    data = event.data
    status = data["status"] or "nothing"
    why = f": {data['why']}" if data.get("why") else ""
    fault = f"  (fault: {data['fault']})" if data.get("fault") else ""
    return f"app → {data['operation']}  {status}{why}{_said(data.get('answer'))}{fault}"


def _callback(event: Event) -> str:
    data = event.data
    answer = f"{data.get('status')} {data.get('answer', '')}" if data["outcome"] == "answered" else data["outcome"]
    fault = f"  (fault: {data['fault']})" if data.get("fault") else ""
    who = "forged " if data.get("forged") else ""
    return f"{who}{data['operation']} → app  {answer}{fault}  {data['url']}"


def _said(answer: object) -> str:
    """The provider's own words in an answer, where it has some."""
    if not isinstance(answer, dict):
        return ""
    words = answer.get("errorMessage") or answer.get("ResultDesc") or answer.get("ResponseDescription")
    return f"  {words}" if words else ""
