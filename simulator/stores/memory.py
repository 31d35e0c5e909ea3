"""The memory store: fast, bounded, gone with the process."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from simulator.core.jobs import Job
from simulator.core.journal import Event
from simulator.core.ledger import Account, AccountName, Books, Chart
from simulator.core.store import R, Record, StoreBroken, Transaction, UnknownCursor
from simulator.stores.due import DueJobs

T = TypeVar("T")


class _Shelf:
    """The records of one kind in one world, in order of their first appearance, with their declared indexes."""

    def __init__(self, indexes: tuple[str, ...]) -> None:
        self.records: dict[str, Any] = {}
        self._indexes: dict[str, dict[str, dict[str, None]]] = {name: {} for name in indexes}
        self._disordered: set[tuple[str, str]] = set()  # values that a record came to have after its first appearance

    def put(self, record: Record) -> None:
        old = self.records.get(record.key)
        for name, index in self._indexes.items():
            value = getattr(record, name)
            if old is not None and getattr(old, name) != value:
                self._unindex(index, getattr(old, name), record.key)
                self._disordered.add((name, value))
            index.setdefault(value, {})[record.key] = None
        self.records[record.key] = record

    def drop(self, key: str) -> None:
        old = self.records.pop(key, None)
        for name, index in self._indexes.items():
            if old is not None:
                self._unindex(index, getattr(old, name), key)

    def _unindex(self, index: dict[str, dict[str, None]], value: str, key: str) -> None:
        del index[value][key]
        if not index[value]:
            del index[value]

    def find(self, by: str | None, value: str | None, after: str | None, limit: int | None) -> list[Any]:
        keys = self.records if by is None else self._having(by, value or "")
        if after is None:
            return [self.records[key] for key in itertools.islice(keys, limit)]
        if after not in self.records:
            raise UnknownCursor(f"nothing is stored under {after!r} any more, or ever was")
        behind = itertools.dropwhile(lambda key: key != after, keys if after in keys else self.records)
        found = (key for key in itertools.islice(behind, 1, None) if key in keys)
        return [self.records[key] for key in itertools.islice(found, limit)]

    def _having(self, name: str, value: str) -> Mapping[str, object]:
        """The keys of the records with that value, oldest first."""
        index = self._indexes[name]
        if (name, value) in self._disordered and value in index:
            index[value] = {key: None for key in self.records if key in index[value]}
        self._disordered.discard((name, value))
        return index.get(value, {})


class _World:
    """All that one world holds."""

    def __init__(self, chart: Chart, events_kept: int) -> None:
        self._chart = chart
        self._shelves: dict[str, _Shelf] = {}
        self.accounts: dict[AccountName, Account] = {}
        self.events: deque[Event] = deque(maxlen=events_kept)
        self._event_numbers = itertools.count(1)
        self._due = DueJobs()
        self.sequences: dict[str, int] = {}

    def get(self, kind: type[R], key: str) -> R | None:
        shelf = self._shelves.get(kind.kind)
        return shelf.records.get(key) if shelf is not None else None

    def find(self, kind: type[R], by: str | None, value: str | None, after: str | None, limit: int | None) -> list[R]:
        return self._shelf(kind).find(by, value, after, limit)

    def _shelf(self, kind: type[Record]) -> _Shelf:
        if kind.kind not in self._shelves:
            self._shelves[kind.kind] = _Shelf(kind.indexes)
        return self._shelves[kind.kind]

    def balance(self, account: AccountName) -> Account:
        stored = self.accounts.get(account)
        if stored is None:
            terms = self._chart(account)
            return Account(account, terms.opening, terms)
        return stored

    def commit(self, tx: Transaction) -> None:
        books = Books(self.accounts.get, self._chart)
        for entry in tx.writes.entries:
            books.post(entry)
        self.accounts.update(books.moved)
        for made in books.entries:
            self._put(made)
        for (kind, key), record in tx.writes.records.items():
            if record is None:
                self._drop(kind, key)
            else:
                self._put(record)
        for event in tx.writes.events:
            self.events.append(replace(event, sequence=next(self._event_numbers)))

    def _put(self, record: Record) -> None:
        self._shelf(type(record)).put(record)
        if isinstance(record, Job):
            self._due.add(record, self._due.renumber(record.key))

    def _drop(self, kind: str, key: str) -> None:
        if kind in self._shelves:
            self._shelves[kind].drop(key)
        if kind == Job.kind:
            self._due.drop(key)

    def next_due(self, held: Collection[str]) -> datetime | None:
        job = self._due.first(held, self._job)
        return job.due if job is not None else None

    def claim(self, until: datetime, limit: int, held: Collection[str]) -> list[Job]:
        return self._due.claim(until, limit, held, self._job)

    def _job(self, key: str) -> Job:
        job = self.get(Job, key)
        assert job is not None, f"{key} is due and not stored"
        return job

    @property
    def has_records(self) -> bool:
        return any(shelf.records for shelf in self._shelves.values())


class MemoryStore:
    """Keeps the last `events_kept` events of each world."""

    name: ClassVar[str] = "memory"

    def __init__(self, chart: Chart, *, events_kept: int = 200_000) -> None:
        self._chart = chart
        self._events_kept = events_kept
        self._worlds: dict[str, _World] = {}

    async def run(self, world: str, work: Callable[[Transaction], T]) -> T:
        state = self._of(world)
        tx = Transaction(state)
        result = work(tx)
        state.commit(tx)
        return result

    async def next_due(self, world: str, *, held: Collection[str]) -> datetime | None:
        return self._of(world).next_due(held)

    async def claim(self, world: str, *, until: datetime, limit: int, held: Collection[str]) -> list[Job]:
        return self._of(world).claim(until, limit, held)

    async def reserve(self, world: str, sequence: str, count: int) -> int:
        sequences = self._of(world).sequences
        first = sequences.get(sequence, 1)
        sequences[sequence] = first + count
        return first

    async def events(self, world: str, *, after: int, limit: int) -> list[Event]:
        events = self._of(world).events
        skipped = max(0, after - events[0].sequence + 1) if events else 0
        return list(itertools.islice(events, skipped, skipped + limit))

    async def accounts(self, world: str) -> list[Account]:
        return list(self._of(world).accounts.values())

    async def worlds(self) -> list[str]:
        return sorted(name for name, state in self._worlds.items() if state.has_records)

    async def delete(self, world: str) -> None:
        self._worlds.pop(world, None)

    async def broken(self) -> StoreBroken:
        never: asyncio.Future[StoreBroken] = asyncio.get_running_loop().create_future()
        return await never

    async def close(self) -> None:
        """Nothing to close."""

    def _of(self, world: str) -> _World:
        if world not in self._worlds:
            self._worlds[world] = _World(self._chart, self._events_kept)
        return self._worlds[world]
