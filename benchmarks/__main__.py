"""`python -m benchmarks [FIGURE…]`: measures, prints a table with the goal beside each figure, and exits 0."""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import uvloop

from benchmarks import lateness, lifecycle, memory, push, scenarios, start
from benchmarks.figure import Figure, Size, table, write_json
from benchmarks.process import Failed
from benchmarks.store import KINDS, Store

Measure: TypeAlias = Callable[[Store, Size], Awaitable[list[Figure]]]

FIGURES: dict[str, Measure] = {
    "push": push.measure,
    "lifecycle": lifecycle.measure,
    "lateness": lateness.measure,
    "start": start.measure,
    "scenarios": scenarios.measure,
    "memory": memory.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)}; all unless told")
    parser.add_argument("--store", choices=KINDS, action="append", help="repeatable; memory unless told")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the figures there, too")
    parser.add_argument("--runs", type=int, default=5, help="of each side, of which the best counts (default 5)")
    parser.add_argument("--share", type=float, default=1.0, help="of the full load, for a quick look (default 1.0)")
    told = parser.parse_args()
    unknown = [name for name in told.figures if name not in FIGURES]
    if unknown:
        parser.error(f"there is no figure {unknown[0]!r}: {', '.join(FIGURES)}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            stores = [Store(name, Path(folder)) for name in told.store or ["memory"]]
            figures = uvloop.run(_measured(told.figures or list(FIGURES), stores, Size(told.runs, told.share)))
    except Failed as error:
        sys.exit(f"nothing measured: {error}")
    print(table(figures))
    if told.json is not None:
        write_json(figures, told.json)


async def _measured(names: list[str], stores: list[Store], size: Size) -> list[Figure]:
    figures: list[Figure] = []
    for store, name in itertools.product(stores, names):
        print(f"measuring {name} ({store.name}) …", file=sys.stderr, flush=True)
        figures += await FIGURES[name](store, size)
    return figures


if __name__ == "__main__":
    main()
