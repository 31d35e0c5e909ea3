"""A figure: what was measured, and what is wanted of it. How figures are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. Where nothing is wanted of it, it has neither bound."""

    name: str
    store: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_good(self) -> bool:
        is_low = self.at_most is None or self.value <= self.at_most
        return is_low and (self.at_least is None or self.value >= self.at_least)

    @property
    def shown(self) -> str:
        return f"{_number(self.value)} {self.unit}".rstrip()

    @property
    def goal(self) -> str:
        if self.at_most is not None:
            return f"at most {_number(self.at_most)}"
        return f"at least {_number(self.at_least)}" if self.at_least is not None else ""

    @property
    def verdict(self) -> str:
        return "" if not self.goal else "good" if self.is_good else "missed"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: `runs` of each side, of which the best counts, and `share` of the full load of a run."""

    runs: int = 5
    share: float = 1.0

    def of(self, full: int) -> int:
        return max(1, round(full * self.share))


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(figures: Iterable[Figure]) -> str:
    rows = [("figure", "store", "measured", "goal", "")]
    rows += [(figure.name, figure.store, figure.shown, figure.goal, figure.verdict) for figure in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(" |") for row in rows
    ]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])


def write_json(figures: Iterable[Figure], path: Path) -> None:
    told = [
        {
            "figure": figure.name,
            "store": figure.store,
            "value": round(figure.value, 4),
            "unit": figure.unit,
            "at_most": figure.at_most,
            "at_least": figure.at_least,
        }
        for figure in figures
    ]
    path.write_text(json.dumps(told, indent=2) + "\n")
