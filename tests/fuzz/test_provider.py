"""Odd requests to Daraja's endpoints: its own error or an acceptance, and nothing half done.

`pytest --fuzz 20000` sends that many; `make fuzz` does, and prints how often each kind of answer came.
"""

from __future__ import annotations

import base64
import io
import random
import re
from collections import Counter

from simulator.providers import PROVIDERS
from tests.fuzz.mutations import Mutator, huge

ANN, STAMP = "254708374149", "20260115103000"
PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
CREDENTIAL = base64.b64encode(bytes(256)).decode()
BATCH, SEED = 50, 20260115
MAKES_A_PAYMENT = {"/stkpush/", "/c2b/v1/simulate", "/c2b/v2/simulate", "/b2c/"}
ACCEPTED = re.compile(r'"ResponseCode":"0+"|"access_token"')


def _password(shortcode):
    return base64.b64encode(f"{shortcode}{PASSKEY}{STAMP}".encode()).decode()


def good_requests(url, number):
    """A good body for every endpoint; `number` makes what must be unique so."""
    stk = {"BusinessShortCode": "174379", "Password": _password("174379"), "Timestamp": STAMP}
    ends = {"QueueTimeOutURL": f"{url}/timeout", "ResultURL": f"{url}/result"}
    push = {
        "TransactionType": "CustomerPayBillOnline",
        "Amount": "100",
        "PartyA": ANN,
        "PartyB": "174379",
        "PhoneNumber": f"2547110{number % 100_000:05d}",
        "CallBackURL": f"{url}/stk",
        "AccountReference": "INV-1",
        "TransactionDesc": "an order",
    }
    urls = {
        "ShortCode": "600000",
        "ResponseType": "Completed",
        "ConfirmationURL": f"{url}/confirmation",
        "ValidationURL": f"{url}/validation",
    }
    simulated = {
        "ShortCode": "600000",
        "CommandID": "CustomerPayBillOnline",
        "Amount": "5",
        "Msisdn": ANN,
        "BillRefNumber": "C1",
    }
    payout = {
        "InitiatorName": "testapi",
        "SecurityCredential": CREDENTIAL,
        "CommandID": "BusinessPayment",
        "Amount": "10",
        "PartyA": "600000",
        "PartyB": ANN,
        "Remarks": "a withdrawal",
        **ends,
        "Occassion": "none",
    }
    status = {
        "Initiator": "testapi",
        "SecurityCredential": CREDENTIAL,
        "CommandID": "TransactionStatusQuery",
        "TransactionID": "UAF0000001",
        "PartyA": "600000",
        "IdentifierType": "4",
        **ends,
        "Remarks": "where is it",
        "Occasion": "none",
    }
    return [
        ("POST", "/mpesa/stkpush/v1/processrequest", stk | push),
        ("POST", "/mpesa/stkpushquery/v1/query", stk | {"CheckoutRequestID": "ws_CO_1501202610300007708374149"}),
        ("POST", "/mpesa/c2b/v1/registerurl", urls),
        ("POST", "/mpesa/c2b/v2/registerurl", urls),
        ("POST", "/mpesa/c2b/v1/simulate", simulated),
        ("POST", "/mpesa/c2b/v2/simulate", simulated),
        ("POST", "/mpesa/b2c/v1/paymentrequest", payout),
        ("POST", "/mpesa/b2c/v3/paymentrequest", {"OriginatorConversationID": f"fuzz-{number}"} | payout),
        ("POST", "/mpesa/transactionstatus/v1/query", status),
    ]


def odd_access(chance, bearer):
    """Mostly the right header; sometimes one that is no use."""
    if chance.random() < 0.93:
        return bearer
    return chance.choice(
        [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer " + "x" * 4000}, {"Authorization": "Basic Og=="}]
    )


def odd_line(chance, method, path):
    """Mostly the right method and path."""
    if chance.random() < 0.97:
        return method, path
    odd = [("GET", path), ("DELETE", path), ("PUT", path), (method, path + "/"), (method, path.upper())]
    return chance.choice(
        [*odd, (method, path + "?a=%00&b=%ff"), ("GET", "/oauth/v1/generate"), (method, "/mpesa/" + path)]
    )


def class_of(answer):
    """The name that the catalogue has for this answer; None for one that no provider gives."""
    if answer.status == 200 and ACCEPTED.search(answer.text):
        return "accepted"
    told = answer.body if isinstance(answer.body, dict) else {}
    if answer.status == 404 and "no provider has the path" in answer.text:
        return "404 nobody's path"
    for provider in PROVIDERS:
        for error in provider.errors:
            text = re.escape(error.message).replace(re.escape("{field}"), ".*")
            if (answer.status, told.get("errorCode")) == (error.status, error.code) and re.fullmatch(
                text, str(told.get("errorMessage")), re.DOTALL
            ):
                return None if error is provider.broken else f"{error.status} {error.name}"
    return None


async def test_odd_requests_are_answered_as_the_provider_would(start, pytestconfig, tell, unharmed):
    wanted, chance = pytestconfig.getoption("--fuzz"), random.Random(SEED)
    sim = await start()
    sim.app.script.clear()
    mutator, answers, accepted = Mutator(chance), Counter(), 0
    async with unharmed(sim):
        for number in range(wanted):
            if number % BATCH == 0:
                await sim.advance(700)
                bearer = (await _fresh(sim)) or {}
            method, path, good = chance.choice(good_requests(sim.app.url, number))
            method, path = odd_line(chance, method, path)
            request = mutator.odd(method, path, good, odd_access(chance, bearer))
            if number % 500 == 499:
                request = huge(method, path, bearer)
            answer = await sim.call(
                request.method, request.path, data=io.BytesIO(request.body), headers=request.headers
            )
            kind = class_of(answer)
            assert kind is not None, (
                f"seed {SEED}, request {number}: {request.told}\n{answer.status} {answer.text[:500]}"
            )
            answers[kind] += 1
            accepted += (
                kind == "accepted" and request.method == "POST" and any(part in path for part in MAKES_A_PAYMENT)
            )
        tell(f"{wanted} odd requests to the simulator, seed {SEED}", answers)
    assert len(await sim.everything("/payments")) == accepted


async def _fresh(sim):
    sim.tokens.clear()
    return await sim.authorization()
