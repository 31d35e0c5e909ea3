"""What the SQLite store promises beyond every store: it survives, is locked, commits together, fails plainly."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from simulator.core.ledger import Entry
from simulator.core.money import Money
from simulator.core.store import StoreBroken
from simulator.core.virtual_clock import VIRTUAL_START as NOON
from simulator.stores import sqlite
from simulator.stores.sqlite import SqliteStore
from simulator.stores.sqlite_file import FORMAT, BadStoreFile, open_file
from tests.stores.test_store_contract import (
    ANN,
    BEN,
    Note,
    Other,
    chart,
    claim,
    entry,
    event,
    everything,
    job,
    put_all,
    snapshot,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
async def open_store(path):
    """Opens the store on the file; the one before it is left as a killed process leaves it, but for its lock."""
    opened = []

    def begin(**told):
        for before in opened:
            before.close()
        opened.append(open_file(path, **told))
        return SqliteStore(opened[-1], chart)

    yield begin
    for file in opened:
        file.close()


def raw(path, *statements):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        return [connection.execute(statement).fetchall() for statement in statements]


# Surviving.


async def test_all_of_a_world_is_there_after_a_restart(open_store):
    store = open_store()
    await store.run("default", put_all(Note("kept"), Other("kept"), job("kept", 1), Note("b", shape="square")))
    await store.run("default", everything)
    await store.run("other", put_all(Note("elsewhere")))
    before = [await snapshot(store, world) for world in ("default", "other")]
    again = open_store()
    assert [await snapshot(again, world) for world in ("default", "other")] == before
    assert await again.run("default", lambda tx: tx.find(Note, by="shape", value="square")) == [
        Note("b", shape="square")
    ]
    assert await again.worlds() == ["default", "other"]


async def test_jobs_are_due_again_after_a_restart_claimed_or_not(open_store):
    store = open_store()
    await store.run("default", put_all(job("c", 9), job("claimed", 0, "r1"), job("done", 0), job("b", 9)))
    assert await claim(store) == ["claimed", "done"]
    await store.run("default", lambda tx: tx.done(job("done")))
    again = open_store()
    assert await again.next_due("default", held=()) == NOON
    assert await claim(again, seconds=9) == ["claimed", "c", "b"]


async def test_numbers_go_on_after_a_restart(open_store):
    store = open_store()
    await store.run("default", lambda tx: (tx.append(event(1)), tx.put(Note("a"))))
    assert await store.reserve("default", "payment", 1000) == 1
    again = open_store()
    assert await again.reserve("default", "payment", 1000) == 1001
    await again.run("default", lambda tx: (tx.append(event(2)), tx.put(Note("b"))))
    assert [one.sequence for one in await again.events("default", after=0, limit=9)] == [1, 2]
    assert await again.run("default", lambda tx: tx.find(Note)) == [Note("a"), Note("b")]


async def test_a_deleted_world_is_gone_after_a_restart_too(open_store):
    store = open_store()
    await store.run("default", everything)
    await store.reserve("default", "payment", 10)
    await store.delete("default")
    again = open_store()
    assert (await again.worlds(), await again.reserve("default", "payment", 10)) == ([], 1)
    assert (await snapshot(again))[1:] == ([], [], None)


async def test_a_fresh_file_begins_anew(open_store):
    store = open_store()
    await store.run("default", everything)
    store = open_store(is_fresh=True)
    assert (await store.worlds(), await snapshot(store)) == ([], await snapshot(store, "never used"))


async def test_what_has_left_the_cache_is_read_from_the_file(open_store, monkeypatch):
    monkeypatch.setattr(sqlite, "RECORDS_CACHED", 3)
    store = open_store()
    for number in range(9):
        await store.run(
            "default", lambda tx, number=number: (tx.put(Note(str(number))), tx.post(entry(f"e{number}", ANN, BEN, 1)))
        )
    assert await store.run("default", lambda tx: [tx.get(Note, str(number)) for number in range(9)]) == [
        Note(str(number)) for number in range(9)
    ]
    assert (await store.run("default", lambda tx: tx.balance(BEN))).balance == Money(9)
    assert await store.run("default", lambda tx: len(tx.find(Entry))) == 10


# Committing.


class CountingFile:
    """A file that remembers what was written to it as a whole."""

    def __init__(self, file):
        self._file = file
        self.commits = []

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, rows):
        self.commits.append(rows)
        self._file.write(rows)


@pytest.fixture
async def counting(path):
    """A store, and the file that counts its commits."""
    file = CountingFile(open_file(path))
    store = SqliteStore(file, chart)
    yield store, file.commits
    await store.close()


async def test_what_comes_at_once_is_committed_together(counting):
    store, commits = counting
    await asyncio.gather(*[store.run("default", put_all(Note(str(number)))) for number in range(50)])
    assert (len(commits), len(commits[0].puts)) == (1, 50)


async def test_a_record_that_changes_often_at_once_is_written_once(counting):
    store, commits = counting
    await asyncio.gather(*[store.run("default", put_all(Note("a", str(number)), job("a"))) for number in range(50)])
    await asyncio.gather(store.run("default", put_all(Note("b"))), store.run("default", lambda tx: tx.drop(Note, "b")))
    assert [len(rows.puts) for rows in commits] == [2, 0]


async def test_what_only_reads_waits_for_what_it_has_seen(open_store, path):
    store = open_store()
    writing = asyncio.create_task(store.run("default", put_all(Note("a"))))
    await asyncio.sleep(0)
    assert await store.run("default", lambda tx: tx.get(Note, "a")) == Note("a")
    assert raw(path, "SELECT count(*) FROM records") == [[(1,)]]
    await writing


async def test_a_job_is_claimed_only_once_it_is_durable(open_store, path):
    store = open_store()
    writing = asyncio.create_task(store.run("default", put_all(job("a"))))
    await asyncio.sleep(0)
    assert (await claim(store), await store.next_due("default", held=())) == ([], None)
    await writing
    assert await claim(store) == ["a"]


@pytest.mark.parametrize(("told", "level"), [({}, "NORMAL"), ({"is_power_safe": True}, "FULL")])
def test_it_waits_for_the_disk_when_told_so(path, told, level):
    file = open_file(path, **told)
    (found,) = file._writer.execute("PRAGMA synchronous").fetchone()
    assert found == {"NORMAL": 1, "FULL": 2}[level]
    file.close()


# Failing.


async def test_after_a_failure_to_write_nothing_is_taken_any_more(open_store, path):
    store = open_store()
    await store.run("default", put_all(Note("a")))
    raw(path, "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    works = [put_all(Note("b")), lambda tx: tx.append(event(1))]
    told = await asyncio.gather(*[store.run("default", work) for work in works], return_exceptions=True)
    assert [str(one) for one in told] == [f"{path}: disk is full"] * 2
    assert await store.broken() is told[0]
    for call in (store.run("default", put_all(Note("c"))), store.reserve("default", "payment", 1), claim(store)):
        with pytest.raises(StoreBroken, match="disk is full"):
            await call
    await store.close()
    again = open_store()
    assert await again.run("default", lambda tx: tx.find(Note)) == [Note("a")]


async def test_nothing_is_taken_after_the_end(open_store):
    store = open_store()
    await store.close()
    with pytest.raises(StoreBroken, match="closed"):
        await store.run("default", put_all(Note("a")))


async def test_the_end_waits_for_what_is_on_its_way(open_store):
    store = open_store()
    writing = asyncio.create_task(store.run("default", put_all(Note("a"))))
    await asyncio.sleep(0)
    await store.close()
    await writing
    assert await open_store().run("default", lambda tx: tx.get(Note, "a")) == Note("a")


async def test_a_record_of_another_version_is_told_plainly(open_store, path):
    store = open_store()
    await store.run("default", put_all(Note("a")))
    raw(path, "UPDATE records SET body = replace(body, 'colour', 'color')")
    with pytest.raises(
        StoreBroken, match=r"store\.db holds a Note of another version: .*color.*--fresh starts it over"
    ):
        await open_store().run("default", lambda tx: tx.get(Note, "a"))


async def test_a_record_that_cannot_be_kept_undoes_its_work_only(open_store):
    store = open_store()
    with pytest.raises(TypeError):
        await store.run("default", lambda tx: (tx.put(Note("a")), tx.put(Other({1}))))
    assert await store.run("default", lambda tx: tx.find(Note)) == []


# Opening.


def folder(path):
    path.mkdir()


def not_a_database(path):
    path.write_text("keys: {}\n" * 1000)


def anothers(path):
    raw(path, "CREATE TABLE a (b)")


def of_the_future(path):
    open_file(path).close()
    raw(path, f"PRAGMA user_version = {FORMAT + 1}")


def torn(path):
    open_file(path).close()
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        pytest.param(folder, "store.db is a folder: a file is expected", id="a folder"),
        pytest.param(not_a_database, "store.db: file is not a database", id="no database"),
        pytest.param(anothers, "store.db is a database, and not one of pesabox", id="another's"),
        pytest.param(
            of_the_future,
            f"it has format {FORMAT + 1}, this version of pesabox reads {FORMAT}; --fresh starts it over",
            id="another format",
        ),
        pytest.param(torn, "store.db: database disk image is malformed", id="torn"),
    ],
)
def test_a_file_that_will_not_do_is_told_in_one_line(path, make, told):
    make(path)
    for _ in range(2):  # the first attempt leaves no lock behind
        with pytest.raises(BadStoreFile) as caught:
            open_file(path)
        assert str(caught.value).endswith(told)


@pytest.mark.parametrize("make", [not_a_database, anothers, of_the_future, torn])
def test_a_fresh_file_takes_the_place_of_any(path, make):
    make(path)
    file = open_file(path, is_fresh=True)
    assert file.worlds() == []
    file.close()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BadStoreFile, match=f"there is no folder {tmp_path / 'no'}"):
        open_file(tmp_path / "no" / "store.db")


def test_a_place_where_nothing_can_be_written_is_told(tmp_path):
    with pytest.raises(BadStoreFile, match=r"/proc/store\.db: unable to open database file"):
        open_file(Path("/proc/store.db"))


def test_a_second_one_on_the_same_file_is_refused(path):
    file = open_file(path)
    for told in ({}, {"is_fresh": True}):
        with pytest.raises(BadStoreFile, match=r"store\.db is in use by another pesabox"):
            open_file(path, **told)
    file.close()
    open_file(path).close()
