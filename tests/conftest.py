"""What several suites share: a world with a provider of our own and no HTTP, and a whole simulator behind HTTP."""

import asyncio
import base64
import contextlib
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import hypothesis
import pytest
from aiohttp import web
from msgspec.structs import replace

from simulator.app import running
from simulator.core import outbox, switch
from simulator.core.banks import AccountState
from simulator.core.faults import Facts
from simulator.core.jobs import Job
from simulator.core.money import Money
from simulator.core.outbox import Callback, Delivery, Outcome
from simulator.core.payments import Kind, Payment, begun
from simulator.core.prompts import Prompt, show_prompt
from simulator.core.simulation import Clocks, Simulation
from simulator.core.tampering import WireNames
from simulator.core.template import WorldTemplate
from simulator.core.worlds import ProviderSettings, Shared
from simulator.settings import Settings
from simulator.stores.memory import MemoryStore

ANN, BEN = "254708374149", "254711000002"
SHORTCODE, PASSKEY = "174379", "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"

hypothesis.settings.register_profile("quick", deadline=None, derandomize=True, max_examples=100, database=None)
hypothesis.settings.load_profile("quick")


@pytest.fixture(scope="session", autouse=True)
def _certificates_of_the_tests(tmp_path_factory):
    """Not the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PESABOX_CERTIFICATES", str(tmp_path_factory.mktemp("certificates")))
        yield


# A world without HTTP.


class RecordingSender:
    """Remembers what was sent and when; answers from its script, else 200. A scripted function is awaited."""

    def __init__(self):
        self.sent = []
        self.script = deque()

    async def send(self, callback, hosts, clock):
        self.sent.append(callback)
        answer = self.script.popleft() if self.script else Delivery(Outcome.ANSWERED, 200, "ok")
        return await answer() if callable(answer) else answer


class NoSeal:
    """A world whose clients encrypt nothing."""

    def certificate(self):
        return ""

    def opened(self, sealed):
        return None


class FakeRail:
    """A provider as core knows one, by the name `fake`."""

    settings = ProviderSettings("fake", lifetimes={"prompt": 60.0}, limits={"daily": "500000.00"})
    wire_names = WireNames(references=frozenset({"id"}), receipts=frozenset({"receipt"}))

    def receipt(self, at, number):
        return f"RECEIPT{number}"


async def _send_result(world, job):
    """Job: what a provider does with a decided payment: it promises a callback, at once."""
    number = await world.take("callback")

    def work(tx):
        payment = tx.get(Payment, job.subject)
        if tx.get(Job, job.key) is None:
            return
        tx.done(job)
        outbox.post(tx, a_callback(f"c{number}", payment), world.now())

    await world.run(work)


def a_callback(key, payment=None, **changes):
    told = {
        "key": key,
        "payment": payment.key if payment else "p0",
        "operation": "fake.push",
        "correlation": payment.correlation if payment else "r0",
        "facts": Facts("push", payment.msisdn if payment else ANN, "100.00", payment.reference if payment else "R0"),
        "url": "http://app.test/callback",
        "body": b'{"result":0}',
        "headers": {"Content-Type": "application/json"},
    }
    return Callback(**(told | changes))


@pytest.fixture
def callback():
    """Makes a callback of a payment, or of none."""
    return a_callback


@pytest.fixture
def sender():
    return RecordingSender()


@pytest.fixture
def template():
    return WorldTemplate.model_validate(
        {
            "keys": {"key": "secret"},
            "merchants": {"600000": {"name": "Bank"}},
            "subscribers": {ANN: {"name": "ANN", "policy": "manual", "balance": "1000.00"}},
        }
    )


@pytest.fixture
async def simulate(sender, template):
    """Makes a simulation without HTTP, whose one provider is `fake`."""
    made = []

    def make(
        *, is_virtual=True, seed=1, jobs=None, latency=1.0, template=template, is_strict=False, store=None, chaos=()
    ):
        rails = {"fake": FakeRail()}
        settings = {"fake": FakeRail.settings}
        store = store or MemoryStore(template.terms)
        shared = Shared(store, sender, template, rails, settings, latency, NoSeal(), chaos)
        clocks = Clocks(is_virtual, answer_timeout_seconds=1.0)
        handlers = {"fake.push.decided": _send_result} | (jobs or {})
        made.append(Simulation(shared, clocks, seed=seed, jobs=handlers, is_strict=is_strict))
        return made[-1]

    yield make
    for simulation in made:
        await simulation.close()


@pytest.fixture
async def simulation(simulate):
    return simulate()


@pytest.fixture
async def world(simulation):
    return await simulation.open("default")


RAIL = {
    "keys": {"key": "secret"},
    "banks": {
        "11": {"name": "Payers' Bank"},
        "68": {"name": "Payees' Bank"},
        "30": {"name": "Chase", "member": False},
    },
    "accounts": {
        "11:1000": {"name": "CLIENT", "balance": "10000.00", "surface": "fake"},
        "11:2000": {"name": "PENNILESS", "balance": "0.00", "surface": "fake"},
    },
    "endings": {f"00{ending:02}": state for ending, state in enumerate(list(AccountState)[1:], start=1)},
}
"""Accounts whose numbers end in 0001, 0002, … are in the states that follow `active`, in their order."""


@pytest.fixture
def rail(simulate):
    """Makes a world in which the provider `fake` has accounts at bank 11 and transfers money by the switch."""

    async def make(**changes):
        jobs = {f"fake.{operation}.decided": _ends for operation in ("transfer", "credit")}
        template = WorldTemplate.model_validate(RAIL)
        simulation = simulate(jobs=switch.JOBS | jobs, template=template, **changes)
        world = await simulation.open("default")
        tariff = {"pesalink": (("500.00", "0.00"), ("999999.00", "40.00"))}
        latency = {"transfer.processing": 2.0}
        settings = replace(FakeRail.settings, tariff=tariff, latency=latency)
        await world.run(lambda tx: tx.put(settings))
        return world

    return make


async def _ends(world, job):
    """Job: a provider that tells nobody."""
    await world.run(lambda tx: tx.done(job))


@pytest.fixture
def transfer():
    """Starts a transfer of the `fake` provider; gives the payment's id."""

    async def begin(world, amount="100.00", to="68:5555", *, by="11:1000", delay_seconds=0.0, forced=""):
        number = await world.take("payment")
        payment = Payment(
            key=f"p{number}",
            what=Kind.TRANSFER,
            operation="fake.transfer",
            amount=Money.parse(amount),
            msisdn="",
            merchant=by.split(":")[1],
            reference=f"R{number}",
            provider_reference=switch.end_to_end_id(world, by, to, number),
            correlation=f"r{number}",
            account=f"bank:{to}",
        )
        told = switch.Transfer(payment.key, by, to, payment.provider_reference, payment.correlation)
        begin = begun(payment, world.now())
        await world.run(lambda tx: switch.start(tx, world, begin, told, delay_seconds=delay_seconds, forced=forced))
        return payment.key

    return begin


@pytest.fixture
def push():
    """Starts a collection of the `fake` provider; gives the payment's id."""

    async def start(world, msisdn=ANN, amount="100.00", *, delay_seconds=0.0, life_seconds=60.0):
        number, now = await world.take("payment"), world.now()
        payment = Payment(
            key=f"p{number}",
            what=Kind.COLLECTION,
            operation="fake.push",
            amount=Money.parse(amount),
            msisdn=msisdn,
            merchant="600000",
            reference=f"R{number}",
            provider_reference=f"X{number}",
            correlation=f"r{number}",
        )
        prompt = Prompt(msisdn, payment.key, "Pay?", now, now + timedelta(seconds=life_seconds), delay_seconds)
        await world.run(lambda tx: show_prompt(tx, world, begun(payment, now), prompt))
        return payment.key

    return start


@pytest.fixture
def events():
    """The journal of a world, of one kind or whole."""

    async def read(world, kind=None):
        return [
            event for event in await world.store.events(world.name, after=0, limit=10_000) if kind in (None, event.kind)
        ]

    return read


@pytest.fixture
def record():
    """Reads one committed record of a world."""

    async def read(world, kind, key):
        return await world.run(lambda tx: tx.get(kind, key))

    return read


# A simulator behind HTTP.


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any
    text: str

    @property
    def items(self):
        return self.body["items"]


class App:
    """What callbacks reach. Answers from its script, else 200; a scripted function is awaited with the request."""

    def __init__(self):
        self.received = []
        self.script = deque()
        self.arrived = asyncio.Event()
        self.url = ""

    async def handle(self, request):
        self.received.append((request.path, dict(request.headers), await request.text()))
        self.arrived.set()
        answer = self.script.popleft() if self.script else 200
        if callable(answer):
            answer = await answer(request)
        return answer if isinstance(answer, web.StreamResponse) else web.json_response({"ok": True}, status=answer)


@dataclass
class Client:
    """Drives one running simulator: its control API, Daraja, and the app that it calls back."""

    url: str
    simulation: Simulation
    http: aiohttp.ClientSession
    app: App
    tokens: dict[str, str] = field(default_factory=dict)

    async def call(self, method, path, **told):
        async with self.http.request(method, self.url + path, **told) as response:
            text = await response.text()
            with contextlib.suppress(ValueError):
                return Answer(response.status, json.loads(text), response.headers, text)
            return Answer(response.status, None, response.headers, text)

    async def control(self, method, path, body=None, **told):
        return await self.call(method, f"/_sim{path}", **({"json": body} if body is not None else {}), **told)

    async def advance(self, seconds, world="default"):
        answer = await self.control("POST", f"/clock/advance?world={world}", {"seconds": seconds})
        assert answer.status == 200, answer.text
        return answer.body

    async def fault(self, at, world="default", name="rule", when=None, **effect):
        rule = {"name": name, "at": at, "effect": effect} | ({"when": when} if when else {})
        answer = await self.control("POST", f"/faults?world={world}", rule)
        assert answer.status == 201, answer.text

    async def journal(self, kind="", world="default", **query):
        told = "&".join(f"{name}={value}" for name, value in query.items())
        answer = await self.control("GET", f"/journal?world={world}&kind={kind}&limit=1000&{told}")
        assert answer.status == 200, answer.text
        return answer.items

    async def everything(self, path):
        """The items of all pages."""
        items, after = [], ""
        while after is not None:
            page = (await self.control("GET", f"{path}?limit=1000&after={after}")).body
            items, after = items + page["items"], page["next"]
        return items

    async def authorization(self, world="default"):
        if world not in self.tokens:
            key = "pesabox-key" if world == "default" else f"pesabox-key@{world}"
            answer = await self.call("GET", "/oauth/v1/generate?grant_type=client_credentials", headers=basic(key))
            self.tokens[world] = answer.body["access_token"]
        return {"Authorization": f"Bearer {self.tokens[world]}"}

    def push_body(self, **changes):
        stamp = "20260115103000"
        return {
            "BusinessShortCode": SHORTCODE,
            "Password": base64.b64encode(f"{SHORTCODE}{PASSKEY}{stamp}".encode()).decode(),
            "Timestamp": stamp,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": "100",
            "PartyA": ANN,
            "PartyB": SHORTCODE,
            "PhoneNumber": ANN,
            "CallBackURL": f"{self.app.url}/callback",
            "AccountReference": "A1",
            "TransactionDesc": "x",
        } | changes

    async def push(self, path="/mpesa/stkpush/v1/processrequest", *, world="default", **changes):
        headers = await self.authorization(world)
        return await self.call("POST", path, json=self.push_body(**changes), headers=headers)


def basic(key="pesabox-key", secret="pesabox-secret"):
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


@pytest.fixture
def basic_header():
    return basic


@pytest.fixture
async def start():
    """Starts simulators on free ports, on the virtual clock unless told otherwise."""
    async with contextlib.AsyncExitStack() as closing:

        async def begin(**settings):
            app = App()
            receiver = web.Application()
            receiver.router.add_route("*", "/{path:.*}", app.handle)
            runner = web.AppRunner(receiver, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
            await runner.setup()
            closing.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            app.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            told = {"port": 0, "clock": "virtual"} | settings
            simulator = await closing.enter_async_context(running(Settings.model_validate(told)))
            http = await closing.enter_async_context(aiohttp.ClientSession())
            return Client(simulator.url, simulator.simulation, http, app)

        yield begin


@pytest.fixture
async def sim(start):
    """A simulator on the virtual clock."""
    return await start()
