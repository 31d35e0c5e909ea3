"""Customers: one for each MSISDN, each with an account in the ledger."""

from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, StringConstraints
from sqlalchemy import Connection, insert, select

from app_under_test import ledger, money
from app_under_test.clock import Clock, stamp
from app_under_test.edge import body_of, respond
from app_under_test.idempotency import Answer, Wishes, Work
from app_under_test.problems import Problem
from app_under_test.schema import customers, next_id
from app_under_test.store import Store

Msisdn = Annotated[str, StringConstraints(pattern=r"^254[17][0-9]{8}$")]


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("a name holds no control characters")
    return name


class CustomerRequest(BaseModel):
    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_printable)
    ]
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
        customer = request.match_info["id"]
        return respond(await self._store.run(lambda connection: shown(connection, customer)))

    async def statement(self, request: web.Request) -> web.Response:
        customer = request.match_info["id"]

        def read(connection: Connection) -> dict[str, object]:
            entries = ledger.statement_of(connection, customer)
            return {"customer": customer, "balance": shown(connection, customer)["balance"], "items": entries}

        return respond(await self._store.run(read))


def admit(connection: Connection, asked: CustomerRequest, at: str) -> Answer:
    known = connection.execute(select(customers.c.id).where(customers.c.msisdn == asked.msisdn)).scalar_one_or_none()
    if known is not None:
        return Answer(200, shown(connection, known))
    new = next_id(connection, "C")
    connection.execute(insert(customers).values(id=new, name=asked.name, msisdn=asked.msisdn, created_at=at))
    ledger.open_account(connection, ledger.customer_account(new))
    ledger.open_account(connection, ledger.held_account(new))
    return Answer(201, shown(connection, new))


def shown(connection: Connection, customer: str) -> dict[str, object]:
    row = connection.execute(select(customers).where(customers.c.id == customer)).one_or_none()
    if row is None:
        raise Problem(404, f"there is no customer {customer}")
    available = ledger.balance_of(connection, ledger.customer_account(customer))
    balance = available + ledger.balance_of(connection, ledger.held_account(customer))
    sums = {"balance": money.text_of(balance), "available": money.text_of(available)}
    return {"id": row.id, "name": row.name, "msisdn": row.msisdn, **sums}


def msisdn_of(connection: Connection, customer: str) -> str | None:
    return connection.execute(select(customers.c.msisdn).where(customers.c.id == customer)).scalar_one_or_none()
