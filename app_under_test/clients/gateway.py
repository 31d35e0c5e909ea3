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


@dataclass(frozen=True)
class Undecided:
    """The provider knows the payment and is not done with it."""

    reason: str


@dataclass(frozen=True)
class NoAnswer:
    """Nothing was learnt."""

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


Acknowledgement = Accepted | Refused | Unclear
Standing = Decided | Undecided | NoAnswer


class Gateway(Protocol):
    """None of these raises for what the provider does; all of them end within a deadline."""

    async def push(self, push: Push) -> Acknowledgement: ...

    async def query(self, provider_reference: str) -> Standing: ...

    def read(self, callback: bytes) -> Notice: ...
