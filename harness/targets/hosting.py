"""Serves an app, or a stand-in for one, on a free loopback port of this process."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Protocol

from aiohttp import web
from msgspec import Struct

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


class AppDoor(Struct, frozen=True):
    """Where an app under test is reached."""

    http: Http
    url: str

    async def send(self, request: Request) -> Answer:
        """Raises `NoAnswer`."""
        return await self.http.send(self.url, request)


@contextmanager
def listening(host: str = "127.0.0.1", port: int = 0) -> Iterator[socket.socket]:
    """A socket of one's own, so that an app can be told its port before it is made; 0 takes a free one."""
    with _bound(host, port) as listener:
        yield listener


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Mistake(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listener


@asynccontextmanager
async def serving(
    app: web.Application, listener: socket.socket, *, patience_seconds: float = 1.0
) -> AsyncIterator[str]:
    """The address, `host:port`, at which `app` answers until the end; requests under way may take so long to end."""
    runner = await _served(app, listener, patience_seconds)
    try:
        yield _address(listener)
    finally:
        await runner.cleanup()


async def _served(app: web.Application, listener: socket.socket, patience_seconds: float = 1.0) -> web.AppRunner:
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=patience_seconds)
    try:
        await runner.setup()
        await web.SockSite(runner, listener).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{host}:{port}"


def _folder_of_folders() -> str:
    return RAM_DISK if os.access(RAM_DISK, os.W_OK) else tempfile.gettempdir()


def _prefix(pid: int | None) -> str:
    return f"pesabox-{pid}-"


def clear_after(pid: int | None) -> None:
    """Removes what a process that is gone left of its apps."""
    for folder in File(_folder_of_folders()).glob(_prefix(pid) + "*"):
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def hosting(factory: AppFactory, world: World, http: Http) -> AsyncIterator[HostedApp]:
    """A fresh app with a database of its own, wired to the world: its provider, its clock, its callbacks."""
    memory = _folder_of_folders()  # a scenario's database outlives nothing
    with tempfile.TemporaryDirectory(prefix=_prefix(os.getpid()), dir=memory) as folder, listening() as listener:
        hosted = HostedApp(factory, world, http, listener, File(folder))
        await hosted.start()
        try:
            await world.resolve(APP_HOST, hosted.address)
            yield hosted
        finally:
            await hosted.stop()


@dataclass
class HostedApp:
    """An app in this process. Each of its lives has the files that were there when the one before was killed."""

    factory: AppFactory
    world: World
    http: Http
    listener: socket.socket
    folder: File
    address: str = field(init=False)
    lives: int = 0
    runner: web.AppRunner | None = None

    def __post_init__(self) -> None:
        self.address = _address(self.listener)
        self.files.mkdir()

    @property
    def files(self) -> File:
        return self.folder / f"life-{self.lives}"

    async def send(self, request: Request) -> Answer:
        """Raises `NoAnswer`."""
        return await self.http.send(f"http://{self.address}", request)

    async def start(self) -> None:
        clock = self.world.time.app_clock
        app = self.factory(
            provider_url=self.world.provider_url,
            public_url=f"http://{APP_HOST}",
            database=f"sqlite:///{self.files}/app.sqlite3",
            clock=clock,
            consumer_key=self.world.consumer.key,
            consumer_secret=self.world.consumer.secret,
        )
        if isinstance(clock, LentClock):
            clock.lend_to(app)
        self.runner = await _served(app, self.listener)

    async def kill(self) -> None:
        """The files are copied before any of its code hears of it: what it does as it is cut off, nobody reads.

        Its port stays taken, and refuses.
        """
        before = self.files
        self.lives += 1
        shutil.copytree(before, self.files)
        if self.runner is not None and self.runner.server is not None:
            for connection in self.runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()
        await self.stop()
        host, _, port = self.address.partition(":")
        self.listener = _bound(host, int(port))

    async def stop(self) -> None:
        runner, self.runner = self.runner, None
        if runner is not None:
            await runner.cleanup()
        self.listener.close()


def callback_answerer() -> web.Application:
    """Stands in where there is no app: answers every callback as the provider expects."""

    async def accept(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(ACCEPTED)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", accept)
    return app
