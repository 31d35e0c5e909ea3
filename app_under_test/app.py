"""Composition root: the only module that knows everybody."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, insert, inspect

from app_under_test import ledger
from app_under_test.addresses import Addresses
from app_under_test.callbacks import Callbacks
from app_under_test.clients.coop.door import Coop
from app_under_test.clients.coop.pesalink import CoopPesaLink
from app_under_test.clients.daraja.b2c import B2c
from app_under_test.clients.daraja.c2b import C2b
from app_under_test.clients.daraja.door import Daraja
from app_under_test.clients.daraja.stk import StkPush
from app_under_test.clients.jenga.door import Jenga
from app_under_test.clients.jenga.pesalink import JengaPesaLink
from app_under_test.clock import BorrowedClock, Clock, SystemClock, stamp
from app_under_test.customers import Customers
from app_under_test.deposits import Deposits
from app_under_test.edge import Guard, Role, respond
from app_under_test.idempotency import Wishes
from app_under_test.incoming import Incoming
from app_under_test.paybill import Paybill
from app_under_test.payees import list_banks
from app_under_test.pesalink import PesaLink
from app_under_test.problems import as_problems
from app_under_test.reconcile import Reconciliation
from app_under_test.schema import counters, create_tables
from app_under_test.settings import EQUITY, Settings
from app_under_test.store import Store
from app_under_test.withdrawals import Withdrawals

_LARGEST_BODY = 1024 * 1024


def create_app(
    *, provider_url: str, public_url: str, database: str, clock: Clock | None = None, **settings: Any
) -> web.Application:
    """A bank, ready to be served; with a `clock` of somebody else's it has no time of its own.

    Serve it with aiohttp's `handler_cancellation=True`. ValueError for a setting that cannot be.
    """
    parsed = Settings(provider_url=provider_url, public_url=public_url, database=database, **settings)
    clock, store = clock or SystemClock(), Store(parsed.database.get_secret_value())
    daraja, addresses, wishes = Daraja(parsed, clock), Addresses(parsed), Wishes(store)
    stk, b2c = StkPush(parsed, clock, daraja), B2c(parsed, daraja)
    c2b = C2b(parsed, daraja, status=b2c)
    jenga, coop = Jenga(parsed, clock), Coop(parsed, clock)
    pesalink = _pesalink(parsed, JengaPesaLink(parsed, jenga), CoopPesaLink(parsed, clock, coop), addresses)

    customers = Customers(store=store, clock=clock, wishes=wishes)
    deposits = Deposits(parsed, store=store, clock=clock, wishes=wishes, gateway=stk, addresses=addresses)
    withdrawals = Withdrawals(parsed, store=store, clock=clock, wishes=wishes, gateway=b2c, pesalink=pesalink)
    paybill = Paybill(parsed, store=store, clock=clock, gateway=c2b, addresses=addresses, deposits=deposits)
    incoming = Incoming(store=store, clock=clock, pesalink=pesalink, withdrawals=withdrawals)
    callbacks = Callbacks(
        parsed, addresses=addresses, deposits=deposits, withdrawals=withdrawals, paybill=paybill, incoming=incoming
    )
    reconciliation = Reconciliation(
        store=store, clock=clock, wishes=wishes, paybill=paybill, deposits=deposits, withdrawals=withdrawals
    )

    app, doors = _app_at(clock), (daraja.connected, jenga.connected, coop.connected)
    app.cleanup_ctx.extend([_opened(store, parsed, clock), *doors, _carried_out(wishes), paybill.opened])
    guard = Guard({Role.CHANNEL: parsed.channel_key, Role.OPERATOR: parsed.operator_key})
    channel, operator = guard.only(Role.CHANNEL), guard.only(Role.OPERATOR)
    app.add_routes([web.get("/health", _health), *callbacks.routes()])
    app.add_routes(
        [
            web.post("/customers", channel(customers.create)),
            web.get("/customers/{id}", channel(customers.show)),
            web.get("/customers/{id}/statement", channel(customers.statement)),
            web.post("/deposits", channel(deposits.create)),
            web.get("/deposits/{id}", channel(deposits.show)),
            web.post("/withdrawals", channel(withdrawals.create)),
            web.get("/withdrawals/{id}", channel(withdrawals.show)),
            web.get("/banks", channel(list_banks)),
            web.post("/banks/verify", channel(pesalink.verify)),
            web.get("/notices", operator(pesalink.notices)),
            web.post("/reconcile", operator(reconciliation.create)),
            web.get("/reconcile/{id}", operator(reconciliation.show)),
            web.get("/ledger/audit", operator(ledger.Books(store).audit)),
        ]
    )
    return app


def _app_at(clock: Clock) -> web.Application:
    app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[as_problems])
    if isinstance(clock, BorrowedClock):
        app.middlewares.append(clock.read_once)
        app.cleanup_ctx.append(clock.connected)
    return app


def _pesalink(settings: Settings, jenga: JengaPesaLink, coop: CoopPesaLink, addresses: Addresses) -> PesaLink:
    """Co-op Connect tells holders of accounts at any bank; Jenga those at its own, where it is the one that pays."""
    return PesaLink(
        settings,
        gateways={"jenga": jenga, "coop": coop},
        verifiers={EQUITY: jenga} if settings.pesalink == "jenga" else {},
        verifier=coop,
        addresses=addresses,
    )


async def _health(_: web.Request) -> web.Response:
    return respond({"status": "ok"})


_COUNTER = insert(counters)


def _opened(store: Store, settings: Settings, clock: Clock) -> Callable[[web.Application], AsyncIterator[None]]:
    def open_bank(connection: Connection) -> None:
        is_new = not inspect(connection).has_table(counters.name)
        if is_new:
            create_tables(connection)
            connection.execute(_COUNTER, [{"prefix": prefix, "value": 0} for prefix in "CDRW"])
            floats = {"opening_float": settings.opening_float, "pesalink_float": settings.pesalink_opening_float}
            ledger.open_books(connection, **floats, at=stamp(clock.now()))

    async def opened(_: web.Application) -> AsyncIterator[None]:
        try:
            await store.run(open_bank)
            yield
        finally:
            await store.close()

    return opened


def _carried_out(wishes: Wishes) -> Callable[[web.Application], AsyncIterator[None]]:
    async def carried_out(_: web.Application) -> AsyncIterator[None]:
        yield
        await wishes.close()

    return carried_out
