"""Why a C2B payment does not come about: the codes of a merchant's validation, and what the payer is told."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.core import errors as core
from simulator.core.errors import Declined
from simulator.core.payments import Failure
from simulator.edge.provider import Mark, ResultCode

ACCEPTED = "0"
HOW = "answer validation with this code; or by rule `daraja.c2b.processing`, `fail` with it"

C2B_RESULTS = (
    ResultCode("C2B00011", "Invalid MSISDN", Mark.OFFICIAL, HOW),
    ResultCode("C2B00012", "Invalid Account Number", Mark.OFFICIAL, HOW),
    ResultCode("C2B00013", "Invalid Amount", Mark.OFFICIAL, HOW),
    ResultCode("C2B00014", "Invalid KYC Details", Mark.OFFICIAL, HOW),
    ResultCode("C2B00015", "Invalid Shortcode", Mark.OFFICIAL, HOW),
    ResultCode("C2B00016", "Other Error", Mark.OFFICIAL, HOW),
)

# What the SMS says, in our wording: its texts by code are documented to exist, and not printed.
REJECTIONS: Mapping[str, str] = {
    "C2B00011": "the business does not accept payments from your number",
    "C2B00012": "the account number is not known to the business",
    "C2B00013": "the business does not accept this amount",
    "C2B00014": "your registration details do not match those that the business has",
    "C2B00015": "the business number is not the right one for this payment",
    "C2B00016": "the business does not accept the payment",
}
REASONS: Mapping[type[Declined], str] = {
    core.InsufficientFunds: "you do not have enough money in your M-PESA account",
    core.DailyLimitExceeded: "it would exceed the amount that you may transact within the day",
    core.AmountTooSmall: "the amount is less than may be sent",
    core.AmountTooLarge: "the amount is more than may be sent at once",
    core.WrongPin: "you have entered a wrong PIN",
    core.PinLocked: "your M-PESA PIN is locked",
    core.SubscriberUnreachable: "your phone is off or out of reach",
    core.LineBusy: "your line is busy with another request",
    core.UnregisteredParty: "you are not registered for M-PESA",
    core.AccountInactive: "your M-PESA account is not active",
    core.PartyInactive: "the business is not active",
    core.ValidationUnanswered: "the business could not be reached",
}


def told_to_payer(failure: Failure) -> str:
    """Why, as the SMS says it. A merchant's own code means no more than that it did not want the payment."""
    if failure.code:
        return REJECTIONS.get(failure.code, REJECTIONS["C2B00016"])
    return next(text for error, text in REASONS.items() if error.__name__ == failure.reason)
