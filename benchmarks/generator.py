"""Load: requests over raw sockets, with as little of Python as can be between two of them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from benchmarks.process import Failed

CONNECTIONS = 50
PATIENCE_SECONDS = 120.0
HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def first_message(buffer: bytes) -> tuple[bytes, bytes] | None:
    """The first whole HTTP message in the buffer and what follows it; None while none is whole."""
    head = buffer.find(HEAD_END)
    if head < 0:
        return None
    length = _LENGTH.search(buffer, 0, head)
    end = head + len(HEAD_END) + (int(length[1]) if length else 0)
    return (buffer[:end], buffer[end:]) if len(buffer) >= end else None


async def in_time(what: Awaitable[object]) -> None:
    """Waits, but not for ever."""
    try:
        await asyncio.wait_for(what, PATIENCE_SECONDS)
    except TimeoutError:
        raise Failed(f"not done after {PATIENCE_SECONDS:g} s") from None


class Load:
    """What is to be asked, and who asks: a connection asks the next as soon as its last was answered."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._left: Iterator[bytes] = iter(requests)
        self._open = len(requests)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, connections: list[Connection]) -> None:
        for connection in connections:
            self.idle(connection)

    def idle(self, connection: Connection) -> None:
        request = next(self._left, None)
        if request is not None:
            connection.ask(request)

    def answered(self, connection: Connection, answer: bytes) -> None:
        if not answer.startswith(b"HTTP/1.1 200 "):
            self.broken(answer.decode("utf-8", "replace"))
            return
        self._open -= 1
        if self._open == 0:
            self.done.set_result(None)
        self.idle(connection)

    def broken(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(Failed(why))


class PacedLoad(Load):
    """Asks at its own pace, whether the answers come or not, as long as a connection is idle."""

    def __init__(self, requests: Sequence[bytes], *, per_second: float) -> None:
        super().__init__(requests)
        self._times = [number / per_second for number in range(len(requests))]
        self._idle: list[Connection] = []
        self._waiting = 0

    def begin(self, connections: list[Connection]) -> None:
        super().begin(connections)
        for seconds in self._times:
            asyncio.get_running_loop().call_later(seconds, self._ask)

    def idle(self, connection: Connection) -> None:
        self._idle.append(connection)
        if self._waiting:
            self._waiting -= 1
            self._ask()

    def _ask(self) -> None:
        if self._idle:
            self._idle.pop().ask(next(self._left))
        else:
            self._waiting += 1


class Connection(asyncio.Protocol):
    def __init__(self, load: Load) -> None:
        self._load = load
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own

    def ask(self, request: bytes) -> None:
        assert self._transport is not None
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        found = first_message(self._received)
        if found is not None:
            answer, self._received = found
            self._load.answered(self, answer)

    def connection_lost(self, error: Exception | None) -> None:
        self._load.broken(f"the server closed a connection: {error}")

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


async def played(load: Load, port: int, connections: int = CONNECTIONS) -> float:
    """Seconds from the first request to the last answer. `Failed` when one of them is not good."""
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Connection(load), "127.0.0.1", port) for _ in range(connections)]
    began = time.perf_counter()
    load.begin([connection for _, connection in made])
    await in_time(load.done)
    seconds = time.perf_counter() - began
    for _, connection in made:
        connection.close()
    return seconds


@dataclass(frozen=True, slots=True)
class Arrival:
    """A callback, and the moment at which the app had it whole: seconds since the epoch."""

    at: float
    message: bytes


ACCEPTED = b'{"ResultCode":0,"ResultDesc":"Accepted"}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(ACCEPTED), ACCEPTED)


class App:
    """What callbacks reach: answers each at once."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.port = 0
        self._wanted = 0
        self._complete = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/callback"

    async def listen(self) -> asyncio.Server:
        server = await asyncio.get_running_loop().create_server(lambda: AppConnection(self), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def arrived(self, message: bytes) -> None:
        self.arrivals.append(Arrival(time.time(), message))
        if len(self.arrivals) == self._wanted:
            self._complete.set()

    async def complete(self, wanted: int) -> None:
        """Returns when so many callbacks have come in all."""
        self._wanted = wanted
        if len(self.arrivals) < wanted:
            self._complete.clear()
            await in_time(self._complete.wait())


class AppConnection(asyncio.Protocol):
    def __init__(self, app: App) -> None:
        self._app = app
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._received += data
        while (found := first_message(self._received)) is not None:
            message, self._received = found
            self._app.arrived(message)
            self._transport.write(OK)
