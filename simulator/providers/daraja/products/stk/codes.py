"""Result codes of STK push and its query, and which of them our business errors become. Texts are literal."""

from __future__ import annotations

from simulator.core import errors as core
from simulator.edge.outcomes import Outcomes
from simulator.edge.provider import Mark, ResultCode

BY_RULE = "rule `daraja.stk_push.processing`, `fail` with this code"

STK_RESULTS = (
    ResultCode(
        "0",
        "The service request is processed successfully.",
        Mark.CAPTURED,
        "approve the prompt with the right PIN",
        is_failure=False,
    ),
    ResultCode(
        "1",
        "The balance is insufficient for the transaction.",
        Mark.CAPTURED,
        "approve with less in the wallet than the amount; persona 254700000004",
    ),
    ResultCode("2", "Declined due to limit rule.", Mark.OFFICIAL, BY_RULE),
    ResultCode(
        "3",
        "Declined due to limit rule: greater than the maximum transaction amount.",
        Mark.OFFICIAL,
        BY_RULE + " (the gateway refuses such an amount at once)",
    ),
    ResultCode(
        "4",
        "Declined due to limit rule: would exceed daily transfer limit.",
        Mark.OFFICIAL,
        "approve more than 500,000 in one Nairobi day; persona 254700000009",
    ),
    ResultCode("8", "Declined due to limit rule: would exceed the maximum balance.", Mark.OFFICIAL, BY_RULE),
    ResultCode("15", "[Controller - ]Duplicate OriginatorConversationID.", Mark.CAPTURED, BY_RULE),
    ResultCode(
        "17",
        "Rule limited.",
        Mark.OFFICIAL,
        "the same payer and amount again within two minutes, under `strictness: {same_amount: true}`",
    ),
    ResultCode("21", "The initiator is not allowed to initiate this request.", Mark.ONE_SOURCE, BY_RULE),
    ResultCode("26", "System busy. The service request is rejected.", Mark.CAPTURED, BY_RULE),
    ResultCode(
        "1001",
        "Unable to lock subscriber, a transaction is already in process for the current subscriber",
        Mark.OFFICIAL,
        "push to a phone that is busy in another session; persona 254700000008",
    ),
    ResultCode("1019", "Transaction has expired", Mark.CAPTURED, BY_RULE),
    ResultCode(
        "1025",
        "An error occurred while sending a push request.",
        Mark.CAPTURED,
        "an AccountReference so long that the prompt exceeds 182 characters",
    ),
    ResultCode("1031", "Request cancelled by user", Mark.CAPTURED, BY_RULE),
    ResultCode("1032", "Request cancelled by user", Mark.CAPTURED, "cancel the prompt; persona 254700000002"),
    ResultCode("1036", "[STK_CB - ]SMSC ACK timeout.", Mark.CAPTURED, BY_RULE),
    ResultCode(
        "1037",
        "No response from user.",
        Mark.CAPTURED,
        "leave the prompt open for its life; personas 254700000005 and, unreachable, 254700000006",
    ),
    ResultCode("1101", "", Mark.ONE_SOURCE, BY_RULE + "; its text is not published"),
    ResultCode("1102", "", Mark.ONE_SOURCE, BY_RULE + "; its text is not published"),
    ResultCode(
        "2001",
        "The initiator information is invalid.",
        Mark.CAPTURED,
        "approve with a wrong PIN; persona 254700000003",
    ),
    ResultCode("2008", "Authentication Failed.", Mark.ONE_SOURCE, BY_RULE),
    ResultCode("2026", "The channel session ID has expired.", Mark.ONE_SOURCE, BY_RULE),
    ResultCode(
        "2028",
        "The request is not permitted according to product assignment.",
        Mark.OFFICIAL,
        "`CustomerPayBillOnline` with another PartyB than BusinessShortCode, or `CustomerBuyGoodsOnline` to a paybill",
    ),
    ResultCode(
        "8006",
        "The security credential is locked.",
        Mark.OFFICIAL,
        'approve while the PIN is locked: `PATCH /_sim/subscribers/{msisdn} {"locked": true}`',
    ),
    ResultCode("9999", "Internal error occurred while executing the transaction.", Mark.SDKS_AGREE, BY_RULE),
    ResultCode("E3008", "Error, the user has a bad debt contract.", Mark.CAPTURED, BY_RULE),
    ResultCode(
        "SFC_IC0003",
        "The operator does not exist.",
        Mark.CAPTURED,
        "`CustomerBuyGoodsOnline` to a till that does not exist, or with a till as BusinessShortCode",
    ),
    ResultCode("100000100", "Saving object to storage fail...", Mark.ONE_SOURCE, BY_RULE),
)
STILL_PROCESSING = ResultCode(
    "4999",
    "The transaction is still under processing",
    Mark.CAPTURED,
    "query while the prompt is open (the query only)",
    is_failure=False,
)

OUTCOMES = Outcomes(
    STK_RESULTS,
    {
        core.InsufficientFunds: "1",
        core.DailyLimitExceeded: "4",
        core.AccountFull: "8",
        core.LineBusy: "1001",
        core.PromptTooLong: "1025",
        core.PromptCancelled: "1032",
        core.PromptUnanswered: "1037",
        core.SubscriberUnreachable: "1037",
        core.WrongPin: "2001",
        core.RepeatedTooSoon: "17",
        core.ProductNotPermitted: "2028",
        core.PinLocked: "8006",
        core.UnknownParty: "SFC_IC0003",
    },
)
