"""B2C: POST /mpesa/b2c/v1/paymentrequest and v3, acknowledged and queued. What comes of it is in `processing`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, Field

from simulator.core import payments
from simulator.core.faults import Facts
from simulator.core.money import Money
from simulator.core.payments import Kind, Payment
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.wire import Whole, Wire
from simulator.providers.daraja.conversations import Conversation, accept, acknowledgement, begun
from simulator.providers.daraja.identifiers import gateway_id
from simulator.providers.daraja.models import (
    Credential,
    OptionalText,
    PaidShortcode,
    Text,
    WireMsisdn,
    WireUrl,
    parse,
)

LARGEST = 999_999_999_999  # twelve digits, however they are written


def _payable(shillings: int) -> int:
    """The limits are the core's business; the gateway wants an amount."""
    if not 1 <= shillings <= LARGEST:
        raise ValueError(f"expected whole shillings from 1 on, not {shillings}")
    return shillings


class B2cRequest(Wire):
    """Fields in documented order: the first bad one is the one that is named."""

    initiator: Text = Field(alias="InitiatorName")
    credential: Credential = Field(alias="SecurityCredential")
    command: Literal["SalaryPayment", "BusinessPayment", "PromotionPayment"] = Field(alias="CommandID")
    shillings: Annotated[Whole, AfterValidator(_payable)] = Field(alias="Amount")
    organisation: PaidShortcode = Field(alias="PartyA")
    msisdn: WireMsisdn = Field(alias="PartyB")
    remarks: Annotated[Text, Field(min_length=2, max_length=100)] = Field(alias="Remarks")
    timeout_url: WireUrl = Field(alias="QueueTimeOutURL")
    result_url: WireUrl = Field(alias="ResultURL")
    occasion: Annotated[OptionalText, Field(max_length=100)] = Field(
        validation_alias=AliasChoices("Occassion", "Occasion"),
        default="",  # either is taken [captured sandbox 2026]
    )

    @property
    def amount(self) -> Money:
        return Money.shillings(self.shillings)


class B2cRequestV3(B2cRequest):
    originator_id: Text = Field(alias="OriginatorConversationID")


async def pay_v1(exchange: Exchange) -> Reply:
    """Every request is a payment of its own."""
    return await _pay(exchange, parse(exchange, B2cRequest), originator_id="")


async def pay_v3(exchange: Exchange) -> Reply:
    """The client's id names the payment: a second one with it is refused."""
    asked = parse(exchange, B2cRequestV3)
    return await _pay(exchange, asked, originator_id=asked.originator_id)


async def _pay(exchange: Exchange, asked: B2cRequest, *, originator_id: str) -> Reply:
    world = exchange.world
    number = await world.take("payment")
    originator_id = originator_id or gateway_id(world.entropy, exchange.number)
    conversation = begun(
        exchange,
        asked,
        Facts("b2c", asked.msisdn, str(asked.amount), originator_id),
        originator_id=originator_id,
        payment=f"p{number:06d}",
        details={"command": asked.command},
    )
    payment = _payment(conversation, asked)
    reply = acknowledgement(conversation, "ConversationID", "OriginatorConversationID")
    return await accept(
        exchange, conversation, reply, lambda tx: payments.record(tx, payments.begun(payment, world.now()))
    )


def _payment(conversation: Conversation, asked: B2cRequest) -> Payment:
    return Payment(
        key=conversation.payment,
        what=Kind.PAYOUT,
        operation=conversation.operation,
        amount=asked.amount,
        msisdn=asked.msisdn,
        merchant=asked.organisation,
        reference=conversation.originator_id,
        provider_reference=conversation.conversation_id,
        correlation=conversation.correlation,
    )
