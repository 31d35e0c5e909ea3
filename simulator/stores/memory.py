"""The memory store: fast, bounded, gone with the process."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, TypeVar

import orjson

from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind
from simulator.core.ledger import Account, AccountName, Books, Chart, Checkpoint, Entry
from simulator.core.store import R, Record, StoreBroken, Transaction, UnknownCursor
from simulator.stores.due import DueJobs
from simulator.stores.past import Past

T = TypeVar("T")

CORRELATION = "correlation"


class _Index:
    """Keys by a value that their records have. Most values are one record's alone, whose key then stands by itself."""

    def __init__(self) -> None:
        self._keys: dict[str, str | dict[str, None]] = {}
        self._disordered: set[str] = set()  # values that a record came to have after its first appearance

    def keys(self, value: str, order: Iterable[str]) -> Mapping[str, None]:
        """Of the records with that value, as they follow each other in `order`."""
        found = self._keys.get(value)
        if not isinstance(found, dict):
            return {} if found is None else {found: None}
        if value in self._disordered:
            self._disordered.discard(value)
            found = self._keys[value] = {key: None for key in order if key in found}
        return found

    def add(self, value: str, key: str) -> None:
        found = self._keys.setdefault(value, key)
        if isinstance(found, dict):
            found[key] = None
        elif found != key:
            self._keys[value] = {found: None, key: None}

    def add_late(self, value: str, key: str) -> None:
        """The record had another value before."""
        self.add(value, key)
        if isinstance(self._keys[value], dict):
            self._disordered.add(value)

    def drop(self, value: str, key: str) -> None:
        found = self._keys[value]
        if isinstance(found, dict) and len(found) > 1:
            del found[key]
        else:
            del self._keys[value]
            self._disordered.discard(value)


class _Shelf:
    """The records of one kind in one world, in order of their first appearance, with their declared indexes."""

    def __init__(self, kind: type[Record], kept: int) -> None:
        self.records: dict[str, Any] = {}
        self._indexes = {name: _Index() for name in kind.indexes}
        is_part = CORRELATION in getattr(kind, "__annotations__", ())
        self._of_past = self._indexes.setdefault(CORRELATION, _Index()) if is_part else None
        self._kept = kept if getattr(kind, "fades", False) else None
        self._has_forgotten = False

    def put(self, record: Record) -> None:
        key = record.key
        old = self.records.get(key)
        if self._kept is not None:
            self._make_room(key, self._kept)
        self.records[key] = record
        for name, index in self._indexes.items():
            value = getattr(record, name)
            if old is None:
                index.add(value, key)
            elif getattr(old, name) != value:
                index.drop(getattr(old, name), key)
                index.add_late(value, key)

    def drop(self, key: str) -> Any:
        """Gives the record that was there, if one was."""
        old = self.records.pop(key, None)
        for name, index in self._indexes.items():
            if old is not None:
                index.drop(getattr(old, name), key)
        return old

    def forget(self, correlation: str) -> list[Any]:
        """Lets go of what belongs to it, and gives that."""
        if self._of_past is None:
            return []
        gone = [self.drop(key) for key in list(self._of_past.keys(correlation, self.records))]
        self._has_forgotten = self._has_forgotten or bool(gone)
        return gone

    def _make_room(self, key: str, kept: int) -> None:
        """For a record that is to be the last; one that was put longest ago goes."""
        self.records.pop(key, None)
        if len(self.records) >= kept:
            self.drop(next(iter(self.records)))

    def find(self, by: str | None, value: str | None, after: str | None, limit: int | None) -> list[Any]:
        keys = self.records if by is None else self._indexes[by].keys(value or "", self.records)
        if after is None or (after not in self.records and self._has_forgotten):
            return [self.records[key] for key in itertools.islice(keys, limit)]
        if after not in self.records:
            raise UnknownCursor(f"nothing is stored under {after!r} any more, or ever was")
        behind = itertools.dropwhile(lambda key: key != after, keys if after in keys else self.records)
        found = (key for key in itertools.islice(behind, 1, None) if key in keys)
        return [self.records[key] for key in itertools.islice(found, limit)]


class _Kept(NamedTuple):
    """An event as it is kept: what it tells is JSON text, which is a quarter as large as its parts would be."""

    kind: EventKind
    at: datetime
    correlation: str
    payment: str
    data: str


class _Ring:
    """The last events of a world. An event's number is told by its place."""

    def __init__(self, events_kept: int) -> None:
        self._kept: deque[_Kept] = deque(maxlen=events_kept)
        self._appended = 0

    def append(self, event: Event) -> None:
        data = orjson.dumps(event.data).decode()  # whose room behind the text is let go
        self._kept.append(_Kept(event.kind, event.at, event.correlation, event.payment, data))
        self._appended += 1

    def after(self, number: int, limit: int) -> Iterator[Event]:
        """Those that follow the event of this number, or the oldest that are kept."""
        gone = self._appended - len(self._kept)
        skipped = max(0, number - gone)
        for place, kept in enumerate(itertools.islice(self._kept, skipped, skipped + limit), gone + skipped + 1):
            yield Event(kept.kind, kept.at, orjson.loads(kept.data), kept.correlation, kept.payment, place)


class _World:
    """All that one world holds."""

    def __init__(self, chart: Chart, *, events_kept: int, retain: int) -> None:
        self._chart = chart
        self._retain = retain
        self._past = Past(retain)
        self._checkpoint = Checkpoint()
        self._shelves: dict[str, _Shelf] = {}
        self.accounts: dict[AccountName, Account] = {}
        self.events = _Ring(events_kept)
        self._due = DueJobs()
        self.sequences: dict[str, int] = {}

    def get(self, kind: type[R], key: str) -> R | None:
        shelf = self._shelves.get(kind.kind)
        return shelf.records.get(key) if shelf is not None else None

    def find(self, kind: type[R], by: str | None, value: str | None, after: str | None, limit: int | None) -> list[R]:
        shelf = self._shelf(kind)
        if kind.kind == Entry.kind and by is None:
            return self._entries(shelf, after, limit)
        return shelf.find(by, value, after, limit)

    def _entries(self, shelf: _Shelf, after: str | None, limit: int | None) -> list[Any]:
        """What was forgotten comes first, as one."""
        checkpoint = self._checkpoint.entry if after not in shelf.records else None
        if checkpoint is None:
            return shelf.find(None, None, after, limit)
        if after == checkpoint.key:
            return shelf.find(None, None, None, limit)
        return [checkpoint, *shelf.find(None, None, after, limit)][:limit]

    def _shelf(self, kind: type[Record]) -> _Shelf:
        if kind.kind not in self._shelves:
            self._shelves[kind.kind] = _Shelf(kind, self._retain)
        return self._shelves[kind.kind]

    def balance(self, account: AccountName) -> Account:
        stored = self.accounts.get(account)
        if stored is None:
            terms = self._chart(account)
            return Account(account, terms.opening, terms)
        return stored

    def commit(self, tx: Transaction) -> None:
        if tx.writes.entries:
            self._post(tx.writes.entries)
        for (kind, key), record in tx.writes.records.items():
            if record is None:
                self._drop(kind, key)
            else:
                self._put(record)
        for event in tx.writes.events:
            self.events.append(event)
        for correlation in self._past.overdue():
            self._forget(correlation)

    def _forget(self, correlation: str) -> None:
        for shelf in self._shelves.values():
            for gone in shelf.forget(correlation):
                if isinstance(gone, Entry):
                    self._checkpoint.add(gone)

    def _post(self, entries: Iterable[Entry]) -> None:
        books = Books(self.accounts.get, self._chart)
        for entry in entries:
            books.post(entry)
        self.accounts.update(books.moved)
        for made in books.entries:
            self._put(made)

    def _put(self, record: Record) -> None:
        shelf = self._shelf(type(record))
        if isinstance(record, Job):
            if record.key not in shelf.records:
                self._past.job_added(record.born_in)
            self._due.add(record, self._due.renumber(record.key))
        shelf.put(record)

    def _drop(self, kind: str, key: str) -> None:
        gone = self._shelves[kind].drop(key) if kind in self._shelves else None
        if isinstance(gone, Job):
            self._due.drop(key)
            self._past.job_gone(gone.born_in)

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
    """Of each world it keeps the last `events_kept` events, and of what is past the last `retain`."""

    name: ClassVar[str] = "memory"

    def __init__(self, chart: Chart, *, events_kept: int = 200_000, retain: int = 20_000) -> None:
        self._chart = chart
        self._events_kept = events_kept
        self._retain = retain
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
        return list(self._of(world).events.after(after, limit))

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
            self._worlds[world] = _World(self._chart, events_kept=self._events_kept, retain=self._retain)
        return self._worlds[world]
