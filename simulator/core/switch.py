"""The switch: transfers between accounts at banks. The payer is debited first; the payee's bank then answers, or not.

What a transfer is told with is its provider's, which gets a job `<operation>.decided`, as for any payment.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from simulator.core import payments
from simulator.core.banks import AccountState, account_of, bank_of, fee_account, ledger_account
from simulator.core.entropy import ALPHANUMERIC
from simulator.core.errors import (
    AccountBlocked,
    AccountClosed,
    AccountDormant,
    AccountMissing,
    BankCutOver,
    BankOffline,
    DailyLimitExceeded,
    Declined,
    Forced,
    NotAMember,
    NothingToReturn,
    SwitchTimeOut,
)
from simulator.core.jobs import Job
from simulator.core.ledger import AccountName, Entry, Posting, transfer
from simulator.core.money import ZERO, Money
from simulator.core.payments import Kind, Payment, State
from simulator.core.settlement import decide, entered, job_for, settle
from simulator.core.store import Transaction, subject_of
from simulator.core.subscribers import DaySpend
from simulator.core.tariffs import charge

if TYPE_CHECKING:
    from simulator.core.worlds import World

TRANSIT = AccountName("switch:transit")  # what was debited, and is not with the payee yet
UNCLEAR_AFTER_SECONDS = 25.0  # the switch's own time-out is not public
LATE_SECONDS = 45.0

REFUSALS: dict[AccountState, type[Declined]] = {
    AccountState.MISSING: AccountMissing,
    AccountState.CLOSED: AccountClosed,
    AccountState.BLOCKED: AccountBlocked,
    AccountState.DORMANT: AccountDormant,
    AccountState.BANK_OFFLINE: BankOffline,
    AccountState.CUT_OVER: BankCutOver,
    AccountState.LATE_REFUSAL: SwitchTimeOut,
}
LATE = frozenset({AccountState.LATE, AccountState.LATE_REFUSAL})
MESSAGES = {AccountState.SILENT: 0, AccountState.TWICE: 2}


def position(bank: str) -> AccountName:
    """What the other banks owe this one since the last settlement."""
    return AccountName(f"switch:{bank}")


class Transfer(Struct, frozen=True):
    """What the switch knows of a payment, whose key it has. `payer` and `payee` are keys of accounts.

    `name` is the payee's as the payer wrote it: nobody compares it [inferred]. `tariff` is what the payer's bank
    charges by.
    """

    kind: ClassVar[str] = "transfer"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    payer: str
    payee: str
    end_to_end_id: str
    correlation: str
    name: str = ""
    narration: str = ""
    tariff: str = "pesalink"
    fee: Money = ZERO
    returned: Money = ZERO
    debited_at: datetime | None = None


def end_to_end_id(world: World, payer: str, payee: str, number: int) -> str:
    """Sender and receiver of four digits each, the time, eight characters [SDKs agree]."""
    banks = "".join(key.split(":")[0].zfill(4) for key in (payer, payee))
    return f"{banks}{world.now():%Y%m%d%H%M%S}{world.entropy.text(ALPHANUMERIC, 8, 'end to end', number)}"


def start(
    tx: Transaction, world: World, payment: Payment, transfer: Transfer, *, delay_seconds: float, forced: str
) -> None:
    """Accepts the transfer; `forced` is a code that a fault rule lets it fail with, `delay_seconds` how much later."""
    payments.record(tx, payment)
    tx.put(transfer)
    details = {"delay": str(delay_seconds), **({"code": forced} if forced else {})}
    tx.put(job_for("switch.debit", payment, world.now(), **details))


def incoming_of(provider: str) -> str:
    """The operation of money that comes in to an account of the provider's client."""
    return f"{provider}.credit"


def outcome_of(payment: str) -> str:
    """What `World.expect` waits for: the transfer is decided, or known to be unclear."""
    return f"transfer:{payment}"


async def debit(world: World, job: Job) -> None:
    """Job: the payer's bank debits its customer, and sends the transfer on."""

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        transfer = transfer_of(tx, payment)
        payer = account_of(tx, world, transfer.payer)
        if payer.refuses_debits:
            raise Forced(payer.refuses_debits)
        _count_towards_limit(tx, world, payment, payer.key)
        fee = charge(tx, world, payment, transfer.tariff)
        legs = (Posting(ledger_account(payer.key), -(payment.amount + fee)), Posting(TRANSIT, payment.amount))
        earned = (Posting(fee_account(payer.bank), fee),) if fee != ZERO else ()
        entered(tx, Entry(f"debit:{payment.key}", world.now(), payment.key, legs + earned, payment.correlation))
        tx.put(replace(transfer, fee=fee, debited_at=world.now()))
        _send(tx, world, payment, transfer, job)

    if not await decide(world, job.subject, work, closing=_take_back):
        world.happened(outcome_of(job.subject))


def transfer_of(tx: Transaction, payment: Payment) -> Transfer:
    transfer = tx.get(Transfer, payment.key)
    assert transfer is not None, f"{payment.key} is no transfer"
    return transfer


def _count_towards_limit(tx: Transaction, world: World, payment: Payment, account: str) -> None:
    limit, today = Money.parse(world.provider_settings(tx, payment.provider).limits["daily"]), world.now().date()
    spent = tx.get(DaySpend, account)
    total = payment.amount + (spent.amount if spent is not None and spent.day == today else ZERO)
    if total > limit:
        raise DailyLimitExceeded(f"{account} would pay {total} on {today}, the limit is {limit}")
    tx.put(DaySpend(account, today, total))


def _uncount(tx: Transaction, payment: Payment, account: str, debited_at: datetime) -> None:
    """What was taken back was not spent on the day of its debit."""
    spent = tx.get(DaySpend, account)
    if spent is not None and spent.day == debited_at.date():
        tx.put(replace(spent, amount=spent.amount - payment.amount))


def _send(tx: Transaction, world: World, payment: Payment, transfer: Transfer, job: Job) -> None:
    """The payee's bank answers after the provider's latency, or late; meanwhile the switch may give it up."""
    operation = payment.operation.split(".", 1)[1]
    published = world.provider_settings(tx, payment.provider).latency[f"{operation}.processing"]
    if account_of(tx, world, transfer.payee).state in LATE:
        published = LATE_SECONDS
    wait = world.wait_seconds(published) + float(job.details["delay"])
    now, unclear = world.now(), world.wait_seconds(UNCLEAR_AFTER_SECONDS)
    code = {"code": job.details["code"]} if "code" in job.details else {}
    tx.put(job_for("switch.answer", payment, now + timedelta(seconds=wait), **code))
    if wait > unclear:
        tx.put(job_for("switch.give_up", payment, now + timedelta(seconds=unclear)))


async def answer(world: World, job: Job) -> None:
    """Job: the payee's bank has answered, and the switch tells both sides."""
    number = await world.take_receipt_number()

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        transfer = transfer_of(tx, payment)
        why_not = (
            Forced(job.details["code"]) if "code" in job.details else _why_not(tx, world, transfer, payment.provider)
        )
        if why_not is not None:
            raise why_not
        legs = _moved(TRANSIT, transfer, payment.amount)
        settle(tx, world, payment, legs, receipt=world.receipt(payment.provider, world.now(), number))

    await decide(world, job.subject, work, closing=_take_back)
    world.happened(outcome_of(job.subject))


def _why_not(tx: Transaction, world: World, transfer: Transfer, provider: str) -> Declined | None:
    payee = account_of(tx, world, transfer.payee)
    bank = bank_of(tx, world, payee.bank)
    if bank is None or not bank.is_member:
        return NotAMember(f"{payee.bank} is no member of the switch")
    if not bank.takes_at(world.now()):
        return BankOffline(f"{bank.name} does not answer")
    if payee.refuses_credits:
        told = f"{payee.key} takes no credits"
        return Forced(payee.refuses_credits) if payee.surface == provider else AccountBlocked(told)
    refusal = REFUSALS.get(payee.state)
    return refusal(f"{payee.key} is {payee.state}") if refusal is not None else None


def _moved(source: AccountName, transfer: Transfer, amount: Money) -> tuple[Posting, ...]:
    """From the source to the payee, and the banks' positions with it."""
    legs = (Posting(source, -amount), Posting(ledger_account(transfer.payee), amount))
    return legs + _positions(transfer.payer, transfer.payee, amount)


def _positions(payer: str, payee: str, amount: Money) -> tuple[Posting, ...]:
    """The payer's bank owes the payee's from now on; within one bank nobody owes anything."""
    source, destination = payer.split(":")[0], payee.split(":")[0]
    return () if source == destination else transfer(position(source), position(destination), amount)


def _take_back(tx: Transaction, world: World, payment: Payment) -> None:
    """The payer gets back what was debited, with the fee."""
    for work in JOBS:
        tx.drop(Job, f"{work}:{payment.key}")
    told = transfer_of(tx, payment)
    if told.debited_at is None:
        return
    payer = told.payer
    _uncount(tx, payment, payer, told.debited_at)
    legs = (Posting(TRANSIT, -payment.amount), Posting(ledger_account(payer), payment.amount + told.fee))
    unearned = (Posting(fee_account(payer.split(":")[0]), -told.fee),) if told.fee != ZERO else ()
    entered(tx, Entry(f"reversal:{payment.key}", world.now(), payment.key, legs + unearned, payment.correlation))
    tx.put(replace(told, fee=ZERO))


async def give_up(world: World, job: Job) -> None:
    """Job: the switch had no answer in time: nobody waits for it any longer. What became of it, its answer tells."""

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is not None:
            tx.done(job)

    await world.run(work)
    world.happened(outcome_of(job.subject))


def messages(tx: Transaction, world: World, transfer: Transfer) -> int:
    """How often the outcome is told: once, but for accounts that stand for something else."""
    return MESSAGES.get(account_of(tx, world, transfer.payee).state, 1)


async def give_back(world: World, key: str, amount: Money) -> Payment:
    """The payee returns what a settled transfer brought, or part of it: a payment of its own.

    `NothingToReturn` when that is more than is left of it; a `Declined` when the payee has not got it any more.
    """
    number, receipt = await world.take("payment"), await world.take_receipt_number()

    def work(tx: Transaction) -> Payment:
        payment, told = tx.get(Payment, key), tx.get(Transfer, key)
        if payment is None or told is None or payment.state is not State.SUCCEEDED:
            raise NothingToReturn(f"{key} is no settled transfer")
        if payment.operation == incoming_of(payment.provider):
            raise NothingToReturn(f"{key} came in: what a client got is not returned")
        if amount <= ZERO or told.returned + amount > payment.amount:
            raise NothingToReturn(f"{payment.amount - told.returned} is left of {key}, not {amount}")
        tx.put(replace(told, returned=told.returned + amount))
        back = _unasked(world, number, told.payee, told.payer, narration=f"RETURN {told.end_to_end_id}")
        incoming = _incoming(back, payment.provider, Kind.RETURN, amount, reference=payment.reference)
        return _credit(tx, world, back, incoming, receipt)

    return await world.run(work)


class Incoming(Struct, frozen=True):
    """Somebody at a bank pays an account of a client's; both are keys of accounts."""

    payer: str
    payee: str
    amount: Money
    narration: str = ""


async def receive(world: World, incoming: Incoming) -> Payment:
    """Money comes in unasked. `AccountMissing` when the payee is no client's account, or the payer's own; or
    `InsufficientFunds`."""
    number, receipt = await world.take("payment"), await world.take_receipt_number()

    def work(tx: Transaction) -> Payment:
        payee = account_of(tx, world, incoming.payee)
        if not payee.surface:
            raise AccountMissing(f"{incoming.payee} is the account of no provider's client")
        if incoming.payee == incoming.payer:
            raise AccountMissing(f"{incoming.payee} cannot pay itself")
        told = _unasked(world, number, incoming.payer, incoming.payee, narration=incoming.narration)
        payment = _incoming(told, payee.surface, Kind.TRANSFER, incoming.amount, reference=incoming.narration)
        return _credit(tx, world, told, payment, receipt)

    return await world.run(work)


def _unasked(world: World, number: int, payer: str, payee: str, *, narration: str) -> Transfer:
    """A transfer that no request of a client's brought about."""
    key, name = f"p{number:06d}", end_to_end_id(world, payer, payee, number)
    return Transfer(key, payer, payee, end_to_end_id=name, correlation=key, narration=narration)


def _incoming(told: Transfer, provider: str, what: Kind, amount: Money, *, reference: str) -> Payment:
    return Payment(
        key=told.key,
        what=what,
        operation=incoming_of(provider),
        amount=amount,
        msisdn="",
        merchant=told.payee.split(":")[1],
        reference=reference,
        provider_reference=told.end_to_end_id,
        correlation=told.correlation,
        account=ledger_account(told.payee),
    )


def _credit(tx: Transaction, world: World, told: Transfer, incoming: Payment, receipt: int) -> Payment:
    """Settles at once; the provider tells its client in its job `<provider>.credit.decided`."""
    now = world.now()
    payment = payments.begun(incoming, now)
    payments.record(tx, payment)
    tx.put(replace(told, debited_at=now))
    legs = _moved(ledger_account(told.payer), told, payment.amount)
    return settle(tx, world, payment, legs, receipt=world.receipt(payment.provider, now, receipt))


def positions(tx: Transaction, world: World) -> dict[str, Money]:
    """Of the banks that owe, or are owed, by their codes."""
    held = {bank: tx.balance(position(bank)).balance for bank in sorted(world.template.banks)}
    return {bank: amount for bank, amount in held.items() if amount != ZERO}


def clear(tx: Transaction, world: World, number: int) -> dict[str, Money]:
    """Settles at the central bank: every position is paid, and starts again from nothing. Gives what they were.

    When that happens in life is not public; here it is when somebody asks for it.
    """
    owed = positions(tx, world)
    legs = tuple(Posting(position(bank), -amount) for bank, amount in owed.items())
    if legs:
        tx.post(Entry(f"settle:{number}", world.now(), "", legs))
    return owed


JOBS = {"switch.debit": debit, "switch.answer": answer, "switch.give_up": give_up}
