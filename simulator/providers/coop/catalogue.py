"""Co-op's synchronous errors: the gateway's and those of the bank behind it. Texts are literal, misspellings too.

`how` tells a developer how to make the error happen.
"""

from __future__ import annotations

from simulator.edge.provider import CatalogueError, Mark

OFFICIAL, AGREE, INFERRED = Mark.OFFICIAL, Mark.SDKS_AGREE, Mark.INFERRED

FAULT = '{"fault":{"code":"{code}","message":"{message}","description":"%s"}}'
OAUTH = '{"error_description":"{message}","error":"{code}"}'
RESOURCE = '{"timestamp":"{time}","status":%d,"error":"%s","message":"{message}","path":"{path}"}'
ACKNOWLEDGED = (
    '"MessageReference":"{reference}","MessageDateTime":"{time}","MessageCode":"{code}",'
    '"MessageDescription":"{message}"'
)
NOTHING_KNOWN = (
    f'{{{ACKNOWLEDGED},"Source":{{"AccountNumber":null,"Amount":null,"TransactionCurrency":null,"Narration":null,'
    '"ResponseCode":null,"ResponseDescription":null},"Destinations":null}'
)
NO_RECIPIENT = (
    '{"MessageReference":"{reference}","MessageCode":"{code}","MessageDescription":"{message}",'
    '"RecipientName":null,"AccountNumber":"{account}"}'
)
FIREWALL = (
    "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    "Please consult with your administrator.</body></html>"
)
LOGIN = r"Required OAuth credentials not provided. Make sure your API invocation call has a header: "


def _error(name: str, status: int, code: str, message: str, how: str, mark: Mark = AGREE) -> CatalogueError:
    """In the shape of an acknowledgement."""
    return CatalogueError(name, status, code, message, mark, how)


CATALOGUE = (
    CatalogueError(
        "invalid_client",
        401,
        "invalid_client",
        "Client Authentication failed.",
        INFERRED,
        "ask for a token without the header `Authorization: Basic …`, or with an empty key or secret",
        OAUTH,
    ),
    CatalogueError(
        "unsupported_grant_type",
        400,
        "unsupported_grant_type",
        "Unsupported grant_type value",
        INFERRED,
        "ask for a token with another form than `grant_type=client_credentials`",
        OAUTH,
    ),
    CatalogueError(
        "missing_credentials",
        401,
        "900902",
        "Missing Credentials",
        AGREE,
        "call without the header `Authorization: Bearer …`",
        FAULT % (LOGIN + r"\"Authorization: Bearer ACCESS_TOKEN\""),
    ),
    CatalogueError(
        "invalid_credentials",
        401,
        "900901",
        "Invalid Credentials",
        AGREE,
        "call with a token that was never given, or that has expired",
        FAULT % "Access failure for API: {path}. Make sure you have provided the correct security credentials",
    ),
    _error(
        "invalid_parameter",
        400,
        "-2",
        "INVALID/MISSING PARAMETER",
        "leave out `CallBackUrl`, or send a body that is no JSON object",
    ),
    _error(
        "reference_too_long",
        400,
        "-11",
        "MESSAGE REFERENCE/REFERENCE NUMBER LONGER THAN ALLOWED LENGTH",
        "a `MessageReference` of more than 27 characters, or a `ReferenceNumber` of more than 30",
    ),
    _error(
        "currency_not_allowed",
        403,
        "-9",
        "CURRENCY INVALID/NOT ALLOWED",
        "any `TransactionCurrency` but `KES`",
    ),
    _error(
        "amount_not_positive",
        400,
        "-3",
        "THE AMOUNT DEBITED OR CREDITED MUST BE GREATER THAT 0/POSITIVE INTEGER",
        "an `Amount` of 0 or less",
    ),
    _error(
        "amounts_not_balancing",
        400,
        "-5",
        "DEBIT AND CREDIT(S) AMOUNTS NOT BALANCING",
        "a `Source.Amount` that is not the sum of the legs",
    ),
    _error(
        "amount_out_of_limits",
        400,
        "-6",
        "TRANSACTION AMOUNT LESS/GREATER THAN MINIMUM/MAXIMUM LIMIT ALLOWED",
        "a leg of less than 10.00 or of more than 999,999.00: `limits` of `/_sim/providers/coop`",
    ),
    _error(
        "duplicate_reference",
        400,
        "-12",
        "DUPLICATE REFERENCE/IDENTICAL REFERENCE AND MESSAGEREFERENCE",
        "two legs with one `ReferenceNumber`; under `strictness: {leg_references: true}` also one that equals the "
        "`MessageReference`",
    ),
    _error(
        "invalid_phone_number",
        400,
        "-20",
        "INVALID PHONE NUMBER",
        "a `PhoneNumber` that is no Kenyan mobile number of 10 to 13 characters",
    ),
    _error(
        "not_a_member_bank",
        403,
        "-10",
        "BANK CODE INVALID/NOT PESALINK MEMBER BANK",
        "a `BankCode` that nobody has, or of a bank that takes no part: 09",
    ),
    _error(
        "debit_account_authorization_failure",
        401,
        "-8",
        "DEBIT ACCOUNT AUTHORIZATION FAILURE",
        "a `Source.AccountNumber` that is not the caller's, such as 1001",
    ),
    _error(
        "duplicate_message_reference",
        409,
        "-1",
        "DUPLICATE MESSAGE REFERENCE",
        "send a `MessageReference` again that was accepted before",
    ),
    _error(
        "daily_limit_exhausted",
        403,
        "-16",
        "DAILY LIMIT EXHAUSTED",
        'pay more than the day\'s limit: `PATCH /_sim/providers/coop {"limits": {"daily": "1000.00"}}`',
    ),
    _error(
        "request_timed_out",
        408,
        "-4",
        "REQUEST TIMED OUT",
        "validate an account at a bank that does not answer: one whose number ends in 0008. Of a transfer, whose "
        "outcome is then unknown: rule at `coop.*.acknowledgement`, `refuse` with `-4`",
    ),
    _error(
        "invalid_account_number",
        400,
        "-15",
        "INVALID ACCOUNT NUMBER",
        "validate an account of the bank's own that is not there: one whose number ends in 0001",
    ),
    CatalogueError(
        "unknown_message_reference",
        404,
        "-13",
        "MESSAGE REFERENCE DOES NOT EXIST",
        AGREE,
        "ask for the status of a `MessageReference` that was never accepted",
        NOTHING_KNOWN,
    ),
    CatalogueError(
        "account_not_found",
        200,
        "1",
        "Account not found",
        Mark.ONE_SOURCE,
        "validate an account at another bank whose number ends in 0001",
        NO_RECIPIENT,
    ),
    CatalogueError(
        "not_found",
        404,
        "404",
        "No message available",
        AGREE,
        "call a path below `/FundsTransfer/` or `/Enquiry/` that does not exist",
        RESOURCE % (404, "Not Found"),
    ),
    CatalogueError(
        "method_not_allowed",
        405,
        "405",
        "Request method '{method}' not supported",
        INFERRED,
        "call with another method than POST",
        RESOURCE % (405, "Method Not Allowed"),
    ),
    CatalogueError(
        "firewall",
        403,
        "",
        "",
        AGREE,
        "rule at `coop.*.request`, `refuse` with `firewall`: production answers so to an address that is not listed",
        FIREWALL,
        "text/html",
    ),
    CatalogueError(
        "service_unavailable",
        503,
        "101503",
        "Runtime Error",
        INFERRED,
        "rule at `coop.*.request`, `refuse` with `service_unavailable`",
        FAULT % "Error connecting to the back end",
    ),
    CatalogueError(
        "internal_server_error",
        500,
        "500",
        "An error occurred",
        INFERRED,
        "rule at `coop.*.request`, `refuse` with `internal_server_error`",
        RESOURCE % (500, "Internal Server Error"),
    ),
)
BY_NAME = {error.name: error for error in CATALOGUE}
