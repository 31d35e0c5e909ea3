"""The notice of money that came in, and of money that came back."""

from __future__ import annotations

import base64
import json

import pytest

from simulator.core.money import Money
from simulator.core.switch import Incoming, give_back, receive

PAYER, ACCOUNT = "68:0712345678901", "11:36001873000"
FIELDS = [
    "AcctNo",
    "Amount",
    "BookedBalance",
    "ClearedBalance",
    "Currency",
    "CustMemoLine1",
    "CustMemoLine2",
    "CustMemoLine3",
    "EventType",
    "ExchangeRate",
    "Narration",
    "PaymentRef",
    "PostingDate",
    "ValueDate",
    "TransactionDate",
    "TransactionId",
]


@pytest.fixture
def world(sim):
    return sim.simulation.world("default")


@pytest.fixture
async def registered(sim):
    """An address with a user and a password in it."""
    url = sim.app.url.replace("http://", "http://bank:s%20cret@") + "/notices"
    answer = await sim.control("PATCH", "/providers/coop", {"notice_url": url})
    assert answer.body["notice_url"] == url


async def paid(sim, world, narration="RENT JANUARY"):
    payment = await receive(world, Incoming(PAYER, ACCOUNT, Money.parse("750.00"), narration))
    await sim.advance(10)
    return payment


async def sent(sim, basic_header):
    """A transfer of the client's own, settled."""
    token = await sim.call("POST", "/token", data={"grant_type": "client_credentials"}, headers=basic_header())
    leg = {"ReferenceNumber": "M1_1", "AccountNumber": "0712345678901", "BankCode": "68"}
    money = {"Amount": 1000, "TransactionCurrency": "KES", "Narration": "Supplier"}
    body = {
        "MessageReference": "M1",
        "CallBackUrl": f"{sim.app.url}/coop",
        "Source": {"AccountNumber": "36001873000", **money},
        "Destinations": [leg | money],
    }
    headers = {"Authorization": f"Bearer {token.body['access_token']}"}
    path = "/FundsTransfer/External/A2A/PesaLink/1.0.0"
    assert (await sim.call("POST", path, json=body, headers=headers)).status == 200
    await sim.advance(10)
    (payment,) = (await sim.control("GET", "/payments")).items
    return payment["id"]


async def test_money_that_comes_in_is_told_in_texts(sim, world, registered):
    payment = await paid(sim, world)
    ((path, headers, body),) = sim.app.received
    assert path == "/notices"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"bank:s cret").decode()
    told = json.loads(body)
    assert list(told) == FIELDS
    sender = told["Narration"].split("~")[2]
    assert told == dict.fromkeys(FIELDS, "") | {
        "AcctNo": "36001873000",
        "Amount": "750.00",
        "BookedBalance": "10000750.00",
        "ClearedBalance": "10000750.00",
        "Currency": "KES",
        "CustMemoLine1": "RENT JANUARY",
        "EventType": "CREDIT",
        "Narration": f"PESALINK~{payment.provider_reference}~{sender}~RENT JANUARY",
        "PaymentRef": "RENT JANUARY",
        "PostingDate": "2026-01-15+03:00",
        "ValueDate": "2026-01-15+03:00",
        "TransactionDate": "2026-01-15+03:00",
        "TransactionId": payment.receipt,
    }


async def test_money_that_comes_back_is_told_by_the_reference_of_its_request(sim, world, registered, basic_header):
    key = await sent(sim, basic_header)
    back = await give_back(world, key, Money.parse("400.00"))
    await sim.advance(10)
    told = json.loads(sim.app.received[-1][2])
    assert (told["PaymentRef"], told["Amount"], told["TransactionId"]) == ("M1", "400.00", back.receipt)
    assert told["CustMemoLine1"].startswith("RETURN 00110068")
    assert (await sim.control("GET", "/ledger/audit")).body["balanced"]


async def test_no_journal_tells_the_password_in_the_callbacks(sim, world, registered):
    await paid(sim, world)
    (event,) = await sim.journal("callback")
    assert (event["operation"], event["url"]) == ("coop.credit", f"{sim.app.url}/notices")
    assert "Authorization" not in str(event)


async def test_an_address_without_a_user_is_called_without_a_header(sim, world):
    await sim.control("PATCH", "/providers/coop", {"notice_url": f"{sim.app.url}/notices"})
    await paid(sim, world)
    ((_, headers, _),) = sim.app.received
    assert "Authorization" not in headers


@pytest.mark.parametrize(("knows", "proves"), [("url", False), ("everything", True)])
async def test_a_forger_is_first_and_has_only_what_was_seen(sim, world, registered, knows, proves):
    await sim.fault("coop.credit.callback", kind="forge", knows=knows, changes={"Amount": "70000.00"})
    await paid(sim, world)
    (_, headers, body), (_, _, genuine) = sim.app.received
    assert ("Authorization" in headers) == proves
    assert (json.loads(body)["Amount"], json.loads(genuine)["Amount"]) == ("70000.00", "750.00")
    same = [json.loads(body)[name] == json.loads(genuine)[name] for name in ("PaymentRef", "TransactionId")]
    assert same == [proves, proves]


async def test_without_an_address_nothing_is_told_and_the_money_is_there_all_the_same(sim, world):
    payment = await paid(sim, world)
    assert sim.app.received == []
    assert payment.state == "succeeded"


async def test_a_notice_is_tried_three_times_and_may_be_lost_by_a_rule(sim, world, registered):
    sim.app.script.extend([500, 500, 500, 500])
    await paid(sim, world)
    await sim.advance(1000)
    assert len(sim.app.received) == 3
    await sim.fault("coop.credit.callback", kind="drop", when={"reference": "LOST", "amount": "750.00"})
    await paid(sim, world, "LOST")
    assert len(sim.app.received) == 3


@pytest.mark.parametrize("url", ["notices", "ftp://app.test/", "http://app.test/a b"])
async def test_what_is_no_address_is_not_registered(sim, url):
    answer = await sim.control("PATCH", "/providers/coop", {"notice_url": url})
    assert (answer.status, answer.body["error"]["field"]) == (422, "notice_url")
