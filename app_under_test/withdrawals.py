"""Withdrawals: money that a customer takes out. It is held first, and the hold ends once, by proof.

Proof is a result, or what the provider finds when asked, that names the payment as the bank named it. "There is no such
payment" proves something only once the request cannot be on its way any more: the bank gave it up at its deadline, no
queue keeps it for minutes. Until then, and whenever nothing is proven, the bank asks; it never sends again.
"""

from collections.abc import Callable

from aiohttp import web
from sqlalchemy import Connection, bindparam, insert, select, update

from app_under_test import credits, customers, holds
from app_under_test.addresses import Addresses
from app_under_test.clients.gateway import (
    Absent,
    Accepted,
    Acknowledgement,
    Decided,
    Finding,
    NoAnswer,
    Notice,
    Outcome,
    Payer,
    Payout,
    Question,
    Refused,
    Standing,
    Unclear,
)
from app_under_test.clock import Clock, stamp
from app_under_test.edge import body_of, id_of, respond, seconds_of
from app_under_test.idempotency import Answer, Wishes, Work
from app_under_test.ledger import Overdrawn
from app_under_test.payees import BankAccount, Phone
from app_under_test.pesalink import PesaLink
from app_under_test.problems import Problem
from app_under_test.schema import next_id, questions, withdrawals
from app_under_test.settings import Settings
from app_under_test.states import State
from app_under_test.store import Store
from app_under_test.withdrawal import DARAJA, Way, Withdrawal, WithdrawalRequest

LONGEST_WAIT, _ASKED_EVERY = 60, 5  # seconds

_WITH_ID = select(withdrawals).where(withdrawals.c.id == bindparam("of"))
_UNPROVEN = select(withdrawals).where(~withdrawals.c.proven).order_by(withdrawals.c.created_at, withdrawals.c.id)
_ANOTHER = select(withdrawals.c.id).where(
    withdrawals.c.receipt == bindparam("receipt"), withdrawals.c.id != bindparam("of")
)
_NOWHERE = dict.fromkeys(("msisdn", "bank", "account_number", "name"))
_OPENED = insert(withdrawals).returning(*withdrawals.c)
_CHANGED = update(withdrawals).where(withdrawals.c.id == bindparam("of"))
_UNLESS_PROVEN = _CHANGED.where(~withdrawals.c.proven)
_UNLESS_COMPLETED = _CHANGED.where(withdrawals.c.state != State.COMPLETED)
_UNLESS_NAMED = _CHANGED.where(withdrawals.c.provider_reference.is_(None))
_UNLESS_RECEIVED = _CHANGED.where(withdrawals.c.receipt.is_(None))

_QUESTION = insert(questions)
_ASKED = select(questions.c.withdrawal, questions.c.asked_at).where(questions.c.reference == bindparam("question"))


class Withdrawals:
    """`/withdrawals`, and how the provider is asked about them."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        clock: Clock,
        wishes: Wishes,
        gateway: Payer,
        pesalink: PesaLink,
    ) -> None:
        self._ask_after, self._absent_after = settings.ask_after_seconds, settings.absent_after_seconds
        self._own_accounts = settings.own_accounts
        self._store, self._clock, self._wishes = store, clock, wishes
        self._gateway, self._pesalink, self._addresses = gateway, pesalink, Addresses(settings)

    async def create(self, request: web.Request) -> web.Response:
        """202 once the provider has answered, or has not in time: what became of it is the state."""
        asked = await body_of(request, WithdrawalRequest)
        if isinstance(asked.to, BankAccount) and (asked.to.bank, asked.to.account_number) in self._own_accounts:
            raise Problem(422, "to: that account is this bank's own: nobody is paid there", field="to")
        at = stamp(self._clock.now())
        is_payout = isinstance(asked.to, Phone)
        way = Way(DARAJA, self._addresses.payout_name) if is_payout else self._pesalink.way(asked.amount)
        work = Work(
            begin=lambda connection: open_withdrawal(connection, asked, way, at),
            act=self._pay if is_payout else self._transfer,
            answer=lambda withdrawal: Answer(202, withdrawal.shown()),
        )
        return await self._wishes.fulfil(request, asked, work)

    async def show(self, request: web.Request) -> web.Response:
        """With `wait`, not before it is decided or so many seconds have passed. Meanwhile a bank that pays is asked."""
        seconds = seconds_of(request, "wait", at_most=LONGEST_WAIT)
        withdrawal = await self._find(id_of(request))
        while seconds > 0 and not withdrawal.proven:
            await self._clock.sleep(1)
            seconds, withdrawal = seconds - 1, await self._find(withdrawal.id)
            if seconds % _ASKED_EVERY == 0 and withdrawal.is_transfer and not withdrawal.proven:
                await self.ask(withdrawal)
                withdrawal = await self._find(withdrawal.id)
        return respond(withdrawal.shown())

    async def heard(self, withdrawal: str, result: bytes) -> None:
        """Takes in the result of a payout. One that proves nothing makes the bank ask."""
        notice, at = self._gateway.read_result(result), stamp(self._clock.now())
        unproven = await self._store.run(lambda connection: hear(connection, withdrawal, notice, at=at))
        if unproven is not None:
            await self.ask(unproven)

    async def heard_from_bank(self, withdrawal: str, callback: bytes) -> None:
        """Takes in the result of a transfer. One that proves nothing makes the bank ask."""
        known, at = await self._find(withdrawal), stamp(self._clock.now())
        if not known.is_transfer:
            raise Problem(404, f"{withdrawal} goes to no bank")
        standing = self._pesalink.read_result(known, callback)
        unproven = await self._store.run(lambda connection: hear_bank(connection, withdrawal, standing, at=at))
        if unproven is not None:
            await self.ask(unproven)

    async def ask_about(self, withdrawal: str) -> None:
        await self.ask(await self._find(withdrawal))

    async def doubted(self, withdrawal: str) -> None:
        unproven = await self._store.run(lambda connection: doubt(connection, withdrawal))
        if unproven is not None:
            await self.ask(unproven)

    async def told(self, withdrawal: str, callback: bytes) -> None:
        """Takes in what the provider found."""
        finding, at = self._gateway.read_finding(callback), stamp(self._clock.now())
        absent_after = self._absent_after
        await self._store.run(
            lambda connection: learn(connection, withdrawal, finding, absent_after=absent_after, at=at)
        )

    async def overdue(self) -> list[Withdrawal]:
        """Those that a reconciliation looks into, oldest first."""
        now, found = stamp(self._clock.now()), await self._store.run(unproven)
        return [each for each in found if each.state is not State.PENDING or each.age(now) >= self._ask_after]

    async def look_into(self, withdrawal: Withdrawal) -> None:
        how_it_went = await self.ask(withdrawal)
        await self._store.run(lambda connection: leave(connection, withdrawal, reason=how_it_went))

    async def ask(self, withdrawal: Withdrawal) -> str:
        """Asks the provider, outside of any transaction, and tells how that went. The finding is a callback."""
        asked_at = stamp(self._clock.now())
        if withdrawal.is_transfer:
            standing = await self._pesalink.ask(withdrawal)
            at, after = stamp(self._clock.now()), self._absent_after
            await self._store.run(
                lambda connection: believe(
                    connection, withdrawal, standing, asked_at=asked_at, absent_after=after, at=at
                )
            )
            return standing.reason
        question = Question(
            client_reference=withdrawal.client_reference,
            result_url=self._addresses.b2c(withdrawal.id, "status"),
            timeout_url=self._addresses.b2c(withdrawal.id, "status-timeout"),
        )
        match await self._gateway.ask(question):
            case Accepted(reference):
                await self._store.run(lambda connection: note_question(connection, withdrawal, reference, asked_at))
                return "the provider was asked and will tell"
            case Refused(reason) | Unclear(reason):
                return f"the provider could not be asked: {reason}"

    async def _transfer(self, withdrawal: Withdrawal) -> Callable[[Connection], Withdrawal]:
        """What no answer came to is asked about at once, and never sent again."""
        standing = await self._pesalink.send(withdrawal)
        asked_at = stamp(self._clock.now())
        found = await self._pesalink.ask(withdrawal) if isinstance(standing, NoAnswer) else standing
        at, after = stamp(self._clock.now()), self._absent_after

        def conclude(connection: Connection) -> Withdrawal:
            if isinstance(standing, NoAnswer):
                leave(connection, withdrawal, reason=standing.reason)
            believe(connection, withdrawal, found, asked_at=asked_at, absent_after=after, at=at)
            return find(connection, withdrawal.id)

        return conclude

    async def _find(self, withdrawal: str) -> Withdrawal:
        return await self._store.run(lambda connection: find(connection, withdrawal))

    async def _pay(self, withdrawal: Withdrawal) -> Callable[[Connection], Withdrawal]:
        acknowledgement = await self._gateway.pay(
            Payout(
                withdrawal.client_reference,
                withdrawal.msisdn or "",
                withdrawal.amount,
                remarks=f"Withdrawal {withdrawal.id}",
                result_url=self._addresses.b2c(withdrawal.id, "result"),
                timeout_url=self._addresses.b2c(withdrawal.id, "timeout"),
            )
        )
        at = stamp(self._clock.now())
        return lambda connection: acknowledge(connection, withdrawal, acknowledgement, at=at)


def open_withdrawal(connection: Connection, asked: WithdrawalRequest, way: Way, at: str) -> Withdrawal:
    """The withdrawal and its hold, or neither."""
    if customers.msisdn_of(connection, asked.customer) is None:
        raise Problem(422, f"customer: there is no customer {asked.customer}", field="customer")
    new = next_id(connection, "W")
    row = {"id": new, "customer": asked.customer, "amount": asked.amount, "fee": way.fee, "returned": 0}
    named = {"provider": way.provider, "client_reference": way.name(new, at), "created_at": at}
    to = _NOWHERE | asked.to.model_dump(exclude={"via"})
    opened = connection.execute(_OPENED, row | named | to | {"state": State.PENDING, "proven": False}).one()
    try:
        holds.hold(connection, asked.customer, asked.amount, withdrawal=new, at=at)
    except Overdrawn:
        raise Problem(422, "amount: the customer has less than that available", field="amount") from None
    return Withdrawal.of(opened._mapping)


def find(connection: Connection, withdrawal: str) -> Withdrawal:
    row = connection.execute(_WITH_ID, {"of": withdrawal}).one_or_none()
    if row is None:
        raise Problem(404, f"there is no withdrawal {withdrawal}")
    return Withdrawal.of(row._mapping)


def unproven(connection: Connection) -> list[Withdrawal]:
    """Oldest first: all whose money is held."""
    return [Withdrawal.of(row._mapping) for row in connection.execute(_UNPROVEN)]


def acknowledge(
    connection: Connection, withdrawal: Withdrawal, acknowledgement: Acknowledgement, *, at: str
) -> Withdrawal:
    """Only what an acknowledgement proves: a handle, or that nothing happened. The result may have come before it."""
    match acknowledgement:
        case Accepted(reference):
            _adopt(connection, withdrawal, reference)
        case Refused(reason):
            decide(connection, withdrawal, Outcome.FAILED, reason, at=at)
        case Unclear(reason):
            leave(connection, withdrawal, reason=reason)
    return find(connection, withdrawal.id)


def hear(connection: Connection, withdrawal_id: str, notice: Notice, *, at: str) -> Withdrawal | None:
    """Does what a genuine result proves; the withdrawal if it proves nothing, so that the provider must be asked."""
    withdrawal = find(connection, withdrawal_id)
    if notice.outcome is not None and _agrees(connection, withdrawal, notice):
        if notice.provider_reference is not None:
            _adopt(connection, withdrawal, notice.provider_reference)
        decide(connection, withdrawal, notice.outcome, notice.reason, receipt=notice.receipt, at=at)
        return None
    return None if withdrawal.state is State.COMPLETED else withdrawal


def hear_bank(connection: Connection, withdrawal_id: str, standing: Standing, *, at: str) -> Withdrawal | None:
    """Like `hear`, of a transfer: a success tells a receipt, which no other withdrawal has."""
    withdrawal = find(connection, withdrawal_id)
    if isinstance(standing, Decided):
        receipt = _unless_taken(connection, standing.receipt, withdrawal)
        if standing.outcome is not Outcome.COMPLETED or receipt is not None:
            decide(connection, withdrawal, standing.outcome, standing.reason, receipt=receipt, at=at)
            return None
    return None if withdrawal.state is State.COMPLETED else withdrawal


def believe(
    connection: Connection,
    withdrawal: Withdrawal,
    standing: Standing | Absent,
    *,
    asked_at: str,
    absent_after: float,
    at: str,
) -> None:
    """Writes down what a bank told that was asked. That it knows no such transfer is proof only late, as in `learn`."""
    match standing:
        case Decided(outcome, reason, receipt):
            receipt = _unless_taken(connection, receipt, withdrawal)
            decide(connection, withdrawal, outcome, reason, receipt=receipt, at=at)
        case Absent(reason) if withdrawal.age(asked_at) >= absent_after:
            decide(connection, withdrawal, Outcome.FAILED, reason, at=at)


def doubt(connection: Connection, withdrawal_id: str) -> Withdrawal | None:
    """Writes down that a queue timed out; the withdrawal if it is still to be asked about."""
    withdrawal = find(connection, withdrawal_id)
    leave(connection, withdrawal, reason="the provider's queue timed out")
    return None if withdrawal.proven else withdrawal


def note_question(connection: Connection, withdrawal: Withdrawal, reference: str, asked_at: str) -> None:
    if connection.execute(_ASKED, {"question": reference}).first() is None:
        connection.execute(_QUESTION, {"reference": reference, "withdrawal": withdrawal.id, "asked_at": asked_at})


def learn(connection: Connection, withdrawal_id: str, finding: Finding, *, absent_after: float, at: str) -> None:
    """Writes down what the provider found, if it answers a question about this withdrawal and tells of no other.

    An answer that overtakes the acknowledgement of its question answers none: the next reconciliation asks again.
    """
    withdrawal, told = find(connection, withdrawal_id), finding.told
    asked = connection.execute(_ASKED, {"question": finding.question}).one_or_none()
    if asked is None or asked.withdrawal != withdrawal.id:
        return
    if finding.is_absent:
        if withdrawal.age(asked.asked_at) >= absent_after:
            decide(connection, withdrawal, Outcome.FAILED, told.reason, at=at)
        return
    is_this_one = told.client_reference == withdrawal.client_reference and told.amount == withdrawal.amount
    if told.outcome is not None and is_this_one:
        decide(connection, withdrawal, told.outcome, told.reason, receipt=_unspent(connection, told, withdrawal), at=at)


def leave(connection: Connection, withdrawal: Withdrawal, *, reason: str) -> None:
    """Writes down that the bank does not know, unless it has learnt something meanwhile; it will ask again."""
    _unless_proven(connection, withdrawal, state=State.UNKNOWN, reason=reason)


def decide(
    connection: Connection,
    withdrawal: Withdrawal,
    outcome: Outcome,
    reason: str,
    *,
    at: str,
    receipt: str | None = None,
) -> None:
    """Writes down a proven outcome and ends the hold: a completion from any state, once; a failure unless proven."""
    if outcome is Outcome.COMPLETED:
        _complete(connection, withdrawal, receipt, at)
    elif _unless_proven(connection, withdrawal, state=State(outcome), reason=reason, proven=True):
        holds.release(connection, withdrawal.customer, withdrawal.amount, withdrawal=withdrawal.id, at=at)


def _complete(connection: Connection, withdrawal: Withdrawal, receipt: str | None, at: str) -> None:
    completed = {"state": State.COMPLETED, "proven": True, "receipt": receipt, "reason": None}
    if _unless_proven(connection, withdrawal, **completed):
        pay = holds.pay
    elif connection.execute(_UNLESS_COMPLETED, {"of": withdrawal.id, **completed}).rowcount == 1:
        pay = holds.pay_after_release
    else:
        if receipt is not None:
            connection.execute(_UNLESS_RECEIVED, {"of": withdrawal.id, "receipt": receipt})
        return
    to = withdrawal.paid_from
    pay(connection, withdrawal.customer, withdrawal.amount, withdrawal=withdrawal.id, at=at, to=to)
    holds.charge(connection, withdrawal.fee, withdrawal=withdrawal.id, at=at)
    credits.give_back(connection, withdrawal.id, at=at)


def _agrees(connection: Connection, withdrawal: Withdrawal, notice: Notice) -> bool:
    if withdrawal.is_transfer or notice.client_reference != withdrawal.client_reference:
        return False
    if withdrawal.provider_reference not in (None, notice.provider_reference):
        return False
    if notice.outcome is not Outcome.COMPLETED:
        return True
    asked, told = (withdrawal.amount, withdrawal.msisdn), (notice.amount, notice.msisdn)
    return asked == told and _unspent(connection, notice, withdrawal) is not None


def _unspent(connection: Connection, told: Notice, withdrawal: Withdrawal) -> str | None:
    return _unless_taken(connection, told.receipt, withdrawal)


def _unless_taken(connection: Connection, receipt: str | None, withdrawal: Withdrawal) -> str | None:
    """The receipt, unless another withdrawal has it."""
    another = connection.execute(_ANOTHER, {"receipt": receipt, "of": withdrawal.id}).first()
    return receipt if another is None else None


def _adopt(connection: Connection, withdrawal: Withdrawal, provider_reference: str) -> None:
    connection.execute(_UNLESS_NAMED, {"of": withdrawal.id, "provider_reference": provider_reference})


def _unless_proven(connection: Connection, withdrawal: Withdrawal, **values: object) -> bool:
    return connection.execute(_UNLESS_PROVEN, {"of": withdrawal.id, **values}).rowcount == 1
