"""A bank on a simulator, as it runs in the scenarios: one process, one virtual clock."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from app_under_test.app import create_app


@dataclass
class Bank:
    url: str
    http: aiohttp.ClientSession

    async def call(self, method, path, body, headers):
        """The answer to a good request."""
        async with self.http.request(method, self.url + path, json=body, headers=headers) as response:
            told = await response.text()
            assert response.status < 300, told
            return json.loads(told)

    async def send(self, request):
        told = {"data": io.BytesIO(request.body), "headers": request.headers}
        async with self.http.request(request.method, self.url + request.path, **told) as response:
            return response.status, await response.text(), response.content_type


@pytest.fixture
async def bank_on(tmp_path):
    """Starts a bank that speaks to the given simulator and is reached there as http://app.test."""
    async with contextlib.AsyncExitStack() as closing:

        async def begin(sim):
            clock = sim.simulation.world("default").clock
            database = f"sqlite:///{tmp_path}/bank.db"
            app = create_app(provider_url=sim.url, public_url="http://app.test", database=database, clock=clock)
            runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
            closing.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            place = f"127.0.0.1:{runner.addresses[0][1]}"
            await sim.control("PATCH", "/worlds/default", {"hosts": {"app.test": place}})
            return Bank(f"http://{place}", sim.http)

        yield begin


FINAL = {"succeeded", "failed", "cancelled", "expired"}


@pytest.fixture
def tell(capsys):
    """Prints how often each kind of answer came."""

    def tell(title, answers):
        with capsys.disabled():
            print(f"\n{title}:")
            print("\n".join(f"{times:7} {kind}" for kind, times in answers.most_common()))

    return tell


@pytest.fixture
def unharmed():
    """A context: whatever is sent in it, the books balance, nothing has failed and no payment is left half done."""

    @contextlib.asynccontextmanager
    async def unharmed(sim):
        assert (await sim.control("GET", "/ledger/audit")).body["balanced"]
        yield
        await sim.advance(900)
        after = (await sim.control("GET", "/ledger/audit")).body
        assert after["balanced"], after["problems"]
        assert await sim.journal("error") == []
        assert {payment["state"] for payment in await sim.everything("/payments")} <= FINAL

    return unharmed
