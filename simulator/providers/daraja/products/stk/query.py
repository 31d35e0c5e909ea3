"""M-PESA Express query: POST /mpesa/stkpushquery/v1/query."""

from __future__ import annotations

import re
from typing import Annotated

import orjson
from pydantic import AfterValidator, Field

from simulator.core.errors import UnknownMerchant, UnknownPayment
from simulator.core.faults import Facts
from simulator.core.merchants import merchant_of
from simulator.core.payments import Payment
from simulator.core.store import Transaction
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.wire import Wire
from simulator.providers.daraja.access import check_password
from simulator.providers.daraja.models import Shortcode, Text, Timestamp, parse
from simulator.providers.daraja.products.stk.codes import OUTCOMES, STILL_PROCESSING
from simulator.providers.daraja.products.stk.push import StkPush
from simulator.providers.daraja.strictness import is_strict, take_query_turn

_CHECKOUT_ID = re.compile(r"ws_CO_(?:DMZ_[0-9]+_)?[0-9]{17,32}")


def _checkout_id(value: str) -> str:
    if not _CHECKOUT_ID.fullmatch(value):
        raise ValueError("expected the CheckoutRequestID of a push")
    return value


class StkQueryRequest(Wire):
    shortcode: Shortcode = Field(alias="BusinessShortCode")
    password: object = Field(alias="Password", default=None)
    timestamp: Timestamp = Field(alias="Timestamp")
    checkout_request_id: Annotated[Text, AfterValidator(_checkout_id)] = Field(alias="CheckoutRequestID")


async def query(exchange: Exchange) -> Reply:
    """The outcome of a push as far as it is known; result 4999 while it is not. No receipt and no amount."""
    world = exchange.world
    await world.run(lambda tx: _take_turn(tx, world))
    asked = parse(exchange, StkQueryRequest)
    push, payment = await world.run(lambda tx: _find(tx, world, asked))
    await exchange.choose_acknowledgement(Facts("stk_query", payment.msisdn, str(payment.amount), payment.reference))

    def work(tx: Transaction) -> Reply:
        reply = _answer(push, tx.get(Payment, payment.key) or payment)
        exchange.record(tx, reply, payment.key)
        return reply

    return await world.run(work)


def _take_turn(tx: Transaction, world: World) -> None:
    if is_strict(tx, world, "query_limit"):
        take_query_turn(tx, world.now())


def _find(tx: Transaction, world: World, asked: StkQueryRequest) -> tuple[StkPush, Payment]:
    merchant = merchant_of(tx, world, asked.shortcode)
    if merchant is None:
        raise UnknownMerchant(f"no merchant has the shortcode {asked.shortcode}")
    check_password(merchant, asked.shortcode, asked.password, asked.timestamp)
    push = tx.get(StkPush, asked.checkout_request_id)
    payment = tx.get(Payment, push.payment) if push is not None else None
    if push is None or payment is None or push.shortcode != asked.shortcode:
        raise UnknownPayment(f"{asked.shortcode} has no push {asked.checkout_request_id}")
    return push, payment


def _answer(push: StkPush, payment: Payment) -> Reply:
    """All strings here, the result code too [captured]."""
    result = OUTCOMES.of(payment.failure) if payment.is_decided else STILL_PROCESSING
    body = {
        "ResponseCode": "0",
        "ResponseDescription": "The service request has been accepted successfully",
        "MerchantRequestID": push.merchant_request_id,
        "CheckoutRequestID": push.key,
        "ResultCode": result.code,
        "ResultDesc": result.text,
    }
    return Reply(200, orjson.dumps(body))
