"""Odd requests to the banks' surfaces: their own error or an acceptance, and nothing half done.

`pytest --fuzz 20000` sends that many to each; `make fuzz` does, and prints how often each kind of answer came.
"""

from __future__ import annotations

import base64
import io
import json
import random
from collections import Counter

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from simulator.providers.coop import PROVIDER as COOP
from simulator.providers.jenga import PROVIDER as JENGA
from simulator.providers.jenga.signing import private_test_key
from tests.fuzz.mutations import Mutator, huge

BATCH, SEED = 50, 20260115
AUTHENTICATE = "/authentication/api/v3/authenticate/merchant"
REMITTANCE = "/v3-apis/transaction-api/v3.0/remittance"
ACCOUNTS = "/v3-apis/account-api/v3.0"
SIGNED = {
    "pesalink": "transfer.amount transfer.currencyCode transfer.reference destination.name source.accountNumber",
    "internal": "source.accountNumber transfer.amount transfer.currencyCode transfer.reference",
    "validate": "countryCode accountNumber accountFullName",
}


class Jenga:
    """Signs what it sends, odd values too, so that they reach what is behind the signature."""

    provider = JENGA

    def __init__(self):
        self._key = load_pem_private_key(private_test_key().encode(), password=None)

    async def token(self, sim):
        told = {"merchantCode": "pesabox-key", "consumerSecret": "pesabox-secret"}
        answer = await sim.call("POST", AUTHENTICATE, json=told, headers={"Api-Key": "any"})
        return {"Authorization": f"Bearer {answer.body['accessToken']}"}

    def requests(self, url, number):
        named = {"countryCode": "KE", "name": "Tom Doe"}
        source = named | {"accountNumber": "1450160649886"}
        account = named | {"type": "bank", "bankCode": "57", "accountNumber": "99901288715910"}
        phone = named | {"type": "mobile", "bankCode": "01", "mobileNumber": "0722000001"}
        own = named | {"type": "bank", "accountNumber": "0020100014605"}
        transfer = {"type": "PesaLink", "amount": "50.00", "currencyCode": "KES", "date": "2026-01-15"}
        transfer |= {"reference": f"{692194625001 + number}", "description": "an invoice"}
        order = {"source": source, "transfer": transfer}
        holder = {"countryCode": "KE", "accountNumber": "0020100014605", "accountFullName": "Tom Doe"}
        return [
            ("POST", f"{REMITTANCE}/pesalinkacc", order | {"destination": account}),
            ("POST", f"{REMITTANCE}/pesalinkMobile/imt", order | {"destination": phone}),
            ("POST", f"{REMITTANCE}/internalBankTransfer", order | {"destination": own}),
            ("POST", f"{ACCOUNTS}/account/validate", holder),
        ]

    def headers(self, path, body):
        kind = "validate" if path.endswith("validate") else "internal" if "internal" in path else "pesalink"
        try:
            told = json.loads(body)
            text = "".join(self._at(told, name) for name in SIGNED[kind].split()).encode()
        except (ValueError, RecursionError):
            text = b"?"
        return {"signature": base64.b64encode(self._key.sign(text, PKCS1v15(), SHA256())).decode()}

    def _at(self, told, name):
        for part in name.split("."):
            told = told.get(part) if isinstance(told, dict) else None
        return "" if told is None else str(told)

    def error(self, answer):
        code = answer.body.get("code") if isinstance(answer.body, dict) else None
        known = [one for one in JENGA.errors if (one.status, int(one.code)) == (answer.status, code)]
        return known[0] if known else None

    def accepted(self, answer):
        return answer.status == 200 and isinstance(answer.body, dict) and answer.body["status"] is True


class Coop:
    """Its error bodies have several shapes; the code is in each of them."""

    provider = COOP

    async def token(self, sim):
        basic = base64.b64encode(b"pesabox-key:pesabox-secret").decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        answer = await sim.call("POST", "/token", data="grant_type=client_credentials", headers=headers)
        return {"Authorization": f"Bearer {answer.body['access_token']}"}

    def requests(self, url, number):
        leg = {"ReferenceNumber": f"M{number}_1", "Amount": 10, "TransactionCurrency": "KES", "Narration": "Supplier"}
        account = leg | {"AccountNumber": "0712345678901", "BankCode": "68"}
        another = account | {"ReferenceNumber": f"M{number}_2"}
        phone = leg | {"PhoneNumber": "254722000000"}
        own = leg | {"AccountNumber": "36001873001"}
        source = {"AccountNumber": "36001873000", "Amount": 10, "TransactionCurrency": "KES", "Narration": "Suppliers"}
        order = {"MessageReference": f"M{number}", "CallBackUrl": f"{url}/coop", "UserId": "PESABOX", "Source": source}
        asked = {"MessageReference": f"M{number // 2}", "UserId": "PESABOX"}
        enquiry = {"MessageReference": f"E{number}", "AccountNumber": "36001873000", "UserId": "PESABOX"}
        return [
            ("POST", "/FundsTransfer/External/A2A/PesaLink/1.0.0", order | {"Destinations": [account]}),
            (
                "POST",
                "/FundsTransfer/External/PesaLinkBulk_v1/1.0.0",
                order | {"Source": source | {"Amount": 20}, "Destinations": [account, another]},
            ),
            ("POST", "/FundsTransfer/External/A2M/PesaLink/1.0.0", order | {"Destinations": [phone]}),
            ("POST", "/FundsTransfer/Internal/A2A/2.0.0", order | {"Destinations": [own]}),
            ("POST", "/Enquiry/TransactionStatus/2.0.0", asked),
            ("POST", "/Enquiry/Validation/IPSL/1.0.0", enquiry | {"AccountNumber": "0712345678901", "BankCode": "68"}),
            ("POST", "/Enquiry/Validation/Account/1.0.0", enquiry),
            ("POST", "/Enquiry/AccountBalance/1.0.0", enquiry),
        ]

    def headers(self, path, body):
        return {}

    def error(self, answer):
        known = [one for one in COOP.errors if one.status == answer.status and one.code and one.code in answer.text]
        return known[0] if known else None

    def accepted(self, answer):
        return answer.status == 200 and isinstance(answer.body, dict) and answer.body.get("MessageCode") == "0"


def class_of(surface, answer):
    """The name that the catalogue has for this answer; None for one that the bank would not give."""
    if surface.accepted(answer):
        return "accepted"
    if answer.status == 404 and "no provider has the path" in answer.text:
        return "404 nobody's path"
    error = surface.error(answer)
    return None if error is None or error is surface.provider.broken else f"{error.status} {error.name}"


@pytest.mark.parametrize("surface", [Jenga(), Coop()], ids=["jenga", "coop"])
async def test_odd_requests_are_answered_as_the_bank_would(start, pytestconfig, tell, unharmed, surface):
    wanted, chance = pytestconfig.getoption("--fuzz"), random.Random(SEED)
    sim = await start()
    sim.app.script.clear()
    mutator, answers = Mutator(chance), Counter()
    async with unharmed(sim):
        for number in range(wanted):
            if number % BATCH == 0:
                await sim.advance(700)
                bearer = await surface.token(sim)
            method, path, good = chance.choice(surface.requests(sim.app.url, number))
            request = mutator.odd(
                method, path, good, bearer if chance.random() < 0.95 else {"Authorization": "Bearer x"}
            )
            if number % 500 == 499:
                request = huge(method, path, bearer)
            headers = request.headers | surface.headers(path, request.body)
            answer = await sim.call(method, path, data=io.BytesIO(request.body), headers=headers)
            kind = class_of(surface, answer)
            assert kind is not None, (
                f"seed {SEED}, request {number}: {request.told}\n{answer.status} {answer.text[:500]}"
            )
            answers[kind] += 1
        tell(f"{wanted} odd requests to {surface.provider.name}, seed {SEED}", answers)
    assert answers["accepted"]
