"""`pesabox serve` as a user runs it: one line when it answers, one plain line for a mistake, a clean stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

import aiohttp
import pytest

SERVE = (sys.executable, "-m", "harness.cli", "serve")


async def started(*flags: str, **variables: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, **variables}
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*SERVE, *flags, stdout=pipe, stderr=pipe, env=environment)


async def ready(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("pesabox: ready on http://127.0.0.1:"), line
    return line.split()[-1]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
async def test_it_answers_on_a_free_port_and_stops_cleanly(by):
    process = await started("--port", "0", "--clock", "virtual", "--seed", "7")
    url = await ready(process)
    async with aiohttp.ClientSession() as http, http.get(f"{url}/_sim/health") as response:
        health = await response.json()
    assert (health["seed"], health["clock"]["kind"], health["store"]) == (7, "virtual", "memory")
    process.send_signal(by)
    out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_a_variable_sets_what_no_flag_says():
    process = await started("--port", "0", PESABOX_SEED="41", PESABOX_CLOCK="virtual")
    url = await ready(process)
    async with aiohttp.ClientSession() as http, http.get(f"{url}/_sim/health") as response:
        assert (await response.json())["seed"] == 41
    process.terminate()
    await process.communicate()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        pytest.param(["--port", "x"], "--port: ", id="not a number"),
        pytest.param(["--port", "70000"], "--port: ", id="no port"),
        pytest.param(["--clock", "fast"], "--clock: ", id="no clock"),
        pytest.param(["--store", "redis:"], "--store: ", id="no store"),
        pytest.param(["--starts-at", "yesterday"], "--starts-at: ", id="no time"),
        pytest.param(["--latency", "-1"], "--latency: ", id="negative"),
        pytest.param(["--resolve", "app.test"], "--resolve: ", id="no address"),
        pytest.param(["--host", "0.0.0.0"], "--control-token", id="open to the network"),
        pytest.param(["--host", "somewhere.test"], "--control-token", id="a name"),
        pytest.param(["--world", "/no/such/file"], "/no/such/file: ", id="no file"),
        pytest.param(["--chaos", "/no/such/file"], "/no/such/file: ", id="no profile"),
        pytest.param(["--forger-address", "somewhere"], "--forger-address: ", id="no address of a forger"),
        pytest.param(["--prot", "1"], "--prot", id="no flag"),
    ],
)
async def test_a_mistake_is_one_plain_line_and_exit_2(flags, told):
    process = await started(*flags)
    out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    lines = err.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("pesabox: ")
    assert told in lines[0]


async def test_a_mistake_in_a_chaos_profile_is_told_with_its_place_and_the_nearest_word(tmp_path):
    path = tmp_path / "chaos.yaml"
    path.write_text("- name: late\n  at: daraja.stk_push.callbak\n  effect: {kind: drop}\n")
    process = await started("--chaos", str(path))
    _, err = await process.communicate()
    assert process.returncode == 2
    assert err.decode().startswith(f"pesabox: {path}:2:7: ")
    assert "did you mean 'callback'?" in err.decode()


async def test_a_chaos_profile_is_in_every_fresh_world(tmp_path):
    path = tmp_path / "chaos.yaml"
    path.write_text("- {name: silence, at: daraja.*.callback, effect: {kind: drop}}\n")
    process = await started("--port", "0", "--chaos", str(path))
    url = f"{await ready(process)}/_sim"
    async with aiohttp.ClientSession() as http:

        async def rules(world: str) -> list[str]:
            async with http.get(f"{url}/faults?world={world}") as response:
                return [rule["name"] for rule in (await response.json())["items"]]

        async with http.post(f"{url}/worlds", json={"name": "w1"}):
            assert (await rules("default"), await rules("w1")) == (["silence"], ["silence"])
        async with http.delete(f"{url}/faults?world=w1"):
            assert (await rules("default"), await rules("w1")) == (["silence"], [])
        async with http.post(f"{url}/reset?world=w1"):
            assert await rules("w1") == ["silence"]
    process.terminate()
    await process.communicate()


async def test_a_taken_port_exits_2():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await started("--port", str(taken.getsockname()[1]))
        _, err = await process.communicate()
    assert process.returncode == 2
    assert err.decode().startswith("pesabox: cannot listen on 127.0.0.1:")


async def test_env_tells_a_client_with_a_fixed_host_what_to_export(tmp_path):
    variables = {**os.environ, "PESABOX_CERTIFICATES": str(tmp_path)}
    command = (*SERVE[:-1], "env", "--port", "8443")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, env=variables)
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert f"export NODE_EXTRA_CA_CERTS={tmp_path}/authority.pem" in out.decode()
    assert "--connect-to sandbox.safaricom.co.ke:443:127.0.0.1:8443" in out.decode()
