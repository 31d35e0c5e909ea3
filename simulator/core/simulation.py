"""The simulation: one running process. It makes worlds on first use, drives their jobs, forgets them."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from simulator.core import outbox, prompts, switch
from simulator.core.clock import SystemClock
from simulator.core.entropy import seed_of
from simulator.core.errors import DomainError
from simulator.core.faults import FaultRule
from simulator.core.job_runner import JobHandler, JobRunner
from simulator.core.store import Record, Transaction
from simulator.core.tally import Tally
from simulator.core.tokens import Token, Tokens
from simulator.core.virtual_clock import VIRTUAL_START, VirtualClock
from simulator.core.worlds import NoSuchWorld, Shared, World, WorldState

DEFAULT_WORLD = "default"
WORLD_MARK = "@"
WORLDS_AT_MOST = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def world_named_in(key: str) -> str:
    """What follows a last `@` in a key names the world; a key without it is of the default one."""
    _, mark, name = key.rpartition(WORLD_MARK)
    return name if mark else DEFAULT_WORLD


class InvalidWorldName(DomainError):
    """A world's name is up to 64 letters, digits, dots, hyphens and underscores."""


class WorldExists(DomainError):
    """A world of that name is there already."""


class TooManyWorlds(DomainError):
    """The simulation holds as many worlds as it may: one must go first."""


class Clocks(Struct, frozen=True):
    """How a world gets its clock. `starts_at` and the time-out concern the virtual one."""

    is_virtual: bool
    starts_at: datetime = VIRTUAL_START
    answer_timeout_seconds: float = 5.0

    def make(self, starts_at: datetime | None) -> SystemClock | VirtualClock:
        if not self.is_virtual:
            return SystemClock()
        return VirtualClock(starts_at or self.starts_at, answer_timeout_seconds=self.answer_timeout_seconds)


class Simulation:
    def __init__(
        self, shared: Shared, clocks: Clocks, *, seed: int, jobs: Mapping[str, JobHandler], is_strict: bool = False
    ) -> None:
        self._is_strict = is_strict
        self.shared = shared
        self.clocks = clocks
        self.seed = seed
        self.tokens = Tokens()
        self.forgotten = Tally()  # of the worlds that are gone: what was counted never decreases
        self._handlers: dict[str, JobHandler] = {**outbox.JOBS, **prompts.JOBS, **switch.JOBS, **jobs}
        self._worlds: dict[str, World] = {}
        self._runners: dict[str, JobRunner] = {}
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._reopened: list[World] = []
        self._changing = asyncio.Lock()
        self._watchers: list[Callable[[World], None]] = []

    def on_new_world(self, tell: Callable[[World], None]) -> None:
        """Calls `tell` for every world that is opened from now on."""
        self._watchers.append(tell)

    @property
    def worlds(self) -> list[World]:
        return list(self._worlds.values())

    def accepts(self, key: str, secret: str) -> bool:
        """Whether these credentials open a world: the world file's with their secret; any other pair unless strict."""
        known = self.shared.template.keys.get(key.rpartition(WORLD_MARK)[0] or key)
        return secret == known if known is not None else not self._is_strict

    def world(self, name: str) -> World:
        if name not in self._worlds:
            raise NoSuchWorld(f"there is no world {name!r}")
        return self._worlds[name]

    async def world_on_first_use(self, name: str) -> World:
        async with self._changing:
            return self._worlds.get(name) or await self._open(name)

    async def open(self, name: str, *, seed: int | None = None, starts_at: datetime | None = None) -> World:
        """Makes a world: the default one has the simulation's seed, any other one derived from its name."""
        async with self._changing:
            return await self._open(name, seed=seed, starts_at=starts_at)

    async def _open(self, name: str, *, seed: int | None = None, starts_at: datetime | None = None) -> World:
        if not _NAME.fullmatch(name):
            raise InvalidWorldName(
                f"{name!r} is not a world's name: up to 64 letters, digits, dots, hyphens, underscores"
            )
        if name in self._worlds:
            raise WorldExists(f"there is a world {name!r} already")
        if len(self._worlds) >= WORLDS_AT_MOST:
            raise TooManyWorlds(f"there are {WORLDS_AT_MOST} worlds: DELETE /_sim/worlds/NAME makes room")
        own_seed = self.seed if name == DEFAULT_WORLD else seed_of(f"{self.seed}:{name}")
        world = World(name, own_seed if seed is None else seed, self.clocks.make(starts_at), self.shared)
        self._add(world)
        world.rules = self.shared.chaos
        await world.run(lambda tx: _at_first(tx, [*world.rules, *self.tokens.of(name)]))
        self._drive(world)
        return world

    def _add(self, world: World) -> None:
        self._worlds[world.name] = world
        for tell in self._watchers:
            tell(world)

    async def reopen(self) -> None:
        """Opens the worlds that the store holds from another process, as they were. Nothing runs until `resume`."""
        async with self._changing:
            for name in await self.shared.store.worlds():
                self._reopened.append(await self._reopen(name))

    async def _reopen(self, name: str) -> World:
        kept, rules, tokens = await self.shared.store.run(name, lambda tx: _from_before(tx, name))
        world = World(name, kept.seed, self.clocks.make(kept.now), self.shared)
        world.starts_at = kept.starts_at
        world.hosts.update(kept.hosts)
        world.rules = rules
        for token in tokens:
            self.tokens.add(token)
        self._add(world)
        return world

    def resume(self) -> None:
        """Runs the jobs of the worlds that were reopened: what is due, and what another process had begun."""
        reopened, self._reopened = self._reopened, []
        for world in reopened:
            if not world.is_closed:
                self._drive(world)

    async def delete(self, name: str) -> None:
        async with self._changing:
            await self._forget(name)
            self.tokens.forget_world(name)

    async def reset(self, name: str, *, seed: int | None = None) -> World:
        """That world afresh, from its start; with its own seed unless another is given. Its tokens stay good."""
        async with self._changing:
            world = self.world(name)
            await self._forget(name)
            fresh = await self._open(name, seed=world.seed if seed is None else seed, starts_at=world.starts_at)
            await fresh.map_hosts(world.hosts)
            return fresh

    async def drain(self, seconds: float) -> None:
        """Starts no more jobs, and lets those that are running end, so many real seconds at most."""
        running = [task for runner in self._runners.values() for task in runner.drain()]
        if running:
            await asyncio.wait(running, timeout=seconds)

    async def close(self) -> None:
        for name in list(self._worlds):
            await self._stop(name)

    async def _forget(self, name: str) -> None:
        self.world(name).close()
        self.forgotten.add(self.world(name).tally)
        del self._worlds[name]
        await self._stop(name)
        await self.shared.store.delete(name)

    def _drive(self, world: World) -> None:
        runner = self._runners[world.name] = JobRunner(world, self._handlers)
        if isinstance(world.clock, VirtualClock):
            world.clock.attach(runner)
        else:
            self._loops[world.name] = asyncio.create_task(runner.loop())

    async def _stop(self, name: str) -> None:
        self._runners.pop(name, None)
        loop = self._loops.pop(name, None)
        if loop is not None:
            loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loop


def _at_first(tx: Transaction, records: Iterable[Record]) -> None:
    for record in records:
        tx.put(record)


def _from_before(tx: Transaction, world: str) -> tuple[WorldState, tuple[FaultRule, ...], list[Token]]:
    kept = tx.get(WorldState, world)
    assert kept is not None, f"the world {world} is in the store without its state"
    return kept, tuple(tx.find(FaultRule)), tx.find(Token)
