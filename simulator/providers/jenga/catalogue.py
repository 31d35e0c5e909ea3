"""Jenga's catalogue: the errors that it answers, and the codes that a transfer may end with.

The codes are published [official] with a meaning each, and no literal text but a few: the texts are those meanings.
`how` tells a developer how to make the error happen; docs/pesalink.md prints it.
"""

from __future__ import annotations

from simulator.core import errors as core
from simulator.edge.outcomes import SUCCESS, Outcomes
from simulator.edge.provider import CatalogueError, Mark, ResultCode

CONFIRMED = "Confirmed"
ACKNOWLEDGED = (
    "Transaction has been successfully acknowledged, await final transaction status on callback"  # [official]
)
PENDING = -1

BY_RULE = "rule `jenga.pesalink_account.processing`, `fail` with this code"
ANY_REQUEST = "rule `jenga.*.request`, `refuse` with this name"


def _transfer(name: str, code: str, message: str, how: str = BY_RULE) -> CatalogueError:
    """An error that a transfer may end with. HTTP 400 for what is business is inferred, 500 for the rest official."""
    return CatalogueError(name, 500 if code.startswith("50") else 400, code, message, Mark.OFFICIAL, how)


REFUSED = (
    CatalogueError(
        "signature_required",
        400,
        "900100",
        "Signature required",
        Mark.OFFICIAL,
        "send a call without the header `signature`",
    ),
    CatalogueError(
        "signature_required_validate",
        400,
        "900100",
        "Invalid Signature",
        Mark.OFFICIAL,
        "send account/validate without the header `signature`: it lists the code with another text",
    ),
    CatalogueError(
        "invalid_signature",
        400,
        "900101",
        "Invalid signature",
        Mark.OFFICIAL,
        "sign another text than the raw strings of the body, in another order, or with another key",
    ),
    CatalogueError(
        "key_mapping_invalid",
        400,
        "900102",
        "Key mapping invalid",
        Mark.OFFICIAL,
        'take the public key away: `PATCH /_sim/providers/jenga {"public_key": null}`',
    ),
    CatalogueError(
        "no_matching_credentials",
        401,
        "401",
        "No matching credentials",
        Mark.OFFICIAL,
        "authenticate without the header `Api-Key`, or with a merchant code or secret that is empty or unknown",
    ),
    CatalogueError(
        "not_authorised",
        401,
        "401101",
        "Not authorised",
        Mark.OFFICIAL,
        "call without a bearer token, or with one that is unknown or 15 minutes old",
    ),
    CatalogueError(
        "api_not_activated",
        403,
        "401101",
        "API access not activated",
        Mark.INFERRED,
        ANY_REQUEST + " (the same code; its HTTP status is inferred)",
    ),
    CatalogueError(
        "account_not_configured",
        400,
        "401201",
        "Account not configured",
        Mark.OFFICIAL,
        "pay from, or ask for the balance of, an account that is not the caller's",
    ),
    CatalogueError(
        "merchant_account_inactive",
        400,
        "401202",
        "Merchant account missing or inactive",
        Mark.OFFICIAL,
        ANY_REQUEST,
    ),
    CatalogueError(
        "unparseable",
        400,
        "400400",
        "Unparseable request",
        Mark.OFFICIAL,
        "send a body that is no JSON object, or a value of another form than documented; pay a bank that is unknown or "
        "no member of the switch",
    ),
    CatalogueError(
        "missing_parameter",
        400,
        "400111",
        "Missing parameter",
        Mark.OFFICIAL,
        "leave a field out, or send it empty",
    ),
    CatalogueError(
        "duplicate_reference",
        400,
        "400101",
        "Duplicate transaction reference",
        Mark.OFFICIAL,
        "send `transfer.reference` of an earlier transfer",
    ),
    CatalogueError(
        "duplicate_reference_400109",
        400,
        "400109",
        "Duplicate transaction reference",
        Mark.OFFICIAL,
        ANY_REQUEST + " (the other code of the same meaning)",
    ),
    CatalogueError(
        "transfer_limit",
        400,
        "103105",
        "Transfer limit",
        Mark.OFFICIAL,
        "send less than 10.00 or more than 999,999.00 over PesaLink",
    ),
    CatalogueError(
        "currency_or_amount_invalid",
        400,
        "103107",
        "Currency or amount invalid",
        Mark.OFFICIAL,
        "send another currency than KES, or an amount that is none, such as `5e2`",
    ),
    CatalogueError(
        "account_details_wrong",
        200,
        "104101",
        "Account details wrong",
        Mark.OFFICIAL,
        "validate an account under another name than its holder's; HTTP 200 with an error in it",
    ),
    CatalogueError(
        "account_not_found",
        400,
        "104102",
        "Account not found",
        Mark.OFFICIAL,
        "search for an Equity account that ends in 0001",
    ),
    CatalogueError(
        "unknown_reference",
        404,
        "100100",
        "Transaction not found",
        Mark.INFERRED,
        "ask for the details of a reference that was never sent",
    ),
    CatalogueError(
        "unknown_path", 404, "404", "Not found", Mark.INFERRED, "call a path below /v3-apis/ that does not exist"
    ),
    CatalogueError(
        "method_not_allowed", 405, "405", "Method not allowed", Mark.INFERRED, "call an endpoint with another method"
    ),
    CatalogueError(
        "temporarily_unavailable", 503, "104201", "Temporarily unavailable", Mark.ONE_SOURCE, ANY_REQUEST
    ),
)  # fmt: skip

TRANSFERS = (
    _transfer(
        "bad_destination_account",
        "400103",
        "Bad destination account",
        "pay an account that ends in 0001 (missing) or 0004 (closed), or a phone that is linked to no account at the "
        "bank, such as 254700000011",
    ),
    _transfer(
        "insufficient_funds", "400104", "Insufficient funds", "pay more than the account holds, as of 1450160649002"
    ),
    _transfer(
        "unknown_status",
        "400105",
        "Transaction failed with unknown status, contact Finserve",
        BY_RULE + "; or `refuse` at its acknowledgement, and the truth may be success",
    ),
    _transfer(
        "destination_bank_error",
        "400106",
        "Destination bank error",
        "pay an account that ends in 0006 (blocked), 0007 (dormant) or 0008 (its bank is offline)",
    ),
    _transfer("destination_bank_cut_over", "400107", "Destination bank cut-over", "pay an account that ends in 0009"),
    _transfer(
        "destination_bank_malfunction",
        "400108",
        "Destination bank malfunction",
        "pay an account that ends in 0091, and ask for the details after 45 s: its bank answered too late",
    ),
    _transfer("system_failure", "400112", "System failure"),
    _transfer(
        "daily_limit",
        "400113",
        "Sender daily limit exceeded",
        'send more in one day than `PATCH /_sim/providers/jenga {"limits": {"daily": "1000.00"}}` allows',
    ),
    _transfer("wrong_account_type", "103101", "Wrong account type"),
    _transfer("wrong_account_number", "103102", "Wrong account number"),
    _transfer("insufficient_funds_103104", "103104", "Insufficient funds"),
    _transfer("contact_bank", "103106", "Contact bank"),
    _transfer("retry", "103108", "Retry"),
    _transfer("malfunction", "103109", "Malfunction"),
    _transfer("not_processed", "103120", "Bank service could not process"),
    _transfer("insufficient_funds_104103", "104103", "Insufficient funds"),
    _transfer("charge_not_configured", "104104", "Charge not configured"),
    _transfer("charge_error", "104105", "Charge error"),
    _transfer("service_not_available", "118102", "Service not available"),
    _transfer("source_balance_insufficient", "118108", "Source balance insufficient"),
    _transfer("processing_error", "500100", "Processing error"),
    _transfer("database_error", "500101", "Database error"),
    _transfer("downstream_error", "500200", "Downstream error"),
    _transfer("processing_error_500401", "500401", "Processing error"),
    _transfer("cross_currency", "501501", "Cross-currency error"),
)

CATALOGUE = REFUSED + TRANSFERS
BY_NAME = {error.name: error for error in CATALOGUE}
ENDS_WITH = {error.code: error for error in TRANSFERS}  # the errors that a failed transfer is told with

RESULTS = (
    ResultCode(SUCCESS, CONFIRMED, Mark.OFFICIAL, "pay an account from enough money", is_failure=False),
    ResultCode(
        str(PENDING),
        ACKNOWLEDGED,
        Mark.OFFICIAL,
        "pay an account that ends in 0090: 25 s without an answer; the details tell the success after 45 s",
        is_failure=False,
    ),
    *(ResultCode(error.code, error.message, error.mark, error.how) for error in TRANSFERS),
)
OUTCOMES = Outcomes(
    RESULTS,
    {  # which of its codes Jenga uses for what befalls the payee is inferred: its tables are generic
        core.InsufficientFunds: "400104",
        core.DailyLimitExceeded: "400113",
        core.AccountMissing: "400103",
        core.AccountClosed: "400103",
        core.AccountBlocked: "400106",
        core.AccountDormant: "400106",
        core.BankOffline: "400106",
        core.NotAMember: "400106",
        core.BankCutOver: "400107",
        core.SwitchTimeOut: "400108",
    },
)
