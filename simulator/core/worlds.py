"""A world: one isolated universe of subscribers, merchants, money and time; and what a fresh one holds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from simulator.core.clock import SystemClock
from simulator.core.entropy import Entropy
from simulator.core.errors import DomainError
from simulator.core.faults import FaultRule
from simulator.core.outbox import Sender
from simulator.core.store import Store, Transaction
from simulator.core.tally import Tally
from simulator.core.tampering import WireNames
from simulator.core.tariffs import PUBLISHED, Tariff
from simulator.core.template import WorldTemplate
from simulator.core.virtual_clock import VirtualClock

T = TypeVar("T")


class NoSuchWorld(DomainError):
    """No world of that name was made, or it is gone."""


SEQUENCE_BLOCK = 1000


class WorldState(Struct, frozen=True):
    """What a world is reopened from by another process. `now` is the virtual clock's, and None on the system clock."""

    kind: ClassVar[str] = "world"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    seed: int
    starts_at: datetime
    now: datetime | None
    hosts: Mapping[str, str]


class ProviderSettings(Struct, frozen=True):
    """What may be changed of a provider, in one world: seconds of latency and life, limits in shillings,
    what it is strict about, and its tariffs. `published` are those that it tells the public, `registered` what its
    client has registered with it: keys and addresses, by name."""

    kind: ClassVar[str] = "provider_settings"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    latency: Mapping[str, float] = field(default_factory=dict)
    lifetimes: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    strictness: Mapping[str, bool] = field(default_factory=dict)
    tariff: Mapping[str, Tariff] = field(default_factory=dict)
    published: Mapping[str, Tariff] = field(default_factory=dict)
    registered: Mapping[str, str | None] = field(default_factory=dict)

    def changed(self, part: str, told: Mapping[str, Any]) -> ProviderSettings:
        """With one part changed, name by name; the tariff `published` is the one of that name."""
        if part == "tariff":
            told = {name: self.published[name] if bands == PUBLISHED else bands for name, bands in told.items()}
        changes: dict[str, Any] = {part: {**getattr(self, part), **told}}
        return replace(self, **changes)


class Rail(Protocol):
    """What core asks of a provider: its settings at first, how the receipts of its rail look, and what names them."""

    @property
    def settings(self) -> ProviderSettings: ...

    @property
    def wire_names(self) -> WireNames: ...

    @property
    def receipt(self) -> Callable[[datetime, int], str]: ...


class Seal(Protocol):
    """The simulator's own key: what is encrypted with its certificate, it can read."""

    def certificate(self) -> str:
        """X.509, as PEM."""
        ...

    def opened(self, sealed: bytes) -> str | None:
        """The text in it; None where there is none, or none that was meant."""
        ...


class Shared(Struct, frozen=True):
    """What all worlds of a simulation have in common.

    `latency_factor` multiplies the waits that we insert; `chaos` are the fault rules of every fresh world.
    """

    store: Store
    sender: Sender
    template: WorldTemplate
    rails: Mapping[str, Rail]
    settings: Mapping[str, ProviderSettings]
    latency_factor: float
    seal: Seal
    chaos: tuple[FaultRule, ...] = ()


class World:
    """One universe. Services take it as their first argument; all its state is behind `run`."""

    def __init__(self, name: str, seed: int, clock: SystemClock | VirtualClock, shared: Shared) -> None:
        self.name = name
        self.seed = seed
        self.clock = clock
        self.now = clock.now
        self.starts_at = clock.now()
        self.store = shared.store
        self.sender = shared.sender
        self.template = shared.template
        self.seal = shared.seal
        self.entropy = Entropy(seed)
        self.hosts: dict[str, str] = {}
        self.rules: tuple[FaultRule, ...] = ()
        self.open_requests: set[str] = set()
        self.tally = Tally()
        self.is_closed = False
        self._shared = shared
        self._reserved: dict[str, tuple[int, int]] = {}
        self._reserving = asyncio.Lock()
        self._watchers: set[asyncio.Event] = set()
        self._expected: dict[str, asyncio.Event] = {}
        self._over: deque[tuple[float, str]] = deque()

    def wait_seconds(self, published: float) -> float:
        """A wait that the simulator itself inserts: the published one times the latency factor."""
        return published * self._shared.latency_factor

    async def run(self, work: Callable[[Transaction], T]) -> T:
        if self.is_closed:
            raise NoSuchWorld(f"the world {self.name!r} is gone")
        try:
            result, writes = await self.store.run(self.name, lambda tx: (self._with_state(tx, work), tx.writes))
            self.tally.count(writes)
            return result
        finally:
            self.wake()  # a caller that was cancelled may have committed

    def _with_state(self, tx: Transaction, work: Callable[[Transaction], T]) -> T:
        """Keeps, in the same transaction, what a restart goes on from."""
        result = work(tx)
        kept, now = tx.get(WorldState, self.name), self.clock.now() if self.clock.kind == "virtual" else None
        if kept is None or kept.now != now or kept.hosts != self.hosts:
            tx.put(WorldState(self.name, self.seed, self.starts_at, now, dict(self.hosts)))
        return result

    async def map_hosts(self, hosts: Mapping[str, str]) -> None:
        """Sends callbacks for a name to HOST:PORT from now on."""
        self.hosts.update(hosts)
        await self.keep_state()

    async def keep_state(self) -> None:
        """A restart goes on from here."""
        await self.run(lambda tx: None)

    def close(self) -> None:
        """The world is gone: whatever is still on its way in it leaves no trace, and what waits need not wait."""
        self.is_closed = True
        for event in self._expected.values():
            event.set()
        self.wake()

    def watch(self, watcher: asyncio.Event) -> None:
        """Sets `watcher` after every commit, until `unwatch`."""
        self._watchers.add(watcher)

    def unwatch(self, watcher: asyncio.Event) -> None:
        self._watchers.discard(watcher)

    async def take(self, sequence: str) -> int:
        """The next number of a sequence, from 1. Reserved in blocks: a restart skips numbers and repeats none."""
        while not self._left(sequence):
            await self._reserve(sequence)
        at, end = self._reserved[sequence]
        self._reserved[sequence] = (at + 1, end)
        return at

    def _left(self, sequence: str) -> int:
        at, end = self._reserved.get(sequence, (0, 0))
        return end - at

    async def _reserve(self, sequence: str) -> None:
        async with self._reserving:
            if not self._left(sequence):
                at = await self.store.reserve(self.name, sequence, SEQUENCE_BLOCK)
                self._reserved[sequence] = (at, at + SEQUENCE_BLOCK)

    async def take_receipt_number(self) -> int:
        return await self.take("receipt")

    def receipt(self, provider: str, at: datetime, number: int) -> str:
        """The receipt of a payment settled then, as the provider's rail writes it. `number` is from its sequence."""
        return self._shared.rails[provider].receipt(at, number)

    def wire_names(self, operation: str) -> WireNames:
        """Under which names the callbacks of an operation's provider tell references and receipts."""
        return self._shared.rails[operation.split(".", 1)[0]].wire_names

    def provider_settings(self, tx: Transaction, provider: str) -> ProviderSettings:
        return tx.get(ProviderSettings, provider) or self._shared.settings[provider]

    def request_over(self, correlation: str) -> None:
        """The request was answered, or its connection is gone: jobs born in it may run."""
        if correlation not in self.open_requests:
            return
        loop = asyncio.get_running_loop()
        self._over.append((loop.time() + self.clock.grace_seconds, correlation))
        if len(self._over) == 1:
            loop.call_at(self._over[0][0], self._let_go)

    def _let_go(self) -> None:
        """Releases the requests whose grace has ended: they come in order, and one timer does for all."""
        loop = asyncio.get_running_loop()
        while self._over and self._over[0][0] <= loop.time():
            self.open_requests.discard(self._over.popleft()[1])
        if self._over:
            loop.call_at(self._over[0][0], self._let_go)
        self.wake()

    def release(self, correlation: str) -> None:
        """Jobs born in this request may run now, even while it is open."""
        self.open_requests.discard(correlation)
        self.wake()

    def wake(self) -> None:
        """Tells whoever watches this world that something changed."""
        for watcher in self._watchers:
            watcher.set()

    def expect(self, what: str) -> asyncio.Event:
        """An event that is set when this has happened: a callback of that correlation was delivered, say."""
        return self._expected.setdefault(what, asyncio.Event())

    def happened(self, what: str) -> None:
        if what in self._expected:
            self._expected.pop(what).set()
