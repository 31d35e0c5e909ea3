"""Settlement: how a payment comes to its outcome. The money moves and the payment with it, or neither does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from simulator.core import payments
from simulator.core.errors import Declined
from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind
from simulator.core.ledger import OUTSIDE, Entry, Posting, merchant_account, settling, transfer, wallet
from simulator.core.money import ZERO, Money
from simulator.core.payments import Failure, Move, Payment
from simulator.core.store import Transaction
from simulator.core.subscribers import spend, subscriber_of
from simulator.core.tariffs import charge

if TYPE_CHECKING:
    from simulator.core.worlds import World


def collect(tx: Transaction, world: World, payment: Payment, *, receipt: str) -> None:
    """The payer's money goes to the merchant, the fee of the tariff `customer` to the provider, or raises why not."""
    _count_towards_limit(tx, world, payment)
    payer, fee = wallet(payment.msisdn), charge(tx, world, payment, "customer")
    legs = (
        Posting(payer, -(payment.amount + fee)),
        Posting(merchant_account(payment.merchant, "utility"), payment.amount),
    )
    earned = (Posting(OUTSIDE, fee),) if fee != ZERO else ()
    settle(tx, world, payment, legs + earned, receipt=receipt)


def pay_out(tx: Transaction, world: World, payment: Payment, *, receipt: str, tariff: str) -> None:
    """The merchant's money goes to the payee; the tariff's fee accrues on its charges account. Or raises why not."""
    _count_towards_limit(tx, world, payment)
    fee = charge(tx, world, payment, tariff)
    utility, charges = (merchant_account(payment.merchant, purse) for purse in ("utility", "charges"))
    # The payee first: a wallet that is full is told of before a float that is short.
    legs = (Posting(wallet(payment.msisdn), payment.amount), Posting(utility, -payment.amount))
    owed = transfer(charges, OUTSIDE, fee) if fee != ZERO else ()
    settle(tx, world, payment, legs + owed, receipt=receipt)


def _count_towards_limit(tx: Transaction, world: World, payment: Payment) -> None:
    limit = Money.parse(world.provider_settings(tx, payment.provider).limits["daily"])
    spend(tx, subscriber_of(tx, world, payment.msisdn), payment.amount, day=world.now().date(), limit=limit)


def settle(tx: Transaction, world: World, payment: Payment, postings: tuple[Posting, ...], *, receipt: str) -> Payment:
    """The payment succeeds: posts the entry that settles it and hands the outcome on."""
    now = world.now()
    entered(tx, Entry(settling(payment.key), now, payment.key, postings, payment.correlation))
    settled = payments.moved(payment, Move.SUCCEED, at=now, receipt=receipt)
    decided(tx, settled)
    return settled


def entered(tx: Transaction, entry: Entry) -> None:
    """Posts the entry, and tells the journal."""
    told = [{"account": posting.account, "amount": str(posting.amount)} for posting in entry.postings]
    tx.post(entry)
    tx.append(
        Event(EventKind.ENTRY, entry.at, {"postings": told}, correlation=entry.correlation, payment=entry.payment)
    )


def decided(tx: Transaction, payment: Payment) -> None:
    """Stores the outcome; the provider tells of it in its job `<operation>.decided`."""
    payments.record(tx, payment)
    assert payment.decided_at is not None
    tx.put(job_for(f"{payment.operation}.decided", payment, payment.decided_at))


async def decide(
    world: World,
    key: str,
    work: Callable[[Transaction], None],
    *,
    closing: Callable[[Transaction, World, Payment], None],
) -> bool:
    """Runs `work`; when money or a rule says no, nothing of it happened, and the failed payment is recorded instead.

    `closing` puts away what else the payment had open. Whether `work` had its way.
    """
    try:
        await world.run(work)
        return True
    except Declined as raised:
        failure = Failure.of(raised)

    def decline(tx: Transaction) -> None:
        payment = tx.get(Payment, key)
        assert payment is not None, f"{key} was declined and is not there"
        closing(tx, world, payment)
        decided(tx, payments.moved(payment, Move.FAIL, at=world.now(), failure=failure))

    await world.run(decline)
    return False


def job_for(work: str, payment: Payment, due: datetime, **details: str) -> Job:
    """A job about a payment: at most one of each kind of work."""
    return Job(f"{work}:{payment.key}", work, due, payment.key, details, born_in=payment.correlation)
