import asyncio
import contextlib
import sqlite3
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app_under_test.store import Store


@pytest.fixture
async def store(database):
    store = Store(database)
    await store.run(lambda connection: connection.execute(text("CREATE TABLE notes (note TEXT UNIQUE)")))
    yield store
    await store.close()


def write(connection, note="a"):
    connection.execute(text("INSERT INTO notes VALUES (:note)"), {"note": note})


def count(connection):
    return connection.execute(text("SELECT count(*) FROM notes")).scalar_one()


async def test_a_transaction_is_seen_by_the_next(store):
    await store.run(write)
    assert await store.run(count) == 1


async def test_what_breaks_a_rule_however_often_it_is_done_raises(store):
    await store.run(write)
    with pytest.raises(IntegrityError):
        await store.run(write)
    assert await store.run(count) == 1


async def test_a_failed_transaction_leaves_no_trace(store):
    def fails(connection):
        write(connection)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.run(fails)
    assert await store.run(count) == 0


async def test_a_caller_that_gives_up_leaves_no_half(store, database):
    go_on = threading.Event()

    def slow(connection):
        write(connection)
        go_on.wait(5)
        write(connection, "b")

    running = asyncio.create_task(store.run(slow))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    go_on.set()
    await store.close()  # once what is running has ended
    again = Store(database)
    assert await again.run(count) == 2
    await again.close()


async def test_transactions_come_one_after_the_other(store):
    def read_then_write(connection):
        write(connection, str(count(connection)))

    await asyncio.gather(*(store.run(read_then_write) for _ in range(20)))
    notes = await store.run(lambda connection: connection.execute(text("SELECT note FROM notes")).scalars().all())
    assert sorted(map(int, notes)) == list(range(20))


async def test_what_two_processes_do_at_once_is_as_if_one_had_waited_for_the_other(store, database):
    """Each of them reads, and writes what is right only if nobody wrote meanwhile."""

    def read_then_write(connection):
        write(connection, str(count(connection)))

    other = Store(database)
    await asyncio.gather(*(one.run(read_then_write) for _ in range(10) for one in (store, other)))
    await other.close()
    notes = await store.run(lambda connection: connection.execute(text("SELECT note FROM notes")).scalars().all())
    assert sorted(map(int, notes)) == list(range(20))


async def test_sqlites_lock_is_taken_before_the_first_read(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/store.db")
    await store.run(lambda connection: connection.execute(text("CREATE TABLE notes (note TEXT)")))
    inside, go_on = threading.Event(), threading.Event()

    def read_slowly(connection):
        count(connection)
        inside.set()
        go_on.wait(5)

    reading = asyncio.create_task(store.run(read_slowly))
    await asyncio.to_thread(inside.wait, 5)
    other = sqlite3.connect(tmp_path / "store.db", timeout=0)
    with contextlib.closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("INSERT INTO notes VALUES ('b')")
    go_on.set()
    await reading
    await store.close()
