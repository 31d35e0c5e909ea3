"""The SQLite store: one process, one file, everything kept; a restart goes on where the last process stopped.

A `work` runs on the event loop against what is decided so far: changes on their way to the file, a cache, the file.
What it writes is encoded, checked and joins the group that is committed next, in one transaction of the file; `run`
returns when that is durable. See docs/decisions/0006-the-sqlite-store.md.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, TypeVar

from simulator.core.jobs import Job
from simulator.core.journal import Event
from simulator.core.ledger import Account, AccountName, Books, Chart
from simulator.core.store import R, Record, StoreBroken, Transaction, UnknownCursor
from simulator.stores.codec import Unreadable, codec_of
from simulator.stores.due import DueJobs
from simulator.stores.sqlite_file import Row, Rows, SqliteFile, indexes_of

T = TypeVar("T")

RECORDS_CACHED = 50_000


@dataclass(frozen=True, slots=True)
class _Balance:
    """An account as a record."""

    kind: ClassVar[str] = "account"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    account: Account


class _Change(NamedTuple):
    """A record on its way to the file, or None when it is dropped.

    `place` counts where the file has none, or none any more: where the record `is_afresh`.
    """

    place: int
    record: Any
    body: str
    is_afresh: bool


@dataclass(slots=True)
class _Group:
    """What is committed together."""

    durable: asyncio.Future[None]
    changes: dict[tuple[_World, str, str], _Change] = field(default_factory=dict)
    events: list[tuple[str, int, str]] = field(default_factory=list)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    jobs: list[tuple[_World, Job, int]] = field(default_factory=list)
    new_kinds: list[type[Record]] = field(default_factory=list)

    def rows(self) -> Rows:
        return Rows(
            drops=[
                (world.name, kind, key)
                for (world, kind, key), change in self.changes.items()
                if change.record is None or change.is_afresh
            ],
            puts=[
                Row(change.place, world.name, kind, key, change.body)
                for (world, kind, key), change in self.changes.items()
                if change.record is not None
            ],
            events=self.events,
            sequences=[(world, name, following) for (world, name), following in self.sequences.items()],
            indexes=indexes_of(self.new_kinds),
        )


class _Cache:
    """The records that were looked at last, and which are known not to be there."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._records: OrderedDict[tuple[_World, str, str], Any] = OrderedDict()

    def get(self, slot: tuple[_World, str, str]) -> Any:
        """Raises KeyError when it is not known whether there is such a record."""
        record = self._records[slot]
        self._records.move_to_end(slot)
        return record

    def put(self, slot: tuple[_World, str, str], record: Any) -> None:
        self._records[slot] = record
        self._records.move_to_end(slot)
        if len(self._records) > self._limit:
            self._records.popitem(last=False)


class _World:
    """One world, as a transaction sees it: what is pending before what is in the file."""

    def __init__(self, name: str, file: SqliteFile, cache: _Cache, chart: Chart) -> None:
        self.name = name
        self._file = file
        self._cache = cache
        self._chart = chart
        self.pending: dict[str, dict[str, _Change]] = {}
        self._holds: dict[str, bool] = {}  # whether there may be records of a kind: many kinds are seldom used
        self.sequences = file.sequences(name)
        self.due = DueJobs()
        self._last_event = file.last_event(name)
        for job in self.find(Job, None, None, None, None):
            self.due.add(job, self.due.renumber(job.key))

    # Reading.

    def get(self, kind: type[R], key: str) -> R | None:
        change = self._pending(kind.kind).get(key)
        if change is not None:
            pending: R | None = change.record
            return pending
        slot = (self, kind.kind, key)
        try:
            cached: R | None = self._cache.get(slot)
            return cached
        except KeyError:
            body = self._file.body(self.name, kind.kind, key) if self._may_hold(kind.kind) else None
            record = self._decoded(kind, body) if body is not None else None
            self._cache.put(slot, record)
            return record

    def find(self, kind: type[R], by: str | None, value: str | None, after: str | None, limit: int | None) -> list[R]:
        start, pending = self._start(kind, after), self._pending(kind.kind)
        at_most = -1 if limit is None else limit + len(pending)
        rows = self._file.find(self.name, kind.kind, by=by, value=value or "", after=start, limit=at_most)
        found: list[tuple[int, R | str]] = [(place, body) for place, key, body in rows if key not in pending]
        for key, change in pending.items():
            if change.record is not None and (by is None or getattr(change.record, by) == (value or "")):
                found.append((self._place(kind.kind, key, change), change.record))
        found.sort(key=lambda one: one[0])
        behind = itertools.dropwhile(lambda one: one[0] <= start, found)
        return [
            self._decoded(kind, told) if isinstance(told, str) else told for _, told in itertools.islice(behind, limit)
        ]

    def balance(self, account: AccountName) -> Account:
        stored = self._account(account)
        if stored is not None:
            return stored
        terms = self._chart(account)
        return Account(account, terms.opening, terms)

    def accounts(self) -> list[Account]:
        return [balance.account for balance in self.find(_Balance, None, None, None, None)]

    def job(self, key: str) -> Job:
        job = self.get(Job, key)
        assert job is not None, f"{key} is due and not stored"
        return job

    def _account(self, name: AccountName) -> Account | None:
        balance = self.get(_Balance, name)
        return balance.account if balance is not None else None

    def _decoded(self, kind: type[R], body: str) -> R:
        try:
            record: R = codec_of(kind).decode(body)
        except Unreadable as error:
            raise StoreBroken(f"{self._file.path} holds {error}; --fresh starts it over") from None
        return record

    def _may_hold(self, kind: str) -> bool:
        if kind not in self._holds:
            self._holds[kind] = self._file.has(self.name, kind)
        return self._holds[kind]

    def _pending(self, kind: str) -> dict[str, _Change]:
        return self.pending.setdefault(kind, {})

    def _start(self, kind: type[Record], after: str | None) -> int:
        if after is None:
            return 0
        change = self._pending(kind.kind).get(after)
        if change is not None:
            place = self._place(kind.kind, after, change) if change.record is not None else None
        else:
            place = self._file.place(self.name, kind.kind, after)
        if place is None:
            raise UnknownCursor(f"nothing is stored under {after!r} any more, or ever was")
        return place

    def _place(self, kind: str, key: str, change: _Change) -> int:
        kept = None if change.is_afresh else self._file.place(self.name, kind, key)
        return change.place if kept is None else kept

    # Writing.

    def commit(self, tx: Transaction, group: _Group, places: itertools.count[int]) -> None:
        """Adds the writes to the group, or raises with nothing done."""
        books = Books(self._account, self._chart)
        for entry in tx.writes.entries:
            books.post(entry)
        made: list[Record] = [_Balance(account.name, account) for account in books.moved.values()]
        made += books.entries
        made += [record for record in tx.writes.records.values() if record is not None]
        bodies = [codec_of(type(record)).encode(record) for record in made]
        told = [codec_of(Event).encode(event) for event in tx.writes.events]
        for (kind, key), record in tx.writes.records.items():
            if record is None:
                self._change(group, kind, key, None, "", places)
        for record, body in zip(made, bodies, strict=True):
            self._change(group, record.kind, record.key, record, body, places)
        for event in told:
            self._last_event += 1
            group.events.append((self.name, self._last_event, event))

    def _change(
        self, group: _Group, kind: str, key: str, record: Record | None, body: str, places: itertools.count[int]
    ) -> None:
        self._holds[kind] = True
        pending = self._pending(kind)
        before = pending.get(key)
        if before is None:
            change = _Change(next(places), record, body, is_afresh=False)
        elif before.record is None:
            change = _Change(next(places), record, body, is_afresh=True)
        else:
            change = _Change(before.place, record, body, before.is_afresh)
        group.changes[self, kind, key] = pending[key] = change
        if isinstance(record, Job):
            group.jobs.append((self, record, self.due.renumber(key)))
        elif kind == Job.kind:
            self.due.drop(key)

    def settle(self, kind: str, key: str, change: _Change) -> None:
        """The change is in the file; unless there is a newer one, the cache stands for it."""
        pending = self.pending[kind]
        if pending.get(key) is change:
            del pending[key]
            self._cache.put((self, kind, key), change.record)


class SqliteStore:
    """Keeps everything in `file`, which it closes. After a failure to write it takes nothing more, since what it has in
    memory is no longer what is in the file."""

    name: ClassVar[str] = "sqlite"

    def __init__(self, file: SqliteFile, chart: Chart) -> None:
        self._file = file
        self._chart = chart
        self._cache = _Cache(RECORDS_CACHED)
        self._places = itertools.count(file.last_place() + 1)
        self._worlds: dict[str, _World] = {}
        self._kinds: set[type] = set()
        self._collecting: _Group | None = None
        self._committing: _Group | None = None
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

    def _of(self, world: str) -> _World:
        if self._broken is not None:
            raise StoreBroken(str(self._broken))
        if world not in self._worlds:
            self._worlds[world] = _World(world, self._file, self._cache, self._chart)
        return self._worlds[world]

    # The group commit.

    def _group(self) -> _Group:
        """The group that is committed next."""
        if self._collecting is None:
            self._collecting = _Group(asyncio.get_running_loop().create_future())
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

    def _settle(self, group: _Group) -> None:
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

    def _note_kinds(self, group: _Group, tx: Transaction) -> None:
        """Kinds that this process writes for the first time: their indexes may have to be made."""
        for record in [*tx.writes.records.values(), *tx.writes.entries]:
            if record is not None and type(record) not in self._kinds:
                self._kinds.add(type(record))
                group.new_kinds.append(type(record))


async def _until_durable(group: _Group) -> None:
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
