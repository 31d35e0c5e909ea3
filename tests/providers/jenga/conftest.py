"""Jenga as a client that signs sees it."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from simulator.providers.jenga.signing import private_test_key

PAYER, PENNILESS, PAYEE = "1450160649886", "1450160649002", "99901288715910"
AUTHENTICATE = "/authentication/api/v3/authenticate/merchant"
REMITTANCE = "/v3-apis/transaction-api/v3.0/remittance"
ACCOUNTS = "/v3-apis/account-api/v3.0"
PESALINK = (
    "transfer.amount",
    "transfer.currencyCode",
    "transfer.reference",
    "destination.name",
    "source.accountNumber",
)
INTERNAL = ("source.accountNumber", "transfer.amount", "transfer.currencyCode", "transfer.reference")


def signature(text: str, pem: str | None = None) -> str:
    key = load_pem_private_key((pem or private_test_key()).encode(), password=None)
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


@dataclass
class Jenga:
    """Calls one simulator. `world` is that of the client's merchant code."""

    bench: Any
    bearer: str = ""
    references: Iterator[int] = field(default_factory=lambda: itertools.count(692194625001))

    async def authenticate(self, merchant="pesabox-key", secret="pesabox-secret", api_key="any", **told):
        body = {"merchantCode": merchant, "consumerSecret": secret} | told
        headers = {"Api-Key": api_key} if api_key else {}
        return await self.bench.call("POST", AUTHENTICATE, json=body, headers=headers)

    async def token(self):
        self.bearer = self.bearer or (await self.authenticate()).json["accessToken"]
        return self.bearer

    async def call(self, method, path, body=None, *, sign="", **headers):
        """With a signature over `sign`, if that is any text. The body is sent as it is, or as JSON."""
        told = {"Authorization": f"Bearer {await self.token()}", "Content-Type": "application/json"}
        told |= {"signature": signature(sign)} if sign else {}
        raw = body if isinstance(body, bytes | None) else orjson.dumps(body)
        return await self.bench.call(method, path, data=raw, headers=told | headers)

    def body(self, kind="pesalinkacc", **changes):
        """A request of this kind; changes are called by their whole path, dots being double underscores."""
        fields = {
            "source.countryCode": "KE",
            "source.name": "PESABOX LIMITED",
            "source.accountNumber": PAYER,
            "destination.type": "mobile" if kind.startswith("pesalinkMobile") else "bank",
            "destination.countryCode": "KE",
            "destination.name": "Tom Doe",
        }
        if kind.startswith("pesalinkMobile"):
            fields |= {"destination.bankCode": "01", "destination.mobileNumber": "0722000001"}
        elif kind.startswith("pesalinkacc"):
            fields |= {"destination.bankCode": "57", "destination.accountNumber": PAYEE}
        else:
            fields |= {"destination.accountNumber": "0020100014605"}
        fields |= {
            "transfer.type": "InternalFundsTransfer" if kind.startswith("internal") else "PesaLink",
            "transfer.amount": "500.00",
            "transfer.currencyCode": "KES",
            "transfer.reference": str(next(self.references)),
            "transfer.date": "2026-01-15",
            "transfer.description": "an invoice",
        }
        return fields | {name.replace("__", "."): value for name, value in changes.items()}

    async def send(self, kind="pesalinkacc", *, sign=None, raw=None, **changes):
        """Sends a transfer, signed as it must be, or over `sign`."""
        fields = self.body(kind, **changes)
        order = INTERNAL if kind.startswith("internal") else PESALINK
        text = "".join(str(fields.get(name) or "") for name in order) if sign is None else sign
        return await self.call("POST", f"{REMITTANCE}/{kind}", raw or nested(fields), sign=text)

    async def details(self, reference, *, sign=None):
        path = f"/v3-apis/transaction-api/v3.0/transactions/details/{reference}"
        return await self.call("GET", path, sign=reference if sign is None else sign)

    async def account(self, what, number=PAYER, country="KE", *, sign=None):
        return await self.call("GET", f"{ACCOUNTS}/{what}/{country}/{number}", sign=sign or f"{country}{number}")

    async def validate(self, number, name, *, sign=None):
        body = {"countryCode": "KE", "accountNumber": number, "accountFullName": name}
        return await self.call("POST", f"{ACCOUNTS}/account/validate", body, sign=sign or f"KE{number}{name}")

    async def held(self, account):
        """The balance of an account that the ledger knows; None where no money has moved."""
        accounts = (await self.bench.control("GET", "/ledger/accounts"))["items"]
        return next((told["balance"] for told in accounts if told["account"] == account), None)

    async def payments(self):
        return (await self.bench.control("GET", "/payments"))["items"]


def nested(fields):
    told = {}
    for name, value in fields.items():
        part, _, member = name.partition(".")
        if value is not None:
            told.setdefault(part, {})[member] = value
    return told


@pytest.fixture
def jenga(bench):
    return Jenga(bench)


@pytest.fixture
def sign():
    return signature
