"""The store protocol: records, and the transaction through which all state changes.

`work(tx)` is a plain function. Its writes are buffered, checked as a whole and then made together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

from msgspec import Struct, field

from simulator.core.errors import DomainError
from simulator.core.jobs import Job
from simulator.core.journal import Event
from simulator.core.ledger import Account, AccountName, Entry

T = TypeVar("T")


class UnknownCursor(DomainError):
    """A list was asked to go on behind a record that is not there."""


class StoreBroken(Exception):
    """The store can keep nothing any more: the process is about to end."""


class Record(Protocol):
    """A stored value. Its kind and key name it within a world; uniqueness comes from the key alone.

    One with a `correlation` is part of what a request, or a phone, brought about. A store that forgets lets all of
    that go together, once its last job is done. A kind that `fades` is remembered for those that were put last.
    """

    kind: ClassVar[str]
    indexes: ClassVar[tuple[str, ...]]

    @property
    def key(self) -> str: ...


R = TypeVar("R", bound=Record)


class Reader(Protocol):
    """Committed state of one world, as a transaction sees it below its own writes."""

    def get(self, kind: type[R], key: str) -> R | None: ...

    def find(
        self, kind: type[R], by: str | None, value: str | None, after: str | None, limit: int | None
    ) -> list[R]: ...

    def balance(self, account: AccountName) -> Account: ...


class Writes(Struct):
    """What a transaction wants done. `records` maps (kind, key) to a record, or to None when it is dropped."""

    records: dict[tuple[str, str], Any] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.records or self.entries or self.events)


class Transaction:
    """The verbs of `work`. It sees its own writes, except for entries: a balance is judged at commit."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.writes = Writes()

    def get(self, kind: type[R], key: str) -> R | None:
        written = self.writes.records
        if written and (kind.kind, key) in written:
            buffered: R | None = written[kind.kind, key]
            return buffered
        return self._reader.get(kind, key)

    def put(self, record: Record) -> None:
        self.writes.records[record.kind, record.key] = record

    def drop(self, kind: type[Record], key: str) -> None:
        self.writes.records[kind.kind, key] = None

    def find(
        self,
        kind: type[R],
        *,
        by: str | None = None,
        value: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[R]:
        """Committed records, oldest first, by a declared index, behind the one called `after`. It lists and never
        decides."""
        return self._reader.find(kind, by, value, after, limit)

    def balance(self, account: AccountName) -> Account:
        """The account as committed, to be shown; what may leave it is decided by `post` at commit."""
        return self._reader.balance(account)

    def append(self, event: Event) -> None:
        self.writes.events.append(event)

    def post(self, entry: Entry) -> None:
        """Applies all legs at once, at commit: a broken floor or ceiling undoes the whole transaction."""
        self.writes.entries.append(entry)

    def done(self, job: Job) -> None:
        self.drop(Job, job.key)


def subject_of(tx: Transaction, job: Job, kind: type[R]) -> R | None:
    """What the job is about; None when the job was dropped, or its subject is gone and the job with it."""
    subject = tx.get(kind, job.subject) if tx.get(Job, job.key) is not None else None
    if subject is None:
        tx.done(job)
    return subject


class Store(Protocol):
    """State of all worlds. Every call names its world and touches no other."""

    name: ClassVar[str]

    async def run(self, world: str, work: Callable[[Transaction], T]) -> T:
        """Commits what `work` wrote and gives its result; when `work` raises, or its entries may not be, nothing.

        A caller that is cancelled meanwhile changes nothing of that. `StoreBroken` when it cannot be kept.
        """
        ...

    async def next_due(self, world: str, *, held: Collection[str]) -> datetime | None:
        """When the first job that nobody claimed is due, but for those born in a request that is `held`."""
        ...

    async def claim(self, world: str, *, until: datetime, limit: int, held: Collection[str]) -> list[Job]:
        """Jobs due by then, in order of (due, sequence); none is claimed twice before the process restarts."""
        ...

    async def reserve(self, world: str, sequence: str, count: int) -> int:
        """The first of `count` numbers that nobody else gets."""
        ...

    async def events(self, world: str, *, after: int, limit: int) -> list[Event]:
        """The journal from the event that follows `after`, oldest first."""
        ...

    async def accounts(self, world: str) -> list[Account]: ...

    async def worlds(self) -> list[str]:
        """The worlds of which it holds records, by name: at a start, those of the process before."""
        ...

    async def delete(self, world: str) -> None:
        """Forgets the world and all that is in it."""
        ...

    async def broken(self) -> StoreBroken:
        """Comes when nothing can be kept any more."""
        ...

    async def close(self) -> None: ...
