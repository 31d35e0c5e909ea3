"""PesaLink by Jenga: transfers answered at once, their details, holders of Equity's own accounts, notices of credits.

The code in the body tells the outcome, whichever HTTP status it comes with. Of the codes of an error, those that say
that the transfer was refused are a list; whatever is not in it proves nothing, and a duplicate says that one arrived.
"""

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
from app_under_test.clients.jenga.door import Jenga, code_of, told
from app_under_test.clients.narration import is_return, words_of
from app_under_test.clients.reading import CODE, Json, cents, inner, object_in, printable, text, typed
from app_under_test.money import text_of
from app_under_test.settings import Settings

_REMITTANCE = "/v3-apis/transaction-api/v3.0/remittance"
_DETAILS = "/v3-apis/transaction-api/v3.0/transactions/details"
_SEARCH = "/v3-apis/account-api/v3.0/search/KE"

_SUCCESS, _ACKNOWLEDGED = "0", "-1"
_REFUSALS = {
    *("900100", "900101", "900102", "401101", "401201", "401202"),  # signature, token, merchant
    *("400400", "400111"),  # the request
    *("400103", "400106", "400107", "400108", "103101", "103102", "104101", "104102"),  # the payee, or its bank
    *("400104", "103104", "104103", "118108"),  # the payer has too little
    *("400113", "103105", "103107", "104104"),  # limits, currency, charges
}
_FAILED_UNKNOWN = "400105"  # of a transfer that "failed", this code says that nobody knows: its text says so
_NO_SUCH_PAYMENT = "100100"
_NO_SUCH_ACCOUNT = ("104101", "104102", "400103", "103102", _NO_SUCH_PAYMENT)
_ENDED_WELL, _ENDED_BADLY, _AWAITED = "2", "1", "-1"
_RECEIPT = r"[0-9A-Za-z_-]{1,50}"


class JengaPesaLink:
    """An `Interbank`, and a `Verifier` of Equity's own accounts."""

    def __init__(self, settings: Settings, jenga: Jenga) -> None:
        self._settings, self._jenga = settings, jenga

    async def send(self, transfer: Transfer) -> Standing:
        amount = text_of(transfer.amount)
        way, destination = self._destination(transfer.payee)
        account = self._settings.jenga_account
        request: Json = {
            "source": {"countryCode": "KE", "name": self._settings.account_name, "accountNumber": account},
            "destination": destination,
            "transfer": {
                "type": "PesaLink",
                "amount": amount,
                "currencyCode": "KES",
                "reference": transfer.client_reference,
                "date": transfer.made_at[:10],
                "description": transfer.narration,
            },
        }
        signed = f"{amount}KES{transfer.client_reference}{destination['name']}{account}"
        try:
            answer = await self._jenga.post(f"{_REMITTANCE}/{way}", request, signed=signed)
        except NotSent as error:
            return Decided(Outcome.FAILED, str(error))
        except Lost as error:
            return NoAnswer(str(error))
        return acknowledged(answer, transfer)

    async def ask(self, transfer: Transfer) -> Standing | Absent:
        reference = transfer.client_reference
        try:
            answer = await self._jenga.get(f"{_DETAILS}/{reference}", signed=reference)
        except (NotSent, Lost) as error:
            return NoAnswer(str(error))
        return found(answer, transfer)

    def read_result(self, callback: bytes, transfer: Transfer) -> Standing:
        """Nobody has published one."""
        return NoAnswer("Jenga calls nobody back")

    def read_credit(self, notice: bytes) -> Credit | Objection | None:
        told = object_in(notice)
        transaction, bank = inner(told, "transaction"), inner(told, "bank")
        receipt, amount = text(transaction.get("reference"), _RECEIPT), cents(transaction.get("amount"))
        is_in_shillings = transaction.get("currency", "KES") == "KES"  # not in every notice
        if receipt is None or not amount or not is_in_shillings or told.get("callbackType") != "IPN":
            return Objection.UNREADABLE
        if text(bank.get("account"), r"[0-9]{1,30}") != self._settings.jenga_account:
            return Objection.ACCOUNT
        if transaction.get("status") != "SUCCESS" or bank.get("transactionType") != "C":
            return None
        narration = typed(transaction.get("remarks"))
        words = typed(inner(told, "customer").get("reference")) or typed(transaction.get("billNumber"))
        return Credit(receipt, amount, typed(bank.get("reference")), words or words_of(narration), is_return(narration))

    async def holder(self, bank: str, number: str) -> Looked:
        try:
            return holder_in(await self._jenga.get(f"{_SEARCH}/{number}", signed=f"KE{number}"))
        except (NotSent, Lost) as error:
            return NoAnswer(str(error))

    def _destination(self, payee: Account | str) -> tuple[str, Json]:
        """The operation, and whom it pays. Without a bank no phone is found; the name is signed, and nobody's here."""
        if isinstance(payee, Account):
            to: Json = {"type": "bank", "countryCode": "KE", "name": payee.name}
            return "pesalinkacc", to | {"bankCode": payee.bank, "accountNumber": payee.number}
        phone = f"0{payee.removeprefix('254')}"
        to = {"type": "mobile", "countryCode": "KE", "name": phone}
        return "pesalinkMobile", to | {"bankCode": self._settings.phone_bank, "mobileNumber": phone}


def acknowledged(answer: Answer, transfer: Transfer) -> Standing:
    body, data, code = answer.body, inner(answer.body, "data"), code_of(answer)
    if not _may_be_about(body, transfer) or answer.status >= 500:
        return NoAnswer(told(answer))
    if body.get("status") is True and answer.status == 200:
        if code == _SUCCESS and data.get("status") == "SUCCESS":
            return Decided(Outcome.COMPLETED, told(answer), text(data.get("transactionId"), _RECEIPT))
        if code == _ACKNOWLEDGED:
            return Undecided(told(answer))
    if body.get("status") is False and code in _REFUSALS:
        return Decided(Outcome.FAILED, told(answer))
    return NoAnswer(told(answer))


def found(answer: Answer, transfer: Transfer) -> Standing | Absent:
    body, data, code = answer.body, inner(answer.body, "data"), code_of(answer)
    if not _may_be_about(body, transfer):
        return NoAnswer(told(answer))
    if body.get("status") is False and code == _NO_SUCH_PAYMENT and not data:
        return Absent(told(answer))
    if answer.status != 200 or body.get("status") is not True or code != _SUCCESS:
        return NoAnswer(told(answer))
    return _detailed(data, transfer)


def _may_be_about(body: Json, transfer: Transfer) -> bool:
    return body.get("reference") in (None, "", transfer.client_reference)


def _detailed(data: Json, transfer: Transfer) -> Standing:
    if cents(data.get("amount")) != transfer.amount:
        return NoAnswer("the provider tells of another payment")
    state, code = text(data.get("stateCode"), CODE), text(data.get("code"), CODE) or ""
    reason = printable(f"{code} {typed(data.get('message'))}".strip())
    if state == _ENDED_WELL:
        return Decided(Outcome.COMPLETED, reason, _receipt(data, transfer))
    if state == _AWAITED:
        return Undecided("the provider is still working on it")
    if state == _ENDED_BADLY and code != _FAILED_UNKNOWN:
        return Decided(Outcome.FAILED, reason)
    return NoAnswer(reason or "the provider tells of no outcome")


def _receipt(data: Json, transfer: Transfer) -> str | None:
    """Jenga's own reference, where it is not the bank's that is told."""
    found = text(data.get("transactionReference"), _RECEIPT)
    return None if found == transfer.client_reference else found


def holder_in(answer: Answer) -> Looked:
    data, customers = inner(answer.body, "data"), inner(answer.body, "data").get("customer")
    first = customers[0] if isinstance(customers, list) and customers else None
    name = typed(first.get("name")) if isinstance(first, dict) else ""
    if answer.status == 200 and answer.body.get("status") is True and name and inner(data, "account"):
        return Holder(name)
    if answer.body.get("status") is False and code_of(answer) in _NO_SUCH_ACCOUNT:
        return Absent(told(answer))
    return NoAnswer(told(answer))
