"""B2C: what the core makes of a queued payout, and the result that it tells."""

from __future__ import annotations

from simulator.core.errors import (
    AccountInactive,
    AmountTooLarge,
    AmountTooSmall,
    Declined,
    PartyInactive,
    ProductNotPermitted,
    UnknownParty,
    UnregisteredParty,
)
from simulator.core.jobs import Job
from simulator.core.ledger import merchant_account
from simulator.core.merchants import Merchant, ShortcodeKind, merchant_of
from simulator.core.money import Money
from simulator.core.payments import Payment, State
from simulator.core.settlement import decide, pay_out
from simulator.core.store import Transaction, subject_of
from simulator.core.subscribers import subscriber_of
from simulator.core.worlds import World
from simulator.providers.daraja.conversations import (
    Conversation,
    answered,
    forced,
    key_of,
    post_result,
    time_out,
)
from simulator.providers.daraja.initiators import note, refusal
from simulator.providers.daraja.messages import tell_payee
from simulator.providers.daraja.products.b2c.codes import OUTCOMES
from simulator.providers.daraja.results import Item, Result, whole

OPERATION = "daraja.b2c"
INTERNAL_URL = "https://internalsandbox.safaricom.co.ke/mpesa/b2cresults/v1/submit"  # [captured]


async def process(world: World, job: Job) -> None:
    """Job: the core comes to the request. Money moves, or the payment fails; either way it has a receipt."""
    conversation = await world.run(lambda tx: subject_of(tx, job, Conversation))
    if conversation is None:
        return
    receipt = world.receipt("daraja", world.now(), await world.take_receipt_number())

    def close(tx: Transaction, world: World, payment: Payment) -> None:
        answered(tx, job, conversation, receipt)
        merchant = merchant_of(tx, world, payment.merchant)
        if forced(job) is None and merchant is not None:
            note(tx, world, merchant, name=conversation.initiator, credential=conversation.credential)

    def work(tx: Transaction) -> None:
        payment = tx.get(Payment, conversation.payment)
        if subject_of(tx, job, Conversation) is None or payment is None:
            return
        declined = forced(job) or _unfit(tx, world, conversation, payment)
        if declined is not None:
            raise declined
        close(tx, world, payment)
        pay_out(tx, world, payment, receipt=receipt, tariff="b2c")

    await decide(world, conversation.payment, work, closing=close)


def _unfit(tx: Transaction, world: World, conversation: Conversation, payment: Payment) -> Declined | None:
    """Why the core refuses, in its order [inferred]: who asks, from where, to whom, how much; funds come last."""
    merchant = merchant_of(tx, world, payment.merchant)
    if merchant is None:
        return UnknownParty(f"no organisation has the shortcode {payment.merchant}")
    name, credential = conversation.initiator, conversation.credential
    return (
        refusal(tx, world, merchant, name=name, credential=credential)
        or _unfit_payer(merchant)
        or _unfit_payee(tx, world, payment)
        or _unfit_amount(tx, world, payment)
    )


def _unfit_payer(merchant: Merchant) -> Declined | None:
    if merchant.what is ShortcodeKind.TILL:
        return ProductNotPermitted(f"{merchant.key} is a till, and pays nobody")
    return None if merchant.is_active else PartyInactive(f"{merchant.key} is not active")


def _unfit_payee(tx: Transaction, world: World, payment: Payment) -> Declined | None:
    payee = subscriber_of(tx, world, payment.msisdn)
    if not payee.is_active:
        return AccountInactive(f"the account of {payee.key} is not active")
    if not payee.is_known:
        return UnknownParty(f"nobody has the number {payee.key}")
    return None if payee.is_registered else UnregisteredParty(f"{payee.key} is not registered")


def _unfit_amount(tx: Transaction, world: World, payment: Payment) -> Declined | None:
    limits = world.provider_settings(tx, "daraja").limits
    if payment.amount < Money.parse(limits["b2c_minimum"]):
        return AmountTooSmall(f"{payment.amount} is less than {limits['b2c_minimum']}")
    if payment.amount > Money.parse(limits["b2c_maximum"]):
        return AmountTooLarge(f"{payment.amount} is more than {limits['b2c_maximum']}")
    return None


async def send_result(world: World, job: Job) -> None:
    """Job: the payment is decided. Builds the result and freezes it; a payee who was paid gets an SMS."""
    number = await world.take("callback")

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        conversation = tx.get(Conversation, key_of(OPERATION, payment.merchant, payment.reference))
        assert conversation is not None, f"{payment.key} has no conversation"
        if payment.state is State.SUCCEEDED:
            tell_payee(tx, world, payment)
        post_result(tx, world, number, conversation, _result(tx, world, payment, conversation))

    await world.run(work)


def _result(tx: Transaction, world: World, payment: Payment, conversation: Conversation) -> Result:
    return Result(
        OUTCOMES.of(payment.failure),
        conversation.originator_id,
        conversation.conversation_id,
        conversation.transaction_id,
        parameters=_parameters(tx, world, payment) if payment.state is State.SUCCEEDED else (),
        references=(Item("QueueTimeoutURL", INTERNAL_URL),),
    )


def _parameters(tx: Transaction, world: World, payment: Payment) -> tuple[Item, ...]:
    """In the portal's order [official + captured production]; the balances are those of now."""
    payee, at = subscriber_of(tx, world, payment.msisdn), payment.decided_at
    assert at is not None

    def funds(purse: str) -> str:
        return str(tx.balance(merchant_account(payment.merchant, purse)).balance)

    return (
        Item("TransactionAmount", whole(payment.amount)),
        Item("TransactionReceipt", payment.receipt),
        Item("ReceiverPartyPublicName", f"{payee.key} - {payee.name}"),
        Item("TransactionCompletedDateTime", f"{at:%d.%m.%Y %H:%M:%S}"),
        Item("B2CUtilityAccountAvailableFunds", funds("utility")),
        Item("B2CWorkingAccountAvailableFunds", funds("working")),
        Item("B2CRecipientIsRegisteredCustomer", "Y" if payee.is_registered else "N"),
        Item("B2CChargesPaidAccountAvailableFunds", funds("charges")),
    )


JOBS = {
    f"{OPERATION}.process": process,
    f"{OPERATION}.time_out": time_out,
    f"{OPERATION}.decided": send_result,
}
