"""Reconciliation: asks the provider about every payment whose outcome nobody has proven, and repairs what differs.

The bank has no background loop: somebody (cron, a ticker) calls the route. Running it twice is running it once. What
the provider finds of a withdrawal comes later, as a callback: the report, when it is read, tells what became of it.
"""

from collections.abc import Callable, Mapping

import orjson
from aiohttp import web
from pydantic import BaseModel
from sqlalchemy import Connection, bindparam, insert, select, update

from app_under_test import deposits, money, withdrawals
from app_under_test.clock import Clock, stamp
from app_under_test.deposits import Deposit, Deposits
from app_under_test.edge import body_of, id_of, respond
from app_under_test.idempotency import Answer, Wishes, Work
from app_under_test.ledger import Audit
from app_under_test.paybill import Paybill
from app_under_test.problems import Problem
from app_under_test.schema import next_id, reconciliations
from app_under_test.store import Store
from app_under_test.withdrawal import Withdrawal
from app_under_test.withdrawals import Withdrawals

_BEGUN = insert(reconciliations)
_FINISHED = update(reconciliations).where(reconciliations.c.id == bindparam("of"))
_REPORT = select(reconciliations.c.report).where(reconciliations.c.id == bindparam("of"))

Payment = Deposit | Withdrawal
Report = dict[str, object]
_FIND: Mapping[str, Callable[[Connection, str], Payment]] = {"deposit": deposits.find, "withdrawal": withdrawals.find}


class Nothing(BaseModel):
    """Reconciliation is asked for without saying anything."""


class Reconciliation:
    """`/reconcile`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        wishes: Wishes,
        paybill: Paybill,
        deposits: Deposits,
        withdrawals: Withdrawals,
    ) -> None:
        self._store, self._clock, self._wishes = store, clock, wishes
        self._paybill, self._deposits, self._withdrawals = paybill, deposits, withdrawals

    async def create(self, request: web.Request) -> web.Response:
        asked = await body_of(request, Nothing)
        at = stamp(self._clock.now())
        work = Work(
            begin=lambda connection: _begin(connection, at), act=self._run, answer=lambda report: Answer(200, report)
        )
        return await self._wishes.fulfil(request, asked, work)

    async def show(self, request: web.Request) -> web.Response:
        reconciliation = id_of(request)
        return respond(await self._store.run(lambda connection: _find(connection, reconciliation)))

    async def _run(self, begun: Report) -> Callable[[Connection], Report]:
        await self._paybill.register()
        paid_in = await self._deposits.overdue()
        for deposit in paid_in:
            await self._deposits.look_into(deposit)
        taken_out = await self._withdrawals.overdue()
        for withdrawal in taken_out:
            await self._withdrawals.look_into(withdrawal)
        unconfirmed = await self._paybill.overdue()
        for payment in unconfirmed:
            await self._paybill.look_into(payment)
        asked = sum(deposit.reference is not None for deposit in paid_in) + len(taken_out) + len(unconfirmed)
        return lambda connection: _finish(connection, begun, [*paid_in, *taken_out], asked)


def _begin(connection: Connection, at: str) -> Report:
    kept: Report = {"id": next_id(connection, "R"), "at": at, "finished": False, "asked": 0, "differences": []}
    connection.execute(_BEGUN, {"id": kept["id"], "report": orjson.dumps([kept, []]).decode()})
    return _as_it_stands(connection, kept, [])


def _finish(connection: Connection, begun: Report, looked_into: list[Payment], asked: int) -> Report:
    """What was looked into, as it was, and accounts that are not the sum of their postings."""
    differences = Audit.of(connection).differences().items()
    kept = begun | {
        "finished": True,
        "asked": asked,
        "differences": [{"account": name, "difference": money.text_of(cents)} for name, cents in differences],
    }
    before = [(_kind_of(payment), payment.id, str(payment.state)) for payment in looked_into]
    connection.execute(_FINISHED, {"of": begun["id"], "report": orjson.dumps([kept, before]).decode()})
    return _as_it_stands(connection, kept, before)


def _find(connection: Connection, reconciliation: str) -> Report:
    report = connection.execute(_REPORT, {"of": reconciliation}).scalar_one_or_none()
    if report is None:
        raise Problem(404, f"there is no reconciliation {reconciliation}")
    return _as_it_stands(connection, *orjson.loads(report))


def _as_it_stands(connection: Connection, kept: Report, before: list[tuple[str, str, str]]) -> Report:
    """The payments as they are now beside what they were."""
    repaired, undecided = [], []
    for kind, payment, was in before:
        now = _FIND[kind](connection, payment)
        if now.proven:
            repaired.append({kind: now.id, "from": was, "to": now.state})
        else:
            undecided.append({kind: now.id, "state": now.state, "reason": now.reason})
    return kept | {"repaired": repaired, "undecided": undecided}


def _kind_of(payment: Payment) -> str:
    return "deposit" if isinstance(payment, Deposit) else "withdrawal"
