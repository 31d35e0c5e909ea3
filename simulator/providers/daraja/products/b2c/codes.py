"""Result codes of B2C, and which of them our business errors become. Texts are literal; not all are published."""

from __future__ import annotations

from simulator.core import errors as core
from simulator.edge.outcomes import Outcomes
from simulator.edge.provider import Mark, ResultCode

BY_RULE = "rule `daraja.b2c.processing`, `fail` with this code"
NO_TEXT = BY_RULE + "; its text is not published"

B2C_RESULTS = (
    ResultCode(
        "0",
        "The service request is processed successfully.",
        Mark.CAPTURED,
        "pay a registered customer from enough float",
        is_failure=False,
    ),
    ResultCode(
        "1",
        "The balance is insufficient for the transaction.",
        Mark.OFFICIAL,
        "pay more than the utility account holds: working funds do not count",
    ),
    ResultCode("2", "Declined due to limit rule", Mark.OFFICIAL, "pay less than 10"),
    ResultCode(
        "3",
        "Declined due to limit rule: greater than the maximum transaction amount.",
        Mark.OFFICIAL,
        "pay more than 250,000",
    ),
    ResultCode(
        "4",
        "Declined due to limit rule: would exceed daily transfer limit",
        Mark.OFFICIAL,
        "pay a customer beyond 500,000 in one Nairobi day; persona 254700000009",
    ),
    ResultCode("7", "", Mark.ONE_SOURCE, NO_TEXT),
    ResultCode(
        "8",
        "Declined due to limit rule: would exceed the maximum balance.",
        Mark.OFFICIAL,
        "pay a customer whose wallet would exceed 500,000; persona 254700000013",
    ),
    ResultCode(
        "11",
        "The DebitParty is in an invalid state.",
        Mark.OFFICIAL,
        'pay from an organisation that is not active: `PATCH /_sim/merchants/{shortcode} {"active": false}`',
    ),
    ResultCode("12", "", Mark.ONE_SOURCE, NO_TEXT),
    ResultCode("14", "", Mark.ONE_SOURCE, NO_TEXT),
    ResultCode("17", "System internal error.", Mark.ONE_SOURCE, BY_RULE),
    ResultCode("21", "The initiator is not allowed to initiate this request.", Mark.CAPTURED, BY_RULE),
    ResultCode("1005", "", Mark.ONE_SOURCE, NO_TEXT),
    ResultCode(
        "2001",
        "The initiator information is invalid.",
        Mark.CAPTURED,
        "name an initiator that the organisation does not have, or send a SecurityCredential that is not base64 of 256 "
        "bytes (under `strictness: {encrypted_credentials: true}`: not the initiator's encrypted password)",
    ),
    ResultCode(
        "2006",
        "Declined due to account rule: The account status does not allow this transaction.",
        Mark.OFFICIAL,
        'pay a customer whose account is not active: `PATCH /_sim/subscribers/{msisdn} {"active": false}`',
    ),
    ResultCode("2007", "External validation failed for the C2B transaction.", Mark.ONE_SOURCE, BY_RULE),
    ResultCode("2020", "", Mark.ONE_SOURCE, NO_TEXT),
    ResultCode(
        "2028",
        "The request is not permitted according to product assignment.",
        Mark.OFFICIAL,
        "pay from a till: `PartyA` 5000",
    ),
    ResultCode("2029", "Failed due to an unresolved reason type.", Mark.ONE_SOURCE, BY_RULE),
    ResultCode(
        "2033",
        "The transaction receipt number cannot be found by the specified OriginatorConversationID or ConversationID.",
        Mark.ONE_SOURCE,
        BY_RULE,
    ),
    ResultCode(
        "2040",
        "Credit Party customer type (Unregistered or Registered Customer) can't be supported by the service.",
        Mark.OFFICIAL,
        "pay a customer who is not registered; persona 254700000011",
    ),
    ResultCode("2043", "This organization is not a child organization of the initiator.", Mark.ONE_SOURCE, BY_RULE),
    ResultCode("2051", "", Mark.ONE_SOURCE, NO_TEXT),
    ResultCode(
        "2202",
        "The Account Number you provided is not exist. Please check your input information.",
        Mark.ONE_SOURCE,
        BY_RULE,
    ),
    ResultCode(
        "8006",
        "The security credential is locked.",
        Mark.CAPTURED,
        'send eight wrong credentials in a row; unlock with `PATCH /_sim/merchants/{shortcode} {"locked": false}`',
    ),
    ResultCode(
        "SFC_IC0003",
        "The operator does not exist.",
        Mark.OFFICIAL,
        "pay a number that nobody has, persona 254700000012, or from a shortcode that does not exist",
    ),
)

OUTCOMES = Outcomes(
    B2C_RESULTS,
    {
        core.InsufficientFunds: "1",
        core.AmountTooSmall: "2",
        core.AmountTooLarge: "3",
        core.DailyLimitExceeded: "4",
        core.AccountFull: "8",
        core.PartyInactive: "11",
        core.WrongInitiator: "2001",
        core.AccountInactive: "2006",
        core.ProductNotPermitted: "2028",
        core.UnregisteredParty: "2040",
        core.OperatorLocked: "8006",
        core.UnknownParty: "SFC_IC0003",
    },
)
