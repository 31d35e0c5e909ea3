"""A world in a test's own hands: what it offers, over HTTP, without an event loop on this side."""

import base64
import json
import threading
from contextlib import asynccontextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import pytest

from harness.background import BackgroundSimulator
from harness.kit import Control, Journal, PesaboxError, fresh_world

PHONE = "254708374149"
CALLBACK = "daraja.stk_push.callback"
STAMP = "20260115103000"


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def simulator():
    simulator = BackgroundSimulator()
    yield simulator
    simulator.stop()


@pytest.fixture(scope="module")
def app_url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def world(simulator):
    with fresh_world(simulator.url, name="a-test", seed=7) as world:
        yield world


@pytest.fixture
def push(app_url):
    """Asks for 100 shillings as an app does."""

    def push(world, phone=PHONE):
        pair = base64.b64encode(f"{world.key}:{world.secret}".encode()).decode()
        token = sent(f"{world.url}/oauth/v1/generate?grant_type=client_credentials", {"Authorization": f"Basic {pair}"})
        body = {
            "BusinessShortCode": world.shortcode,
            "Password": base64.b64encode(f"{world.shortcode}{world.passkey}{STAMP}".encode()).decode(),
            "Timestamp": STAMP,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": 100,
            "PartyA": phone,
            "PartyB": world.shortcode,
            "PhoneNumber": phone,
            "CallBackURL": app_url,
            "AccountReference": "A1",
            "TransactionDesc": "Order",
        }
        bearer = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/json"}
        return sent(f"{world.url}/mpesa/stkpush/v1/processrequest", bearer, json.dumps(body).encode())

    return push


def sent(url, headers, body=None):
    with urlopen(Request(url, body, headers)) as answer:
        return json.loads(answer.read())


def test_a_payment_from_the_push_to_the_books(world, push):
    acknowledgement = push(world)
    (prompt,) = world.phone.prompts(PHONE)
    assert "Ksh100.00" in prompt.text
    assert prompt.expires > world.clock.now()
    world.phone.approve(PHONE)
    assert world.phone.prompts(PHONE) == []
    callback = world.journal.wait()
    (payment,) = world.payments()
    assert callback.payment == prompt.id == payment.id
    assert callback.raw["status"] == 200
    assert (payment.state, payment.amount, payment.msisdn, payment.reference) == ("succeeded", 100, PHONE, "A1")
    assert payment.provider_reference == acknowledgement["CheckoutRequestID"]
    assert payment.reason is None
    (message,) = world.phone.messages(PHONE)
    assert message.text.startswith(f"{payment.receipt} Confirmed.")
    assert message.at <= world.clock.now()
    assert world.balance(f"subscriber:{PHONE}") == Decimal("49900.00")
    audit = world.audit()
    assert (audit.balanced, audit.difference, audit.problems) == (True, 0, ())
    assert min(audit.accounts, audit.entries) > 0


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        pytest.param(lambda phone: phone.cancel(PHONE), "cancelled", "PromptCancelled", id="cancelled"),
        pytest.param(lambda phone: phone.approve(PHONE, pin="9999"), "failed", "WrongPin", id="another pin"),
    ],
)
def test_a_phone_says_no(world, push, answer, state, reason):
    push(world)
    answer(world.phone)
    world.journal.wait()
    (payment,) = world.payments()
    assert (payment.state, payment.reason, payment.receipt) == (state, reason, None)


def test_a_phone_without_a_prompt_cannot_answer(world):
    with pytest.raises(PesaboxError, match=f"no prompt is open on {PHONE}"):
        world.phone.approve(PHONE)


def test_a_subscriber_is_set_up(world, push):
    world.phone.set(PHONE, policy="cancel", balance="20.00")
    assert world.balance(f"subscriber:{PHONE}") == 20
    push(world)
    world.journal.wait()
    assert world.payments()[0].state == "cancelled"


def test_a_phone_pays_a_paybill_and_the_merchant_is_told(world, app_url):
    world.merchants.set("600000", confirmation_url=app_url, validation_url=app_url, validation=False)
    payment = world.phone.pay(PHONE, shortcode="600000", amount="50.00", reference="C1")
    assert (payment.kind, payment.reference, payment.amount) == ("collection", "C1", 50)
    told = world.journal.wait(operation="daraja.c2b_confirmation")
    assert (told.payment, told.body()["BillRefNumber"]) == (payment.id, "C1")
    assert world.payments()[0].state == "succeeded"
    with pytest.raises(PesaboxError, match=r"^no callback of daraja\.b2c within 60 s"):
        world.journal.wait(operation="daraja.b2c")


def test_a_chaos_profile_is_loaded_from_its_file(world, push, tmp_path):
    profile = tmp_path / "lost.yaml"
    profile.write_text("- {name: lost, at: daraja.stk_push.callback, effect: {kind: drop}}\n")
    world.faults.load(profile)
    push(world)
    assert world.journal.wait().text("fault") == "lost"


def test_a_refusal_of_the_control_api_comes_in_its_own_words(world):
    with pytest.raises(PesaboxError, match=r"PATCH /_sim/subscribers/254708374149: .*\(policy\)"):
        world.phone.set(PHONE, policy="maybe")
    with pytest.raises(PesaboxError, match="there is no fault rule 'x'"):
        world.faults.lift("x")


def test_what_is_not_there_is_told(world):
    nowhere = Control("http://127.0.0.1:1", "a-world")
    with pytest.raises(PesaboxError, match=r"GET /_sim/clock: .*refused"):
        nowhere.call("GET", "/clock")


def test_a_doubled_callback_is_waited_for_twice(world, push):
    world.faults.add(at=CALLBACK, effect={"kind": "duplicate", "after_seconds": 5}, when={"msisdn": PHONE})
    push(world)
    first, second = world.journal.wait(), world.journal.wait()
    assert (second.at - first.at).total_seconds() == 5
    assert world.journal.events("callback") == [first, second]


def test_a_dropped_callback_says_so_and_a_lifted_rule_acts_no_more(world, push):
    world.faults.add(name="lost", at=CALLBACK, effect="drop")
    push(world)
    assert world.journal.wait().text("outcome") == "dropped"
    world.faults.lift("lost")
    world.faults.lift()
    push(world)
    assert world.journal.wait().text("outcome") == "answered"


def test_waiting_is_for_one_payment_if_it_says_so(world, push):
    push(world)
    push(world, "254700000002")
    second = world.payments()[1].id
    assert world.journal.wait(payment=second).payment == second
    assert world.journal.wait().payment == world.payments()[0].id


def test_waiting_in_vain_tells_what_happened_instead(world, push):
    push(world)
    with pytest.raises(PesaboxError, match=rf"^no callback within 2 s; what happened:\n(.*\n)*.*{PHONE}"):
        world.journal.wait(within=2)


def test_patience_is_for_an_app_that_works_in_the_background(world, push):
    class Late(Control):
        """The app gets round to it only while somebody waits for the journal."""

        def call(self, method, path, body=None, **query):
            if "wait" in query:
                push(world)
            return super().call(method, path, body, **query)

    start = world.clock.now()
    journal = Journal(Late(world.url, world.control.world), world.clock)
    assert journal.wait("request", patience=10).text("operation") == "daraja.oauth"
    assert journal.wait("request", patience=10).text("operation") == "daraja.stk_push"
    assert world.clock.now() == start


def test_a_simulator_that_cannot_start_says_why():
    @asynccontextmanager
    async def broken():
        raise PesaboxError("no port is free")
        yield

    with pytest.raises(PesaboxError, match="no port is free"):
        BackgroundSimulator(broken)


def test_the_clock_moves_by_seconds_or_to_a_time(world):
    start = world.clock.now()
    assert (world.clock.advance(seconds=90) - start).total_seconds() == 90
    later = start.replace(day=start.day + 1)
    assert world.clock.advance(to=later) == world.clock.now() == later
    with pytest.raises(PesaboxError, match="does not go back"):
        world.clock.advance(to=start)


def test_a_world_is_gone_afterwards_and_the_next_of_its_name_is_the_same(simulator, push):
    journals = []
    for _ in range(2):
        with fresh_world(simulator.url, name="once", seed=1) as world:
            push(world)
            world.journal.wait()
            journals.append([event.line for event in world.journal.events()])
        with pytest.raises(PesaboxError, match="there is no world 'once'"):
            world.payments()
    assert journals[0] == journals[1]


def test_two_worlds_at_once_do_not_see_each_other(world, simulator, push):
    with fresh_world(simulator.url, name="another", seed=1) as other:
        push(world)
        assert other.journal.events() == other.payments() == other.phone.prompts(PHONE) == []
