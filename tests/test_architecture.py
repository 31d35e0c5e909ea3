"""What the linters do not count: sizes, openings, leftovers. Each test names all that break its rule."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("simulator", "harness", "app_under_test")
MODULE_LINES, FUNCTION_LINES, OPENING_LINES = 400, 50, 5
LEFTOVER = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager"}


@cache
def sources():
    """The text of every module, by its path."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


@cache
def nodes_of(path):
    return tuple(ast.walk(ast.parse(sources()[path])))


def test_every_package_is_looked_at():
    assert {path.partition("/")[0] for path in sources()} == set(PACKAGES)


def test_no_module_is_long():
    assert [path for path, text in sources().items() if len(text.splitlines()) > MODULE_LINES] == []


def test_no_function_is_long():
    functions = [
        (f"{path}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1)
        for path in sources()
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 500
    assert [name for name, lines in functions if lines > FUNCTION_LINES] == []


def test_every_module_opens_with_one_to_five_lines_of_what_is_here():
    openings = {path: ast.get_docstring(ast.parse(text)) for path, text in sources().items() if text.strip()}
    assert [path for path, told in openings.items() if not told or len(told.splitlines()) > OPENING_LINES] == []


def test_nothing_is_left_to_do_in_a_comment():
    assert [path for path, text in sources().items() if LEFTOVER.search(text)] == []


def test_a_module_is_named_for_one_concept():
    assert [path for path in sources() if Path(path).stem in FORBIDDEN_NAMES] == []


def test_no_function_changes_a_global():
    changing = [
        f"{path}:{node.lineno}" for path in sources() for node in nodes_of(path) if isinstance(node, ast.Global)
    ]
    assert changing == []
