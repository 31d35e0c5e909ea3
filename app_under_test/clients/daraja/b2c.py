"""B2C: money to a phone, its result, and Transaction Status, which tells what became of it by another callback.

A result is known by the OriginatorConversationID that the bank gave the payment, an answer by the ConversationID that
Daraja gave the question. A code other than 0 in an answer says that the question failed, not that the payment did.
"""

import re

from app_under_test.clients.daraja.door import Daraja, Reply
from app_under_test.clients.daraja.reading import RECEIPT, items, msisdn, reason, result_code
from app_under_test.clients.door import Lost, NotSent
from app_under_test.clients.gateway import (
    Acknowledgement,
    Finding,
    Notice,
    Outcome,
    Payout,
    Question,
    Refused,
    Unclear,
)
from app_under_test.clients.reading import Json, cents, inner, object_in, printable, reference, text
from app_under_test.settings import Settings

_REFUSALS = re.compile(r"Spike Arrest Violation|Quota Violation")
_DUPLICATE = "Duplicate OriginatorConversationID"
_OF_ANOTHER_REQUEST = "15"  # "Duplicate OriginatorConversationID": tells nothing of the one that came first
_CACHED = "100000000"  # "Request was cached, waiting for resending"
_ABSENT = ("2032", "2033")
_ENDS = {
    "Completed": Outcome.COMPLETED,
    "Cancelled": Outcome.CANCELLED,
    "Declined": Outcome.FAILED,
    "Expired": Outcome.EXPIRED,
}


class B2c:
    """A `Payer`."""

    def __init__(self, settings: Settings, daraja: Daraja) -> None:
        self._settings, self._daraja = settings, daraja

    async def pay(self, payout: Payout) -> Acknowledgement:
        request: Json = {
            "OriginatorConversationID": payout.client_reference,
            "InitiatorName": self._settings.initiator_name,
            "SecurityCredential": self._settings.security_credential.get_secret_value(),
            "CommandID": "BusinessPayment",
            "Amount": payout.amount // 100,
            "PartyA": self._settings.b2c,
            "PartyB": payout.msisdn,
            "Remarks": payout.remarks,
            "QueueTimeOutURL": payout.timeout_url,
            "ResultURL": payout.result_url,
        }
        return await self._acknowledged("/mpesa/b2c/v3/paymentrequest", request)

    async def ask(self, question: Question) -> Acknowledgement:
        request: Json = {
            "Initiator": self._settings.initiator_name,
            "SecurityCredential": self._settings.security_credential.get_secret_value(),
            "CommandID": "TransactionStatusQuery",
            **self._named(question),
            "IdentifierType": "4",
            "ResultURL": question.result_url,
            "QueueTimeOutURL": question.timeout_url,
            "Remarks": "Reconciliation",
        }
        return await self._acknowledged("/mpesa/transactionstatus/v1/query", request)

    def _named(self, question: Question) -> Json:
        if question.receipt is not None:
            return {"TransactionID": question.receipt, "PartyA": self._settings.c2b}
        return {"OriginalConversationID": question.client_reference, "PartyA": self._settings.b2c}

    def read_result(self, callback: bytes) -> Notice:
        result = inner(object_in(callback), "Result")
        paid = items(inner(result, "ResultParameters"), "ResultParameter", by="Key")
        return Notice(
            outcome=_outcome(result, paid),
            reason=reason(result),
            client_reference=reference(result.get("OriginatorConversationID")),
            provider_reference=reference(result.get("ConversationID")),
            amount=cents(paid.get("TransactionAmount")),
            msisdn=msisdn(paid.get("ReceiverPartyPublicName")),
            receipt=text(paid.get("TransactionReceipt"), RECEIPT),
        )

    def read_finding(self, callback: bytes) -> Finding:
        result = inner(object_in(callback), "Result")
        found = items(inner(result, "ResultParameters"), "ResultParameter", by="Key")
        code, status = result_code(result), found.get("TransactionStatus")
        ends = _ENDS.get(status) if code == "0" and isinstance(status, str) else None
        told = Notice(
            outcome=ends,
            reason=printable(f"Transaction Status: {status}") if code == "0" else reason(result),
            client_reference=_named(found, "OriginatorConversationID", "Originator Conversation ID"),
            provider_reference=_named(found, "ConversationID", "Conversation ID"),
            amount=cents(found.get("Amount")),
            msisdn=msisdn(found.get("CreditPartyName")),
            receipt=text(found.get("ReceiptNo"), RECEIPT),
        )
        return Finding(reference(result.get("ConversationID")), told, is_absent=code in _ABSENT and not found)

    async def _acknowledged(self, path: str, request: Json) -> Acknowledgement:
        try:
            return _acknowledgement(await self._daraja.post(path, request))
        except NotSent as error:
            return Refused(str(error))
        except Lost as error:
            return Unclear(str(error))


def _acknowledgement(reply: Reply) -> Acknowledgement:
    """A duplicate is no refusal: an earlier request of that name arrived."""
    if _DUPLICATE in reply.text("errorMessage"):
        return Unclear(reply.error)
    if reply.status == 500 and _REFUSALS.search(reply.text("errorMessage")):
        return Refused(reply.error)
    return reply.accepted_as("ConversationID")


def _outcome(result: Json, paid: Json) -> Outcome | None:
    code = result_code(result)
    contradicts_itself = code != "0" and "TransactionReceipt" in paid
    is_last = text(result.get("ResultType", 0), r"0") is not None  # 1 says that further messages follow
    if code is None or contradicts_itself or not is_last or code in (_OF_ANOTHER_REQUEST, _CACHED):
        return None
    return Outcome.COMPLETED if code == "0" else Outcome.FAILED


def _named(found: Json, *names: str) -> str | None:
    """The first that is there: Daraja has spelt it differently over the years."""
    return next((reference(found[name]) for name in names if name in found), None)
