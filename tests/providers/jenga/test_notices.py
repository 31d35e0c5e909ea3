"""What Jenga tells of money that came in, to whom, and how often."""

from __future__ import annotations

import base64

import aiohttp
import orjson
import pytest
from aiohttp import web

from simulator.app import running
from simulator.core.money import Money
from simulator.core.switch import Incoming, give_back, receive
from simulator.settings import Settings
from tests.providers.conftest import Bench, recording_app
from tests.providers.jenga.conftest import PAYER, Jenga

SENDER = "01:1234567890"


@pytest.fixture
async def credited():
    """A client that wants to be told, and the world in which money may come in."""
    async with running(Settings(port=0, clock="virtual")) as simulator, aiohttp.ClientSession() as http:
        bench = Bench(http, simulator.url, "")
        async with recording_app(bench) as bench.app_url:
            url = bench.app_url.replace("http://", "http://jenga:s3cret@") + "/notices"
            await bench.control("PATCH", "/providers/jenga", {"notice_url": url})
            yield Jenga(bench), simulator.simulation.world("default")


def incoming(**changes):
    told = {"payer": SENDER, "payee": f"68:{PAYER}", "amount": Money.parse("250.00"), "narration": "c000001"}
    return Incoming(**(told | changes))


async def test_a_credit_is_told_to_the_letter(credited):
    jenga, world = credited
    payment = await receive(world, incoming())
    await jenga.bench.advance(2)
    ((headers, body),) = jenga.bench.received
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"jenga:s3cret").decode()
    assert headers["Content-Type"] == "application/json"
    told = orjson.loads(body)
    name = told["customer"]["name"]
    assert name.isupper()
    assert told == {
        "callbackType": "IPN",
        "customer": {"name": name, "mobileNumber": "", "reference": "c000001"},
        "transaction": {
            "date": "2026-01-15 10:30:00.0",
            "reference": payment.receipt,
            "paymentMode": "PESALINK",
            "amount": "250.00",
            "billNumber": "c000001",
            "orderAmount": "250.00",
            "serviceCharge": "0.00",
            "status": "SUCCESS",
            "remarks": f"PESALINK~{payment.provider_reference}~{name}~c000001",
        },
        "bank": {"reference": "c000001", "transactionType": "C", "account": PAYER},
    }
    assert jenga.bench.paths == ["/notices"]
    (event,) = (await jenga.bench.control("GET", "/journal?kind=callback"))["items"]
    assert (event["operation"], event["payment"]) == ("jenga.credit", payment.key)
    assert "s3cret" not in str(event)


async def test_a_return_names_the_transfer_that_comes_back(credited):
    jenga, world = credited
    answer = await jenga.send(transfer__reference="R1")
    (sent,) = await jenga.payments()
    await give_back(world, sent["id"], Money.parse("500.00"))
    await jenga.bench.advance(2)
    told = orjson.loads(jenga.bench.received[-1][1])
    assert (told["bank"]["reference"], told["transaction"]["amount"]) == (answer.json["reference"], "500.00")
    assert "~RETURN " in told["transaction"]["remarks"]
    assert (await jenga.details("R1")).json["data"]["stateCode"] == 2, "what was paid was paid"
    assert await jenga.bench.is_balanced()


async def test_nobody_is_told_who_has_registered_nothing(credited):
    jenga, world = credited
    await jenga.bench.control("PATCH", "/providers/jenga", {"notice_url": None})
    await receive(world, incoming())
    await jenga.bench.advance(60)
    assert jenga.bench.received == []


async def test_a_notice_that_is_not_taken_comes_three_times(credited):
    jenga, world = credited

    async def refuse():
        return web.Response(status=500)

    jenga.bench.answers["/notices"] = refuse
    await receive(world, incoming())
    await jenga.bench.advance(3600)
    bodies = {body for _, body in jenga.bench.received}
    assert (len(jenga.bench.received), len(bodies)) == (3, 1)


async def test_fault_rules_act_on_a_notice(credited):
    jenga, world = credited
    await jenga.bench.fault("jenga.credit.callback", kind="duplicate", copies=1)
    await receive(world, incoming())
    await jenga.bench.advance(60)
    assert len(jenga.bench.received) == 2


@pytest.mark.parametrize(
    ("knows", "receipt", "remarks"), [("url", False, False), ("reference", False, True), ("everything", True, True)]
)
async def test_what_a_forger_knows_of_a_notice(credited, knows, receipt, remarks):
    jenga, world = credited
    await jenga.bench.fault("jenga.credit.callback", kind="forge", knows=knows)
    await receive(world, incoming())
    await jenga.bench.advance(60)
    events = (await jenga.bench.control("GET", "/journal?kind=callback"))["items"]
    forged, genuine = (event["body"]["transaction"] for event in events)
    assert (forged["reference"] == genuine["reference"]) is receipt
    assert (forged["remarks"] == genuine["remarks"]) is remarks
    assert forged["amount"] == genuine["amount"]


@pytest.mark.parametrize("told", ["", "notices", "ftp://app.test/notices", "http://"])
async def test_what_is_no_url_is_not_registered(bench, told):
    answer = await bench.call("PATCH", "/_sim/providers/jenga", json={"notice_url": told})
    assert (answer.status, answer.json["error"]["field"]) == (422, "notice_url")
