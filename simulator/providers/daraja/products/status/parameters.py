"""What Transaction Status tells of a payment: thirteen items, by kind of payment, in their captured order."""

from __future__ import annotations

from simulator.core.ledger import Entry, merchant_account
from simulator.core.merchants import merchant_of
from simulator.core.money import ZERO
from simulator.core.payments import Kind, Payment, State
from simulator.core.store import Transaction
from simulator.core.subscribers import subscriber_of
from simulator.core.worlds import World
from simulator.providers.daraja.conversations import Conversation, key_of
from simulator.providers.daraja.identifiers import compact_time, conversation_id, gateway_id, number_of
from simulator.providers.daraja.results import Item, whole

STATUSES = {
    State.PENDING: "Initiated",
    State.PROMPTED: "Pending Authorized",
    State.SUCCEEDED: "Completed",
    State.FAILED: "Declined",
    State.CANCELLED: "Cancelled",
    State.EXPIRED: "Expired",
}
REASONS = {
    "BusinessPayment": "Business Payment to Customer via API",
    "SalaryPayment": "Salary Payment via API",
    "PromotionPayment": "Promotion Payment via API",  # by analogy
}


def parameters_of(tx: Transaction, world: World, payment: Payment) -> tuple[Item, ...]:
    return _payout(tx, world, payment) if payment.what is Kind.PAYOUT else _collection(tx, world, payment)


def _collection(tx: Transaction, world: World, payment: Payment) -> tuple[Item, ...]:
    """A C2B payment, an STK push among them [captured 2021-2025]."""
    originator_id = gateway_id(world.entropy, number_of(payment.correlation))
    return (
        Item("DebitPartyName", _customer(tx, world, payment)),
        Item("CreditPartyName", _organisation(tx, world, payment)),
        Item("OriginatorConversationID", originator_id),
        Item("InitiatedTime", compact_time(payment.timeline[0][0])),
        Item("CreditPartyCharges"),
        Item("DebitAccountType", "MMF Account For Customer"),
        Item("TransactionReason"),
        Item("ReasonType", "Pay Bill Online"),
        *_outcome(payment),
        Item("ConversationID", conversation_id(world.entropy, payment.timeline[0][0], payment.key)),
        Item("ReceiptNo", payment.receipt),
    )


def _payout(tx: Transaction, world: World, payment: Payment) -> tuple[Item, ...]:
    """A B2C payment: the charge is the debit party's [captured 2017 + official]. One that failed has a receipt, too."""
    conversation = tx.get(Conversation, key_of(payment.operation, payment.merchant, payment.reference))
    assert conversation is not None, f"{payment.key} has no conversation"
    return (
        Item("DebitPartyName", _organisation(tx, world, payment)),
        Item("CreditPartyName", _customer(tx, world, payment)),
        Item("OriginatorConversationID", payment.reference),
        Item("InitiatedTime", compact_time(payment.timeline[0][0])),
        Item("DebitAccountType", "Utility Account"),
        Item("DebitPartyCharges", _charges(tx, payment)),
        Item("TransactionReason"),
        Item("ReasonType", REASONS[conversation.details["command"]]),
        *_outcome(payment),
        Item("ConversationID", payment.provider_reference),
        Item("ReceiptNo", conversation.transaction_id),
    )


def _outcome(payment: Payment) -> tuple[Item, ...]:
    """What is not known yet has no text."""
    finalised = compact_time(payment.decided_at) if payment.decided_at is not None else ""
    return (
        Item("TransactionStatus", STATUSES[payment.state]),
        Item("FinalisedTime", finalised),
        Item("Amount", whole(payment.amount)),
    )


def _customer(tx: Transaction, world: World, payment: Payment) -> str:
    return f"{payment.msisdn} - {subscriber_of(tx, world, payment.msisdn).name}"


def _organisation(tx: Transaction, world: World, payment: Payment) -> str:
    merchant = merchant_of(tx, world, payment.merchant)
    return f"{payment.merchant} - {merchant.name}" if merchant is not None else payment.merchant


def _charges(tx: Transaction, payment: Payment) -> str:
    entry = tx.get(Entry, f"entry:{payment.key}")
    account = merchant_account(payment.merchant, "charges")
    postings = entry.postings if entry is not None else ()
    fee = -sum((posting.amount for posting in postings if posting.account == account), ZERO)
    return f"Fee For B2C Payment|KES|{fee}" if fee != ZERO else ""
