"""Each patch puts one bug into a copy of the bank: the scenario that it names must go red, by the invariant's name."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.invariants import INVARIANTS

ROOT = Path(__file__).parents[2]
PATCHES = sorted(Path(__file__).parent.glob("*.patch"))
OF_THE_PROVIDER = {"P1"}  # pesabox's own books: nothing that an app sends makes them wrong
PLAYING = ("app_under_test", "harness", "simulator", "tests", "conftest.py", "pyproject.toml")


def told(patch: Path, word: str) -> str:
    found = re.search(rf"^{word}: (.+)$", patch.read_text(), re.MULTILINE)
    assert found, f"{patch.name} names no {word.lower()}"
    return found[1]


def copy(folder: Path, *names: str) -> None:
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)


def apply(patch: Path, folder: Path) -> None:
    subprocess.run(["git", "apply", str(patch)], cwd=folder, check=True)


async def run(folder: Path, *arguments: str) -> tuple[int | None, str]:
    """Runs a module of Python; what stands in `folder` is imported from there, the rest from here."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def run_scenarios(folder: Path, *scenarios: str) -> tuple[int | None, str]:
    return await run(folder, "harness.cli", "run", *(str(ROOT / scenario) for scenario in scenarios))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
async def test_a_planted_bug_turns_its_scenario_red(tmp_path, patch):
    copy(tmp_path, "app_under_test")
    apply(patch, tmp_path)
    code, out = await run_scenarios(tmp_path, told(patch, "Scenario"))
    assert code == 1, out
    assert re.search(rf"\b{told(patch, 'Invariant')} ", out), out


async def test_without_the_bugs_all_are_green(tmp_path):
    copy(tmp_path, "app_under_test")
    code, out = await run_scenarios(tmp_path, *sorted({told(patch, "Scenario") for patch in PATCHES}))
    assert code == 0, out


def test_every_invariant_that_an_app_can_break_is_broken_by_some_bug():
    assert {told(patch, "Invariant") for patch in PATCHES} == {one.id for one in INVARIANTS} - OF_THE_PROVIDER


async def test_random_stories_find_the_bug_that_a_repeated_message_credits_again(tmp_path):
    copy(tmp_path, *PLAYING)
    apply(Path(__file__).with_name("credit_twice_on_a_doubled_callback.patch"), tmp_path)
    code, out = await run(
        tmp_path, "pytest", "tests/stories", "--stories", "100", "--as-found", "-p", "no:cacheprovider"
    )
    assert code == 1, out
    assert re.search(r"\bI3 once: ", out), out
    assert "This scenario file replays it:" in out
