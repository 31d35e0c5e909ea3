"""The tables of the docs are made from the code."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.edge.tables import error_table, result_table
from simulator.providers.daraja import PROVIDER
from simulator.providers.daraja.strictness import STRICTNESS
from simulator.providers.jenga import PROVIDER as JENGA

DOCS = Path(__file__).parents[2] / "docs"


def with_table(text: str, name: str, table: str) -> str:
    found = re.search(rf"<!-- {name} -->\n.*?<!-- end -->", text, re.DOTALL)
    assert found, f"no place for {name}"
    return text.replace(found.group(), f"<!-- {name} -->\n{table}<!-- end -->")


def test_the_tables_of_daraja_are_those_of_the_code(golden):
    page = DOCS / "daraja.md"
    text = with_table(page.read_text(), "errors", error_table(PROVIDER))
    text = with_table(text, "strictness", strictness_table(PROVIDER.settings.strictness))
    golden(page, with_table(text, "results", result_table(PROVIDER)))


def test_the_tables_of_jenga_are_those_of_the_code(golden):
    page = DOCS / "jenga.md"
    text = with_table(page.read_text(), "errors", error_table(JENGA, "code", "message"))
    golden(page, with_table(text, "results", result_table(JENGA, "code", "message")))


def strictness_table(names):
    assert set(names) == set(STRICTNESS)
    rows = "".join(f"| `{name}` | {told} |\n" for name, told in STRICTNESS.items())
    return f"| switch | when it is on |\n| --- | --- |\n{rows}"
