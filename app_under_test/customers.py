"""Customers: one for each MSISDN, each with an account in the ledger."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, BaseModel, StringConstraints
from sqlalchemy import Connection, Row, bindparam, insert, literal, select

from app_under_test import ledger, money
from app_under_test.clock import Clock, stamp
from app_under_test.edge import body_of, id_of, respond
from app_under_test.idempotency import Answer, Wishes, Work
from app_under_test.problems import Problem
from app_under_test.schema import accounts, customers, next_id
from app_under_test.store import Store

_AVAILABLE, _HELD = accounts.alias("available"), accounts.alias("held")
_SHOWN = (
    select(customers, _AVAILABLE.c.balance.label("available"), _HELD.c.balance.label("held"))
    .join(_AVAILABLE, _AVAILABLE.c.account == literal(ledger.customer_account("")) + customers.c.id)
    .join(_HELD, _HELD.c.account == literal(ledger.held_account("")) + customers.c.id)
)
_WITH_ID = _SHOWN.where(customers.c.id == bindparam("of"))
_WITH_MSISDN = _SHOWN.where(customers.c.msisdn == bindparam("of"))
_MSISDN = select(customers.c.msisdn).where(customers.c.id == bindparam("of"))
_ADMITTED = insert(customers)

Msisdn = Annotated[str, StringConstraints(pattern=r"^254[17][0-9]{8}$")]
CustomerId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,20}$")]


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("a name holds no control characters")
    return name


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_printable)
]


class CustomerRequest(BaseModel):
    name: Name
    msisdn: Msisdn


class Customers:
    """`/customers`."""

    def __init__(self, *, store: Store, clock: Clock, wishes: Wishes) -> None:
        self._store, self._clock, self._wishes = store, clock, wishes

    async def create(self, request: web.Request) -> web.Response:
        asked = await body_of(request, CustomerRequest)
        at = stamp(self._clock.now())
        work = Work(begin=lambda connection: admit(connection, asked, at), answer=lambda answer: answer)
        return await self._wishes.fulfil(request, asked, work)

    async def show(self, request: web.Request) -> web.Response:
        customer = id_of(request)
        return respond(await self._store.run(lambda connection: shown(connection, customer)))

    async def statement(self, request: web.Request) -> web.Response:
        customer = id_of(request)

        def read(connection: Connection) -> dict[str, object]:
            entries = ledger.statement_of(connection, customer)
            return {"customer": customer, "balance": shown(connection, customer)["balance"], "items": entries}

        return respond(await self._store.run(read))


def admit(connection: Connection, asked: CustomerRequest, at: str) -> Answer:
    known = connection.execute(_WITH_MSISDN, {"of": asked.msisdn}).one_or_none()
    if known is not None:
        return Answer(200, _as_shown(known))
    new = next_id(connection, "C")
    told = {"id": new, "name": asked.name, "msisdn": asked.msisdn, "created_at": at}
    connection.execute(_ADMITTED, told)
    ledger.open_account(connection, ledger.customer_account(new))
    ledger.open_account(connection, ledger.held_account(new))
    return Answer(201, shown(connection, new))


def shown(connection: Connection, customer: str) -> dict[str, object]:
    row = connection.execute(_WITH_ID, {"of": customer}).one_or_none()
    if row is None:
        raise Problem(404, f"there is no customer {customer}")
    return _as_shown(row)


def _as_shown(row: Row[Any]) -> dict[str, object]:
    sums = {"balance": money.text_of(row.available + row.held), "available": money.text_of(row.available)}
    return {"id": row.id, "name": row.name, "msisdn": row.msisdn, **sums}


def msisdn_of(connection: Connection, customer: str) -> str | None:
    return connection.execute(_MSISDN, {"of": customer}).scalar_one_or_none()
