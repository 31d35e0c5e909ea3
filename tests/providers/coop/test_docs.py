"""The tables of docs/coop.md are made from the code."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.edge.tables import error_table, result_table
from simulator.providers.coop import PROVIDER
from simulator.providers.coop.strictness import STRICTNESS

PAGE = Path(__file__).parents[3] / "docs" / "coop.md"


def with_table(text, name, table):
    found = re.search(rf"<!-- {name} -->\n.*?<!-- end -->", text, re.DOTALL)
    assert found, f"no place for {name}"
    return text.replace(found.group(), f"<!-- {name} -->\n{table}<!-- end -->")


def strictness_table():
    rows = "".join(f"| `{name}` | {told} |\n" for name, told in STRICTNESS.items())
    return f"| switch | when it is on |\n| --- | --- |\n{rows}"


def test_the_tables_of_coop_are_those_of_the_code(golden):
    text = with_table(PAGE.read_text(), "errors", error_table(PROVIDER, "MessageCode", "MessageDescription"))
    text = with_table(text, "strictness", strictness_table())
    golden(PAGE, with_table(text, "results", result_table(PROVIDER, "ResponseCode", "ResponseDescription")))
