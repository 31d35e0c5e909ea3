"""The one way to the database: transactions on threads of their own, which the event loop never waits for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app_under_test.databases import database_of

T = TypeVar("T")

_ATTEMPTS = 50
_COLLISIONS = ("40001", "40P01", "23505", "42P07")  # not serialisable, a deadlock, just made by another: a key, a table


class Store:
    def __init__(self, url: str) -> None:
        database = database_of(url)
        self._engine = database.engine
        self._threads = ThreadPoolExecutor(max_workers=database.at_once, thread_name_prefix="bank-store")

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` as one transaction, durable when this returns; if it raises, nothing happened.

        `work` is a plain function: it cannot await a network inside a transaction. It has no effect but through its
        connection, since it is done over if another transaction got in its way. A cancelled caller leaves no half.
        """
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work))

    def _transact(self, work: Callable[[Connection], T]) -> T:
        for _ in range(_ATTEMPTS):
            try:
                return self._attempt(work)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _COLLISIONS:
                    raise
        return self._attempt(work)

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    async def close(self) -> None:
        """Once what is running has ended."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()
