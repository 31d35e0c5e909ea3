"""Jenga and Co-op Connect as the bank sees them: they answer what a test has scripted, else as on a good day."""

import asyncio
from functools import partial
from urllib.parse import parse_qs

import orjson
from aiohttp import web

ACCOUNT = {"bank": "01", "account_number": "1108815555", "name": "JANE WANJIRU"}
PHONE = {"msisdn": "254711000001", "via": "pesalink"}


class FakeBank:
    OPERATIONS = ()

    def __init__(self, clock):
        self._clock = clock
        self.requests, self.tokens = [], 0
        self.script = {name: [] for name in self.OPERATIONS}
        self.reached, self.release = {name: asyncio.Event() for name in self.script}, asyncio.Event()

    def answer(self, operation, *answers):
        """Each is `(status, body)`, or a word: `reset`, `hang` (until released, then a good day)."""
        self.script[operation].extend(answers)

    def asked(self, operation):
        return [request for name, request in self.requests if name == operation]

    async def play(self, operation, request, good):
        raw = await request.read()
        asked = orjson.loads(raw) if raw.startswith(b"{") else {**request.match_info, "form": parse_qs(raw.decode())}
        self.requests.append((operation, {**asked, "headers": dict(request.headers)}))
        self.reached[operation].set()
        answer = self.script[operation].pop(0) if self.script[operation] else good(asked)
        if answer == "hang":
            await self.release.wait()
            answer = good(asked)
        if answer == "reset":
            request.transport.abort()
            answer = good(asked)
        status, body = answer
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        return web.Response(status=status, body=raw, content_type="application/json")


class FakeJenga(FakeBank):
    OPERATIONS = ("authenticate", "account", "mobile", "details", "search")
    seconds = 900

    def add_to(self, app):
        remittance = "/v3-apis/transaction-api/v3.0/remittance"
        app.router.add_post("/authentication/api/v3/authenticate/merchant", self.authenticate)
        app.router.add_post(f"{remittance}/pesalinkacc", partial(self.pay, "account"))
        app.router.add_post(f"{remittance}/pesalinkMobile", partial(self.pay, "mobile"))
        app.router.add_get("/v3-apis/transaction-api/v3.0/transactions/details/{reference}", self.details)
        app.router.add_get("/v3-apis/account-api/v3.0/search/KE/{number}", self.search)

    async def authenticate(self, request):
        self.tokens += 1
        until = self._clock.now().timestamp() + self.seconds
        return await self.play("authenticate", request, lambda _: (200, token(f"jwt-{self.tokens}", until)))

    async def pay(self, operation, request):
        return await self.play(operation, request, lambda asked: self.paid(asked["transfer"]["reference"]))

    async def details(self, request):
        return await self.play("details", request, lambda _: self.absent())

    async def search(self, request):
        def good(asked):
            data = {"account": {"number": asked["number"], "status": "Active"}, "customer": [{"name": "JANE WANJIRU"}]}
            return 200, {"status": True, "code": 0, "message": "success", "data": data}

        return await self.play("search", request, good)

    @staticmethod
    def paid(reference, receipt="68015555", **changes):
        data = {"transactionId": receipt, "status": "SUCCESS", "description": "Confirmed."}
        body = {"status": True, "code": 0, "message": "success", "reference": reference, "data": data}
        return 200, body | changes

    @staticmethod
    def error(code, message="no", status=400):
        return status, {"status": False, "code": code, "message": message}

    @staticmethod
    def absent():
        return FakeJenga.error(100100, "no such transaction", 404)

    @staticmethod
    def found(state_code=2, amount="300.00", code="0", **changes):
        data = {"state": "x", "stateCode": state_code, "code": code, "message": "text", "amount": amount}
        data |= {"charge": "0.00", "transactionReference": "68015555", "serviceName": "PESALINK"} | changes
        return 200, {"status": True, "code": 0, "message": "success", "data": data}


class FakeCoop(FakeBank):
    OPERATIONS = ("token", "account", "phone", "status", "validate")

    def add_to(self, app):
        app.router.add_post("/token", self.token)
        app.router.add_post("/FundsTransfer/External/A2A/PesaLink_v2/2.0.0", partial(self.pay, "account"))
        app.router.add_post("/FundsTransfer/External/A2M/PesaLink/1.0.0", partial(self.pay, "phone"))
        app.router.add_post("/Enquiry/TransactionStatus_V3/3.0.0", self.status)
        app.router.add_post("/Enquiry/Validation/IPSL/1.0.0", self.validate)

    async def token(self, request):
        self.tokens += 1
        told = {"access_token": f"coop-{self.tokens}", "token_type": "Bearer", "expires_in": 3600, "scope": "x"}
        return await self.play("token", request, lambda _: (200, told))

    async def pay(self, operation, request):
        return await self.play(operation, request, lambda asked: self.ack(asked["MessageReference"], "0"))

    async def status(self, request):
        return await self.play("status", request, lambda asked: self.ack(asked["MessageReference"], "-13", 404))

    async def validate(self, request):
        def good(asked):
            told = {"RecipientName": "JANE WANJIRU", "AccountNumber": asked["AccountNumber"]}
            return 200, {**self.ack(asked["MessageReference"], "0")[1], **told}

        return await self.play("validate", request, good)

    @staticmethod
    def ack(reference, code, status=200, text="text"):
        told = {"MessageReference": reference, "MessageDateTime": "2026-01-15T07:30:00.000Z"}
        return status, told | {"MessageCode": code, "MessageDescription": text}

    def outcome(self, code="0", leg="0", *, number=1, receipt="COOP0001", operation="account", **changes):
        """The result of a transfer that was asked for, in the words of the request."""
        asked = self.asked(operation)[number - 1]
        (destination,) = asked["Destinations"]
        told = destination | {"TransactionID": receipt, "ResponseCode": leg, "ResponseDescription": "text"} | changes
        amount = told["Amount"]
        told["Amount"] = float(amount) if isinstance(amount, str) else amount
        return self.ack(asked["MessageReference"], code)[1] | {"Source": {**asked["Source"]}, "Destinations": [told]}


def token(value, until):
    from datetime import UTC, datetime

    life = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"accessToken": value, "refreshToken": "r", "expiresIn": life, "issuedAt": life, "tokenType": "Bearer"}


def jenga_notice(receipt="CR0001", amount="250.00", words="C000001", reference=None, **changes):
    transaction = {"date": "2026-01-15", "reference": receipt, "paymentMode": "PESALINK", "amount": amount}
    transaction |= {"billNumber": words, "status": "SUCCESS", "remarks": f"PESALINK~0001E2E~JANE WANJIRU~{words}"}
    transaction |= changes.pop("transaction", {})
    bank = {"reference": words if reference is None else reference, "transactionType": "C", "account": "1450160649886"}
    customer = {"name": "JANE WANJIRU", "mobileNumber": "", "reference": words}
    return {"callbackType": "IPN", "customer": customer, "transaction": transaction, "bank": bank | changes}


def coop_notice(receipt="CR0001", amount=250, words="C000001", reference=None, **changes):
    told = {
        "AcctNo": "36001873000",
        "Amount": amount,
        "Currency": "KES",
        "EventType": "CREDIT",
        "TransactionId": receipt,
    }
    told |= {"Narration": f"PESALINK~0001E2E~JANE WANJIRU~{words}"}
    return told | {"PaymentRef": words if reference is None else reference} | changes
