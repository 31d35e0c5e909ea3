"""A bank on a free port, the provider that it talks to, and the time: all of them ours, none of them patched."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import itertools
import os
from datetime import datetime, timedelta

import aiohttp
import orjson
import pytest
from aiohttp import web
from sqlalchemy import insert

from app_under_test import ledger
from app_under_test.app import create_app
from app_under_test.clock import EAT
from app_under_test.customers import CustomerRequest, admit
from app_under_test.databases import database_of
from app_under_test.schema import counters, metadata
from tests import postgresql
from tests.app_under_test.fake_banks import ACCOUNT, FakeCoop, FakeJenga

CHANNEL, OPERATOR = "bank-channel-key", "bank-operator-key"
ANN = "254708374149"
NOON = "2026-01-15T12:00:00+03:00"
OK = (200, {"ResultCode": 0, "ResultDesc": "Success"})


class ManualClock:
    """Stands still until moved, or slept on; deadlines end when told to."""

    def __init__(self):
        self._now = datetime(2026, 1, 15, 10, 30, tzinfo=EAT)
        self._deadlines = []
        self.slept, self.is_asleep, self.may_wake = 0, asyncio.Event(), asyncio.Event()
        self.may_wake.set()

    def now(self):
        return self._now

    async def sleep(self, seconds):
        self.move(seconds)
        self.slept += seconds
        self.is_asleep.set()
        await self.may_wake.wait()

    def timeout(self, seconds):
        self._deadlines.append(asyncio.timeout(None))
        return self._deadlines[-1]

    def move(self, seconds):
        self._now += timedelta(seconds=seconds)

    def end_deadlines(self):
        for deadline in self._deadlines:
            with contextlib.suppress(RuntimeError):  # those that are over
                deadline.reschedule(0)


class FakeDaraja:
    """Answers what a test has scripted, else what Daraja answers on a good day; remembers what it was asked."""

    def __init__(self):
        self.requests = []
        self.tokens = 0
        self.expires_in = "3599"
        self.script = {name: [] for name in ("oauth", "push", "query", "register", "pay", "status")}
        self.reached, self.release = {name: asyncio.Event() for name in self.script}, asyncio.Event()
        self.url = ""

    def answer(self, operation, *answers):
        """Each is `(status, body)`, or a word: `reset`, `hang` (until released, then a good day)."""
        self.script[operation].extend(answers)

    def answer_late(self, operation, answer):
        """`answer`, or that of a good day, once released."""
        self.script[operation].append(("late", answer))

    def asked(self, operation):
        return [request for name, request in self.requests if name == operation]

    @staticmethod
    def ack(reference):
        texts = dict.fromkeys(("ResponseDescription", "CustomerMessage"), "Success. Request accepted for processing")
        return 200, {"MerchantRequestID": "m", "CheckoutRequestID": reference, "ResponseCode": "0", **texts}

    @staticmethod
    def queued(reference, name="ours"):
        told = {"ConversationID": reference, "OriginatorConversationID": name, "ResponseCode": "0"}
        return 200, told | {"ResponseDescription": "Accept the service request successfully."}

    @staticmethod
    def standing(reference, code, text="text"):
        body = {"ResponseCode": "0", "CheckoutRequestID": reference, "ResultCode": code, "ResultDesc": text}
        return 200, body

    @staticmethod
    def error(status, code, message):
        return status, {"requestId": "r", "errorCode": code, "errorMessage": message}

    async def oauth(self, request):
        self.tokens += 1
        token = {"access_token": f"token-{self.tokens}", "expires_in": self.expires_in}
        return await self._play("oauth", {"auth": request.headers["Authorization"]}, request, (200, token))

    async def push(self, request):
        good = self.ack(f"ws_CO_{len(self.asked('push')) + 1}")
        return await self._play("push", await self._read(request), request, good)

    async def query(self, request):
        asked = await self._read(request)
        return await self._play("query", asked, request, self.standing(asked["CheckoutRequestID"], "4999"))

    async def register(self, request):
        good = 200, {"OriginatorCoversationID": "r", "ResponseCode": "00000000", "ResponseDescription": "Success"}
        return await self._play("register", await self._read(request), request, good)

    async def pay(self, request):
        asked = await self._read(request)
        good = self.queued(f"AG_{len(self.asked('pay')) + 1}", asked["OriginatorConversationID"])
        return await self._play("pay", asked, request, good)

    async def status(self, request):
        asked = await self._read(request)
        return await self._play("status", asked, request, self.queued(f"AQ_{len(self.asked('status')) + 1}"))

    async def _read(self, request):
        return {**orjson.loads(await request.read()), "auth": request.headers["Authorization"]}

    async def _play(self, operation, asked, request, good):
        self.requests.append((operation, asked))
        self.reached[operation].set()
        answer = self.script[operation].pop(0) if self.script[operation] else good
        if answer == "hang" or answer[0] == "late":
            await self.release.wait()
            answer = good if answer == "hang" else answer[1] or good
        if answer == "reset":
            request.transport.abort()
            answer = good
        status, body = answer
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        return web.Response(status=status, body=raw, content_type="application/json")


class Bank:
    """A running bank, as its clients and its provider see it."""

    def __init__(self, url, session):
        self.url, self._session = url, session

    async def call(self, method, path, body=None, *, bearer=CHANNEL, headers=(), raw=None):
        sent = {"Authorization": f"Bearer {bearer}", **dict(headers)} if bearer else dict(headers)
        data = orjson.dumps(body) if raw is None and body is not None else raw
        async with self._session.request(method, self.url + path, data=data, headers=sent) as response:
            return response.status, orjson.loads(await response.read())

    async def get(self, path, **how):
        return (await self.call("GET", path, **how))[1]

    async def customer(self, msisdn=ANN, name="Ann"):
        return (await self.call("POST", "/customers", {"name": name, "msisdn": msisdn}))[1]["id"]

    async def deposit(self, amount="100.00", customer=None, key=None):
        body = {"customer": customer or await self.customer(), "amount": amount, "via": "mpesa"}
        status, made = await self.call("POST", "/deposits", body, headers={"Idempotency-Key": key} if key else {})
        assert status == 202, made
        return made

    async def state(self, deposit):
        return (await self.get(f"/deposits/{deposit['id']}"))["state"]

    async def balance(self, customer="C000001"):
        return (await self.get(f"/customers/{customer}"))["balance"]

    async def audit(self):
        return await self.get("/ledger/audit", bearer=OPERATOR)

    async def reconcile(self):
        status, report = await self.call("POST", "/reconcile", bearer=OPERATOR)
        assert status == 200, report
        return report

    async def customer_with(self, amount="1000.00"):
        """Ann, who has paid in so much."""
        deposit = await self.deposit(amount)
        assert await self.callback(deposit["id"], self.paid(deposit["provider_reference"], amount=float(amount))) == OK
        return deposit["customer"]

    async def withdraw(self, amount="300.00", customer="C000001", *, msisdn=ANN, key=None):
        body = {"customer": customer, "amount": amount, "to": {"msisdn": msisdn}}
        status, made = await self.call("POST", "/withdrawals", body, headers={"Idempotency-Key": key} if key else {})
        assert status == 202, made
        return made

    async def send(self, amount="300.00", customer="C000001", *, to=None, key=None):
        """Money out over PesaLink."""
        body = {"customer": customer, "amount": amount, "to": to or ACCOUNT}
        status, made = await self.call("POST", "/withdrawals", body, headers={"Idempotency-Key": key} if key else {})
        assert status == 202, made
        return made

    async def coop_result(self, body, withdrawal="W000001", *, token=None, headers=()):
        path = f"/callbacks/coop/{token or self.token(withdrawal)}/{withdrawal}/result"
        return await self._post(path, body, headers)

    async def credit(self, provider, body, *, token=None, headers=(), user="pesabox-bank:bank-notice-password"):
        pair = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}
        path = f"/callbacks/{provider}/{token or self.token(f'credits {provider}')}/credits"
        return await self._post(path, body, {**pair, **dict(headers)})

    async def withdrawn(self, withdrawal="W000001"):
        return (await self.get(f"/withdrawals/{withdrawal}"))["state"]

    async def money(self, customer="C000001"):
        """What the customer has, and how much of it is available."""
        shown = await self.get(f"/customers/{customer}")
        return shown["balance"], shown["available"]

    async def callback(self, deposit_id, body, *, token=None, headers=()):
        return await self._called_back(token or self.token(deposit_id), f"stk/{deposit_id}", body, headers)

    async def b2c(self, what, body, withdrawal="W000001", *, token=None, headers=()):
        return await self._called_back(token or self.token(withdrawal), f"b2c/{withdrawal}/{what}", body, headers)

    async def c2b(self, what, body, *, token=None, headers=()):
        return await self._called_back(token or self.token("paybill 600000"), f"c2b/{what}", body, headers)

    async def _called_back(self, token, what, body, headers):
        return await self._post(f"/callbacks/daraja/{token}/{what}", body, headers)

    async def _post(self, path, body, headers):
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.call("POST", path, raw=raw, bearer=None, headers=headers)

    @staticmethod
    def token(payment):
        return hmac.new(b"bank-callback-secret", payment.encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def paid(reference="ws_CO_1", *, amount=100.0, receipt="UAF5000001", payer=int(ANN), **changes):
        values = {"Amount": amount, "MpesaReceiptNumber": receipt, "Balance": None, "TransactionDate": 20260115103052}
        values["PhoneNumber"] = payer
        items = [{"Name": name} | ({} if value is None else {"Value": value}) for name, value in values.items()]
        told = {"MerchantRequestID": "m", "CheckoutRequestID": reference, "ResultCode": 0, "ResultDesc": "processed"}
        return {"Body": {"stkCallback": told | {"CallbackMetadata": {"Item": items}} | changes}}

    @staticmethod
    def not_paid(reference="ws_CO_1", code=1032):
        told = {"MerchantRequestID": "m", "CheckoutRequestID": reference, "ResultCode": code, "ResultDesc": "no"}
        return {"Body": {"stkCallback": told}}


def result(code, name, reference, receipt, parameters):
    told = {"ResultType": 0, "ResultCode": code, "ResultDesc": "text", "OriginatorConversationID": name}
    told |= {"ConversationID": reference, "TransactionID": receipt}
    if parameters:
        listed = [{"Key": key} | ({} if value is None else {"Value": value}) for key, value in parameters.items()]
        told["ResultParameters"] = {"ResultParameter": listed}
    link = {"Key": "QueueTimeoutURL", "Value": "https://internalsandbox.test/mpesa/b2cresults/v1/submit"}
    return {"Result": told | {"ReferenceData": {"ReferenceItem": link}}}


class Sent:
    """What Daraja tells of a payout; the names in it are those of the request that the bank sent."""

    def __init__(self, daraja):
        self._daraja = daraja

    def name(self, number=1):
        return self._daraja.asked("pay")[number - 1]["OriginatorConversationID"]

    def paid(self, *, name=None, reference="AG_1", amount=300, payee=ANN, receipt="UAF5000009", code=0, **changes):
        told = {
            "TransactionAmount": amount,
            "TransactionReceipt": receipt,
            "ReceiverPartyPublicName": f"{payee} - ANN WANJIRU",
            "TransactionCompletedDateTime": "15.01.2026 10:30:52",
            "B2CUtilityAccountAvailableFunds": 8959269.60,
            "B2CRecipientIsRegisteredCustomer": "Y",
        }
        return result(code, name or self.name(), reference, receipt, told | changes)

    def not_paid(self, *, name=None, reference="AG_1", code=2040):
        return result(code, name or self.name(), reference, "UAF5000009", {})

    def found(self, status="Completed", *, question="AQ_1", name=None, amount=300, receipt="UAF5000009", **changes):
        told = {
            "DebitPartyName": "600000 - Test Organisation",
            "CreditPartyName": f"{ANN} - ANN WANJIRU",
            "OriginatorConversationID": name or self.name(),
            "TransactionReason": None,
            "TransactionStatus": status,
            "Amount": amount,
            "ConversationID": "AG_1",
            "ReceiptNo": receipt,
        }
        return result(0, "theirs", question, "UAF0000000", told | changes)

    @staticmethod
    def absent(question="AQ_1", code=2033):
        return result(code, "theirs", question, "UAF0000000", {})


@contextlib.asynccontextmanager
async def served(app):
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def served_app():
    return served


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def jenga(clock):
    return FakeJenga(clock)


@pytest.fixture
async def coop(clock):
    return FakeCoop(clock)


@pytest.fixture
async def daraja(jenga, coop):
    """All three at one address."""
    fake = FakeDaraja()
    app = web.Application()
    jenga.add_to(app)
    coop.add_to(app)
    app.router.add_get("/oauth/v1/generate", fake.oauth)
    app.router.add_post("/mpesa/stkpush/v1/processrequest", fake.push)
    app.router.add_post("/mpesa/stkpushquery/v1/query", fake.query)
    app.router.add_post("/mpesa/c2b/v2/registerurl", fake.register)
    app.router.add_post("/mpesa/b2c/v3/paymentrequest", fake.pay)
    app.router.add_post("/mpesa/transactionstatus/v1/query", fake.status)
    async with served(app) as fake.url:
        yield fake
        for each in (fake, jenga, coop):
            each.release.set()


@pytest.fixture(scope="session")
def postgresql_url():
    """Of a server that the environment names, or of our own; each test is given a schema of its own there."""
    pytest.importorskip("psycopg", reason="psycopg, PostgreSQL's driver, is not installed")
    if given := os.environ.get(postgresql.GIVEN):
        yield given
    elif postgresql.program("pg_ctl") is None:
        pytest.skip(f"PostgreSQL is not installed, and {postgresql.GIVEN} names no server")
    else:
        with postgresql.server() as url:
            yield url


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_database(request, tmp_path_factory):
    """Makes the URL of a database that nobody has used yet."""
    if request.param == "sqlite":
        folder, numbers = tmp_path_factory.mktemp("banks"), itertools.count(1)
        yield lambda: f"sqlite:///{folder}/{next(numbers)}.db"
    else:
        with postgresql.schemas(request.getfixturevalue("postgresql_url")) as new_schema:
            yield new_schema


@pytest.fixture
def database(new_database):
    return new_database()


@pytest.fixture(scope="session")
def bank_of_ann(new_database):
    """A context: the books of a bank whose one customer is Ann, in a transaction that leaves no trace."""
    engine = database_of(new_database()).engine
    with engine.begin() as connection:
        metadata.create_all(connection)

    @contextlib.contextmanager
    def books_of_ann():
        with engine.connect() as connection, contextlib.closing(connection.begin()):
            connection.execute(insert(counters), [{"prefix": prefix, "value": 0} for prefix in "CDRW"])
            ledger.open_books(connection, opening_float=1_000_00, at=NOON)
            admit(connection, CustomerRequest(name="Ann", msisdn=ANN), NOON)
            yield connection

    yield books_of_ann
    engine.dispose()


@pytest.fixture
def sent(daraja):
    return Sent(daraja)


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def start_bank(daraja, clock, session, database):
    """A context in which a bank runs; the next one on the same database is the same bank restarted."""

    @contextlib.asynccontextmanager
    async def start(**settings):
        given = {
            "provider_url": daraja.url,
            "public_url": "http://app.test",
            "database": database,
            "clock": clock,
        }
        async with served(create_app(**given | settings)) as url:
            yield Bank(url, session)

    return start


@pytest.fixture
async def bank(start_bank):
    async with start_bank() as bank:
        yield bank
