"""A bank on a free port, the provider that it talks to, and the time: all of them ours, none of them patched."""

import asyncio
import contextlib
import hashlib
import hmac
from datetime import datetime, timedelta

import aiohttp
import orjson
import pytest
from aiohttp import web

from app_under_test.app import create_app
from app_under_test.clock import EAT

CHANNEL, OPERATOR = "bank-channel-key", "bank-operator-key"
ANN = "254708374149"


class ManualClock:
    """Stands still until moved, or slept on; deadlines end when told to."""

    def __init__(self):
        self._now = datetime(2026, 1, 15, 10, 30, tzinfo=EAT)
        self._deadlines = []
        self.slept = 0

    def now(self):
        return self._now

    async def sleep(self, seconds):
        self.move(seconds)
        self.slept += seconds
        await asyncio.sleep(0)

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

    async def callback(self, deposit_id, body, *, token=None, headers=()):
        token = token or self.token(deposit_id)
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        path = f"/callbacks/daraja/{token}/stk/{deposit_id}"
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
async def daraja():
    fake = FakeDaraja()
    app = web.Application()
    app.router.add_get("/oauth/v1/generate", fake.oauth)
    app.router.add_post("/mpesa/stkpush/v1/processrequest", fake.push)
    app.router.add_post("/mpesa/stkpushquery/v1/query", fake.query)
    app.router.add_post("/mpesa/c2b/v2/registerurl", fake.register)
    app.router.add_post("/mpesa/b2c/v3/paymentrequest", fake.pay)
    app.router.add_post("/mpesa/transactionstatus/v1/query", fake.status)
    async with served(app) as fake.url:
        yield fake
        fake.release.set()


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def start_bank(daraja, clock, session, tmp_path):
    """A context in which a bank runs; the next one on the same file is the same bank restarted."""

    @contextlib.asynccontextmanager
    async def start(**settings):
        given = {
            "provider_url": daraja.url,
            "public_url": "http://app.test",
            "database": f"sqlite:///{tmp_path}/bank.db",
            "clock": clock,
        }
        async with served(create_app(**given | settings)) as url:
            yield Bank(url, session)

    return start


@pytest.fixture
async def bank(start_bank):
    async with start_bank() as bank:
        yield bank
