"""Golden files: what was once seen to be right, compared to the letter, rewritten with `--golden-update`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden-update", action="store_true", help="rewrite golden files and generated tables")
    parser.addoption("--stories", type=int, default=100, help="how many random stories are played")
    parser.addoption("--kills", type=int, default=3, help="how often the simulator is killed")
    parser.addoption("--bank-kills", type=int, default=20, help="how often the bank is killed")
    parser.addoption("--sweep", action="store_true", help="lose every delivery of every scenario, one at a time")
    parser.addoption("--as-found", action="store_true", help="do not make a random story that fails smaller")
    parser.addoption("--fuzz", type=int, default=600, help="how many odd requests each fuzz test sends")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compares `text` with a golden file, or rewrites the file when asked to."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--golden-update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert text == path.read_text(), f"{path.name} differs; `pytest --golden-update` rewrites it"

    return compare
