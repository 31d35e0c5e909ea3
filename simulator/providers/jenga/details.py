"""GET /v3-apis/transaction-api/v3.0/transactions/details/{ref}: what became of a transfer."""

from __future__ import annotations

from simulator.core.errors import UnknownPayment
from simulator.core.payments import Payment, State
from simulator.core.store import Transaction
from simulator.core.switch import Transfer, transfer_of
from simulator.edge.exchange import Exchange, Reply
from simulator.providers.jenga.answers import answered
from simulator.providers.jenga.catalogue import ACKNOWLEDGED, OUTCOMES, PENDING
from simulator.providers.jenga.identifiers import instant
from simulator.providers.jenga.signing import check_signature
from simulator.providers.jenga.transfers import Remittance, confirmation

SUCCEEDED, FAILED = 2, 1  # stateCode; -1 is awaiting [official]


async def details(exchange: Exchange) -> Reply:
    """Signed is the reference alone."""
    reference = exchange.parts["ref"]
    await check_signature(exchange, reference)

    def look(tx: Transaction) -> dict[str, object]:
        remittance = tx.get(Remittance, reference)
        payment = tx.get(Payment, remittance.payment) if remittance is not None else None
        if remittance is None or payment is None:
            raise UnknownPayment(f"no transfer has the reference {reference!r}")
        return _details(remittance, payment, transfer_of(tx, payment))

    return await answered(exchange, look, reference)


def _details(remittance: Remittance, payment: Payment, transfer: Transfer) -> dict[str, object]:
    state, state_code, code, message = _outcome(payment, transfer)
    return {
        "state": state,
        "stateCode": state_code,
        "dateCreated": instant(payment.timeline[0][0]),
        "code": code,
        "message": message,
        "amount": str(payment.amount),
        "charge": str(transfer.fee),
        "transactionReference": payment.receipt,
        "serviceName": remittance.service,
        "biller": "",
    }


def _outcome(payment: Payment, transfer: Transfer) -> tuple[str, int, int, str]:
    """State, its code, the transfer's code, a text. Success and Failed are official, the third word is ours."""
    if not payment.is_decided:
        return "Pending", PENDING, PENDING, ACKNOWLEDGED
    if payment.state is State.SUCCEEDED:
        return "Success", SUCCEEDED, 0, confirmation(payment, transfer.name)
    result = OUTCOMES.of(payment.failure)
    return "Failed", FAILED, int(result.code), result.text
