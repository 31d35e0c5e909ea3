"""One seed, two processes with different hash seeds, one beside a busy core: the journals are the same bytes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from harness.paths import files_in, load_all
from harness.targets.simulator import check_rule

ROOT = Path(__file__).parents[1]
SCENARIOS = load_all(files_in([str(ROOT / "scenarios")]), check_rule)
RUN = ("-m", "harness.cli", "run", str(ROOT / "scenarios"), "--journal")


async def journals(folder: Path, hash_seed: str) -> tuple[dict[str, bytes], bytes]:
    """The journals by name, and the report."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    pipe = asyncio.subprocess.PIPE
    run = await asyncio.create_subprocess_exec(sys.executable, *RUN, str(folder), env=environment, stdout=pipe)
    report, _ = await run.communicate()
    assert run.returncode == 0, report.decode()
    return contents(folder), report


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_two_processes_write_the_same_journals_and_reports(tmp_path):
    alone = await journals(tmp_path / "alone", "1")
    busy = await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
    try:
        beside = await journals(tmp_path / "beside", "2")
    finally:
        busy.kill()
        await busy.wait()
    assert len(alone[0]) == len(SCENARIOS)
    assert all(alone[0].values())
    assert alone == beside
