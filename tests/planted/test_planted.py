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

ROOT = Path(__file__).parents[2]
PATCHES = sorted(Path(__file__).parent.glob("*.patch"))


def told(patch: Path, word: str) -> str:
    found = re.search(rf"^{word}: (.+)$", patch.read_text(), re.MULTILINE)
    assert found, f"{patch.name} names no {word.lower()}"
    return found[1]


def copy_of_the_bank(folder: Path) -> None:
    shutil.copytree(ROOT / "app_under_test", folder / "app_under_test", ignore=shutil.ignore_patterns("__pycache__"))


def apply(patch: Path, folder: Path) -> None:
    subprocess.run(["git", "apply", str(patch)], cwd=folder, check=True)


async def run_scenario(folder: Path, scenario: str) -> tuple[int | None, str]:
    """Runs a scenario against the bank that stands in `folder`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "harness.cli", "run", str(ROOT / scenario)),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
async def test_a_planted_bug_turns_its_scenario_red(tmp_path, patch):
    copy_of_the_bank(tmp_path)
    apply(patch, tmp_path)
    code, out = await run_scenario(tmp_path, told(patch, "Scenario"))
    assert code == 1, out
    assert re.search(rf"\b{told(patch, 'Invariant')} ", out), out


@pytest.mark.parametrize("scenario", sorted({told(patch, "Scenario") for patch in PATCHES}))
async def test_without_the_bug_it_is_green(tmp_path, scenario):
    copy_of_the_bank(tmp_path)
    code, out = await run_scenario(tmp_path, scenario)
    assert code == 0, out
