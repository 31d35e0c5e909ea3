"""Result codes of Transaction Status, and which of them our business errors become. Texts are literal."""

from __future__ import annotations

from simulator.core import errors as core
from simulator.edge.outcomes import Outcomes
from simulator.edge.provider import Mark, ResultCode

STATUS_RESULTS = (
    ResultCode(
        "0",
        "The service request is processed successfully.",
        Mark.CAPTURED,
        "ask for a payment of the organisation that asks, whatever became of it",
        is_failure=False,
    ),
    ResultCode(
        "21",
        "The initiator is not allowed to initiate this request.",
        Mark.CAPTURED,
        "rule `daraja.transaction_status.processing`, `fail` with this code",
    ),
    ResultCode(
        "25",
        "InvalidRequestParameters",
        Mark.ONE_SOURCE,
        "send an `IdentifierType` that does not fit `PartyA`: 1 with a shortcode, 2 or 4 with a phone number",
    ),
    ResultCode(
        "2001",
        "The initiator information is invalid.",
        Mark.CAPTURED,
        "name an initiator that the organisation does not have, or send a wrong SecurityCredential, as with B2C",
    ),
    ResultCode(
        "2032",
        "The transaction receipt number does not exist.",
        Mark.CAPTURED,
        "ask for a receipt that does not exist, or is another organisation's",
    ),
    ResultCode(
        "2033",
        "The transaction receipt number cannot be found by the specified OriginatorConversationID or ConversationID.",
        Mark.ONE_SOURCE,
        "ask for an `OriginalConversationID` that does not exist, or is another organisation's",
    ),
    ResultCode(
        "8006",
        "The security credential is locked.",
        Mark.CAPTURED,
        "ask while the initiators are locked, as with B2C",
    ),
    ResultCode(
        "SFC_IC0003",
        "The operator does not exist.",
        Mark.OFFICIAL,
        "ask for a shortcode, or a phone number, that does not exist",
    ),
)

OUTCOMES = Outcomes(
    STATUS_RESULTS,
    {
        core.UnfitParameters: "25",
        core.WrongInitiator: "2001",
        core.UnknownReceipt: "2032",
        core.UnknownConversation: "2033",
        core.OperatorLocked: "8006",
        core.UnknownParty: "SFC_IC0003",
    },
)
