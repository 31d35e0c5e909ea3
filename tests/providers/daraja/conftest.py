"""A shortcode that takes C2B payments, and an app that answers for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from aiohttp import web

PAYER = "254708374149"


@dataclass
class C2b:
    """`shortcode` as its owner, its customers and its app see it."""

    bench: Any
    shortcode: str = "600000"

    def registration(self, **changes):
        urls = {"ConfirmationURL": f"{self.bench.app_url}/confirm", "ValidationURL": f"{self.bench.app_url}/validate"}
        return {"ShortCode": self.shortcode, "ResponseType": "Completed", **urls} | changes

    async def register(self, version="v2", **changes):
        return await self.bench.post(f"/mpesa/c2b/{version}/registerurl", self.registration(**changes))

    def simulation(self, **changes):
        body = {"ShortCode": self.shortcode, "CommandID": "CustomerPayBillOnline", "Amount": 5, "Msisdn": PAYER}
        return body | {"BillRefNumber": "ACC-1"} | changes

    async def simulate(self, version="v2", **changes):
        return await self.bench.post(f"/mpesa/c2b/{version}/simulate", self.simulation(**changes))

    async def type_in(self, msisdn=PAYER, **changes):
        """What the customer types on the phone; the control API's whole answer."""
        body = {"shortcode": self.shortcode, "reference": "ACC-1", "amount": "5.00"} | changes
        return await self.bench.call("POST", f"/_sim/subscribers/{msisdn}/pay", json=body)

    async def pay(self, msisdn=PAYER, **changes):
        answer = await self.type_in(msisdn, **changes)
        assert answer.status == 201, answer.text
        return answer.json

    async def validate(self, *, is_on=True):
        await self.bench.control("PATCH", f"/merchants/{self.shortcode}", {"validation": is_on})

    def answer(self, body, status=200):
        """What the app answers when it is asked: JSON, or text as it is."""

        async def respond():
            text = body if isinstance(body, str) else orjson.dumps(body).decode()
            return web.Response(text=text, status=status, content_type="application/json")

        self.bench.answers["/validate"] = respond

    def told(self, path):
        """The bodies that the app got there."""
        found = zip(self.bench.paths, self.bench.received, strict=True)
        return [orjson.loads(body) for to, (_, body) in found if to == path]

    @property
    def asked(self):
        return self.told("/validate")

    @property
    def confirmed(self):
        return self.told("/confirm")

    async def payments(self):
        return (await self.bench.control("GET", "/payments"))["items"]

    async def outcome(self):
        """State and reason of the only payment."""
        (payment,) = await self.payments()
        return payment["state"], payment["reason"]

    async def messages(self, msisdn=PAYER):
        inbox = await self.bench.control("GET", f"/subscribers/{msisdn}/messages")
        return [message["text"] for message in inbox["items"]]

    async def balances(self, msisdn=PAYER):
        """Of the payer's wallet and of the utility account, and whether the books balance."""
        wallet = (await self.bench.control("GET", f"/subscribers/{msisdn}"))["balance"]
        utility = (await self.bench.control("GET", f"/merchants/{self.shortcode}"))["utility"]
        return wallet, utility, (await self.bench.control("GET", "/ledger/audit"))["balanced"]


@pytest.fixture
def c2b(bench):
    """A paybill whose URLs nobody has registered yet."""
    return C2b(bench)


@pytest.fixture
async def paybill(c2b):
    """A paybill with its URLs."""
    assert (await c2b.register()).status == 200
    return c2b


@pytest.fixture
async def till(bench):
    """A till with its URLs."""
    till = C2b(bench, "5000")
    assert (await till.register()).status == 200
    return till
