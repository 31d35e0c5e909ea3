"""Deposits: money that a customer pays in from the phone.

Two guarded updates make the order and the number of the provider's messages indifferent: a completion credits once and
from any state; every other change stops at a deposit whose outcome is proven.
"""

from collections.abc import Callable
from typing import Annotated, Literal

from aiohttp import web
from msgspec import Struct
from msgspec.structs import asdict
from pydantic import AfterValidator, BaseModel, BeforeValidator
from sqlalchemy import Connection, RowMapping, bindparam, insert, or_, select, update

from app_under_test import customers, ledger, money, receipts
from app_under_test.addresses import Addresses
from app_under_test.clients.gateway import (
    Accepted,
    Acknowledgement,
    Collector,
    Decided,
    NoAnswer,
    Notice,
    Outcome,
    Push,
    Refused,
    Standing,
    Unclear,
    Undecided,
)
from app_under_test.clock import Clock, seconds_between, stamp
from app_under_test.customers import CustomerId
from app_under_test.edge import body_of, id_of, respond
from app_under_test.idempotency import Answer, Wishes, Work
from app_under_test.problems import Problem
from app_under_test.schema import deposits, next_id
from app_under_test.settings import Settings
from app_under_test.states import State
from app_under_test.store import Store

_WITH_ID = select(deposits).where(deposits.c.id == bindparam("of"))
_UNPROVEN = select(deposits).where(~deposits.c.proven).order_by(deposits.c.created_at, deposits.c.id)
_HOLDER = select(deposits.c.id).where(deposits.c.provider_reference == bindparam("handle"))
_OPENED = insert(deposits).returning(*deposits.c)
_CHANGED = update(deposits).where(deposits.c.id == bindparam("of"))
_UNLESS_PROVEN = _CHANGED.where(~deposits.c.proven)
_UNLESS_COMPLETED = _CHANGED.where(deposits.c.state != State.COMPLETED)
_UNLESS_NAMED = _CHANGED.where(or_(~deposits.c.proven, deposits.c.provider_reference.is_(None)))
_UNLESS_RECEIVED = _CHANGED.where(deposits.c.receipt.is_(None))


class DepositRequest(BaseModel):
    customer: CustomerId
    amount: Annotated[int, BeforeValidator(money.cents_of), AfterValidator(money.carried_by_mpesa(at_least=1_00))]
    via: Literal["mpesa"]


class Deposit(Struct, frozen=True):
    id: str
    customer: str
    msisdn: str
    amount: int
    via: str
    state: State
    proven: bool  # by the provider's word; the bank's own guesses are not
    provider_reference: str | None
    heard_reference: str | None
    receipt: str | None
    reason: str | None
    created_at: str

    @property
    def reference(self) -> str | None:
        """What the provider can be asked with."""
        return self.provider_reference or self.heard_reference

    def age(self, now: str) -> float:
        return seconds_between(self.created_at, now)

    def shown(self) -> dict[str, object]:
        told = asdict(self) | {"amount": money.text_of(self.amount)}
        del told["heard_reference"]
        return told


class Deposits:
    """`/deposits`, and what the provider says of them when it is asked."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        clock: Clock,
        wishes: Wishes,
        gateway: Collector,
        addresses: Addresses,
    ) -> None:
        self._ask_after, self._expire_after = settings.ask_after_seconds, settings.expire_after_seconds
        self._store, self._clock, self._wishes = store, clock, wishes
        self._gateway, self._addresses = gateway, addresses

    async def create(self, request: web.Request) -> web.Response:
        """202 once the provider has answered, or has not in time: what became of it is the state."""
        asked = await body_of(request, DepositRequest)
        at = stamp(self._clock.now())
        work = Work(
            begin=lambda connection: open_deposit(connection, asked, at),
            act=self._push,
            answer=lambda deposit: Answer(202, deposit.shown()),
        )
        return await self._wishes.fulfil(request, asked, work)

    async def show(self, request: web.Request) -> web.Response:
        deposit = id_of(request)
        return respond((await self._store.run(lambda connection: find(connection, deposit))).shown())

    async def heard(self, deposit: str, callback: bytes) -> None:
        """Takes in the outcome of a push. One that proves nothing makes the bank ask, and then counts again."""
        notice, at = self._gateway.read(callback), stamp(self._clock.now())
        unproven = await self._store.run(lambda connection: hear(connection, deposit, notice, at=at))
        if unproven is not None:
            await self.ask(unproven)
            await self._store.run(lambda connection: hear(connection, deposit, notice, at=at))

    async def overdue(self) -> list[Deposit]:
        """Those that a reconciliation looks into, oldest first."""
        now, found = stamp(self._clock.now()), await self._store.run(unproven)
        return [each for each in found if each.state is not State.PENDING or each.age(now) >= self._ask_after]

    async def look_into(self, deposit: Deposit) -> None:
        """Asks, and writes down what the bank assumes where the provider decides nothing."""
        standing = await self.ask(deposit)
        if isinstance(standing, Decided):
            return
        state = deposit.state
        if isinstance(standing, Undecided) and deposit.age(stamp(self._clock.now())) >= self._expire_after:
            state = State.EXPIRED
        elif deposit.reference is None:
            state = State.UNKNOWN
        await self._store.run(lambda connection: leave(connection, deposit, state=state, reason=standing.reason))

    async def ask(self, deposit: Deposit) -> Standing:
        """Asks the provider, outside of any transaction, and writes down what it decided."""
        reference = deposit.reference
        if reference is None:
            return NoAnswer("its acknowledgement was lost: there is nothing to ask with")
        standing = await self._gateway.query(reference)
        if isinstance(standing, Decided):
            at = stamp(self._clock.now())
            await self._store.run(lambda connection: learn(connection, deposit, reference, standing, at=at))
        return standing

    async def _push(self, deposit: Deposit) -> Callable[[Connection], Deposit]:
        acknowledgement = await self._gateway.push(
            Push(deposit.id, deposit.msisdn, deposit.amount, self._addresses.stk(deposit.id))
        )
        return lambda connection: acknowledge(connection, deposit, acknowledgement)


def open_deposit(connection: Connection, asked: DepositRequest, at: str) -> Deposit:
    msisdn = customers.msisdn_of(connection, asked.customer)
    if msisdn is None:
        raise Problem(422, f"customer: there is no customer {asked.customer}", field="customer")
    deposit = next_id(connection, "D")
    row = {"id": deposit, "customer": asked.customer, "msisdn": msisdn, "amount": asked.amount, "via": asked.via}
    opened = connection.execute(_OPENED, row | {"state": State.PENDING, "proven": False, "created_at": at}).one()
    return _deposit(opened._mapping)


def find(connection: Connection, deposit: str) -> Deposit:
    row = connection.execute(_WITH_ID, {"of": deposit}).one_or_none()
    if row is None:
        raise Problem(404, f"there is no deposit {deposit}")
    return _deposit(row._mapping)


def unproven(connection: Connection) -> list[Deposit]:
    """Oldest first: all whose outcome nobody has proven yet, those included that expired here."""
    return [_deposit(row._mapping) for row in connection.execute(_UNPROVEN)]


def acknowledge(connection: Connection, deposit: Deposit, acknowledgement: Acknowledgement) -> Deposit:
    """Only what an acknowledgement proves: a handle, or that nothing happened. A callback may have come before it."""
    match acknowledgement:
        case Accepted(reference):
            adopt(connection, deposit, reference)
        case Refused(reason):
            _unless_proven(connection, deposit, state=State.FAILED, reason=reason, proven=True)
        case Unclear(reason):
            leave(connection, deposit, state=State.UNKNOWN, reason=reason)
    return find(connection, deposit.id)


def hear(connection: Connection, deposit_id: str, notice: Notice, *, at: str) -> Deposit | None:
    """Does what a genuine callback proves; the deposit if it proves nothing, so that the provider must be asked.

    A callback that comes before the acknowledgement brings a handle of its own: it cannot vouch for itself.
    """
    deposit = find(connection, deposit_id)
    if notice.outcome is not None and _agrees(connection, deposit, notice):
        decide(connection, deposit, notice.outcome, notice.reason, receipt=notice.receipt, at=at)
        return None
    if deposit.provider_reference is None and notice.provider_reference is not None:
        connection.execute(_CHANGED, {"of": deposit_id, "heard_reference": notice.provider_reference})
        deposit = find(connection, deposit_id)
    return None if deposit.state is State.COMPLETED else deposit


def learn(connection: Connection, deposit: Deposit, reference: str, standing: Decided, *, at: str) -> None:
    """Writes down what the provider decided about a handle that it recognised, if that handle is this deposit's."""
    adopt(connection, deposit, reference)
    if find(connection, deposit.id).provider_reference == reference:
        decide(connection, deposit, standing.outcome, standing.reason, at=at)


def _agrees(connection: Connection, deposit: Deposit, notice: Notice) -> bool:
    if notice.provider_reference is None or notice.provider_reference != deposit.provider_reference:
        return False
    if notice.outcome is not Outcome.COMPLETED:
        return True
    asked, told = (deposit.amount, deposit.msisdn), (notice.amount, notice.msisdn)
    if asked != told or notice.receipt is None:
        return False
    return not receipts.is_spent(connection, notice.receipt, deposit.amount, but_for=deposit.id)


def adopt(connection: Connection, deposit: Deposit, provider_reference: str) -> None:
    """The handle to ask with, unless another deposit has it, or this one is proven under a handle of its own."""
    if connection.execute(_HOLDER, {"handle": provider_reference}).first() is None:
        connection.execute(_UNLESS_NAMED, {"of": deposit.id, "provider_reference": provider_reference})


def decide(
    connection: Connection, deposit: Deposit, outcome: Outcome, reason: str, *, at: str, receipt: str | None = None
) -> None:
    """Writes down a proven outcome: a completion from any state, once; a failure unless something is proven already."""
    if outcome is Outcome.COMPLETED:
        _complete(connection, deposit, receipt, at)
    else:
        _unless_proven(connection, deposit, state=State(outcome), reason=reason, proven=True)


def leave(connection: Connection, deposit: Deposit, *, state: State, reason: str) -> None:
    """Writes down what the bank assumes without proof, unless it learnt something meanwhile; it will ask again."""
    if find(connection, deposit.id).state is deposit.state:
        _unless_proven(connection, deposit, state=state, reason=reason)


def _complete(connection: Connection, deposit: Deposit, receipt: str | None, at: str) -> None:
    completed = {"state": State.COMPLETED, "proven": True, "receipt": receipt, "reason": None}
    if connection.execute(_UNLESS_COMPLETED, {"of": deposit.id, **completed}).rowcount == 1:
        arrived = receipts.take_from_suspense(connection, deposit.id, deposit.amount, receipt)
        source = ledger.FLOAT if arrived is None else ledger.SUSPENSE
        to, amount = ledger.customer_account(deposit.customer), deposit.amount
        legs = (ledger.Posting(to, amount), ledger.Posting(source, -amount))
        ledger.post(connection, legs, kind="deposit", reference=deposit.id, at=at)
        if receipt is None and arrived is not None:
            fill_in(connection, deposit, arrived)
    elif receipt is not None and fill_in(connection, deposit, receipt):
        _explain(connection, deposit, receipt, at)


def fill_in(connection: Connection, deposit: Deposit, receipt: str) -> bool:
    """Whether it had none: a query, which tells none, may have completed it."""
    return connection.execute(_UNLESS_RECEIVED, {"of": deposit.id, "receipt": receipt}).rowcount == 1


def _explain(connection: Connection, deposit: Deposit, receipt: str, at: str) -> None:
    """Money in suspense, whose account named nobody, was this deposit's, and credited before anybody knew that."""
    if receipts.take_from_suspense(connection, deposit.id, deposit.amount, receipt):
        legs = (ledger.Posting(ledger.SUSPENSE, -deposit.amount), ledger.Posting(ledger.FLOAT, deposit.amount))
        ledger.post(connection, legs, kind="explained", reference=receipt, at=at)


def _unless_proven(connection: Connection, deposit: Deposit, **values: object) -> None:
    connection.execute(_UNLESS_PROVEN, {"of": deposit.id, **values})


def _deposit(row: RowMapping) -> Deposit:
    return Deposit(**{**row, "state": State(row["state"])})
