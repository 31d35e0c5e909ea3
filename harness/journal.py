"""A world's journal as a scenario follows it: everything read so far, and which callbacks were waited for already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct, field

from harness.events import Event
from harness.targets.base import Control


class Journal(Struct):
    """Reads on from where it stopped; `events` is everything that was read.

    `is_live`: callbacks come at any time and in any order. One counts then until it was waited for.
    """

    control: Control
    is_live: bool = False
    events: list[Event] = field(default_factory=list)
    floor: int = 0
    consumed: set[int] = field(default_factory=set)
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
        if not self.is_live:
            self.floor = max(self.floor, self.last)

    def callbacks(self) -> Iterator[Event]:
        """Delivery attempts that nobody has waited for yet."""
        new = self.since(self.floor)
        return (event for event in new if event.kind == "callback" and event.sequence not in self.consumed)

    def consume(self, waited_for: Sequence[Event]) -> None:
        self.consumed |= {event.sequence for event in waited_for}
        if not self.is_live:
            self.floor = max(self.floor, waited_for[-1].sequence)
