"""What clients ask of a simulator at once while it is killed, and what it acknowledged before."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

PASSKEY, STAMP = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919", "20260115103000"
PASSWORD = base64.b64encode(f"600000{PASSKEY}{STAMP}".encode()).decode()
CREDENTIAL = base64.b64encode(bytes(256)).decode()
PERSONAS = [f"2547000000{number:02d}" for number in (1, 2, 3, 4, 8, 9)]  # each answers by itself, at once
PAYEES = [f"2547000000{number:02d}" for number in (11, 12, 13)]

Request = tuple[str, dict[str, Any]]


def plan(draws: random.Random, app_url: str, size: int, name: str) -> Iterator[Request]:
    """Requests for collections and payouts, of which most come to succeed."""
    for number in range(size):
        anybody, reference = f"2547{draws.randrange(20_000_000, 99_999_999)}", f"{name}-{number}"
        if draws.random() < 0.6:
            yield _push(draws.choice([anybody, anybody, anybody, *PERSONAS]), draws.randrange(1, 500), app_url)
        else:
            yield _payout(draws.choice([anybody, anybody, *PAYEES]), draws.randrange(10, 500), reference, app_url)


def _push(msisdn: str, shillings: int, app_url: str) -> Request:
    return "/mpesa/stkpush/v1/processrequest", {
        "BusinessShortCode": "600000",
        "Password": PASSWORD,
        "Timestamp": STAMP,
        "TransactionType": "CustomerPayBillOnline",
        "Amount": shillings,
        "PartyA": msisdn,
        "PartyB": "600000",
        "PhoneNumber": msisdn,
        "CallBackURL": f"{app_url}/stk",
        "AccountReference": "A1",
        "TransactionDesc": "x",
    }


def _payout(msisdn: str, shillings: int, reference: str, app_url: str) -> Request:
    return "/mpesa/b2c/v3/paymentrequest", {
        "OriginatorConversationID": reference,
        "InitiatorName": "testapi",
        "SecurityCredential": CREDENTIAL,
        "CommandID": "BusinessPayment",
        "Amount": shillings,
        "PartyA": "600000",
        "PartyB": msisdn,
        "Remarks": "a salary",
        "QueueTimeOutURL": f"{app_url}/timeout",
        "ResultURL": f"{app_url}/result",
        "Occassion": "x",
    }


@dataclass
class Load:
    """Sends requests over as many connections at once, and notes what was acknowledged, by the provider's name."""

    http: aiohttp.ClientSession
    url: str
    token: str
    acknowledged: list[str] = field(default_factory=list)
    progress: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, requests: Iterator[Request], *, at_once: int) -> None:
        async def client() -> None:
            for path, body in requests:
                await self._send(path, body)
                self.progress.set()

        await asyncio.gather(*[client() for _ in range(at_once)])

    async def acknowledgements(self, count: int) -> None:
        while len(self.acknowledged) < count:
            self.progress.clear()
            await self.progress.wait()

    async def _send(self, path: str, body: dict[str, Any]) -> None:
        try:
            headers = {"Authorization": f"Bearer {self.token}"}
            async with self.http.post(self.url + path, json=body, headers=headers) as response:
                told = await response.json()
        except (aiohttp.ClientError, ValueError):
            return  # it is gone, or about to be: whoever asked knows nothing
        if told.get("ResponseCode") == "0":
            self.acknowledged.append(told.get("CheckoutRequestID") or told["ConversationID"])
