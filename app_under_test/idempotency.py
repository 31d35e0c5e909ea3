"""Idempotency-Key: the same key and the same wish have one effect and one answer, however often and however at once.

What a wish begins and its first answer are written in one transaction: whatever the process was doing when it died, a
repeat finds an answer. Only that a wish is still running is kept in memory, where it dies with the process.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import orjson
from aiohttp import web
from msgspec import Struct
from pydantic import BaseModel
from sqlalchemy import Connection, bindparam, insert, select, update

from app_under_test.edge import respond
from app_under_test.problems import Problem
from app_under_test.schema import idempotency
from app_under_test.store import Store

_OF_KEY = (idempotency.c.route == bindparam("on"), idempotency.c.key == bindparam("under"))
_FIRST = select(idempotency).where(*_OF_KEY)
_KEPT = insert(idempotency)
_KEPT_ANEW = update(idempotency).where(*_OF_KEY)

T = TypeVar("T")
_KEY = re.compile(r"[!-~]{1,255}")


class Answer(Struct, frozen=True):
    status: int
    body: dict[str, object]


class Work(Struct, Generic[T], frozen=True):
    """How a wish is fulfilled: `begin` in one transaction, `act` outside of any, what `act` returns in another."""

    begin: Callable[[Connection], T]
    answer: Callable[[T], Answer]
    act: Callable[[T], Awaitable[Callable[[Connection], T]]] | None = None


class Wish(Struct, frozen=True):
    """What somebody asked for; without a key every wish is a new one."""

    route: str
    key: str | None
    fingerprint: str

    @classmethod
    def of(cls, request: web.Request, asked: BaseModel) -> "Wish":
        key = request.headers.get("Idempotency-Key")
        if key is not None and not _KEY.fullmatch(key):
            raise Problem(422, "Idempotency-Key: 1 to 255 visible ASCII characters", field="Idempotency-Key")
        fingerprint = hashlib.sha256(asked.model_dump_json().encode()).hexdigest()
        return cls(f"{request.method} {request.path}", key, fingerprint)

    def row(self) -> dict[str, object]:
        return {"on": self.route, "under": self.key}

    def insist_on(self, fingerprint: str) -> None:
        if fingerprint != self.fingerprint:
            raise Problem(422, "this Idempotency-Key came with another body before", field="Idempotency-Key")


class Wishes:
    """The POSTs in progress. Once begun a wish is carried out, also when its caller hangs up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: dict[tuple[str, str], str] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def fulfil(self, request: web.Request, asked: BaseModel, work: Work[T]) -> web.Response:
        wish = Wish.of(request, asked)
        if wish.key is not None:
            if running := self._running.get((wish.route, wish.key)):
                wish.insist_on(running)
                raise Problem(409, "a request with this Idempotency-Key is still running", field="Idempotency-Key")
            self._running[wish.route, wish.key] = wish.fingerprint
        task = asyncio.create_task(self._carry_out(wish, work))
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._ended(wish, task))
        answer = await asyncio.shield(task)
        return respond(answer.body, answer.status)

    async def close(self) -> None:
        """Gives up what is still running, as a crash would: every wish can be interrupted anywhere."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, wish: Wish, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if wish.key is not None:
            del self._running[wish.route, wish.key]

    async def _carry_out(self, wish: Wish, work: Work[T]) -> Answer:
        def begin(connection: Connection) -> tuple[Answer, T | None]:
            first = _first_answer(connection, wish)
            if first is not None:
                return first, None
            made = work.begin(connection)
            return _kept(connection, wish, work.answer(made)), made

        answer, made = await self._store.run(begin)
        if made is None or work.act is None:
            return answer
        conclude = await work.act(made)

        def end(connection: Connection) -> Answer:
            return _kept_anew(connection, wish, work.answer(conclude(connection)))

        return await self._store.run(end)


def _first_answer(connection: Connection, wish: Wish) -> Answer | None:
    row = connection.execute(_FIRST, wish.row()).one_or_none() if wish.key else None
    if row is None:
        return None
    wish.insist_on(row.fingerprint)
    return Answer(row.status, orjson.loads(row.body))


def _kept(connection: Connection, wish: Wish, answer: Answer) -> Answer:
    if wish.key is not None:
        asked = {"route": wish.route, "key": wish.key, "fingerprint": wish.fingerprint}
        connection.execute(_KEPT, asked | _told(answer))
    return answer


def _kept_anew(connection: Connection, wish: Wish, answer: Answer) -> Answer:
    if wish.key is not None:
        connection.execute(_KEPT_ANEW, wish.row() | _told(answer))
    return answer


def _told(answer: Answer) -> dict[str, object]:
    return {"status": answer.status, "body": orjson.dumps(answer.body).decode()}
