"""What the bank expects of a payment provider, in words that belong to none of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Push:
    """Money to be asked of a subscriber, on their phone."""

    client_reference: str
    msisdn: str
    amount: int
    callback_url: str


@dataclass(frozen=True)
class Payout:
    """Money to be sent to a subscriber. The provider takes one client reference once."""

    client_reference: str
    msisdn: str
    amount: int
    remarks: str
    result_url: str
    timeout_url: str


@dataclass(frozen=True)
class Account:
    """An account at a bank by its two-digit clearing code, and whose it is said to be."""

    bank: str
    number: str
    name: str


@dataclass(frozen=True)
class Transfer:
    """Money to be sent between banks. The payee is an account, or a phone that its owner has linked to one."""

    client_reference: str
    payee: Account | str
    amount: int
    narration: str
    made_at: str
    result_url: str


@dataclass(frozen=True)
class Question:
    """What became of a payment? It is known by the bank's name for it, or by its receipt; told to `result_url`."""

    result_url: str
    timeout_url: str
    client_reference: str | None = None
    receipt: str | None = None


@dataclass(frozen=True)
class Accepted:
    """The provider works on it. This says nothing of the outcome."""

    provider_reference: str


@dataclass(frozen=True)
class Refused:
    """Proof that nothing happened, and that nothing will."""

    reason: str


@dataclass(frozen=True)
class Unclear:
    """It may have happened or not."""

    reason: str


@dataclass(frozen=True)
class Decided:
    outcome: Outcome
    reason: str
    receipt: str | None = None


@dataclass(frozen=True)
class Undecided:
    """The provider knows the payment and is not done with it."""

    reason: str


@dataclass(frozen=True)
class NoAnswer:
    """Nothing was learnt."""

    reason: str


@dataclass(frozen=True)
class Absent:
    """The provider knows nothing of that name."""

    reason: str


@dataclass(frozen=True)
class Notice:
    """What a callback tells; None where it does not say, cannot be understood or contradicts itself."""

    outcome: Outcome | None = None
    reason: str = ""
    provider_reference: str | None = None
    amount: int | None = None
    msisdn: str | None = None
    receipt: str | None = None
    client_reference: str | None = None


@dataclass(frozen=True)
class Finding:
    """The answer to a `Question`, which it names by the reference that the question was accepted under."""

    question: str | None
    told: Notice
    is_absent: bool = False  # the provider knows of no such payment


@dataclass(frozen=True)
class Arrival:
    """Money that came to the paybill unasked, or is about to; the payer's number as far as the provider shows it."""

    receipt: str
    account: str
    amount: int
    payer: str
    is_to_us: bool


@dataclass(frozen=True)
class Credit:
    """Money that came to the bank's account at its own bank; `words` are the payer's.

    Of a transfer that its payee's bank sent back, the `reference` is the one that the transfer had.
    """

    receipt: str
    amount: int
    reference: str
    words: str
    is_return: bool


@dataclass(frozen=True)
class Holder:
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
