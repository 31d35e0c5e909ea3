"""Where the measured simulator keeps its state: a kind of store, and a fresh one of it for every run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

KINDS = ("memory", "sqlite")


@dataclass(frozen=True, slots=True)
class Store:
    name: str
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh(self) -> str:
        """The value of `--store` for one that holds nothing yet."""
        return "memory:" if self.name == "memory" else f"sqlite:///{self.folder}/{next(self._numbers)}.sqlite3"
