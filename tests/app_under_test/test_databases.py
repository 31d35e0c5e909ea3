import sys

import pytest
from app_under_test.databases import database_of


def test_a_driver_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ValueError, match=r"needs psycopg: pip install 'pesabox\[postgresql\]'"):
        database_of("postgresql://bank@db.internal/bank")


def test_how_sqlite_spells_a_statement_is_worked_out_once_a_process(tmp_path):
    one, another = (database_of(f"sqlite:///{tmp_path}/{name}.db").engine for name in ("one", "another"))
    assert one.dialect is another.dialect
    assert one.get_execution_options()["compiled_cache"] is another.get_execution_options()["compiled_cache"]
