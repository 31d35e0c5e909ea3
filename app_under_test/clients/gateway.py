"""What the bank expects of a payment provider, in words that belong to none of them."""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class Outcome(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Push(Struct, frozen=True):
    """Money to be asked of a subscriber, on their phone."""

    client_reference: str
    msisdn: str
    amount: int
    callback_url: str


class Payout(Struct, frozen=True):
    """Money to be sent to a subscriber. The provider takes one client reference once."""

    client_reference: str
    msisdn: str
    amount: int
    remarks: str
    result_url: str
    timeout_url: str


class Account(Struct, frozen=True):
    """An account at a bank by its two-digit clearing code, and whose it is said to be."""

    bank: str
    number: str
    name: str


class Transfer(Struct, frozen=True):
    """Money to be sent between banks. The payee is an account, or a phone that its owner has linked to one."""

    client_reference: str
    payee: Account | str
    amount: int
    narration: str
    made_at: str
    result_url: str


class Question(Struct, frozen=True):
    """What became of a payment? It is known by the bank's name for it, or by its receipt; told to `result_url`."""

    result_url: str
    timeout_url: str
    client_reference: str | None = None
    receipt: str | None = None


class Accepted(Struct, frozen=True):
    """The provider works on it. This says nothing of the outcome."""

    provider_reference: str


class Refused(Struct, frozen=True):
    """Proof that nothing happened, and that nothing will."""

    reason: str


class Unclear(Struct, frozen=True):
    """It may have happened or not."""

    reason: str


class Decided(Struct, frozen=True):
    outcome: Outcome
    reason: str
    receipt: str | None = None


class Undecided(Struct, frozen=True):
    """The provider knows the payment and is not done with it."""

    reason: str


class NoAnswer(Struct, frozen=True):
    """Nothing was learnt."""

    reason: str


class Absent(Struct, frozen=True):
    """The provider knows nothing of that name."""

    reason: str


class Notice(Struct, frozen=True):
    """What a callback tells; None where it does not say, cannot be understood or contradicts itself."""

    outcome: Outcome | None = None
    reason: str = ""
    provider_reference: str | None = None
    amount: int | None = None
    msisdn: str | None = None
    receipt: str | None = None
    client_reference: str | None = None


class Finding(Struct, frozen=True):
    """The answer to a `Question`, which it names by the reference that the question was accepted under."""

    question: str | None
    told: Notice
    is_absent: bool = False  # the provider knows of no such payment


class Arrival(Struct, frozen=True):
    """Money that came to the paybill unasked, or is about to; the payer's number as far as the provider shows it."""

    receipt: str
    account: str
    amount: int
    payer: str
    is_to_us: bool


class Credit(Struct, frozen=True):
    """Money that came to the bank's account at its own bank; `words` are the payer's.

    Of a transfer that its payee's bank sent back, the `reference` is the one that the transfer had.
    """

    receipt: str
    amount: int
    reference: str
    words: str
    is_return: bool


class Holder(Struct, frozen=True):
    """Whose account it is, as its bank writes the name."""

    name: str


class Objection(StrEnum):
    """Why money is not welcome before it has come."""

    ACCOUNT = "account"
    AMOUNT = "amount"
    SHORTCODE = "shortcode"
    UNREADABLE = "unreadable"


Acknowledgement = Accepted | Refused | Unclear
Standing = Decided | Undecided | NoAnswer
Looked = Holder | Absent | NoAnswer


class Collector(Protocol):
    """Takes money from phones. Like the others here it raises for nothing that the provider does, and ends in time."""

    async def push(self, push: Push) -> Acknowledgement: ...

    async def query(self, provider_reference: str) -> Standing: ...

    def read(self, callback: bytes) -> Notice: ...


class Payer(Protocol):
    """Sends money to phones."""

    async def pay(self, payout: Payout) -> Acknowledgement: ...

    async def ask(self, question: Question) -> Acknowledgement: ...

    def read_result(self, callback: bytes) -> Notice: ...

    def read_finding(self, callback: bytes) -> Finding: ...


class Till(Protocol):
    """Takes what customers pay to the paybill of their own accord."""

    async def register(self, *, validation_url: str, confirmation_url: str) -> str | None:
        """Why the provider will not call these addresses; None if it will."""
        ...

    def read(self, callback: bytes) -> Arrival | Objection: ...

    async def ask(self, question: Question) -> Acknowledgement: ...

    def read_finding(self, callback: bytes) -> Finding: ...

    def verdict(self, objection: Objection | None) -> dict[str, object]:
        """How a validation is answered."""
        ...

    def may_be(self, payer: str, msisdn: str) -> bool:
        """Whether nothing that the provider shows of the payer speaks against this number."""
        ...


class Interbank(Protocol):
    """Sends money to accounts at banks. What an answer proves is told in the words of `Standing`."""

    async def send(self, transfer: Transfer) -> Standing:
        """`Undecided` once it is accepted. After `NoAnswer` it may be on its way: it is asked about, not sent again."""
        ...

    async def ask(self, transfer: Transfer) -> Standing | Absent: ...

    def read_result(self, callback: bytes, transfer: Transfer) -> Standing: ...

    def read_credit(self, notice: bytes) -> Credit | Objection | None:
        """None where no money came in."""
        ...


class Verifier(Protocol):
    """Knows whose an account is."""

    async def holder(self, bank: str, number: str) -> Looked: ...
