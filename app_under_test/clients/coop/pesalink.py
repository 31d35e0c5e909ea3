"""PesaLink by Co-op Connect: an acceptance says nothing of the money; a callback, or the status when asked, does.

Both have one shape: the code of the message, and one leg with a code of its own. Whatever is unclear, or contradicts
what was asked, proves nothing.
"""

import hashlib

from app_under_test.clients.coop.door import Coop, code_of, is_refused_token, told
from app_under_test.clients.door import Answer, Lost, NotSent
from app_under_test.clients.gateway import (
    Absent,
    Account,
    Credit,
    Decided,
    Holder,
    Looked,
    NoAnswer,
    Objection,
    Outcome,
    Standing,
    Transfer,
    Undecided,
)
from app_under_test.clients.narration import is_return, words_of
from app_under_test.clients.reading import CODE, Json, cents, object_in, printable, text, typed
from app_under_test.clock import Clock
from app_under_test.money import text_of
from app_under_test.settings import Settings

_TO_ACCOUNT = "/FundsTransfer/External/A2A/PesaLink_v2/2.0.0"
_TO_PHONE = "/FundsTransfer/External/A2M/PesaLink/1.0.0"
_STATUS = "/Enquiry/TransactionStatus_V3/3.0.0"
_VALIDATION = "/Enquiry/Validation/IPSL/1.0.0"

_ACCEPTED, _FULL_SUCCESS, _FULL_FAILURE = "0", "0", "2"
_REFUSALS = {"-2", "-3", "-5", "-6", "-8", "-9", "-10", "-11", "-15", "-16", "-20"}
_PROCESSING, _NO_SUCH_PAYMENT = "S_001", "-13"
# Duplicate, timed out, processing, waits in a queue, already posted (by whom?): a leg with one of these is not over.
_UNCLEAR = {"-1", "-4", "S_001", "20201005", "40422049"}
_NO_SUCH_ACCOUNT = ("1", "-15", "40000126", "20020000")
_RECEIPT = r"(?!NULL)[0-9A-Za-z_-]{1,50}"
_LONGEST_NARRATION, _LONGEST_REFERENCE = 25, 27


class CoopPesaLink:
    """An `Interbank`, and a `Verifier` of accounts at any bank."""

    def __init__(self, settings: Settings, clock: Clock, coop: Coop) -> None:
        self._settings, self._clock, self._coop = settings, clock, coop

    async def send(self, transfer: Transfer) -> Standing:
        money: Json = {
            "Amount": text_of(transfer.amount),
            "TransactionCurrency": "KES",
            "Narration": transfer.narration[:_LONGEST_NARRATION],
        }
        request: Json = {
            "MessageReference": transfer.client_reference,
            "CallBackUrl": transfer.result_url,
            "UserId": self._settings.coop_user,
            "ISO2CountryCode": "KE",
            "Source": {"AccountNumber": self._settings.coop_account, **money},
            "Destinations": [{"ReferenceNumber": _leg_of(transfer), **_payee(transfer), **money}],
        }
        path = _TO_ACCOUNT if isinstance(transfer.payee, Account) else _TO_PHONE
        try:
            answer = await self._coop.post(path, request)
        except NotSent as error:
            return Decided(Outcome.FAILED, str(error))
        except Lost as error:
            return NoAnswer(str(error))
        return acknowledged(answer, transfer)

    async def ask(self, transfer: Transfer) -> Standing | Absent:
        request: Json = {"MessageReference": transfer.client_reference, "UserId": self._settings.coop_user}
        try:
            answer = await self._coop.post(_STATUS, request)
        except (NotSent, Lost) as error:
            return NoAnswer(str(error))
        return found(answer, transfer)

    def read_result(self, callback: bytes, transfer: Transfer) -> Standing:
        return outcome(object_in(callback), transfer)

    def read_credit(self, notice: bytes) -> Credit | Objection | None:
        told = object_in(notice)
        receipt, amount = text(told.get("TransactionId"), _RECEIPT), cents(told.get("Amount"))
        if receipt is None or not amount or told.get("Currency", "KES") != "KES":
            return Objection.UNREADABLE
        if text(told.get("AcctNo"), r"[0-9]{1,30}") != self._settings.coop_account:
            return Objection.ACCOUNT
        if told.get("EventType") != "CREDIT":
            return None
        narration, reference = typed(told.get("Narration")), typed(told.get("PaymentRef"))
        return Credit(receipt, amount, reference, words_of(narration) or reference, is_return(narration))

    async def holder(self, bank: str, number: str) -> Looked:
        request: Json = {
            "MessageReference": self._name_of_question(bank, number),
            "UserId": self._settings.coop_user,
            "AccountNumber": number,
            "RecipientBankIdentifier": bank.zfill(4),
        }
        try:
            return holder_in(await self._coop.post(_VALIDATION, request))
        except (NotSent, Lost) as error:
            return NoAnswer(str(error))

    def _name_of_question(self, bank: str, number: str) -> str:
        asked = f"{bank}:{number} {self._clock.now().isoformat()}"
        return f"V-{hashlib.sha256(asked.encode()).hexdigest()}"[:_LONGEST_REFERENCE]


def _leg_of(transfer: Transfer) -> str:
    return f"{transfer.client_reference}_1"


def _payee(transfer: Transfer) -> Json:
    if isinstance(transfer.payee, Account):
        return {"AccountNumber": transfer.payee.number, "BankCode": transfer.payee.bank}
    return {"PhoneNumber": transfer.payee}


def acknowledged(answer: Answer, transfer: Transfer) -> Standing:
    code = code_of(answer.body)
    if answer.status == 200 and code == _ACCEPTED and _is_about(answer.body, transfer):
        return Undecided(told(answer))
    is_refusal = code in _REFUSALS and answer.status < 500 and _is_not_about_another(answer.body, transfer)
    if is_refusal or is_refused_token(answer):
        return Decided(Outcome.FAILED, told(answer))
    return NoAnswer(told(answer))


def found(answer: Answer, transfer: Transfer) -> Standing | Absent:
    code = code_of(answer.body)
    if code == _NO_SUCH_PAYMENT and _is_not_about_another(answer.body, transfer):
        return Absent(told(answer))
    if answer.status not in (200, 207) or not _is_about(answer.body, transfer):
        return NoAnswer(told(answer))
    return Undecided(told(answer)) if code == _PROCESSING else outcome(answer.body, transfer)


def outcome(body: Json, transfer: Transfer) -> Standing:
    """What a callback tells, or a status: the one leg that there is, if it is the one that was asked for."""
    legs = body.get("Destinations")
    leg = legs[0] if isinstance(legs, list) and len(legs) == 1 and isinstance(legs[0], dict) else {}
    if not (_is_about(body, transfer) and _is_leg_of(leg, transfer)):
        return NoAnswer("the provider tells of another payment, or of none")
    code, ended = code_of(body), text(leg.get("ResponseCode"), CODE)
    reason = printable(f"{ended} {typed(leg.get('ResponseDescription'))}".strip())
    if code == _FULL_SUCCESS and ended == "0":
        return Decided(Outcome.COMPLETED, reason, text(leg.get("TransactionID"), _RECEIPT))
    if code == _FULL_FAILURE and ended not in (None, "0", *_UNCLEAR):
        return Decided(Outcome.FAILED, reason)
    return NoAnswer(reason)


def _is_about(body: Json, transfer: Transfer) -> bool:
    return body.get("MessageReference") == transfer.client_reference


def _is_not_about_another(body: Json, transfer: Transfer) -> bool:
    return body.get("MessageReference") in (None, "", transfer.client_reference)


def _is_leg_of(leg: Json, transfer: Transfer) -> bool:
    if leg.get("ReferenceNumber") != _leg_of(transfer) or cents(leg.get("Amount")) != transfer.amount:
        return False
    if isinstance(transfer.payee, Account):
        bank = text(leg.get("BankCode"), r"[0-9]{1,4}")
        is_at_bank = bank is not None and int(bank) == int(transfer.payee.bank)
        return is_at_bank and text(leg.get("AccountNumber"), r"[0-9A-Za-z]{1,40}") == transfer.payee.number
    phone = text(leg.get("PhoneNumber"), r"\+?[0-9]{9,15}")
    return phone is not None and phone[-9:] == transfer.payee[-9:]


def holder_in(answer: Answer) -> Looked:
    code, name = code_of(answer.body), typed(answer.body.get("RecipientName"))
    if answer.status == 200 and code == "0" and name:
        return Holder(name)
    return Absent(told(answer)) if code in _NO_SUCH_ACCOUNT else NoAnswer(told(answer))
