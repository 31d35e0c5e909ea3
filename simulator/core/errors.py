"""The one tree of business errors. A provider's `errors.py` is a total table from these to its own codes and texts."""

from __future__ import annotations

from collections.abc import Iterator


class DomainError(Exception):
    """A business rule said no. The message tells a developer what, which value, and what was expected."""


class Refused(DomainError):
    """Known before the provider accepts anything: answered at once, nothing changes but the journal."""


class Declined(DomainError):
    """Known only after acceptance: the payment's outcome, told in a callback. `code` is the outcome's own, if any."""

    code: str = ""


class InvalidToken(Refused):
    """The bearer token is missing, malformed, expired or unknown."""


class InvalidAuthorization(InvalidToken):
    """The Authorization header is of another form than a bearer's."""


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


class DuplicateReference(Refused):
    """The client's reference names another request already."""


class AlreadyRegistered(Refused):
    """The merchant's callback URLs are set, and may not be set again."""


class UnfitUrl(Refused):
    """The provider does not call such a URL."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


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


class UnregisteredParty(Declined):
    """The payee is no registered customer of the provider."""


class PartyInactive(Declined):
    """The paying organisation is not active."""


class AccountInactive(Declined):
    """The payee's account does not take money."""


class AmountTooSmall(Declined):
    """Less than the provider moves at once."""


class AmountTooLarge(Declined):
    """More than the provider moves at once."""


class WrongInitiator(Declined):
    """The operator is unknown, or its credential wrong."""


class OperatorLocked(Declined):
    """Too many wrong credentials in a row: the operator is locked."""


class QueueExpired(Declined):
    """The request was not processed in time, and will not be."""


class ValidationRejected(Declined):
    """The merchant refused the payment when it was asked, with a code of its own."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the merchant answered {code}")
        self.code = code


class ValidationUnanswered(Declined):
    """The merchant was asked and gave no answer, and wants such payments cancelled."""


class UnknownReceipt(Declined):
    """No payment has this receipt."""


class UnknownConversation(Declined):
    """No request has this conversation's reference."""


class AccountMissing(Declined):
    """No such account at the payee's bank."""


class AccountClosed(Declined):
    """The payee's account is closed."""


class AccountBlocked(Declined):
    """The payee's account takes no credits."""


class AccountDormant(Declined):
    """The payee's account is dormant."""


class BankOffline(Declined):
    """The payee's bank does not answer the switch."""


class BankCutOver(Declined):
    """The payee's bank closes its day, which takes a moment."""


class NotAMember(Declined):
    """The payee's bank takes no part in the switch."""


class SwitchTimeOut(Declined):
    """The payee's bank answered too late, and the switch took the transfer back."""


class NothingToReturn(Declined):
    """Less is left of the transfer than should be given back."""


class UnfitParameters(Declined):
    """The request's parameters do not belong together."""


class Forced(Declined):
    """A fault rule decided the outcome, with a result code of the provider."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def family(base: type[DomainError]) -> Iterator[type[DomainError]]:
    """Every error below `base`, in order of definition."""
    for error in base.__subclasses__():
        yield error
        yield from family(error)
