"""The tables of the docs are made from the code."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.edge.tables import error_table, result_table
from simulator.providers.coop import PROVIDER as COOP
from simulator.providers.coop.strictness import STRICTNESS as OF_COOP
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
    text = with_table(text, "strictness", strictness_table(PROVIDER.settings.strictness, STRICTNESS))
    golden(page, with_table(text, "results", result_table(PROVIDER)))


def test_the_tables_of_pesalink_are_those_of_the_code(golden):
    page = DOCS / "pesalink.md"
    text = with_table(page.read_text(), "jenga errors", error_table(JENGA, "code", "message"))
    text = with_table(text, "jenga results", result_table(JENGA, "code", "message"))
    text = with_table(text, "coop errors", error_table(COOP, "MessageCode", "MessageDescription"))
    text = with_table(text, "coop results", result_table(COOP, "ResponseCode", "ResponseDescription"))
    golden(page, with_table(text, "coop strictness", strictness_table(COOP.settings.strictness, OF_COOP)))


def strictness_table(names, meanings):
    assert set(names) == set(meanings)
    rows = "".join(f"| `{name}` | {told} |\n" for name, told in meanings.items())
    return f"| switch | when it is on |\n| --- | --- |\n{rows}"
