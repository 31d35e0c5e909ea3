"""The one tree of business errors. A provider's `errors.py` is a total table from these to its own codes and texts."""

from __future__ import annotations

from collections.abc import Iterator


class DomainError(Exception):
    """A business rule said no. The message tells a developer what, which value, and what was expected."""


class Refused(DomainError):
    """Known before the provider accepts anything: answered at once, nothing changes but the journal."""


class Declined(DomainError):
    """Known only after acceptance: the payment's outcome, told in a callback."""


class InvalidToken(Refused):
    """The bearer token is missing, malformed, expired or unknown."""


class InvalidClient(Refused):
    """The credentials offered for a token are missing, malformed or unknown."""


class InvalidGrantType(Refused):
    """A token was asked for with another grant type than the provider knows."""


class MalformedBody(Refused):
    """The body is not the JSON object that was expected."""


class InvalidField(Refused):
    """A field is missing, empty or malformed."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


class TooManyRequests(Refused):
    """The provider's rate limit is reached."""


class UnknownPath(Refused):
    """No such resource at this provider."""


class MethodNotAllowed(Refused):
    """The resource exists, the method does not."""

    def __init__(self, method: str, why: str) -> None:
        super().__init__(why)
        self.method = method


class UnknownMerchant(Refused):
    """The shortcode belongs to nobody in this world."""


class WrongPassword(Refused):
    """The request is signed with another password than the merchant's."""


class PromptAlreadyOpen(Refused):
    """The subscriber is busy with another prompt: one at a time."""


class UnknownPayment(Refused):
    """No payment with this reference in this world."""


class IllegalMove(DomainError):
    """The payment's state does not allow this move."""


class InsufficientFunds(Declined):
    """A posting would take an account below its floor."""


class AccountFull(Declined):
    """A posting would take an account above its ceiling."""


class DailyLimitExceeded(Declined):
    """The payer's total of the day would exceed the limit."""


class WrongPin(Declined):
    """The subscriber typed another PIN than theirs."""


class PinLocked(Declined):
    """The subscriber's PIN is locked."""


class PromptCancelled(Declined):
    """The subscriber pressed cancel."""


class PromptUnanswered(Declined):
    """The prompt's life ended without an answer."""


class PromptTooLong(Declined):
    """The prompt's text does not fit on a phone."""


class SubscriberUnreachable(Declined):
    """The phone is off or out of reach."""


class LineBusy(Declined):
    """The phone is in another session of the network."""


class RepeatedTooSoon(Declined):
    """The same payer and amount, shortly after one another."""


class ProductNotPermitted(Declined):
    """The merchant's product does not allow this kind of payment between these parties."""


class UnknownParty(Declined):
    """One of the parties does not exist at the provider."""


class Forced(Declined):
    """A fault rule decided the outcome, with a result code of the provider."""


def family(base: type[DomainError]) -> Iterator[type[DomainError]]:
    """Every error below `base`, in order of definition."""
    for error in base.__subclasses__():
        yield error
        yield from family(error)
