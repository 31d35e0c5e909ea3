"""A simulator that is a process of its own, on a file; and an app that counts the callbacks which it gets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

SERVE = (sys.executable, "-m", "harness.cli", "serve", "--port", "0", "--latency", "0", "--quiet")


@dataclass
class App:
    """Answers every callback, and counts them by payment as the provider names it."""

    url: str = ""
    received: Counter[str] = field(default_factory=Counter)

    async def handle(self, request: web.Request) -> web.Response:
        told = json.loads(await request.text())
        outcome = told["Body"]["stkCallback"] if "Body" in told else told["Result"]
        self.received[outcome.get("CheckoutRequestID") or outcome["ConversationID"]] += 1
        return web.json_response({"ResultCode": 0, "ResultDesc": "Accepted"})


@dataclass
class Process:
    """One life of the simulator."""

    child: asyncio.subprocess.Process
    url: str
    http: aiohttp.ClientSession
    seen: int = 0

    async def kill(self) -> None:
        await ended(self.child)

    async def call(self, method: str, path: str, **about: Any) -> Any:
        async with self.http.request(method, f"{self.url}/_sim{path}", **about) as response:
            text = await response.text()
            assert response.status < 300, text
            return json.loads(text) if text else None

    async def listed(self, path: str) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        items: list[dict[str, Any]] = []
        after = ""
        while after is not None:
            page = await self.call("GET", f"{path}?limit=1000&after={after}")
            items, after = items + page["items"], page["next"]
        return items

    async def holdings(self, merchant: str) -> Decimal:
        """What a merchant has at the provider."""
        names = [f"merchant:{merchant}:{purse}" for purse in ("utility", "working")]
        pages = [await self.call("GET", f"/ledger/accounts?account={name}") for name in names]
        return sum((Decimal(page["items"][0]["balance"]) for page in pages), Decimal(0))

    async def token(self) -> str:
        basic = base64.b64encode(b"pesabox-key:pesabox-secret").decode()
        headers = {"Authorization": f"Basic {basic}"}
        path = "/oauth/v1/generate?grant_type=client_credentials"
        async with self.http.get(self.url + path, headers=headers) as response:
            return str((await response.json())["access_token"])

    async def quiet(self) -> None:
        """Waits until no job is open, by the journal."""
        while [world for world in (await self.listed("/worlds")) if world["open_jobs"]]:
            page = await self.call("GET", f"/journal?after={self.seen}&limit=1000&wait=1")
            self.seen = page["items"][-1]["sequence"] if page["items"] else self.seen


@dataclass
class Simulator:
    """A file, and the processes that follow each other on it."""

    store: str
    http: aiohttp.ClientSession
    running: list[Process] = field(default_factory=list)

    async def start(self, *flags: str) -> Process:
        child, url = await begun(*SERVE, "--store", self.store, *flags)
        self.running.append(Process(child, url, self.http))
        return self.running[-1]


async def begun(*command: str) -> tuple[asyncio.subprocess.Process, str]:
    """A process that serves, and the address that it names once it is ready."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    assert child.stdout is not None
    line = (await child.stdout.readline()).decode()
    assert ": ready on http://" in line, (line, await child.communicate())
    return child, line.split()[-1]


async def ended(child: asyncio.subprocess.Process) -> None:
    """As `kill -9` does it, and waits until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        child.kill()
    await child.wait()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:
        yield session


@pytest.fixture
async def app() -> AsyncIterator[App]:
    app, receiver = App(), web.Application()
    receiver.router.add_route("*", "/{path:.*}", app.handle)
    runner = web.AppRunner(receiver, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    app.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield app
    await runner.cleanup()


@pytest.fixture
async def simulator(tmp_path: Path, http: aiohttp.ClientSession) -> AsyncIterator[Simulator]:
    simulator = Simulator(f"sqlite:///{tmp_path / 'state.db'}", http)
    yield simulator
    for process in simulator.running:
        await process.kill()
