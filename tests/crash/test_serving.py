"""`pesabox serve` on a file, as a user meets it: a restart, a second process, a disk that is full."""

from __future__ import annotations

import asyncio
import random
import resource

from tests.crash.conftest import SERVE
from tests.crash.load import Load, plan


async def outcome(*flags: str) -> tuple[int | None, str]:
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*SERVE, *flags, stdout=pipe, stderr=pipe)
    _, told = await child.communicate()
    return child.returncode, told.decode()


async def test_a_restart_goes_on_at_the_virtual_time(simulator):
    process = await simulator.start("--clock", "virtual", "--seed", "7")
    assert (await process.call("GET", "/health"))["store"] == "sqlite"
    await process.call("POST", "/clock/advance", json={"seconds": 3600})
    before = await process.call("GET", "/clock")
    await process.kill()
    process = await simulator.start()
    assert await process.call("GET", "/clock") == before == {"kind": "virtual", "now": "2026-01-15T11:30:00+03:00"}
    assert (await process.call("GET", "/health"))["seed"] == 7


async def test_a_second_process_on_the_file_is_told_so(simulator):
    await simulator.start()
    file = simulator.store.removeprefix("sqlite:///")
    told = (2, f"pesabox: {file} is in use by another pesabox\n")
    assert await outcome("--store", simulator.store) == told
    assert await outcome("--store", simulator.store, "--fresh") == told


async def test_a_full_disk_loses_nothing_acknowledged_and_ends_the_process_plainly(simulator, app):
    process = await simulator.start()
    load = Load(process.http, process.url, await process.token())
    resource.prlimit(process.child.pid, resource.RLIMIT_FSIZE, (250_000, 250_000))
    await load.run(plan(random.Random(1), app.url, 2000, "full"), at_once=8)
    _, told = await process.child.communicate()
    file = simulator.store.removeprefix("sqlite:///")
    why = f"pesabox: stopped, since nothing more can be kept: {file}: "
    assert (process.child.returncode, told.decode().count("\n"), told.decode()[: len(why)]) == (1, 1, why)
    process = await simulator.start()
    there = {payment["provider_reference"] for payment in await process.listed("/payments")}
    assert len(load.acknowledged) > 1
    assert set(load.acknowledged) <= there
