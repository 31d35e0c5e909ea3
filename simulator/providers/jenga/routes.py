"""Jenga's endpoints: each an operation, by the name that fault rules use."""

from __future__ import annotations

from simulator.edge.provider import Operation
from simulator.providers.jenga.access import admit_bearer, admit_merchant
from simulator.providers.jenga.accounts import balances, search, validate
from simulator.providers.jenga.authenticate import authenticate
from simulator.providers.jenga.details import details
from simulator.providers.jenga.transfers import internal_transfer, pesalink_account, pesalink_mobile

REMITTANCE = "/v3-apis/transaction-api/v3.0/remittance"
ACCOUNTS = "/v3-apis/account-api/v3.0"
NAMED = "{countryCode}/{accountId}"

OPERATIONS = (
    Operation("authenticate", "POST", "/authentication/api/v3/authenticate/merchant", admit_merchant, authenticate),
    Operation("pesalink_account", "POST", f"{REMITTANCE}/pesalinkacc", admit_bearer, pesalink_account),
    Operation("pesalink_account", "POST", f"{REMITTANCE}/pesalinkacc/imt", admit_bearer, pesalink_account),
    Operation("pesalink_mobile", "POST", f"{REMITTANCE}/pesalinkMobile", admit_bearer, pesalink_mobile),
    Operation("pesalink_mobile", "POST", f"{REMITTANCE}/pesalinkMobile/imt", admit_bearer, pesalink_mobile),
    Operation("internal_transfer", "POST", f"{REMITTANCE}/internalBankTransfer", admit_bearer, internal_transfer),
    Operation("internal_transfer", "POST", f"{REMITTANCE}/internalBankTransfer/imt", admit_bearer, internal_transfer),
    Operation(
        "transaction_details", "GET", "/v3-apis/transaction-api/v3.0/transactions/details/{ref}", admit_bearer, details
    ),
    Operation("balances", "GET", f"{ACCOUNTS}/accounts/balances/{NAMED}", admit_bearer, balances),
    Operation("search", "GET", f"{ACCOUNTS}/search/{NAMED}", admit_bearer, search),
    Operation("search", "GET", f"{ACCOUNTS}/accounts/search/{NAMED}", admit_bearer, search),
    Operation("validate", "POST", f"{ACCOUNTS}/account/validate", admit_bearer, validate),
)
