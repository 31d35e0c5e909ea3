"""A simulator on the virtual clock, an app that records its callbacks, and a Daraja client to drive both."""

from __future__ import annotations

import base64
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from simulator.app import running
from simulator.settings import Settings

PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
TIMESTAMP = "20260115103000"
PAYER = "254708374149"
CREDENTIAL = base64.b64encode(bytes(range(256))).decode()  # as long as what RSA makes, and read by nobody


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return orjson.loads(self.text)


@dataclass
class Bench:
    """Daraja as a client sees it, the control API beside it, and what the app was told.

    The app answers success, or by path as `answers` says.
    """

    http: aiohttp.ClientSession
    url: str
    app_url: str
    received: list[tuple[dict[str, str], str]] = field(default_factory=list)
    bearer: str = ""
    on_callback: Callable[[str], Awaitable[None]] | None = None
    ids: Iterator[int] = field(default_factory=itertools.count)
    answers: dict[str, Callable[[], Awaitable[web.Response]]] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)

    async def call(self, method: str, path: str, **about: Any) -> Answer:
        async with self.http.request(method, self.url + path, **about) as response:
            return Answer(response.status, await response.text(), dict(response.headers))

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.call(method, f"/_sim{path}", json=body)
        assert answer.status < 300, answer.text
        return answer.json if answer.text else None

    async def token(self, key: str = "pesabox-key", secret: str = "pesabox-secret") -> str:
        basic = base64.b64encode(f"{key}:{secret}".encode()).decode()
        answer = await self.call(
            "GET",
            "/oauth/v1/generate?grant_type=client_credentials",
            headers={"Authorization": f"Basic {basic}"},
        )
        return str(answer.json["access_token"])

    def push_body(self, **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "BusinessShortCode": "174379",
            "Password": self.password("174379"),
            "Timestamp": TIMESTAMP,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": 100,
            "PartyA": PAYER,
            "PartyB": "174379",
            "PhoneNumber": PAYER,
            "CallBackURL": f"{self.app_url}/stk",
            "AccountReference": "INV-1",
            "TransactionDesc": "an order",
        }
        if "PhoneNumber" in changes:
            body["PartyA"] = changes["PhoneNumber"]
        return body | changes

    def password(self, shortcode: str, timestamp: str = TIMESTAMP) -> str:
        return base64.b64encode(f"{shortcode}{PASSKEY}{timestamp}".encode()).decode()

    async def post(self, path: str, body: Any) -> Answer:
        self.bearer = self.bearer or await self.token()
        return await self.call("POST", path, json=body, headers={"Authorization": f"Bearer {self.bearer}"})

    async def push(self, **changes: Any) -> Answer:
        return await self.post("/mpesa/stkpush/v1/processrequest", self.push_body(**changes))

    async def query(self, checkout_request_id: str, **changes: Any) -> Answer:
        body = {
            "BusinessShortCode": "174379",
            "Password": self.password("174379"),
            "Timestamp": TIMESTAMP,
            "CheckoutRequestID": checkout_request_id,
        }
        return await self.post("/mpesa/stkpushquery/v1/query", body | changes)

    def b2c_body(self, **changes: Any) -> dict[str, Any]:
        body = {
            "OriginatorConversationID": f"payout-{next(self.ids)}",
            "InitiatorName": "testapi",
            "SecurityCredential": CREDENTIAL,
            "CommandID": "BusinessPayment",
            "Amount": 1000,
            "PartyA": "600000",
            "PartyB": PAYER,
            "Remarks": "a salary",
            "QueueTimeOutURL": f"{self.app_url}/timeout",
            "ResultURL": f"{self.app_url}/result",
            "Occassion": "January",
        }
        return body | changes

    async def b2c(self, version: str = "v3", **changes: Any) -> Answer:
        return await self.post(f"/mpesa/b2c/{version}/paymentrequest", self.b2c_body(**changes))

    def status_body(self, **changes: Any) -> dict[str, Any]:
        body = {
            "Initiator": "testapi",
            "SecurityCredential": CREDENTIAL,
            "CommandID": "TransactionStatusQuery",
            "TransactionID": "UAF5AAAAAA",
            "PartyA": "600000",
            "IdentifierType": "4",
            "ResultURL": f"{self.app_url}/result",
            "QueueTimeOutURL": f"{self.app_url}/timeout",
            "Remarks": "what became of it",
        }
        return body | changes

    async def status(self, **changes: Any) -> Answer:
        return await self.post("/mpesa/transactionstatus/v1/query", self.status_body(**changes))

    async def fault(self, at: str, **effect: Any) -> None:
        await self.control("POST", "/faults", {"name": at, "at": at, "effect": effect})

    async def bearer_of(self, provider: str) -> str:
        """A token of any provider's, got as its clients get it."""
        return await TOKENS[provider](self)

    async def result(self, acknowledgement: Answer) -> dict[str, Any]:
        """Lets everything happen, and gives the last callback's result."""
        assert acknowledgement.status == 200, acknowledgement.text
        await self.advance(120)
        told: dict[str, Any] = orjson.loads(self.received[-1][1])["Result"]
        return told

    async def is_balanced(self) -> bool:
        told: bool = (await self.control("GET", "/ledger/audit"))["balanced"]
        return told

    async def advance(self, seconds: float) -> None:
        await self.control("POST", "/clock/advance", {"seconds": seconds})

    async def result_of(self, **changes: Any) -> dict[str, Any]:
        """Pushes, lets everything happen, and gives the callback's body."""
        answer = await self.push(**changes)
        assert answer.status == 200, answer.text
        await self.advance(120)
        told: dict[str, Any] = orjson.loads(self.received[-1][1])["Body"]["stkCallback"]
        return told


async def jenga_token(bench: Bench) -> str:
    told = {"merchantCode": "pesabox-key", "consumerSecret": "pesabox-secret"}
    path = "/authentication/api/v3/authenticate/merchant"
    return str((await bench.call("POST", path, json=told, headers={"Api-Key": "any"})).json["accessToken"])


async def coop_token(bench: Bench) -> str:
    headers = {"Authorization": "Basic " + base64.b64encode(b"pesabox-key:pesabox-secret").decode()}
    told = {"grant_type": "client_credentials"}
    return str((await bench.call("POST", "/token", data=told, headers=headers)).json["access_token"])


TOKENS: dict[str, Callable[[Bench], Awaitable[str]]] = {
    "daraja": Bench.token,
    "jenga": jenga_token,
    "coop": coop_token,
}


@asynccontextmanager
async def recording_app(bench: Bench) -> AsyncIterator[str]:
    async def take(request: web.Request) -> web.Response:
        bench.received.append((dict(request.headers), await request.text()))
        bench.paths.append(request.path)
        if bench.on_callback is not None:
            await bench.on_callback(bench.received[-1][1])
        if request.path in bench.answers:
            return await bench.answers[request.path]()
        return web.json_response({"ResultCode": 0, "ResultDesc": "Success"})

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    no_limit = aiohttp.TCPConnector(limit=0)
    async with (
        running(Settings(port=0, clock="virtual")) as simulator,
        aiohttp.ClientSession(connector=no_limit) as http,
    ):
        bench = Bench(http, simulator.url, "")
        async with recording_app(bench) as bench.app_url:
            yield bench
