"""One line of a world's journal, as the harness reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import orjson
from msgspec import Struct


class Event(Struct, frozen=True):
    """`raw` is the event as it came, and what a journal file holds."""

    raw: Mapping[str, object]

    @property
    def sequence(self) -> int:
        return int(str(self.raw["sequence"]))

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(str(self.raw["at"]))

    @property
    def kind(self) -> str:
        return str(self.raw["kind"])

    @property
    def payment(self) -> str | None:
        return self.text("payment")

    def text(self, field: str) -> str | None:
        value = self.raw.get(field)
        return None if value is None else str(value)

    def body(self, field: str = "body") -> object:
        """A body, parsed where the journal keeps it as text."""
        value = self.raw.get(field)
        if not isinstance(value, str):
            return value
        try:
            parsed: object = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return parsed

    @property
    def line(self) -> bytes:
        return orjson.dumps(self.raw) + b"\n"


def scalars(value: object) -> Iterator[object]:
    """Every value in a JSON value that is neither a mapping nor a list."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from scalars(item)
    else:
        yield value
