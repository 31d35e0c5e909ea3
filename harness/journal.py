"""A world's journal as a scenario follows it: everything read so far, and which callbacks were waited for already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from harness.events import Event
from harness.targets.base import Control


@dataclass
class Journal:
    """Reads on from where it stopped; `events` is everything that was read."""

    control: Control
    events: list[Event] = field(default_factory=list)
    floor: int = 0
    read_at: datetime | None = None

    @property
    def last(self) -> int:
        return self.events[-1].sequence if self.events else 0

    async def read(self) -> list[Event]:
        """The events since the last reading."""
        new = await self.control.journal(self.last)
        self.events += new
        return new

    async def catch_up(self, now: datetime) -> None:
        """Reads if time has moved since this was asked for last: callbacks come only when it does."""
        if now != self.read_at:
            self.read_at = now
            await self.read()

    def since(self, sequence: int) -> Iterator[Event]:
        """What was read and is newer than `sequence`."""
        for index in range(len(self.events), 0, -1):
            if self.events[index - 1].sequence <= sequence:
                return iter(self.events[index:])
        return iter(self.events)

    def cause(self) -> None:
        """Something begins that may bring callbacks about: what came before is no answer to it."""
        self.floor = max(self.floor, self.last)

    def callbacks(self) -> Iterator[Event]:
        """Delivery attempts that nobody has waited for yet."""
        return (event for event in self.since(self.floor) if event.kind == "callback")

    def consume(self, event: Event) -> None:
        self.floor = max(self.floor, event.sequence)
