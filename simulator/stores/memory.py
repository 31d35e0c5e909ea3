"""The memory store: fast, bounded, gone with the process."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from simulator.core.jobs import Job
from simulator.core.journal import Event
from simulator.core.ledger import Account, AccountName, Books, Chart
from simulator.core.store import R, Record, Transaction, UnknownCursor

T = TypeVar("T")


class _Shelf:
    """The records of one kind in one world, in order of their first appearance, with their declared indexes."""

    def __init__(self, indexes: tuple[str, ...]) -> None:
        self.records: dict[str, Any] = {}
        self._indexes: dict[str, dict[str, dict[str, None]]] = {name: {} for name in indexes}

    def put(self, record: Record) -> None:
        old = self.records.get(record.key)
        for name, index in self._indexes.items():
            value = getattr(record, name)
            if old is not None and getattr(old, name) != value:
                self._unindex(index, getattr(old, name), record.key)
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
        keys = iter(self.records if by is None else self._indexes[by].get(value or "", {}))
        if after is not None:
            if after not in self.records:
                raise UnknownCursor(f"nothing is stored under {after!r} any more, or ever was")
            keys = itertools.islice(itertools.dropwhile(lambda key: key != after, keys), 1, None)
        return [self.records[key] for key in itertools.islice(keys, limit)]


class _World:
    """All that one world holds."""

    def __init__(self, chart: Chart, events_kept: int) -> None:
        self._chart = chart
        self._shelves: dict[str, _Shelf] = {}
        self.accounts: dict[AccountName, Account] = {}
        self.events: deque[Event] = deque(maxlen=events_kept)
        self._event_numbers = itertools.count(1)
        self._due: list[tuple[datetime, int, str]] = []
        self._due_numbers = itertools.count()
        self._places: dict[str, int] = {}  # a job's number, by key: what the heap holds beside it is stale
        self.sequences: dict[str, int] = {}

    def get(self, kind: type[R], key: str) -> R | None:
        shelf = self._shelves.get(kind.kind)
        return shelf.records.get(key) if shelf is not None else None

    def find(self, kind: type[R], by: str | None, value: str | None, after: str | None, limit: int | None) -> list[R]:
        shelf = self._shelves.get(kind.kind)
        return shelf.find(by, value, after, limit) if shelf is not None else []

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
        shelf = self._shelves.get(record.kind)
        if shelf is None:
            shelf = self._shelves[record.kind] = _Shelf(record.indexes)
        shelf.put(record)
        if isinstance(record, Job):
            number = self._places[record.key] = next(self._due_numbers)
            heapq.heappush(self._due, (record.due, number, record.key))

    def _drop(self, kind: str, key: str) -> None:
        if kind in self._shelves:
            self._shelves[kind].drop(key)
        if kind == Job.kind:
            self._places.pop(key, None)

    def due(self, until: datetime | None, limit: int, held: Collection[str], *, is_claim: bool) -> list[Job]:
        """Unclaimed jobs in order, until a time or without end; a claim takes them off the heap."""
        found: list[Job] = []
        kept: list[tuple[datetime, int, str]] = []
        while self._due and len(found) < limit and (until is None or self._due[0][0] <= until):
            place = heapq.heappop(self._due)
            if self._places.get(place[2]) != place[1]:
                continue
            job = self.get(Job, place[2])
            assert job is not None, f"{place[2]} is due and not stored"
            is_held = job.born_in in held
            if not is_held:
                found.append(job)
            if is_held or not is_claim:
                kept.append(place)
        for place in kept:
            heapq.heappush(self._due, place)
        return found


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
        jobs = self._of(world).due(None, 1, held, is_claim=False)
        return jobs[0].due if jobs else None

    async def claim(self, world: str, *, until: datetime, limit: int, held: Collection[str]) -> list[Job]:
        return self._of(world).due(until, limit, held, is_claim=True)

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

    async def delete(self, world: str) -> None:
        self._worlds.pop(world, None)

    def _of(self, world: str) -> _World:
        if world not in self._worlds:
            self._worlds[world] = _World(self._chart, self._events_kept)
        return self._worlds[world]
