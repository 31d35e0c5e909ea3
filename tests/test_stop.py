"""How `serve`, `bank` and `demo` end: what is under way may end, nothing new begins; a second signal ends at once."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import os
import signal
import sys
from datetime import datetime, timedelta

import aiohttp
import pytest

import app_under_test.log
import simulator.log
from simulator.app import running
from simulator.core.jobs import Job
from simulator.settings import Settings

COMMAND = (sys.executable, "-m", "harness.cli")
CHANNEL = {"Authorization": "Bearer bank-channel-key"}
SIGNALS = [signal.SIGINT, signal.SIGTERM]
STAMP, PASSKEY = "20260115103000", "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
PUSH = {
    "BusinessShortCode": "174379",
    "Password": base64.b64encode(f"174379{PASSKEY}{STAMP}".encode()).decode(),
    "Timestamp": STAMP,
    "TransactionType": "CustomerPayBillOnline",
    "Amount": "100",
    "PartyA": "254708374149",
    "PartyB": "174379",
    "PhoneNumber": "254708374149",
    "CallBackURL": "http://127.0.0.1:1/callback",
    "AccountReference": "A1",
    "TransactionDesc": "x",
}


@contextlib.asynccontextmanager
async def started(*words, lines=1):
    """A process, with the addresses that it says it is ready on."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*COMMAND, *words, stdout=pipe, stderr=pipe, env=os.environ)
    try:
        told = [(await process.stdout.readline()).decode() for _ in range(lines)]
        assert all(": ready on http://" in line for line in told), told or await process.stderr.read()
        yield process, *(line.split()[-1] for line in told)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@contextlib.asynccontextmanager
async def serving(*flags):
    async with started("serve", "--port", "0", *flags) as (process, url):
        yield process, url


@contextlib.asynccontextmanager
async def banking(tmp_path, provider, *flags):
    database = f"sqlite:///{tmp_path}/bank.db"
    words = ("bank", "--port", "0", "--provider-url", provider, "--database", database, *flags)
    async with started(*words) as (process, url):
        yield process, url


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


async def slow_push(http, url, seconds):
    """A push that is done and will be answered so many seconds later; a callback of it goes nowhere."""
    key = {"Authorization": f"Basic {base64.b64encode(b'pesabox-key:pesabox-secret').decode()}"}
    async with http.get(f"{url}/oauth/v1/generate?grant_type=client_credentials", headers=key) as response:
        headers = {"Authorization": f"Bearer {(await response.json())['access_token']}"}
    await answer_slowly(http, url, seconds)
    call = asyncio.create_task(
        status_of(http.post(f"{url}/mpesa/stkpush/v1/processrequest", json=PUSH, headers=headers))
    )
    await until_pushed(http, url)
    return call


async def answer_slowly(http, url, seconds):
    rule = {"name": "slow", "at": "daraja.stk_push.acknowledgement", "effect": {"kind": "delay", "seconds": seconds}}
    assert await status_of(http.post(f"{url}/_sim/faults", json=rule)) == 201


async def until_pushed(http, url):
    async with http.get(f"{url}/_sim/journal?kind=payment&wait=30") as response:
        assert (await response.json())["items"]


async def status_of(request):
    async with request as response:
        await response.read()
        return response.status


async def refused(url):
    """Returns once nobody listens there any more."""
    host, _, port = url.removeprefix("http://").partition(":")
    with contextlib.suppress(ConnectionRefusedError):
        while True:
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            await asyncio.sleep(0)


@pytest.mark.parametrize("by", SIGNALS)
async def test_a_request_under_way_is_answered_and_no_other_let_in(http, by):
    async with serving() as (process, url):
        call = await slow_push(http, url, 1)
        process.send_signal(by)
        await refused(url)
        assert not call.done()
        assert await call == 200
        out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.parametrize("by", SIGNALS)
async def test_a_second_signal_ends_at_once(http, by):
    async with serving() as (process, url):
        call = await slow_push(http, url, 60)
        process.send_signal(by)
        await refused(url)
        process.send_signal(by)
        assert await process.wait() == 128 + by
        with pytest.raises(aiohttp.ClientError):
            await call


async def test_the_bank_answers_a_deposit_that_is_under_way(http, tmp_path):
    async with serving() as (_, provider), banking(tmp_path, provider) as (process, url):
        call = await slow_deposit(http, url, provider)
        process.send_signal(signal.SIGTERM)
        await refused(url)
        assert await call == 202
        out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_the_demo_answers_a_deposit_that_is_under_way(http):
    async with started("demo", "--port", "0", "--bank-port", "0", lines=2) as (process, provider, url):
        call = await slow_deposit(http, url, provider)
        process.send_signal(signal.SIGTERM)
        await refused(url)
        assert await call == 202
        out, _ = await process.communicate()
    assert (process.returncode, out.decode().splitlines()[-1]) == (0, "pesabox: stopped")


async def slow_deposit(http, bank, provider):
    await answer_slowly(http, provider, 1)
    ann = {"name": "Ann", "msisdn": "254708374149"}
    assert await status_of(http.post(f"{bank}/customers", json=ann, headers=CHANNEL)) == 201
    wish = {"customer": "C000001", "amount": "10.00", "via": "mpesa"}
    call = asyncio.create_task(status_of(http.post(f"{bank}/deposits", json=wish, headers=CHANNEL)))
    await until_pushed(http, provider)
    return call


# In this process, where patience can be short.


async def test_what_does_not_end_is_cut_off_when_the_patience_is_over(http):
    async with running(Settings(port=0), patience_seconds=0.05) as simulator:
        call = await slow_push(http, simulator.url, 60)
    with pytest.raises(aiohttp.ClientError):
        await call


async def test_a_job_that_runs_may_end_and_one_that_is_due_stays_due(simulate):
    began, may_end, ended = asyncio.Event(), asyncio.Event(), []

    async def work(world, job):
        began.set()
        await may_end.wait()
        await world.run(lambda tx: tx.done(job))
        ended.append(job.key)

    simulation = simulate(is_virtual=False, jobs={"work": work})
    world = await simulation.open("default")
    await world.run(lambda tx: tx.put(Job("first", "work", world.now(), "")))
    await began.wait()
    draining = asyncio.create_task(simulation.drain(30))
    await asyncio.sleep(0)
    await world.run(lambda tx: tx.put(Job("second", "work", world.now(), "")))
    may_end.set()
    await draining
    await simulation.close()
    assert ended == ["first"]
    assert [job.key for job in await world.run(lambda tx: tx.find(Job))] == ["second"]


# What operators read.


async def test_serve_tells_start_and_stop_as_json(http):
    async with serving("--log", "json") as (process, url):
        process.terminate()
        _, err = await process.communicate()
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["message"].partition(":")[0] for line in lines] == [
        f"ready on {url}".partition(":")[0],
        "stopping",
        "stopped",
    ]
    assert {(line["level"], line["logger"]) for line in lines} == {("info", "simulator.commands")}


async def test_the_bank_tells_start_and_stop_as_json(tmp_path):
    async with banking(tmp_path, "http://127.0.0.1:1", "--log", "json") as (process, url):
        process.terminate()
        _, err = await process.communicate()
    warned, ready, stopping, stopped = (json.loads(line) for line in err.splitlines())
    assert warned["level"] == "warning"
    assert "the paybill is not registered" in warned["message"]
    assert (ready["message"], stopped["message"]) == (f"ready on {url}", "stopped")
    assert stopping["message"].startswith("stopping: ")


@pytest.mark.parametrize("lines", [simulator.log.JsonLines, app_under_test.log.JsonLines], ids=["simulator", "bank"])
def test_a_traceback_is_in_its_line(lines):
    try:
        raise ValueError("odd")
    except ValueError:
        record = logging.LogRecord("a.b", logging.ERROR, "", 0, "%s failed", ("it",), sys.exc_info())
    told = json.loads(lines().format(record))
    assert (told["level"], told["logger"], told["message"]) == ("error", "a.b", "it failed")
    assert told["traceback"].endswith("ValueError: odd")
    assert datetime.fromisoformat(told["at"]).utcoffset() == timedelta(hours=3)
