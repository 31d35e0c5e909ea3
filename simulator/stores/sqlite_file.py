"""The file of the SQLite store: who may open it, its tables, and every line of SQL.

Nothing here knows what a record means: a row is a world, a kind, a key and a text. Rows are read on the event loop
(from the page cache, in microseconds) and written by one thread.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct, field

from simulator.core.store import StoreBroken

FORMAT = 1
PESABOX = 0x70657361  # "pesa", as the application id
LOCK_MARK = "-lock"
SIDE_FILES = ("", "-wal", "-shm")
CHECKPOINT_PAGES = 4000  # of 4 KiB each

TABLES = """
CREATE TABLE beginning (told TEXT NOT NULL);
CREATE TABLE records (
    place INTEGER PRIMARY KEY, world TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL
);
CREATE UNIQUE INDEX records_by_key ON records (world, kind, key);
CREATE INDEX records_in_order ON records (world, kind);
CREATE TABLE events (world TEXT, number INTEGER, body TEXT NOT NULL, PRIMARY KEY (world, number)) WITHOUT ROWID;
CREATE TABLE sequences (world TEXT, name TEXT, next INTEGER NOT NULL, PRIMARY KEY (world, name)) WITHOUT ROWID;
"""
PUT = """
INSERT INTO records (place, world, kind, key, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (world, kind, key) DO UPDATE SET body = excluded.body
"""
DROP = "DELETE FROM records WHERE world = ? AND kind = ? AND key = ?"
APPEND = "INSERT INTO events (world, number, body) VALUES (?, ?, ?)"
RESERVE = "INSERT OR REPLACE INTO sequences (world, name, next) VALUES (?, ?, ?)"


class BadStoreFile(Exception):
    """The file cannot be used as it is: one plain line says why, and what would help."""


class Row(NamedTuple):
    """A record as it is written. `place` counts only for one that the file does not hold."""

    place: int
    world: str
    kind: str
    key: str
    body: str


class Rows(Struct):
    """What one transaction of the file writes. What is dropped goes first. `indexes` are by kind."""

    drops: list[tuple[str, str, str]] = field(default_factory=list)
    puts: list[Row] = field(default_factory=list)
    events: list[tuple[str, int, str]] = field(default_factory=list)
    sequences: list[tuple[str, str, int]] = field(default_factory=list)
    indexes: Mapping[str, Collection[str]] = field(default_factory=dict)


class SqliteFile:
    """An open file, locked against every other process until it is closed or its process is gone."""

    def __init__(self, path: Path, lock: sqlite3.Connection, *, is_power_safe: bool) -> None:
        self.path = path
        self._lock = lock
        self._writer = _connected(path)
        if self._writer.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise BadStoreFile(f"{path}: its file system cannot keep a write-ahead log")
        self._writer.execute(f"PRAGMA synchronous = {'FULL' if is_power_safe else 'NORMAL'}")
        self._writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self._reader = _connected(path)
        self._reader.execute("PRAGMA query_only = ON")

    @property
    def beginning(self) -> str | None:
        """What the file was begun with; None of a new one."""
        found = self.rows("SELECT told FROM beginning")
        return found[0][0] if found else None

    def begin(self, told: str) -> None:
        self._writer.execute("INSERT INTO beginning VALUES (?)", (told,))

    def close(self) -> None:
        for connection in (self._reader, self._writer, self._lock):
            connection.close()

    # Reading.

    def rows(self, sql: str, *values: object) -> list[Any]:
        try:
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreBroken(f"{self.path}: {error}") from None

    def worlds(self) -> list[str]:
        """By name. Looks each up from the one before it: the table may be long."""
        found: list[str] = []
        while name := self.rows("SELECT min(world) FROM records WHERE world > ?", found[-1] if found else "")[0][0]:
            found.append(name)
        return found

    def last_place(self) -> int:
        place: int = self.rows("SELECT coalesce(max(place), 0) FROM records")[0][0]
        return place

    def last_event(self, world: str) -> int:
        number: int = self.rows("SELECT coalesce(max(number), 0) FROM events WHERE world = ?", world)[0][0]
        return number

    def sequences(self, world: str) -> dict[str, int]:
        return dict(self.rows("SELECT name, next FROM sequences WHERE world = ?", world))

    def body(self, world: str, kind: str, key: str) -> str | None:
        found = self.rows("SELECT body FROM records WHERE world = ? AND kind = ? AND key = ?", world, kind, key)
        return found[0][0] if found else None

    def has(self, world: str, kind: str) -> bool:
        return bool(self.rows("SELECT 1 FROM records WHERE world = ? AND kind = ? LIMIT 1", world, kind))

    def place(self, world: str, kind: str, key: str) -> int | None:
        found = self.rows("SELECT place FROM records WHERE world = ? AND kind = ? AND key = ?", world, kind, key)
        return found[0][0] if found else None

    def find(
        self, world: str, kind: str, *, by: str | None, value: str, after: int, limit: int
    ) -> list[tuple[int, str, str]]:
        """Place, key and body, in order of places; a limit of -1 is none."""
        having, values = ("", ()) if by is None else (f"AND {_part(by)} = ?", (value,))
        told = f"""
            SELECT place, key, body FROM records WHERE world = ? AND kind = '{_name(kind)}' {having} AND place > ?
            ORDER BY place LIMIT ?
        """
        return self.rows(told, world, *values, after, limit)

    def events(self, world: str, *, after: int, limit: int) -> list[tuple[int, str]]:
        told = "SELECT number, body FROM events WHERE world = ? AND number > ? ORDER BY number LIMIT ?"
        return self.rows(told, world, after, limit)

    # Writing: by one thread at a time.

    def write(self, rows: Rows) -> None:
        """All of it or nothing. When this returns, no death of the process loses it."""
        with _transaction(self._writer) as writer:
            for kind, indexes in rows.indexes.items():
                for index in indexes:
                    writer.execute(_index(kind, index))
            writer.executemany(DROP, rows.drops)
            writer.executemany(PUT, rows.puts)
            writer.executemany(APPEND, rows.events)
            writer.executemany(RESERVE, rows.sequences)

    def forget(self, world: str) -> None:
        with _transaction(self._writer) as writer:
            for table in ("records", "events", "sequences"):
                writer.execute(f"DELETE FROM {table} WHERE world = ?", (world,))


def open_file(path: Path, *, is_fresh: bool = False, is_power_safe: bool = False) -> SqliteFile:
    """The file at `path`, made when it is not there; a fresh one takes the place of any that is.

    `is_power_safe` waits for the disk at every commit.
    """
    try:
        lock = _locked(path)
        try:
            if is_fresh:
                _remove(path)
            _prepare(path)
            return SqliteFile(path, lock, is_power_safe=is_power_safe)
        except BaseException:
            lock.close()
            raise
    except (sqlite3.Error, OSError) as error:
        raise BadStoreFile(f"{path}: {_told(error)}") from None


def _told(error: sqlite3.Error | OSError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)


def _locked(path: Path) -> sqlite3.Connection:
    """Holds an empty database beside the file: SQLite's own lock, which goes with the process on every system.

    It is not in the file itself, since that may be replaced by a fresh one under the lock, and has a reader of its own.
    """
    if path.is_dir():
        raise BadStoreFile(f"{path} is a folder: a file is expected")
    if not path.absolute().parent.is_dir():
        raise BadStoreFile(f"{path}: there is no folder {path.absolute().parent}")
    lock = _connected(path.with_name(path.name + LOCK_MARK))
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" not in str(error):
            raise
        raise BadStoreFile(f"{path} is in use by another pesabox") from None
    return lock


def _remove(path: Path) -> None:
    for mark in SIDE_FILES:
        path.with_name(path.name + mark).unlink(missing_ok=True)


def _prepare(path: Path) -> None:
    """Makes the tables of a new file, and sees that one which is there is ours and can be written to."""
    with contextlib.closing(_connected(path)) as connection, _transaction(connection):
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if (application, version, tables) == (0, 0, 0):
            for statement in TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {PESABOX}")
        elif application != PESABOX:
            raise BadStoreFile(f"{path} is a database, and not one of pesabox")
        elif version != FORMAT:
            other = f"it has format {version}, this version of pesabox reads {FORMAT}"
            raise BadStoreFile(f"{path} was written by another version: {other}; --fresh starts it over")
        connection.execute(f"PRAGMA user_version = {FORMAT}")  # a write: a file that may only be read says so now


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _name(told: str) -> str:
    """A kind or a field, which stand in SQL as they are."""
    assert told.isidentifier(), f"{told!r} is no name of a kind or field"
    return told


def _part(field_name: str) -> str:
    return f"json_extract(body, '$.{_name(field_name)}')"


def _index(kind: str, field_name: str) -> str:
    """The database keeps a declared index by itself, from the text of the records."""
    on = f"records (world, {_part(field_name)}) WHERE kind = '{_name(kind)}'"
    return f"CREATE INDEX IF NOT EXISTS {_name(kind)}_by_{field_name} ON {on}"


def indexes_of(kinds: Iterable[Any]) -> dict[str, tuple[str, ...]]:
    return {kind.kind: kind.indexes for kind in kinds if kind.indexes}
