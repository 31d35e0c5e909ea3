"""Reconciliation: asks the provider about every deposit whose outcome nobody has proven, and repairs what differs.

The bank has no background loop: somebody (cron, a ticker) calls the route. Running it twice is running it once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import orjson
from aiohttp import web
from pydantic import BaseModel
from sqlalchemy import Connection, insert, select, update

from app_under_test import money
from app_under_test.clients.gateway import Decided, Undecided
from app_under_test.clock import Clock, stamp
from app_under_test.deposits import Deposit, Deposits, State, find, leave, unproven
from app_under_test.edge import body_of, respond
from app_under_test.idempotency import Answer, Wishes, Work
from app_under_test.ledger import Audit
from app_under_test.problems import Problem
from app_under_test.schema import next_id, reconciliations
from app_under_test.settings import Settings
from app_under_test.store import Store

Report = dict[str, object]


class Nothing(BaseModel):
    """Reconciliation is asked for without saying anything."""


class Reconciliation:
    """`/reconcile`."""

    def __init__(self, settings: Settings, *, store: Store, clock: Clock, wishes: Wishes, deposits: Deposits) -> None:
        self._ask_after = timedelta(seconds=settings.ask_after_seconds)
        self._expire_after = timedelta(seconds=settings.expire_after_seconds)
        self._store, self._clock, self._wishes, self._deposits = store, clock, wishes, deposits

    async def create(self, request: web.Request) -> web.Response:
        asked = await body_of(request, Nothing)
        at = stamp(self._clock.now())
        work = Work(
            begin=lambda connection: _begin(connection, at), act=self._run, answer=lambda report: Answer(200, report)
        )
        return await self._wishes.fulfil(request, asked, work)

    async def show(self, request: web.Request) -> web.Response:
        reconciliation = request.match_info["id"]
        return respond(await self._store.run(lambda connection: _find(connection, reconciliation)))

    async def _run(self, report: Report) -> Callable[[Connection], Report]:
        waiting = [each for each in await self._store.run(unproven) if self._is_due(each)]
        for deposit in waiting:
            await self._look_into(deposit)
        return lambda connection: _finish(connection, report, waiting)

    def _is_due(self, deposit: Deposit) -> bool:
        return deposit.state is not State.PENDING or self._age(deposit) >= self._ask_after

    def _age(self, deposit: Deposit) -> timedelta:
        return self._clock.now() - datetime.fromisoformat(deposit.created_at)

    async def _look_into(self, deposit: Deposit) -> None:
        standing = await self._deposits.ask(deposit)
        if isinstance(standing, Decided):
            return
        state = deposit.state
        if isinstance(standing, Undecided) and self._age(deposit) >= self._expire_after:
            state = State.EXPIRED
        elif deposit.reference is None:
            state = State.UNKNOWN
        await self._store.run(lambda connection: leave(connection, deposit, state=state, reason=standing.reason))


def _begin(connection: Connection, at: str) -> Report:
    report: Report = {"id": next_id(connection, "R"), "at": at, "finished": False}
    report |= {"asked": 0, "repaired": [], "undecided": [], "differences": []}
    connection.execute(insert(reconciliations).values(id=report["id"], report=orjson.dumps(report).decode()))
    return report


def _finish(connection: Connection, report: Report, waiting: list[Deposit]) -> Report:
    """The deposits as they are now beside what they were, and accounts that are not the sum of their postings."""
    pairs = [(before, find(connection, before.id)) for before in waiting]
    finished = report | {
        "finished": True,
        "asked": sum(deposit.reference is not None for deposit in waiting),
        "repaired": [{"deposit": now.id, "from": was.state, "to": now.state} for was, now in pairs if now.proven],
        "undecided": [
            {"deposit": now.id, "state": now.state, "reason": now.reason} for _, now in pairs if not now.proven
        ],
        "differences": [
            {"account": account, "difference": money.text_of(cents)}
            for account, cents in Audit.of(connection).differences().items()
        ],
    }
    of_id = reconciliations.c.id == report["id"]
    connection.execute(update(reconciliations).where(of_id).values(report=orjson.dumps(finished).decode()))
    return finished


def _find(connection: Connection, reconciliation: str) -> Report:
    found = select(reconciliations.c.report).where(reconciliations.c.id == reconciliation)
    report = connection.execute(found).scalar_one_or_none()
    if report is None:
        raise Problem(404, f"there is no reconciliation {reconciliation}")
    read: Report = orjson.loads(report)
    return read
