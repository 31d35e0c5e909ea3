"""Transaction Status: POST /mpesa/transactionstatus/v1/query. It makes no payment: it finds one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field

from simulator.core.errors import (
    Declined,
    UnfitParameters,
    UnknownConversation,
    UnknownParty,
    UnknownReceipt,
)
from simulator.core.faults import Facts
from simulator.core.jobs import Job
from simulator.core.merchants import Merchant, merchant_of
from simulator.core.payments import Failure, Payment
from simulator.core.store import Transaction, subject_of
from simulator.core.subscribers import subscriber_of
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.wire import Digits, Wire, read
from simulator.providers.daraja.conversations import (
    Conversation,
    accept,
    acknowledgement,
    begun,
    forced,
    key_of,
    post_result,
    time_out,
)
from simulator.providers.daraja.identifiers import gateway_id, placeholder_receipt, request_of
from simulator.providers.daraja.initiators import note, refusal
from simulator.providers.daraja.models import Credential, OptionalText, Text, WireUrl, told_by
from simulator.providers.daraja.products.status.codes import OUTCOMES
from simulator.providers.daraja.products.status.parameters import parameters_of
from simulator.providers.daraja.results import Item, Result

OPERATION = "daraja.transaction_status"
PAYOUT = "daraja.b2c"
MSISDN_DIGITS = 12


def _identifier_type(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class StatusRequest(Wire):
    """Fields in documented order: the first bad one is the one that is named."""

    initiator: Text = Field(alias="Initiator")
    credential: Credential = Field(alias="SecurityCredential")
    # Some clients copied the portal's spelling with a space.
    command: Literal["TransactionStatusQuery"] = Field(validation_alias=AliasChoices("CommandID", "Command ID"))
    receipt: OptionalText = Field(validation_alias=AliasChoices("TransactionID", "Transaction ID"), default="")
    original_id: OptionalText = Field(alias="OriginalConversationID", default="")
    organisation: Digits = Field(alias="PartyA")
    identifier_type: Annotated[Literal["1", "2", "4"], BeforeValidator(_identifier_type)] = Field(
        alias="IdentifierType"
    )
    result_url: WireUrl = Field(alias="ResultURL")
    timeout_url: WireUrl = Field(alias="QueueTimeOutURL")
    remarks: Annotated[Text, Field(max_length=100)] = Field(alias="Remarks")
    occasion: Annotated[OptionalText, Field(max_length=100)] = Field(
        validation_alias=AliasChoices("Occasion", "Occassion"), default=""
    )


class ByReceipt(StatusRequest):
    """One of the two must be there; the receipt is documented first."""

    receipt: Text = Field(validation_alias=AliasChoices("TransactionID", "Transaction ID"))


async def query(exchange: Exchange) -> Reply:
    """Acknowledged at once; what is known of the payment follows as a result."""
    told = told_by(exchange)
    asked = read(StatusRequest if told.get("OriginalConversationID") else ByReceipt, told)
    conversation = begun(
        exchange,
        asked,
        Facts("transaction_status", reference=asked.receipt or asked.original_id),
        originator_id=gateway_id(exchange.world.entropy, exchange.number),
        details=asked.model_dump(include={"receipt", "original_id", "identifier_type", "occasion"}),
    )
    return await accept(
        exchange, conversation, acknowledgement(conversation, "OriginatorConversationID", "ConversationID")
    )


async def process(world: World, job: Job) -> None:
    """Job: the core comes to the request, and tells what it found."""
    number = await world.take("callback")

    def work(tx: Transaction) -> None:
        conversation = subject_of(tx, job, Conversation)
        if conversation is None:
            return
        tx.done(job)
        payment = _find(tx, world, conversation)
        declined = forced(job) or _unfit(tx, world, conversation, payment)
        if forced(job) is None:
            _note(tx, world, conversation, payment)
        found = payment if declined is None else None
        failure = Failure.of(declined) if declined is not None else None
        post_result(tx, world, number, conversation, _result(tx, world, conversation, failure, found))

    await world.run(work)


def _result(
    tx: Transaction, world: World, conversation: Conversation, failure: Failure | None, payment: Payment | None
) -> Result:
    return Result(
        OUTCOMES.of(failure),
        conversation.originator_id,
        conversation.conversation_id,
        placeholder_receipt(world.now()),
        parameters=parameters_of(tx, world, payment) if payment is not None else (),
        references=(Item("Occasion", conversation.details["occasion"]),),
    )


def _find(tx: Transaction, world: World, conversation: Conversation) -> Payment | None:
    receipt = conversation.details["receipt"]
    return _by_receipt(tx, receipt) if receipt else _by_request(tx, world, conversation)


def _by_receipt(tx: Transaction, receipt: str) -> Payment | None:
    """The payment, or the payout that failed and whose result named this receipt."""
    settled = tx.find(Payment, by="receipt", value=receipt, limit=1)
    if settled:
        return settled[0]
    told = tx.find(Conversation, by="transaction_id", value=receipt, limit=1)
    return tx.get(Payment, told[0].payment) if told else None


def _by_request(tx: Transaction, world: World, conversation: Conversation) -> Payment | None:
    """By the client's own id of a payout, by an id of the gateway's, or by the core's."""
    original_id = conversation.details["original_id"]
    payout = tx.get(Conversation, key_of(PAYOUT, conversation.organisation, original_id))
    if payout is not None:
        return tx.get(Payment, payout.payment)
    request = request_of(world.entropy, original_id)
    found = tx.find(Payment, by="correlation", value=request, limit=1) if request else []
    found = found or tx.find(Payment, by="provider_reference", value=original_id, limit=1)
    return found[0] if found else None


def _unfit(tx: Transaction, world: World, conversation: Conversation, payment: Payment | None) -> Declined | None:
    """Why the core tells nothing, in its order [inferred]."""
    party = conversation.organisation
    is_phone = conversation.details["identifier_type"] == "1"
    if is_phone != (len(party) == MSISDN_DIGITS):
        return UnfitParameters(f"IdentifierType {conversation.details['identifier_type']} does not fit PartyA {party}")
    merchant = _asking(tx, world, conversation, payment)
    if not _is_known(tx, world, party, merchant):
        return UnknownParty(f"nobody has {party}")
    if merchant is not None:
        refused = refusal(tx, world, merchant, name=conversation.initiator, credential=conversation.credential)
        if refused is not None:
            return refused
    if payment is not None and party in (payment.msisdn, payment.merchant):
        return None
    return (UnknownReceipt if conversation.details["receipt"] else UnknownConversation)(f"{party} has no such payment")


def _asking(tx: Transaction, world: World, conversation: Conversation, payment: Payment | None) -> Merchant | None:
    """The organisation whose initiator asks: where PartyA is a phone, that of its payment, if there is one."""
    if conversation.details["identifier_type"] != "1":
        return merchant_of(tx, world, conversation.organisation)
    return merchant_of(tx, world, payment.merchant) if payment is not None else None


def _is_known(tx: Transaction, world: World, party: str, merchant: Merchant | None) -> bool:
    return subscriber_of(tx, world, party).is_known if len(party) == MSISDN_DIGITS else merchant is not None


def _note(tx: Transaction, world: World, conversation: Conversation, payment: Payment | None) -> None:
    merchant = _asking(tx, world, conversation, payment)
    if merchant is not None:
        note(tx, world, merchant, name=conversation.initiator, credential=conversation.credential)


JOBS = {f"{OPERATION}.process": process, f"{OPERATION}.time_out": time_out}
