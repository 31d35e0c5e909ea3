"""C2B: what customers pay to the paybill of their own accord; Daraja asks first, if it is told to, and tells after."""

import hashlib
import re

from app_under_test.clients.daraja.door import Daraja, Reply
from app_under_test.clients.daraja.reading import RECEIPT
from app_under_test.clients.door import Lost, NotSent
from app_under_test.clients.gateway import Acknowledgement, Arrival, Finding, Objection, Payer, Question
from app_under_test.clients.reading import cents, object_in, text, typed
from app_under_test.settings import Settings

_ALREADY = re.compile(r"urls are already registered", re.IGNORECASE)  # production takes them once
_CODES = {
    Objection.ACCOUNT: "C2B00012",
    Objection.AMOUNT: "C2B00013",
    Objection.SHORTCODE: "C2B00015",
    Objection.UNREADABLE: "C2B00016",
}
_HASHED = re.compile(r"[0-9a-f]{64}")
_MASKED = re.compile(r"([0-9]{4,})\*+([0-9]{3,})")


class C2b:
    """A `Till`. `status` is who asks what became of a payment, whichever way the money went."""

    def __init__(self, settings: Settings, daraja: Daraja, *, status: Payer) -> None:
        self._settings, self._daraja, self._status = settings, daraja, status

    async def register(self, *, validation_url: str, confirmation_url: str) -> str | None:
        request: dict[str, object] = {
            "ShortCode": self._settings.c2b,
            "ResponseType": self._settings.c2b_response_type,
            "ConfirmationURL": confirmation_url,
            "ValidationURL": validation_url,
        }
        try:
            reply = await self._daraja.post("/mpesa/c2b/v2/registerurl", request)
        except (NotSent, Lost) as error:
            return str(error)
        return None if _is_registered(reply) else reply.error

    def read(self, callback: bytes) -> Arrival | Objection:
        """An account and a payer are whatever they are; without a receipt and an amount there is no money."""
        told = object_in(callback)
        receipt, amount = text(told.get("TransID"), RECEIPT), cents(told.get("TransAmount"))
        if receipt is None:
            return Objection.UNREADABLE
        if not amount:
            return Objection.AMOUNT
        return Arrival(
            receipt=receipt,
            account=typed(told.get("BillRefNumber")),
            amount=amount,
            payer=typed(told.get("MSISDN")),
            is_to_us=text(told.get("BusinessShortCode"), r"[0-9]{1,10}") == self._settings.c2b,
        )

    async def ask(self, question: Question) -> Acknowledgement:
        return await self._status.ask(question)

    def read_finding(self, callback: bytes) -> Finding:
        return self._status.read_finding(callback)

    def verdict(self, objection: Objection | None) -> dict[str, object]:
        if objection is None:
            return {"ResultCode": "0", "ResultDesc": "Accepted"}
        return {"ResultCode": _CODES[objection], "ResultDesc": "Rejected"}

    def may_be(self, payer: str, msisdn: str) -> bool:
        """v1 tells a hash of the number, v2 its ends (`2547 ***** 126`), older ones all of it; some tell nothing."""
        told = payer.replace(" ", "")
        if _HASHED.fullmatch(told):
            return told == hashlib.sha256(msisdn.encode()).hexdigest()
        if ends := _MASKED.fullmatch(told):
            return msisdn.startswith(ends[1]) and msisdn.endswith(ends[2])
        return told in ("", msisdn)


def _is_registered(reply: Reply) -> bool:
    """Success is `0` on paper and `00000000` on the wire."""
    is_new = reply.status == 200 and re.fullmatch(r"0+", reply.text("ResponseCode")) is not None
    return is_new or _ALREADY.search(reply.text("errorMessage")) is not None
