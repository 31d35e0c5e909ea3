"""python-jengaapi, as its author ships it, against `pesabox serve`: its base URL is a variable of the environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.providers.jenga.signing import private_test_key

SHOP = Path(__file__).parent / "jengaapi_calls.py"
PAYER, PAYEE = "1450160649886", "99901288715910"
TRANSFERS = [
    pytest.param("send_pesa_link_to_bank_account", False, "PESALINK_ACCOUNT", id="to an account"),
    pytest.param("send_pesa_link_to_mobile_number", False, "PESALINK_MOBILE", id="to a phone"),
    pytest.param("send_within_equity", False, "INTERNAL_BANK_TRANSFER", id="within Equity"),
    pytest.param("send_pesa_link_to_bank_account", True, "PESALINK_ACCOUNT_IMT", id="to an account, imt"),
    pytest.param("send_pesa_link_to_mobile_number", True, "PESALINK_MOBILE_IMT", id="to a phone, imt"),
    pytest.param("send_within_equity", True, "INTERNAL_BANK_TRANSFER_IMT", id="within Equity, imt"),
]


@pytest.fixture(scope="module")
def jengaapi(over_http, tmp_path_factory):
    """Lets the client do one thing in a process of its own; gives what it gave."""
    key = tmp_path_factory.mktemp("jenga") / "key.pem"
    key.write_text(private_test_key())
    settings = {
        "JENGA_API_BASE_URL": f"{over_http.url}/",
        "API_KEY": "any",
        "MERCHANT_CODE": "pesabox-key",
        "CONSUMER_SECRET": "pesabox-secret",
        "PRIVATE_KEY_PATH": str(key),
        "NO_PROXY": "127.0.0.1",
    }

    def ask(**told):
        command = (sys.executable, str(SHOP), json.dumps(told))
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


def transfer(name, reference, amount="500.00", account=PAYEE):
    is_mobile, is_internal = "mobile" in name, "equity" in name
    destination = {"type": "mobile" if is_mobile else "bank", "countryCode": "KE", "name": "Tom Doe"}
    destination |= {} if is_internal else {"bankCode": "63"}
    destination |= {"mobileNumber": "0722000001"} if is_mobile else {"accountNumber": account}
    return {
        "source": {"countryCode": "KE", "name": "PESABOX LIMITED", "accountNumber": PAYER},
        "destination": destination,
        "transfer": {
            "type": "InternalFundsTransfer" if is_internal else "PesaLink",
            "amount": amount,
            "currencyCode": "KES",
            "reference": reference,
            "date": "2026-01-15",
            "description": "an invoice",
        },
    }


def signed(name, payload):
    told, payer = payload["transfer"], payload["source"]["accountNumber"]
    first = [told["amount"], told["currencyCode"], told["reference"]]
    return [payer, *first] if "equity" in name else [*first, payload["destination"]["name"], payer]


@pytest.mark.parametrize(("name", "is_imt", "service"), TRANSFERS)
def test_its_transfers_are_paid(jengaapi, over_http, name, is_imt, service):
    payload = transfer(name, f"ref-{name}-{is_imt}")
    told = jengaapi(service="imt" if is_imt else "send", call=name, sign=signed(name, payload), payload=payload)
    assert (told["status"], told["code"], told["message"]) == (True, 0, "success")
    assert (told["reference"], told["data"]["status"]) == (payload["transfer"]["reference"], "SUCCESS")
    paid = [one for one in over_http.control("GET", "/payments")["items"] if one["reference"] == told["reference"]]
    assert [(one["state"], one["amount"], one["receipt"]) for one in paid] == [
        ("succeeded", "500.00", told["data"]["transactionId"])
    ]


def test_its_refusals_are_those_of_jenga(jengaapi):
    name = "send_pesa_link_to_bank_account"
    closed = transfer(name, "ref-closed", account="1234560004")
    told = jengaapi(service="send", call=name, sign=signed(name, closed), payload=closed)
    assert (told["status"], told["code"], told["reference"]) == (False, 400103, "ref-closed")
    other = transfer(name, "ref-other")
    internal_order = signed("send_within_equity", other)
    told = jengaapi(service="send", call=name, sign=internal_order, payload=other)
    assert (told["status"], told["code"]) == (False, 900101)


def test_its_balances_and_search_are_answered(jengaapi):
    account = {"country_code": "KE", "account_id": PAYER}
    told = jengaapi(service="account", call="account_balance", sign=["KE", PAYER], payload=account)
    assert [balance["type"] for balance in told["data"]["balances"]] == ["Available", "Current"]
    account = {"country_code": "KE", "account_no": PAYER}
    told = jengaapi(service="account", call="account_inquiry_bank_accounts", sign=["KE", PAYER], payload=account)
    assert told["data"]["customer"][0]["name"] == "PESABOX LIMITED"


def test_what_pesabox_does_not_have_is_refused_in_jengas_words(jengaapi):
    told = jengaapi(service="send", call="send_rtgs", sign=["x"], payload={"transfer": {"reference": "r"}})
    assert told == {"status": False, "code": 404, "message": "Not found", "reference": "r"}
