"""The SQLite store: one process, one file, everything kept; a restart goes on where the last process stopped.

A `work` runs on the event loop against what is decided so far: changes on their way to the file, a cache, the file.
What it writes is encoded, checked and joins the group that is committed next, in one transaction of the file; `run`
returns when that is durable. See docs/decisions/0007-the-sqlite-store.md.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import ClassVar, TypeVar

from msgspec.structs import replace

from simulator.core.jobs import Job
from simulator.core.journal import Event
from simulator.core.ledger import Account, Chart
from simulator.core.store import StoreBroken, Transaction
from simulator.stores.codec import codec_of
from simulator.stores.sqlite_file import SqliteFile
from simulator.stores.sqlite_world import Cache, Group, SqliteWorld

T = TypeVar("T")

RECORDS_CACHED = 50_000


class SqliteStore:
    """Keeps everything in `file`, which it closes. After a failure to write it takes nothing more, since what it has in
    memory is no longer what is in the file."""

    name: ClassVar[str] = "sqlite"

    def __init__(self, file: SqliteFile, chart: Chart) -> None:
        self._file = file
        self._chart = chart
        self._cache = Cache(RECORDS_CACHED)
        self._places = itertools.count(file.last_place() + 1)
        self._worlds: dict[str, SqliteWorld] = {}
        self._kinds: set[type] = set()
        self._collecting: Group | None = None
        self._committing: Group | None = None
        self._committer: asyncio.Task[None] | None = None
        self._writer = ThreadPoolExecutor(1, "pesabox-store")
        self._broken: StoreBroken | None = None
        self._breaks = asyncio.Event()

    async def run(self, world: str, work: Callable[[Transaction], T]) -> T:
        state = self._of(world)
        tx = Transaction(state)
        result = work(tx)
        if tx.writes.is_empty:
            group = self._collecting or self._committing  # it may have seen what is not durable yet
        else:
            group = self._group()
            state.commit(tx, group, self._places)
            self._note_kinds(group, tx)
        if group is not None:
            await _until_durable(group)
        return result

    async def next_due(self, world: str, *, held: Collection[str]) -> datetime | None:
        state = self._of(world)
        job = state.due.first(held, state.job)
        return job.due if job is not None else None

    async def claim(self, world: str, *, until: datetime, limit: int, held: Collection[str]) -> list[Job]:
        state = self._of(world)
        return state.due.claim(until, limit, held, state.job)

    async def reserve(self, world: str, sequence: str, count: int) -> int:
        state, group = self._of(world), self._group()
        first = state.sequences.get(sequence, 1)
        state.sequences[sequence] = group.sequences[world, sequence] = first + count
        await _until_durable(group)
        return first

    async def events(self, world: str, *, after: int, limit: int) -> list[Event]:
        decode = codec_of(Event).decode
        return [
            replace(decode(body), sequence=number)
            for number, body in self._file.events(world, after=after, limit=limit)
        ]

    async def accounts(self, world: str) -> list[Account]:
        return self._of(world).accounts()

    async def worlds(self) -> list[str]:
        return self._file.worlds()

    async def delete(self, world: str) -> None:
        await self._flush()
        self._worlds.pop(world, None)
        await asyncio.get_running_loop().run_in_executor(self._writer, self._file.forget, world)

    async def broken(self) -> StoreBroken:
        await self._breaks.wait()
        assert self._broken is not None
        return self._broken

    async def close(self) -> None:
        await self._flush()
        self._broken = self._broken or StoreBroken("the store is closed")
        self._writer.shutdown()
        self._file.close()

    def _of(self, world: str) -> SqliteWorld:
        if self._broken is not None:
            raise StoreBroken(str(self._broken))
        if world not in self._worlds:
            self._worlds[world] = SqliteWorld(world, self._file, self._cache, self._chart)
        return self._worlds[world]

    # The group commit.

    def _group(self) -> Group:
        """The group that is committed next."""
        if self._collecting is None:
            self._collecting = Group(asyncio.get_running_loop().create_future())
            if self._committer is None:
                self._committer = asyncio.create_task(self._commit())
        return self._collecting

    async def _commit(self) -> None:
        """Commits group after group, as long as there is one: while one is written, the next gathers."""
        loop = asyncio.get_running_loop()
        while self._collecting is not None:
            group, self._collecting = self._collecting, None
            self._committing = group
            try:
                await loop.run_in_executor(self._writer, self._file.write, group.rows())
            except Exception as error:
                self._break(error)
            else:
                self._settle(group)
        self._committing = self._committer = None

    def _settle(self, group: Group) -> None:
        for (world, kind, key), change in group.changes.items():
            world.settle(kind, key, change)
        for world, job, number in group.jobs:
            world.due.add(job, number)
        group.durable.set_result(None)

    def _break(self, error: Exception) -> None:
        self._broken = StoreBroken(f"{self._file.path}: {error}")
        for group in (self._committing, self._collecting):
            if group is not None:
                group.durable.set_exception(self._broken)
        self._collecting = None
        self._breaks.set()

    async def _flush(self) -> None:
        while self._committer is not None:
            await asyncio.wait([self._committer])

    def _note_kinds(self, group: Group, tx: Transaction) -> None:
        """Kinds that this process writes for the first time: their indexes may have to be made."""
        for record in [*tx.writes.records.values(), *tx.writes.entries]:
            if record is not None and type(record) not in self._kinds:
                self._kinds.add(type(record))
                group.new_kinds.append(type(record))


async def _until_durable(group: Group) -> None:
    """A caller that is cancelled is so only once the commit is over: what it began is done, and it can tell others."""
    try:
        await asyncio.shield(group.durable)
    except asyncio.CancelledError:
        while not group.durable.done():
            try:
                await asyncio.wait([group.durable])
            except asyncio.CancelledError:
                continue
        raise
