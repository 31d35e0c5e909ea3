"""Status: POST /Enquiry/TransactionStatus…. What the callback tells, whenever it is asked for."""

from __future__ import annotations

import orjson
from msgspec.structs import replace

from simulator.core.errors import UnknownPayment
from simulator.core.store import Transaction
from simulator.edge.exchange import Exchange, Reply
from simulator.providers.coop.checks import check_length
from simulator.providers.coop.codes import FULL_FAILURE, PARTIAL_SUCCESS
from simulator.providers.coop.errors import answered
from simulator.providers.coop.models import StatusEnquiry, parse
from simulator.providers.coop.requests import TransferRequest, payments_of, result_of, told

MULTI_STATUS = 207


async def query(exchange: Exchange) -> Reply:
    """HTTP 200 while nothing is decided, too: 102, as it is documented, can be no final answer."""
    asked = parse(exchange, StatusEnquiry)
    check_length(asked.reference)
    request = await exchange.world.run(lambda tx: _known(tx, asked.reference))
    await exchange.choose_acknowledgement(replace(request.facts, operation=exchange.operation))
    return await answered(exchange, lambda tx: _told(tx, exchange, request))


def _known(tx: Transaction, reference: str) -> TransferRequest:
    request = tx.get(TransferRequest, reference)
    if request is None:
        raise UnknownPayment(f"no request with the MessageReference {reference!r} was accepted")
    return request


def _told(tx: Transaction, exchange: Exchange, request: TransferRequest) -> Reply:
    payments = payments_of(tx, request)
    status = MULTI_STATUS if result_of(payments) in (PARTIAL_SUCCESS, FULL_FAILURE) else 200
    return Reply(status, orjson.dumps(told(request, payments, exchange.world.now())))
