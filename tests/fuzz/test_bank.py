"""Odd requests to the bank's routes and callbacks: a problem document or an acceptance, and its books as they were.

Only genuine messages move money here, and none is sent: whatever the odd ones say, no balance changes.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from urllib.parse import urlsplit

from tests.fuzz.mutations import Mutator, huge

CHANNEL, OPERATOR = ({"Authorization": f"Bearer bank-{who}-key"} for who in ("channel", "operator"))
SEED = 20260116
CALLED_BACK = ("CallBackURL", "ResultURL", "QueueTimeOutURL", "ConfirmationURL", "ValidationURL")


def good_requests(number, customer):
    """A good body for every route that takes one."""
    msisdn = f"2547110{number % 100_000:05d}"
    return [
        ("/customers", {"name": "Ann", "msisdn": msisdn}, CHANNEL),
        ("/deposits", {"customer": customer, "amount": "100.00", "via": "mpesa"}, CHANNEL),
        ("/withdrawals", {"customer": customer, "amount": "100.00", "to": {"msisdn": msisdn}}, CHANNEL),
        ("/reconcile", {"since": "x"}, OPERATOR),
    ]


STK = {"MerchantRequestID": "m", "CheckoutRequestID": "ws_CO_1", "ResultCode": 0, "ResultDesc": "done"}
RESULT = {
    "ResultType": 0,
    "ResultCode": 0,
    "ResultDesc": "done",
    "OriginatorConversationID": "o",
    "ConversationID": "AG_1",
    "TransactionID": "UAF0000001",
    "ResultParameters": {"ResultParameter": [{"Key": "TransactionAmount", "Value": 100}]},
}
PAYBILL = {
    "TransactionType": "Pay Bill",
    "TransID": "UAF0000001",
    "TransTime": "20260115103052",
    "TransAmount": "5.00",
    "BusinessShortCode": "600999",  # another merchant's: never the bank's money
    "BillRefNumber": "NOBODY",
    "MSISDN": "2547 ***** 149",
    "FirstName": "JANE",
}


def good_callback(path):
    """What stands in a callback to that path, inside its envelope."""
    kind = path.split("/")[4]
    if kind == "stk":
        return STK, "Body", "stkCallback"
    return (PAYBILL, "", "") if "confirm" in path or "validat" in path else (RESULT, "Result", "")


async def callback_paths(sim):
    """Where the provider was told to call back, so far."""
    events = await sim.journal("request")
    told = [event["body"] for event in events if isinstance(event["body"], dict)]
    return sorted({urlsplit(str(body[name])).path for body in told for name in CALLED_BACK if name in body})


async def test_odd_requests_to_the_bank_are_problems_and_move_nothing(start, bank_on, pytestconfig, tell):
    wanted, chance = pytestconfig.getoption("--fuzz"), random.Random(SEED)
    sim = await start()
    bank = await bank_on(sim)
    mutator, answers = Mutator(chance), Counter()
    customer = (await bank.call("POST", "/customers", {"name": "Ann", "msisdn": "254700000010"}, CHANNEL))["id"]
    for _ in range(3):
        await bank.call("POST", "/deposits", {"customer": customer, "amount": "100.00", "via": "mpesa"}, CHANNEL)
    paths = await callback_paths(sim)
    before = await bank.call("GET", "/ledger/audit", None, OPERATOR)
    for number in range(wanted):
        if chance.random() < 0.4:
            request = odd_callback(mutator, chance.choice(paths))
        else:
            path, good, key = chance.choice(good_requests(number, customer))
            request = mutator.odd("POST", path, good, key)
            if number % 500 == 499:
                request = huge("POST", path, key)
        status, text, content_type = await bank.send(request)
        told = f"seed {SEED}, request {number}: {request.told}\n{status} {text[:500]}"
        assert status < 500, told
        assert status < 400 or content_type == "application/problem+json", told
        answers[f"{status} {urlsplit(request.path).path.split('/')[1]}"] += 1
    after = await bank.call("GET", "/ledger/audit", None, OPERATOR)
    tell(f"{wanted} odd requests to the bank, seed {SEED}", answers)
    assert before["balanced"]
    assert after == before
    assert (await sim.control("GET", "/ledger/audit")).body["balanced"]


def odd_callback(mutator, path):
    """What is inside the envelope made odd, and the envelope around it; now and then without one."""
    inside, *names = good_callback(path)
    request = mutator.odd("POST", path, inside, {})
    if mutator.chance.random() < 0.1:
        return request
    body = request.body
    for name in reversed([name for name in names if name]):
        body = b'{"%s": %s}' % (name.encode(), body)
    return replace(request, body=body)


async def test_a_genuine_message_is_still_heard_after_all_that(start, bank_on):
    sim = await start()
    bank = await bank_on(sim)
    customer = (await bank.call("POST", "/customers", {"name": "Ann", "msisdn": "254708374149"}, CHANNEL))["id"]
    wish = {"customer": customer, "amount": "100.00", "via": "mpesa"}
    deposit = (await bank.call("POST", "/deposits", wish, CHANNEL))["id"]
    mutator = Mutator(random.Random(SEED))
    for path in await callback_paths(sim):
        for _ in range(20):
            await bank.send(odd_callback(mutator, path))
    await sim.advance(60)
    assert (await bank.call("GET", f"/deposits/{deposit}", None, CHANNEL))["state"] == "completed"
