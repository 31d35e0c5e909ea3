"""M-PESA Express: a push to the customer's phone, its callback, and the query that answers at once."""

import base64
import re

from app_under_test.clients.daraja.door import Daraja, Reply
from app_under_test.clients.daraja.reading import RECEIPT, items, reason, result_code
from app_under_test.clients.door import Lost, NotSent
from app_under_test.clients.gateway import (
    Acknowledgement,
    Decided,
    NoAnswer,
    Notice,
    Outcome,
    Push,
    Refused,
    Standing,
    Unclear,
    Undecided,
)
from app_under_test.clients.reading import Json, cents, inner, object_in, reference, text
from app_under_test.clock import EAT, Clock
from app_under_test.settings import Settings

_STILL_WORKING = ("4999", "The transaction is being processed")  # the second on the wire of 2018
_OUTCOMES = {
    "0": Outcome.COMPLETED,
    "1031": Outcome.CANCELLED,
    "1032": Outcome.CANCELLED,
    "1019": Outcome.EXPIRED,
    "1037": Outcome.EXPIRED,
}
# With 500.001.1001 and 500.003.0x the text alone tells a refusal at the door from a breakdown behind it.
_REFUSALS = re.compile(
    r"Unable to lock subscriber|Wrong credentials|Merchant does not exist|Spike Arrest Violation|Quota Violation"
)


class StkPush:
    """A `Collector`."""

    def __init__(self, settings: Settings, clock: Clock, daraja: Daraja) -> None:
        self._settings, self._clock, self._daraja = settings, clock, daraja

    async def push(self, push: Push) -> Acknowledgement:
        request = self._signed() | {
            "TransactionType": "CustomerPayBillOnline",
            "Amount": push.amount // 100,
            "PartyA": push.msisdn,
            "PartyB": self._settings.shortcode,
            "PhoneNumber": push.msisdn,
            "CallBackURL": push.callback_url,
            "AccountReference": push.client_reference,
            "TransactionDesc": "Deposit",
        }
        try:
            return _acknowledgement(await self._daraja.post("/mpesa/stkpush/v1/processrequest", request))
        except NotSent as error:
            return Refused(str(error))
        except Lost as error:
            return Unclear(str(error))

    async def query(self, provider_reference: str) -> Standing:
        request = self._signed() | {"CheckoutRequestID": provider_reference}
        try:
            reply = await self._daraja.post("/mpesa/stkpushquery/v1/query", request)
        except (NotSent, Lost) as error:
            return NoAnswer(str(error))
        return _standing(reply, provider_reference)

    def read(self, callback: bytes) -> Notice:
        told = inner(inner(object_in(callback), "Body"), "stkCallback")
        return _notice(told) if told else Notice()

    def _signed(self) -> Json:
        timestamp = self._clock.now().astimezone(EAT).strftime("%Y%m%d%H%M%S")
        shortcode, passkey = self._settings.shortcode, self._settings.passkey.get_secret_value()
        password = base64.b64encode(f"{shortcode}{passkey}{timestamp}".encode()).decode()
        return {"BusinessShortCode": shortcode, "Password": password, "Timestamp": timestamp}


def _acknowledgement(reply: Reply) -> Acknowledgement:
    if reply.status == 500 and _REFUSALS.search(reply.text("errorMessage")):
        return Refused(reply.error)
    return reply.accepted_as("CheckoutRequestID")


def _standing(reply: Reply, provider_reference: str) -> Standing:
    code = result_code(reply.body)
    if code in _STILL_WORKING or reply.text("errorMessage") in _STILL_WORKING:
        return Undecided("the provider is still working on it")
    if reply.status != 200 or code is None or reply.text("CheckoutRequestID") != provider_reference:
        return NoAnswer(reply.error)
    return Decided(_outcome(code), reason(reply.body))


def _notice(told: Json) -> Notice:
    code, metadata = result_code(told), told.get("CallbackMetadata")
    paid = items(inner(told, "CallbackMetadata"), "Item", by="Name")
    contradicts_itself = code != "0" and metadata is not None  # a failure tells of no money
    return Notice(
        outcome=None if code is None or code in _STILL_WORKING or contradicts_itself else _outcome(code),
        reason=reason(told),
        provider_reference=reference(told.get("CheckoutRequestID")),
        amount=cents(paid.get("Amount")),
        msisdn=text(paid.get("PhoneNumber"), r"[0-9]{1,15}"),
        receipt=text(paid.get("MpesaReceiptNumber"), RECEIPT),
    )


def _outcome(code: str) -> Outcome:
    return _OUTCOMES.get(code, Outcome.FAILED)
