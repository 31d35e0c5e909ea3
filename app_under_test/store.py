"""The one way to the database: transactions on a single worker thread, which the event loop never waits for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, StaticPool, create_engine, event

T = TypeVar("T")


class Store:
    def __init__(self, url: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bank-store")
        self._engine = create_engine(url, poolclass=StaticPool)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin_immediate)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` as one transaction, durable when this returns; if it raises, nothing happened.

        `work` is a plain function: it cannot await a network inside a transaction. A cancelled caller leaves no half.
        """
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work))

    def _transact(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # sqlite3 begins nothing by itself; `_begin_immediate` does
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON")


def _begin_immediate(connection: Connection) -> None:
    """Takes SQLite's write lock first, so that what a transaction reads still holds when it writes."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
