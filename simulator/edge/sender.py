"""The one door out: delivers callbacks over HTTP, to loopback and private addresses unless told otherwise.

Forged ones leave from another address than genuine ones, or say so where that cannot be.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import socket
from collections.abc import Collection, Mapping

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from msgspec.structs import replace
from yarl import URL

from simulator.core.clock import Clock, stopwatch
from simulator.core.outbox import Callback, Delivery, Outcome
from simulator.core.tampering import FORGER_ADDRESS

ANSWER_KEPT_BYTES = 16_384
ANSWER_TIMEOUT_SECONDS = 30.0
DELIVERIES_AT_ONCE, DELIVERIES_PER_HOST = 64, 8
IDLE_SECONDS = 0.5
LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")


class PublicAddress(OSError):
    """A callback may not go there: nobody's staging server gets a forged payment from a laptop."""


@functools.lru_cache
def is_near(address: str) -> bool:
    told = ipaddress.ip_address(address)
    return told.is_loopback or told.is_private or told.is_link_local


class NearResolver(AbstractResolver):
    """Resolves names, and refuses those that lead to a public address."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if host not in self._allowed and not all(is_near(result["host"]) for result in found):
            raise PublicAddress(_refusal(host))
        return found

    async def close(self) -> None:
        await self._resolver.close()


class HttpSender:
    """Delivers over HTTP. No redirects, no cookies, connections that idle for half a second at most.

    On the system clock 64 deliveries at once, 8 to a host; on the virtual clock the driver paces them.
    """

    def __init__(
        self,
        *,
        allowed: Collection[str] = (),
        hosts: Mapping[str, str] | None = None,
        forger_address: str = FORGER_ADDRESS,
    ) -> None:
        self._allowed = allowed
        self._hosts = dict(hosts or {})
        self._forger_address = forger_address
        self._can_forge_address = can_bind(forger_address)
        self._sessions: dict[str | None, aiohttp.ClientSession] = {}
        self._turns = asyncio.Semaphore(DELIVERIES_AT_ONCE)
        self._turns_by_host: dict[str, asyncio.Semaphore] = {}

    async def send(self, callback: Callback, hosts: Mapping[str, str], clock: Clock) -> Delivery:
        if clock.kind == "virtual":
            return await self._in_time(callback, hosts, clock)
        place = "".join(callback.url.split("/")[2:3])
        of_host = self._turns_by_host.get(place)
        if of_host is None:
            of_host = self._turns_by_host[place] = asyncio.Semaphore(DELIVERIES_PER_HOST)
        async with of_host, self._turns:
            return await self._in_time(callback, hosts, clock)

    async def _in_time(self, callback: Callback, hosts: Mapping[str, str], clock: Clock) -> Delivery:
        seconds, left_at = _patience(callback, clock), clock.now()
        try:
            async with clock.timeout(seconds):
                delivery = await self._deliver(callback, hosts)
        except TimeoutError:
            delivery = Delivery(Outcome.TIMED_OUT, seconds=seconds)
        return replace(delivery, left_at=left_at)

    async def _deliver(self, callback: Callback, hosts: Mapping[str, str]) -> Delivery:
        began = stopwatch()
        try:
            url, headers = self._addressed(URL(callback.url), hosts)
            source = self._source(callback, url)
            if callback.is_forged and source is None:
                headers["X-Forwarded-For"] = self._forger_address
            async with self._open(source).post(
                url,
                data=callback.body,
                headers={**callback.headers, **headers},
                allow_redirects=False,
                ssl=(url.host or "") in self._allowed,  # a dev server's own certificate will do, a public host's not
            ) as response:
                answer = await _read(response.content)
                return Delivery(Outcome.ANSWERED, response.status, answer, stopwatch() - began)
        except PublicAddress as error:
            return Delivery(Outcome.REFUSED, answer=str(error), seconds=stopwatch() - began)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error.__cause__, PublicAddress):
                return Delivery(Outcome.REFUSED, answer=str(error.__cause__), seconds=stopwatch() - began)
            return Delivery(Outcome.UNREACHABLE, answer=type(error).__name__, seconds=stopwatch() - began)

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    def _source(self, callback: Callback, url: URL) -> str | None:
        """The address to leave from, where that is not the usual one: only loopback is reached from all of it."""
        can_pretend = self._can_forge_address and is_loopback(url.host or "")
        return self._forger_address if callback.is_forged and can_pretend else None

    def _addressed(self, url: URL, hosts: Mapping[str, str]) -> tuple[URL, dict[str, str]]:
        """Where to connect to, and the Host header to send there."""
        host = url.host or ""
        address = hosts.get(host) or self._hosts.get(host)
        if address is not None:
            name, _, port = address.rpartition(":")
            told = host if url.is_default_port() else f"{host}:{url.port}"
            return url.with_host(name).with_port(int(port)), {"Host": told}
        if _is_literal(host) and host not in self._allowed and not is_near(host):
            raise PublicAddress(_refusal(host))
        return url, {}

    def _open(self, source: str | None = None) -> aiohttp.ClientSession:
        """The session of those who leave from an address; IPv4 where that is not the usual one."""
        if source not in self._sessions:
            connector = aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=IDLE_SECONDS,
                resolver=NearResolver(self._allowed),
                family=socket.AF_UNSPEC if source is None else socket.AF_INET,
                local_addr=None if source is None else (source, 0),
            )
            self._sessions[source] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "pesabox"},
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._sessions[source]


def can_bind(address: str) -> bool:
    """Whether this machine lets a connection leave from there."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind((address, 0))
        return True
    return False


@functools.lru_cache
def is_loopback(host: str) -> bool:
    """Whether IPv4 leads to this machine itself."""
    return host == "localhost" or (_is_literal(host) and ipaddress.ip_address(host) in LOOPBACK)


def _patience(callback: Callback, clock: Clock) -> float:
    """How long an answer is waited for: to the callback's own deadline where that is still to come."""
    left = ANSWER_TIMEOUT_SECONDS
    if callback.answer_by is not None:
        left = (callback.answer_by - clock.now()).total_seconds()
    return left if 0 < left < ANSWER_TIMEOUT_SECONDS else ANSWER_TIMEOUT_SECONDS


async def _read(content: aiohttp.StreamReader) -> str:
    """The answer, or its beginning, however the network cut it."""
    answer = b""
    while len(answer) < ANSWER_KEPT_BYTES and (piece := await content.read(ANSWER_KEPT_BYTES - len(answer))):
        answer += piece
    return answer.decode("utf-8", "replace")


@functools.lru_cache
def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _refusal(host: str) -> str:
    return f"{host} is a public address; to call it nevertheless: --allow-callbacks {host}"
