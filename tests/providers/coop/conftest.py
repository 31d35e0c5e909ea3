"""Co-op Connect as a client sees it, with the control API beside it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

ACCOUNT, PAYEE, PHONE = "36001873000", "0712345678901", "254722000000"
PATHS = {
    "account": "/FundsTransfer/External/A2A/PesaLink/1.0.0",
    "account v2": "/FundsTransfer/External/A2A/PesaLink_v2/2.0.0",
    "account, oldest": "/FundsTransfer/External/PesaLink/1.0.0",
    "phone": "/FundsTransfer/External/A2M/PesaLink/1.0.0",
    "bulk": "/FundsTransfer/External/PesaLinkBulk_v1/1.0.0",
    "internal": "/FundsTransfer/Internal/A2A/2.0.0",
    "internal v3": "/FundsTransfer/Internal/A2A_v3/3.0.0",
    "status": "/Enquiry/TransactionStatus/2.0.0",
    "status v3": "/Enquiry/TransactionStatus_V3/3.0.0",
    "elsewhere": "/Enquiry/Validation/IPSL/1.0.0",
    "own": "/Enquiry/Validation/Account/1.0.0",
    "balance": "/Enquiry/AccountBalance/1.0.0",
    "balance v2": "/Enquiry/AccountBalance_v2/2.0.0",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Coop:
    """`path` is that of an operation and version, by a short name."""

    bench: Any
    bearer: str = ""

    async def token_answer(self, key="pesabox-key", secret="pesabox-secret", form="grant_type=client_credentials"):
        basic = base64.b64encode(f"{key}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", **FORM}
        return await self.bench.call("POST", "/token", data=form, headers=headers)

    async def token(self, **told):
        return (await self.token_answer(**told)).json["access_token"]

    async def post(self, path, body):
        self.bearer = self.bearer or await self.token()
        path = PATHS.get(path, path)
        return await self.bench.call("POST", path, json=body, headers={"Authorization": f"Bearer {self.bearer}"})

    def leg(self, **changes):
        told = {"ReferenceNumber": "M1_1", "AccountNumber": PAYEE, "BankCode": "68", "Amount": 1000}
        return self._without_none(told | {"TransactionCurrency": "KES", "Narration": "Supplier"} | changes)

    def phone_leg(self, phone=PHONE, **changes):
        return self.leg(**{"AccountNumber": None, "BankCode": None, "PhoneNumber": phone} | changes)

    def order(self, *legs, source=None, **changes):
        legs = legs or (self.leg(),)
        amount = sum(leg["Amount"] for leg in legs if isinstance(leg["Amount"], int | float))
        told = {"AccountNumber": ACCOUNT, "Amount": amount, "TransactionCurrency": "KES", "Narration": "Suppliers"}
        body = {
            "MessageReference": "M1",
            "CallBackUrl": f"{self.bench.app_url}/coop",
            "UserId": "PESABOX",
            "Source": self._without_none(told | (source or {})),
            "Destinations": list(legs),
        }
        return self._without_none(body | changes)

    def _without_none(self, told):
        return {name: value for name, value in told.items() if value is not None}

    async def send(self, *legs, path="account", **changes):
        return await self.post(path, self.order(*legs, **changes))

    async def accepted(self, *legs, path="account", **changes):
        answer = await self.send(*legs, path=path, **changes)
        assert answer.status == 200, answer.text
        return answer

    async def outcome(self, *legs, path="account", **changes):
        """Sends, lets everything happen, and gives the only callback."""
        await self.accepted(*legs, path=path, **changes)
        await self.bench.advance(200)
        (told,) = self.callbacks
        return told

    @property
    def callbacks(self):
        return [orjson.loads(body) for _, body in self.bench.received]

    async def status(self, reference="M1", path="status"):
        return await self.post(path, {"MessageReference": reference, "UserId": "PESABOX"})

    async def balance(self, account=ACCOUNT, bank="11"):
        """Of an account that was touched."""
        items = (await self.bench.control("GET", "/ledger/accounts?limit=1000"))["items"]
        return {item["account"]: item["balance"] for item in items}[f"bank:{bank}:{account}"]

    async def payments(self):
        return (await self.bench.control("GET", "/payments"))["items"]

    async def is_balanced(self):
        return await self.bench.is_balanced()

    async def strict(self, **flags):
        await self.bench.control("PATCH", "/providers/coop", {"strictness": flags})


@pytest.fixture
def coop(bench):
    return Coop(bench)
