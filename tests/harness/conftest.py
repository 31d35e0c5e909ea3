"""Fakes that the harness's tests own: a control API that remembers, a world around it, and a careless bank."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from harness.app_face import AppFace
from harness.app_profile import AppProfile
from harness.book import Book
from harness.cli import outcome
from harness.credentials import Credentials
from harness.events import Event
from harness.exchange import Answer
from harness.journal import Journal
from harness.matching import show
from harness.paths import load_all
from harness.stage import Stage
from harness.targets.base import CAPABILITIES, Advanced, Consumer, Refused

EAT = timezone(timedelta(hours=3))
NOON = datetime(2026, 1, 15, 12, tzinfo=EAT)

BANK = """\
given:
  subscriber: {msisdn: "254708374149", policy: approve}
  customer: {name: Ann, msisdn: "254708374149", save: ann}
steps:
  - app: POST /deposits
    body: {customer: "{ann}", amount: "100.00", via: mpesa}
  - wait: callback
"""


def event(sequence, kind="callback", at=NOON, **fields):
    return Event({"sequence": sequence, "at": at.isoformat(), "kind": kind, **fields})


@dataclass
class FakeControl:
    """Remembers what it was asked; `coming` are events, each of which one job brings, `seconds` apart."""

    events: list = field(default_factory=list)
    coming: list = field(default_factory=list)
    seconds: float = 10
    now: datetime = NOON
    asked: list = field(default_factory=list)
    open_prompts: dict = field(default_factory=dict)
    balances: dict = field(default_factory=dict)
    payment_rows: list = field(default_factory=list)
    entry_rows: list = field(default_factory=list)
    refuses: str = ""
    key: str = ""
    books: dict = field(default_factory=lambda: {"balanced": True, "difference": "0.00"})

    def _ask(self, verb, *what):
        if verb == self.refuses:
            raise Refused(f"{verb}: not today")
        self.asked.append((verb, *what))

    async def advance(self, by):
        self._ask("advance", by)
        return await self.advance_to(self.now + by)

    async def advance_to(self, instant):
        self._ask("advance_to", instant)
        jobs = 0
        while (advanced := await self.advance_jobs(1, instant)).jobs_run:
            jobs += advanced.jobs_run
        return Advanced(self.now, jobs)

    async def advance_jobs(self, jobs, to):
        if not self.coming or self.now + timedelta(seconds=self.seconds) > to:
            self.now = to
            return Advanced(self.now, 0)
        self.now += timedelta(seconds=self.seconds)
        self.events.append(event(len(self.events) + 1, at=self.now, **self.coming.pop(0)))
        return Advanced(self.now, 1)

    async def add_subscriber(self, subscriber):
        self._ask("add_subscriber", subscriber)

    async def pay(self, msisdn, payment):
        self._ask("pay", msisdn, payment)
        return {"id": "p9", "state": "pending", **payment}

    async def change_merchant(self, shortcode, changes):
        self._ask("change_merchant", shortcode, changes)

    async def change_provider(self, name, changes):
        self._ask("change_provider", name, changes)

    async def account(self, bank, number):
        return {"bank": bank, "account_number": number}

    async def change_account(self, bank, number, changes):
        self._ask("change_account", bank, number, changes)

    async def change_bank(self, code, changes):
        self._ask("change_bank", code, changes)

    async def pay_from(self, bank, number, payment):
        self._ask("pay_from", bank, number, payment)
        return {"id": "p9", "state": "succeeded", **payment}

    async def return_payment(self, payment, wish):
        self._ask("return_payment", payment, wish)
        return {"id": "p10", "kind": "return", **wish}

    async def jenga_key(self):
        self._ask("jenga_key")
        return self.key

    async def settle(self):
        self._ask("settle")
        return {"settled": {"68": "1.00"}}

    async def prompts(self, msisdn):
        return [{"id": self.open_prompts[msisdn]}] if msisdn in self.open_prompts else []

    async def answer_prompt(self, prompt, answer):
        self._ask("answer_prompt", prompt, answer)

    async def add_fault(self, rule):
        self._ask("add_fault", rule)

    async def lift_fault(self, name):
        self._ask("lift_fault", name)

    async def lift_faults(self):
        self._ask("lift_faults")

    async def journal(self, after):
        return [one for one in self.events if one.sequence > after]

    async def payments(self):
        self._ask("payments")
        return self.payment_rows

    async def entries(self):
        return self.entry_rows

    async def balance(self, account):
        return Decimal(self.balances[account])

    async def audit(self):
        return self.books


@dataclass
class FakeTime:
    """Driven, unless `moves_by_itself`: then the events to come arrive when they are waited for."""

    control: FakeControl
    app_clock: object = None
    moves_by_itself: bool = False

    async def now(self):
        return self.control.now

    async def until_next(self, deadline, *, after):
        return (await self.control.advance_jobs(1, deadline)).jobs_run > 0

    async def rest(self, by):
        await self.control.advance(by)


@dataclass
class FakeWorld:
    control: FakeControl = field(default_factory=FakeControl)
    answers: list = field(default_factory=list)
    sent: list = field(default_factory=list)
    name: str = "a-world"
    seed: int = 1
    provider_url: str = "http://provider.test"
    consumer: Consumer = field(default_factory=lambda: Consumer("key", "secret"))
    app_clock: object = None
    hosts: dict = field(default_factory=dict)
    flights: list = field(default_factory=list)

    def __post_init__(self):
        self.time = FakeTime(self.control)

    async def now(self):
        return self.control.now

    @contextlib.contextmanager
    def flight(self, name):
        self.flights.append(name)
        yield

    async def send(self, request):
        self.sent.append(request)
        return _next(self.answers, request)

    async def resolve(self, host, address):
        self.hosts[host] = address


@dataclass
class FakeDoor:
    """An app that answers from a table of `METHOD path`, and remembers what it was asked."""

    answers: dict = field(default_factory=dict)
    sent: list = field(default_factory=list)

    async def send(self, request):
        self.sent.append(request)
        answer = self.answers[f"{request.method} {request.path}"]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Answer) else Answer(200, {}, answer)


@dataclass
class FakeTarget:
    """Gives out one world again and again; `has` are its capabilities."""

    the_world: FakeWorld = field(default_factory=FakeWorld)
    has: frozenset = frozenset(CAPABILITIES)
    name: str = "a fake"
    opened: list = field(default_factory=list)

    @property
    def capabilities(self):
        return self.has

    @contextlib.asynccontextmanager
    async def world(self, opening):
        self.opened.append(opening)
        yield self.the_world


def _next(answers, request):
    if not answers:
        return Answer(200, {}, {"access_token": "a-token", "expires_in": "3599"} if "oauth" in request.path else {})
    answer = answers.pop(0)
    if isinstance(answer, Exception):
        raise answer
    return answer


def check_rule(rule):
    """As picky as these tests need."""
    effect = rule.get("effect", {}).get("kind") if isinstance(rule, dict) else None
    return (
        []
        if effect in ("drop", "hang", "duplicate", "delay")
        else [(("effect", "kind"), f"unknown effect {show(effect)}")]
    )


@pytest.fixture
def make_event():
    return event


@pytest.fixture
def world():
    return FakeWorld()


@pytest.fixture
def target(world):
    return FakeTarget(world)


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def stage(world, door):
    profile = AppProfile()
    return Stage(world, Journal(world.control), Credentials(world), Book(profile), AppFace(door, profile))


@pytest.fixture
def write(tmp_path):
    """Writes a scenario file; its path."""

    def write(text, name="story.yaml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


@pytest.fixture
def story(write):
    """A scenario that was written and read."""

    def story(text, name="story.yaml"):
        scenarios = load_all([Path(write(text, name))], check_rule)
        return scenarios[0]

    return story


@pytest.fixture
def command(capsys):
    """Runs the command in this process; exit code, stdout, stderr."""

    def command(*arguments):
        code = outcome([str(one) for one in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


@pytest.fixture
def rules():
    return check_rule


@dataclass
class CarelessBank:
    """Believes whatever it hears: the planted bugs that invariants must name. `bug` says which one is in it."""

    bug: str
    settings: dict
    customers: dict = field(default_factory=dict)
    deposits: dict = field(default_factory=dict)
    lines: list = field(default_factory=list)

    def app(self):
        app = web.Application()
        app.add_routes(
            [
                web.post("/customers", self.register),
                web.get("/customers/{id}", self.customer),
                web.get("/customers/{id}/statement", self.statement),
                web.post("/deposits", self.deposit),
                web.get("/deposits/{id}", self.show),
                web.post("/callbacks/{id}", self.callback),
                web.post("/reconcile", self.reconcile),
                web.get("/ledger/audit", self.audit),
            ]
        )
        return app

    async def register(self, request):
        wish = await request.json()
        customer = {"id": f"C{len(self.customers) + 1}", "msisdn": wish["msisdn"], "balance": Decimal(0)}
        self.customers[customer["id"]] = customer
        return web.json_response(self._shown(customer), status=201)

    def _shown(self, customer):
        return {**customer, "balance": f"{customer['balance']:.2f}", "available": f"{customer['balance']:.2f}"}

    async def customer(self, request):
        return web.json_response(self._shown(self.customers[request.match_info["id"]]))

    async def statement(self, request):
        lines = [line for line in self.lines if line["customer"] == request.match_info["id"]]
        return web.json_response({"items": lines})

    async def deposit(self, request):
        wish = await request.json()
        deposit = {"id": f"D{len(self.deposits) + 1}", "state": "pending", **wish}
        self.deposits[deposit["id"]] = deposit
        await self._push(deposit)
        if self.bug == "credits the acknowledgement":
            self._credit(deposit, wish["customer"])
        return web.json_response(deposit, status=202)

    async def _push(self, deposit):
        base, msisdn = self.settings["provider_url"], self.customers[deposit["customer"]]["msisdn"]
        pair = f"{self.settings['consumer_key']}:{self.settings['consumer_secret']}"
        stamp = self.settings["clock"].now().strftime("%Y%m%d%H%M%S")
        passkey = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
        body = {
            "BusinessShortCode": "600000",
            "Password": base64.b64encode(f"600000{passkey}{stamp}".encode()).decode(),
            "Timestamp": stamp,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": int(Decimal(deposit["amount"])),
            "PartyA": msisdn,
            "PartyB": "600000",
            "PhoneNumber": msisdn,
            "CallBackURL": f"{self.settings['public_url']}/callbacks/{deposit['id']}",
            "AccountReference": deposit["id"],
            "TransactionDesc": "Deposit",
        }
        async with aiohttp.ClientSession() as session:
            token = base + "/oauth/v1/generate?grant_type=client_credentials"
            headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
            async with session.get(token, headers=headers) as answer:
                bearer = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
            async with session.post(base + "/mpesa/stkpush/v1/processrequest", json=body, headers=bearer) as answer:
                await answer.read()

    async def show(self, request):
        return web.json_response(self.deposits[request.match_info["id"]])

    async def callback(self, request):
        told = (await request.json())["Body"]["stkCallback"]
        deposit = self.deposits[request.match_info["id"]]
        if told["ResultCode"] == 0 or self.bug == "takes any callback for a yes":
            if self.bug == "loses what it accepts":
                deposit["state"] = "failed"
            elif deposit["state"] != "completed" or self.bug == "credits every callback":
                self._credit(deposit, "C2" if self.bug == "credits the wrong customer" else deposit["customer"])
        else:
            deposit["state"] = "failed"
        return web.json_response({"ResultCode": 0, "ResultDesc": "Success"})

    def _credit(self, deposit, customer):
        amount = Decimal(deposit["amount"]) * (2 if self.bug == "credits the double" else 1)
        self.customers[customer]["balance"] += amount
        if self.bug != "keeps no statement":
            self.lines.append({"customer": customer, "amount": f"{amount:.2f}", "reference": deposit["id"]})
        if self.bug != "forgets the state":
            deposit["state"] = "completed"

    async def reconcile(self, request):
        return web.json_response({})

    async def audit(self, request):
        total = sum((one["balance"] for one in self.customers.values()), Decimal(0))
        sums = {"difference": "0.00", "customers": f"{total:.2f}", "held": "0.00", "suspense": "0.00", "fees": "0.00"}
        balanced = self.bug != "has unbalanced books"
        return web.json_response({"balanced": balanced, **sums, "float": f"{20_000_000 + total:.2f}"})


@pytest.fixture
def careless():
    """A factory of banks with one bug each."""

    def careless(bug=""):
        return lambda **settings: CarelessBank(bug, settings).app()

    return careless
