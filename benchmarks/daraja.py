"""Daraja as a client speaks it: a token, pushes as bytes, and what the control API tells afterwards."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

SHORTCODE = "174379"
PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
TIMESTAMP = "20260115103000"
PUSH_PATH = "/mpesa/stkpush/v1/processrequest"
FIRST_PAYER = 254_720_000_000
SHILLINGS = 10

# What Daraja answers, and what it calls back: a bare server sends the same bytes.
ACKNOWLEDGEMENT = (
    b'{"MerchantRequestID":"b9f4-4ad9-8ccd-bb0b1a0f7b3d1071874","CheckoutRequestID":"ws_CO_150120261030000720000000",'
    b'"ResponseCode":"0","ResponseDescription":"Success. Request accepted for processing",'
    b'"CustomerMessage":"Success. Request accepted for processing"}'
)
CALLBACK = (
    b'{"Body":{"stkCallback":{"MerchantRequestID":"b9f4-4ad9-8ccd-bb0b1a0f7b3d1071874",'
    b'"CheckoutRequestID":"ws_CO_150120261030000720000000","ResultCode":0,'
    b'"ResultDesc":"The service request is processed successfully.","CallbackMetadata":{"Item":['
    b'{"Name":"Amount","Value":10.00},{"Name":"MpesaReceiptNumber","Value":"UAF51XQ4JX"},{"Name":"Balance"},'
    b'{"Name":"TransactionDate","Value":20260115103000},{"Name":"PhoneNumber","Value":254720000000}]}}}}'
)


def payer(number: int) -> str:
    return str(FIRST_PAYER + number)


def push_body(msisdn: str, callback_url: str) -> bytes:
    password = base64.b64encode(f"{SHORTCODE}{PASSKEY}{TIMESTAMP}".encode()).decode()
    told = {
        "BusinessShortCode": SHORTCODE,
        "Password": password,
        "Timestamp": TIMESTAMP,
        "TransactionType": "CustomerPayBillOnline",
        "Amount": SHILLINGS,
        "PartyA": msisdn,
        "PartyB": SHORTCODE,
        "PhoneNumber": msisdn,
        "CallBackURL": callback_url,
        "AccountReference": "INV-2026-001",
        "TransactionDesc": "Invoice",
    }
    return json.dumps(told).encode()


def push_request(number: int, token: str, callback_url: str) -> bytes:
    """The n-th payer's push as a client sends it."""
    body = push_body(payer(number), callback_url)
    head = (
        f"POST {PUSH_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def token_of(url: str) -> str:
    credentials = base64.b64encode(b"pesabox-key:pesabox-secret").decode()
    path = "/oauth/v1/generate?grant_type=client_credentials"
    token: str = _json(Request(url + path, headers={"Authorization": f"Basic {credentials}"}))["access_token"]
    return token


def control(url: str, path: str) -> Any:
    return _json(Request(f"{url}/_sim{path}"))


def listed(url: str, path: str) -> Iterator[dict[str, Any]]:
    """All items of a list of the control API, however many pages it has."""
    after = ""
    while True:
        page = control(url, f"{path}{'&' if '?' in path else '?'}limit=1000" + (f"&after={after}" if after else ""))
        yield from page["items"]
        after = page["next"]
        if not after:
            return


def _json(request: Request) -> Any:
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)
