"""The benchmarks run, here with next to nothing to do, and show what they found. No test looks at a time."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.__main__ import FIGURES
from benchmarks.figure import Figure, Size, table, write_json
from benchmarks.store import Store

TINY = {"memory": 0.0005, "scenarios": 0.02}


@pytest.mark.parametrize("name", FIGURES)
async def test_a_benchmark_measures(name, tmp_path):
    figures = await FIGURES[name](Store("memory", tmp_path), Size(runs=1, share=TINY.get(name, 0.01)))
    assert figures
    assert all(math.isfinite(figure.value) for figure in figures)


@pytest.mark.parametrize(
    ("figure", "row"),
    [
        pytest.param(Figure("a", "memory", 2.2, "", at_most=2.9), "a | memory | 2.20 | at most 2.90 | good", id="low"),
        pytest.param(Figure("a", "", 3, "s", at_most=2.9), "a | | 3.00 s | at most 2.90 | missed", id="too much"),
        pytest.param(
            Figure("a", "sqlite", 1999, "/s", at_least=2000),
            "a | sqlite | 1,999 /s | at least 2,000 | missed",
            id="too few",
        ),
        pytest.param(Figure("a", "", 41.5, "µs"), "a | | 41.5 µs", id="nothing wanted"),
    ],
)
def test_the_table_shows_the_goal_beside_the_figure(figure, row):
    assert " ".join(table([figure]).splitlines()[-1].split()) == row


def test_the_figures_are_written_as_json(tmp_path):
    write_json([Figure("a", "memory", 2.2, "s", at_most=3)], tmp_path / "figures.json")
    told = {"figure": "a", "store": "memory", "value": 2.2, "unit": "s", "at_most": 3, "at_least": None}
    assert json.loads((tmp_path / "figures.json").read_text()) == [told]
