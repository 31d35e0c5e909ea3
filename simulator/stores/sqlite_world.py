"""One world in the SQLite store: what a transaction sees of it, and what it adds to the group of the next commit."""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from typing import Any, ClassVar, NamedTuple

from msgspec import Struct, field

from simulator.core.jobs import Job
from simulator.core.journal import Event
from simulator.core.ledger import Account, AccountName, Books, Chart
from simulator.core.store import R, Record, StoreBroken, Transaction, UnknownCursor
from simulator.stores.codec import Unreadable, codec_of
from simulator.stores.due import DueJobs
from simulator.stores.sqlite_file import Row, Rows, SqliteFile, indexes_of


class Balance(Struct, frozen=True):
    """An account as a record."""

    kind: ClassVar[str] = "account"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    account: Account


class Change(NamedTuple):
    """A record on its way to the file, or None when it is dropped.

    `place` counts where the file has none, or none any more: where the record `is_afresh`.
    """

    place: int
    record: Any
    body: str
    is_afresh: bool


class Group(Struct):
    """What is committed together."""

    durable: asyncio.Future[None]
    changes: dict[tuple[SqliteWorld, str, str], Change] = field(default_factory=dict)
    events: list[tuple[str, int, str]] = field(default_factory=list)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    jobs: list[tuple[SqliteWorld, Job, int]] = field(default_factory=list)
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


class Cache:
    """The records that were looked at last, and which are known not to be there."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._records: OrderedDict[tuple[SqliteWorld, str, str], Any] = OrderedDict()

    def get(self, slot: tuple[SqliteWorld, str, str]) -> Any:
        """Raises KeyError when it is not known whether there is such a record."""
        record = self._records[slot]
        self._records.move_to_end(slot)
        return record

    def put(self, slot: tuple[SqliteWorld, str, str], record: Any) -> None:
        self._records[slot] = record
        self._records.move_to_end(slot)
        if len(self._records) > self._limit:
            self._records.popitem(last=False)


class SqliteWorld:
    """One world, as a transaction sees it: what is pending before what is in the file."""

    def __init__(self, name: str, file: SqliteFile, cache: Cache, chart: Chart) -> None:
        self.name = name
        self._file = file
        self._cache = cache
        self._chart = chart
        self.pending: dict[str, dict[str, Change]] = {}
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
        return [balance.account for balance in self.find(Balance, None, None, None, None)]

    def job(self, key: str) -> Job:
        job = self.get(Job, key)
        assert job is not None, f"{key} is due and not stored"
        return job

    def _account(self, name: AccountName) -> Account | None:
        balance = self.get(Balance, name)
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

    def _pending(self, kind: str) -> dict[str, Change]:
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

    def _place(self, kind: str, key: str, change: Change) -> int:
        kept = None if change.is_afresh else self._file.place(self.name, kind, key)
        return change.place if kept is None else kept

    # Writing.

    def commit(self, tx: Transaction, group: Group, places: itertools.count[int]) -> None:
        """Adds the writes to the group, or raises with nothing done."""
        books = Books(self._account, self._chart)
        for entry in tx.writes.entries:
            books.post(entry)
        made: list[Record] = [Balance(account.name, account) for account in books.moved.values()]
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
        self, group: Group, kind: str, key: str, record: Record | None, body: str, places: itertools.count[int]
    ) -> None:
        self._holds[kind] = True
        pending = self._pending(kind)
        before = pending.get(key)
        if before is None:
            change = Change(next(places), record, body, is_afresh=False)
        elif before.record is None:
            change = Change(next(places), record, body, is_afresh=True)
        else:
            change = Change(before.place, record, body, before.is_afresh)
        group.changes[self, kind, key] = pending[key] = change
        if isinstance(record, Job):
            group.jobs.append((self, record, self.due.renumber(key)))
        elif kind == Job.kind:
            self.due.drop(key)

    def settle(self, kind: str, key: str, change: Change) -> None:
        """The change is in the file; unless there is a newer one, the cache stands for it."""
        pending = self.pending[kind]
        if pending.get(key) is change:
            del pending[key]
            self._cache.put((self, kind, key), change.record)
