"""Load runs as somebody starts them, short ones: real time is what they measure."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ROOT / "locustfiles"
SEEN_THROUGH = ("--stop-timeout", "40")  # somebody is credited, however slow the machine is
COMMAND = (sys.executable, "-m", "harness.cli")


async def output_of(*command, folder=ROOT):
    """The exit code and all that was printed. What stands in `folder` is imported before what is here."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def short_run(tmp_path, *flags, folder=ROOT):
    script = (sys.executable, str(FILES / "short_run.py"))
    told = ("--users", "6", "--seconds", "4", *SEEN_THROUGH, "--into", str(tmp_path / "load"))
    return await output_of(*script, *told, *flags, folder=folder)


def amounts(out):
    """What the bank shows, what the provider moved, what it told nobody of."""
    return [re.search(rf"^{word}.*?([+-][\d,.]+)$", out, re.MULTILINE)[1] for word in ("bank:", "provider:", "untold")]


async def test_a_short_run_of_all_journeys_passes_and_tells_its_figures(tmp_path):
    code, out = await short_run(tmp_path, "--chaos", str(ROOT / "scenarios/chaos/calm.yaml"), "--settle", "90")
    assert code == 0, out
    assert re.search(r"^push to credit +\d+ +\d+\.\d\d s +\d+\.\d\d s", out, re.MULTILINE), out
    shown, moved, untold = amounts(out)
    assert (shown, untold) == (moved, "+0.00")
    assert float(moved.replace(",", "")) > 0
    assert out.endswith("verdict: passed\n")
    assert (tmp_path / "load" / "stats.json").exists()


async def test_a_short_run_of_transfers_passes_and_both_ledgers_agree(tmp_path):
    code, out = await short_run(tmp_path, "--journey", "bank_transfer", "--chaos", "", "--settle", "60")
    assert code == 0, out
    assert re.search(r"^withdrawal to bank +\d+ +\d+\.\d\d s", out, re.MULTILINE), out
    shown, moved, untold = amounts(out)
    assert (shown, untold) == (moved, "+0.00")


async def test_a_bank_that_credits_on_acknowledgement_fails_the_run_and_is_named(tmp_path):
    """One of the six cancels, so that what is acknowledged and what is paid differ."""
    shutil.copytree(ROOT / "app_under_test", tmp_path / "app_under_test", ignore=shutil.ignore_patterns("__pycache__"))
    patch = ROOT / "tests/planted/credit_on_acknowledgement.patch"
    assert await output_of("git", "apply", str(patch), folder=tmp_path) == (0, "")
    flags = ("--journey", "deposit", "--chaos", "", "--settle", "3")
    code, out = await short_run(tmp_path, *flags, folder=tmp_path)
    assert code == 1, out
    assert re.search(r"^FAILED: the bank's ledger is off by \+\d+\.00: it shows ", out, re.MULTILINE), out
    assert "the provider's ledger" not in out


@contextlib.asynccontextmanager
async def started(*words):
    process = await asyncio.create_subprocess_exec(*COMMAND, *words, stdout=asyncio.subprocess.PIPE)
    try:
        yield (await process.stdout.readline()).decode().split()[-1]
    finally:
        process.terminate()
        await process.communicate()


async def test_a_distributed_run_against_serve_and_bank_fails_by_a_threshold_alone(tmp_path):
    database = f"sqlite:///{tmp_path}/bank.db"
    async with (
        started("serve", "--port", "0", "--control-token", "t") as provider,
        started("bank", "--port", "0", "--provider-url", provider, "--database", database) as bank,
    ):
        locust = (sys.executable, "-m", "locust", "-f", str(FILES / "deposit.py"), "--headless", "--only-summary")
        where = ("--host", bank, "--provider", provider, "--control-token", "t")
        how = (
            "--processes",
            "2",
            "--users",
            "4",
            "--spawn-rate",
            "4",
            "--run-time",
            "4s",
            "--p95-credit",
            "0.001",
            *SEEN_THROUGH,
        )
        code, out = await output_of(*locust, *where, *how)
    assert code == 1, out
    shown, moved, _ = amounts(out)
    assert shown == moved
    (failed,) = re.findall(r"^FAILED: (.*)$", out, re.MULTILINE)
    assert re.fullmatch(r"p95 of push to credit is \d+\.\d\d s, 0.001 s were allowed", failed)


async def test_a_run_that_cannot_be_judged_ends_at_once():
    locust = (sys.executable, "-m", "locust", "-f", str(FILES / "deposit.py"), "--headless", "--only-summary")
    code, out = await output_of(*locust, "--host", "http://127.0.0.1:1", "--provider", "http://127.0.0.1:1")
    assert code == 1, out
    assert "FAILED: the run cannot be judged: GET http://127.0.0.1:1/" in out


@pytest.mark.parametrize(
    ("journey", "users"),
    [
        ("deposit", {"Depositor"}),
        ("withdrawal", {"Withdrawer"}),
        ("paybill", {"Payer"}),
        ("mixed_day", {"Depositor", "Payer", "Withdrawer"}),
    ],
)
async def test_a_journey_is_a_file(journey, users):
    code, out = await output_of(sys.executable, "-m", "locust", "-f", str(FILES / f"{journey}.py"), "--list")
    assert code == 0, out
    assert set(re.findall(r"^    (\w+)$", out, re.MULTILINE)) == users
