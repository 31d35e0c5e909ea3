"""Result codes of legs, and which of them our business errors become; and what becomes of a request as a whole.

The codes are the bank's trigger table's, whose meanings are told as texts: no source has the literal ones.
"""

from __future__ import annotations

from simulator.core import errors as core
from simulator.edge.outcomes import Outcomes
from simulator.edge.provider import Mark, ResultCode

BY_RULE = "rule at `coop.*.processing`, `fail` with this code"
DEBIT = "pay from the account 36001873%s"


def _triggered(code: str, text: str, account: str) -> ResultCode:
    return ResultCode(code, text, Mark.SDKS_AGREE, DEBIT % account)


LEG_RESULTS = (
    ResultCode("0", "Success", Mark.SDKS_AGREE, "pay from the account 36001873000", is_failure=False),
    ResultCode(
        "40507020",
        "Insufficient available balance",
        Mark.SDKS_AGREE,
        "pay more than the account holds, such as 36001873002, which holds nothing",
    ),
    ResultCode(
        "40000126",
        "Account not found",
        Mark.SDKS_AGREE,
        "pay an account whose number ends in 0001, or the unlinked phone 254700000011, or pay from 36001873004",
    ),
    ResultCode(
        "40000132",
        "Account closed",
        Mark.SDKS_AGREE,
        "pay an account whose number ends in 0004, or pay from 36001873020",
    ),
    ResultCode(
        "40409528",
        "Account dormant",
        Mark.SDKS_AGREE,
        "pay an account whose number ends in 0007, or pay from 36001873023",
    ),
    ResultCode(
        "40007325",
        "No credits allowed",
        Mark.SDKS_AGREE,
        "pay an account whose number ends in 0006, or 36001873015 at Co-op",
    ),
    ResultCode(
        "40421536",
        "Cannot process now: initiate again",
        Mark.INFERRED,
        "pay an account whose bank is offline (number ends in 0008), closes its day (0009) or answers so late that the "
        "switch takes the transfer back (0091); or pay from 36001873024",
    ),
    ResultCode(
        "-16",
        "DAILY LIMIT EXHAUSTED",
        Mark.INFERRED,
        "have two requests accepted at once, which exceed the day's limit together: each alone was within it",
    ),
    ResultCode("40180193", "No credits allowed", Mark.SDKS_AGREE, "pay 36001873111 at Co-op"),
    ResultCode(
        "40407606",
        "Reference not found",
        Mark.SDKS_AGREE,
        "a leg with the `ReferenceNumber` REF0001, or a request with that `MessageReference`",
    ),
    ResultCode(
        "40422049",
        "Reference already posted",
        Mark.SDKS_AGREE,
        "a leg with the `ReferenceNumber` REF0002, or a request with that `MessageReference`",
    ),
    _triggered("40007321", "Account stopped", "003"),
    _triggered("42172", "Account stopped", "016"),
    _triggered("20020000", "Account does not exist", "010"),
    _triggered("40411056", "Customer not active", "005"),
    _triggered("42171", "Referral", "006"),
    _triggered("40007319", "Referral", "007"),
    _triggered("42173", "Referral", "025"),
    _triggered("40007327", "Referral", "026"),
    _triggered("40007323", "Referral", "022"),
    _triggered("40000127", "Unexpected error", "008"),
    _triggered("20201005", "Fund the settlement account", "009"),
    _triggered("40007322", "No debits allowed", "013"),
    _triggered("40180194", "No debits allowed", "028"),
    _triggered("40205109", "Supervisor authorisation required", "014"),
    _triggered("40108300", "Product eligibility", "017"),
    _triggered("40000304", "Date error", "019"),
    _triggered("40243028", "Date error", "021"),
    _triggered("40200284", "Account closed", "027"),
    ResultCode("-5", "Insufficient balance", Mark.SDKS_AGREE, BY_RULE),
)
TRIGGER_REFERENCES = {"REF0001": "40407606", "REF0002": "40422049"}

OUTCOMES = Outcomes(
    LEG_RESULTS,
    {
        core.InsufficientFunds: "40507020",
        core.DailyLimitExceeded: "-16",
        core.AccountMissing: "40000126",
        core.AccountClosed: "40000132",
        core.AccountDormant: "40409528",
        core.AccountBlocked: "40007325",
        core.BankOffline: "40421536",
        core.BankCutOver: "40421536",
        core.NotAMember: "40421536",  # it was a member when the request was accepted
        core.SwitchTimeOut: "40421536",  # the money is back, and nothing is unclear any more
    },
)

FULL_SUCCESS = ResultCode("0", "FULL SUCCESS", Mark.SDKS_AGREE, "every leg is paid", is_failure=False)
PARTIAL_SUCCESS = ResultCode("1", "PARTIAL SUCCESS", Mark.SDKS_AGREE, "a leg is paid, another not", is_failure=False)
FULL_FAILURE = ResultCode("2", "FULL FAILURE", Mark.SDKS_AGREE, "no leg is paid", is_failure=False)
PROCESSING = ResultCode("S_001", "PROCESSING", Mark.SDKS_AGREE, "ask before the last leg is decided", is_failure=False)
REQUEST_RESULTS = (FULL_SUCCESS, PARTIAL_SUCCESS, FULL_FAILURE, PROCESSING)
