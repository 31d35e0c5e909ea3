"""Serves an app, or a stand-in for one, on a free loopback port of this process."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from harness.exchange import Answer, Request
from harness.problems import Mistake
from harness.targets.base import World
from harness.targets.http import Http
from harness.targets.lent_clock import LentClock

APP_HOST = "app.test"
ACCEPTED = {"ResultCode": 0, "ResultDesc": "Success"}
RAM_DISK = "/dev/shm"


class AppFactory(Protocol):
    """Makes an app; a fresh one for each scenario."""

    def __call__(self, **settings: object) -> web.Application: ...


@dataclass(frozen=True)
class AppDoor:
    """Where an app under test is reached."""

    http: Http
    url: str

    async def send(self, request: Request) -> Answer:
        """Raises `NoAnswer`."""
        return await self.http.send(self.url, request)


@contextmanager
def listening(host: str = "127.0.0.1", port: int = 0) -> Iterator[socket.socket]:
    """A socket of one's own, so that an app can be told its port before it is made; 0 takes a free one."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise Mistake(f"cannot listen on {host}:{port}: {error.strerror}") from None
        yield listener


@asynccontextmanager
async def serving(
    app: web.Application, listener: socket.socket, *, patience_seconds: float = 1.0
) -> AsyncIterator[str]:
    """The address, `host:port`, at which `app` answers until the end; requests under way may take so long to end."""
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=patience_seconds)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        host, port = listener.getsockname()[:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def hosting(factory: AppFactory, world: World, http: Http) -> AsyncIterator[AppDoor]:
    """A fresh app with a database of its own, wired to the world: its provider, its clock, its callbacks."""
    memory = RAM_DISK if os.access(RAM_DISK, os.W_OK) else None  # a scenario's database outlives nothing
    with tempfile.TemporaryDirectory(prefix="pesabox-", dir=memory) as folder, listening() as listener:
        app = factory(
            provider_url=world.provider_url,
            public_url=f"http://{APP_HOST}",
            database=f"sqlite:///{folder}/app.sqlite3",
            clock=world.time.app_clock,
            consumer_key=world.consumer.key,
            consumer_secret=world.consumer.secret,
        )
        if isinstance(world.time.app_clock, LentClock):
            world.time.app_clock.lend_to(app)
        async with serving(app, listener) as address:
            await world.resolve(APP_HOST, address)
            yield AppDoor(http, f"http://{address}")


def callback_answerer() -> web.Application:
    """Stands in where there is no app: answers every callback as the provider expects."""

    async def accept(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(ACCEPTED)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", accept)
    return app
