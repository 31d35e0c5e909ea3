"""pytekcoopbank, unmodified: by an attribute of its objects, and as the host that it insists on.

It repeats the MessageReference as its leg's ReferenceNumber, and from its second call on those of its first: both are
taken.
"""

from __future__ import annotations

import http.server
import itertools
import json
import queue
import socket
import threading

import pytest
from tekcoopbank import setup_coop

ACCOUNT, PAYEE, PHONE = "36001873000", "0712345678901", "0722000000"
THEIR_HOST, PATIENCE_SECONDS = "developer.co-opbank.co.ke", 30
PARTS = [
    "balance",
    "validation",
    "ift_to_account",
    "transaction_status",
    "pesalink_to_account",
    "pesalink_to_phone",
]
references = itertools.count(1)


class App:
    """What Co-op calls back."""

    def __init__(self):
        self.told = queue.Queue()
        app = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                app.told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *about):
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/coop/callback"


@pytest.fixture(scope="module")
def app():
    app = App()
    thread = threading.Thread(target=app.server.serve_forever)
    thread.start()
    yield app
    app.server.shutdown()
    thread.join()
    app.server.server_close()


@pytest.fixture(params=["by an attribute", "as their host"])
def coop(request, monkeypatch, app):
    """The client: at the address of `pesabox serve`, or where it goes by itself."""
    for name in ("http", "https", "all"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)
    config = {
        "env": "sandbox",
        "consumerKey": "pesabox-key",
        "consumerSecret": "pesabox-secret",
        "accountNumber": ACCOUNT,
        "callback_url": app.url,
        "BankCode": "68",
        "BranchCode": "68000",
    }
    client = setup_coop(config)
    if request.param == "by an attribute":
        for part in PARTS:
            getattr(client, part).host = request.getfixturevalue("over_http").url
    else:
        _map_their_host(monkeypatch, int(request.getfixturevalue("over_tls").port))
    return client


def _map_their_host(monkeypatch, port):
    resolve = socket.getaddrinfo

    def mapped(host, told, *more, **named):
        return resolve(*(("127.0.0.1", port) if host == THEIR_HOST else (host, told)), *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", mapped)


pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")  # it verifies nothing


def fresh():
    return f"M{next(references)}"


def told_of(app, reference):
    told = app.told.get(timeout=PATIENCE_SECONDS)
    assert told["MessageReference"] == reference
    return told


def leg(**told):
    return {"AccountNumber": PAYEE, "BankCode": "68"} | told


def test_it_gets_a_token(coop):
    assert len(coop.balance.token) == 36


def test_its_transfer_to_an_account_is_acknowledged_and_then_told(coop, app):
    reference = fresh()
    answer = coop.pesalink_to_account.send(reference, PAYEE, 100, destinations=[leg()])
    assert (answer.status_code, answer.json()["MessageCode"]) == (200, "0")
    told = told_of(app, reference)
    assert (told["MessageCode"], told["MessageDescription"]) == ("0", "FULL SUCCESS")
    (paid,) = told["Destinations"]
    assert (paid["ReferenceNumber"], paid["Amount"], paid["ResponseCode"]) == (reference, 100, "0")
    status = coop.transaction_status.send(reference)
    assert (status.status_code, status.json()["Destinations"]) == (200, told["Destinations"])


def test_its_transfer_of_two_legs_ends_in_part(coop, app):
    reference = fresh()
    legs = [
        leg(ReferenceNumber=f"{reference}_1", Amount=60),
        leg(ReferenceNumber=f"{reference}_2", Amount=40, AccountNumber="0700000000001"),
    ]
    assert coop.pesalink_to_account.send(reference, PAYEE, 100, destinations=legs).status_code == 200
    told = told_of(app, reference)
    assert told["MessageCode"] == "1"
    assert [one["ResponseCode"] for one in told["Destinations"]] == ["0", "40000126"]
    assert coop.transaction_status.send(reference).status_code == 207


def test_what_it_fills_in_by_itself_is_taken_call_after_call(coop, app):
    for _ in range(2):
        reference = fresh()
        answer = coop.pesalink_to_phone.send(reference, PHONE, 50)
        assert answer.json()["MessageCode"] == "0"
        assert told_of(app, reference)["Destinations"][0]["PhoneNumber"] == PHONE


def test_its_transfer_within_the_bank_is_paid(coop, app):
    reference = fresh()
    answer = coop.ift_to_account.send(reference, "01100000000500", 75, destinations=[{}])
    assert answer.json()["MessageDescription"] == "REQUEST ACCEPTED FOR PROCESSING"
    assert told_of(app, reference)["MessageCode"] == "0"


def test_a_refusal_reaches_its_caller(coop):
    reference = fresh()
    answer = coop.pesalink_to_account.send(reference, PAYEE, 5, destinations=[leg()])
    assert (answer.status_code, answer.json()["MessageCode"]) == (400, "-6")
    assert coop.transaction_status.send(reference).status_code == 404


def test_its_enquiries_are_answered(coop):
    told = coop.balance.send(fresh(), ACCOUNT).json()
    assert (told["AccountName"], told["Currency"]) == ("PESABOX LIMITED", "KES")
    assert coop.validation.send(fresh(), "01100000000500").json()["MessageDescription"] == "VALID ACCOUNT NUMBER"
    assert coop.validation.send(fresh(), "01100000000001").json()["MessageCode"] == "-15"
