"""Callbacks: public addresses, so every call is verified, and answered only when its effect is durable."""

import base64
import hmac
import ipaddress

from aiohttp import web

from app_under_test.addresses import Addresses
from app_under_test.deposits import Deposits
from app_under_test.edge import respond
from app_under_test.incoming import Incoming
from app_under_test.paybill import Paybill
from app_under_test.problems import Problem
from app_under_test.settings import Settings
from app_under_test.withdrawals import Withdrawals

_OUR_PROXY = "127.0.0.1"


class Callbacks:
    """`/callbacks/…`."""

    def __init__(
        self,
        settings: Settings,
        *,
        addresses: Addresses,
        deposits: Deposits,
        withdrawals: Withdrawals,
        paybill: Paybill,
        incoming: Incoming,
    ) -> None:
        self._allowed, self._addresses = settings.callback_addresses, addresses
        self._deposits, self._withdrawals, self._paybill, self._incoming = deposits, withdrawals, paybill, incoming
        pair = f"{settings.notice_user}:{settings.notice_password.get_secret_value()}"
        self._notifier = base64.b64encode(pair.encode())

    def routes(self) -> list[web.RouteDef]:
        own = "/callbacks/daraja/{token}"
        return [
            web.post(f"{own}/stk/{{deposit}}", self.stk),
            web.post(f"{own}/b2c/{{withdrawal}}/result", self.b2c_result),
            web.post(f"{own}/b2c/{{withdrawal}}/timeout", self.b2c_timeout),
            web.post(f"{own}/b2c/{{withdrawal}}/status", self.b2c_status),
            web.post(f"{own}/b2c/{{withdrawal}}/status-timeout", self.b2c_status_timeout),
            web.post(f"{own}/c2b/validation", self.c2b_validation),
            web.post(f"{own}/c2b/confirmation", self.c2b_confirmation),
            web.post(f"{own}/receipts/{{receipt}}/status", self.receipt_status),
            web.post(f"{own}/receipts/{{receipt}}/status-timeout", self.receipt_status_timeout),
            web.post("/callbacks/coop/{token}/{withdrawal}/result", self.coop_result),
            web.post("/callbacks/{provider:coop|jenga}/{token}/credits", self.credits),
        ]

    async def stk(self, request: web.Request) -> web.Response:
        deposit = self._verified(request, "deposit")
        await self._deposits.heard(deposit, await request.read())
        return _heard()

    async def b2c_result(self, request: web.Request) -> web.Response:
        withdrawal = self._verified(request, "withdrawal")
        await self._withdrawals.heard(withdrawal, await request.read())
        return _heard()

    async def b2c_timeout(self, request: web.Request) -> web.Response:
        """A queue gave the payout up, or says so. Whatever the body is, that proves nothing."""
        withdrawal = self._verified(request, "withdrawal")
        await request.read()
        await self._withdrawals.doubted(withdrawal)
        return _heard()

    async def b2c_status(self, request: web.Request) -> web.Response:
        """What the provider found when it was asked."""
        withdrawal = self._verified(request, "withdrawal")
        await self._withdrawals.told(withdrawal, await request.read())
        return _heard()

    async def b2c_status_timeout(self, request: web.Request) -> web.Response:
        """A question was lost: the next reconciliation asks again, and not this, or the two would never end."""
        self._verified(request, "withdrawal")
        await request.read()
        return _heard()

    async def c2b_validation(self, request: web.Request) -> web.Response:
        self._verify(request, self._addresses.paybill_token())
        return respond(await self._paybill.validate(await request.read()))

    async def c2b_confirmation(self, request: web.Request) -> web.Response:
        self._verify(request, self._addresses.paybill_token())
        await self._paybill.confirm(await request.read())
        return _heard()

    async def receipt_status(self, request: web.Request) -> web.Response:
        """What the provider found when it was asked about a payment that nobody confirmed."""
        receipt = self._verified(request, "receipt")
        await self._paybill.told(receipt, await request.read())
        return _heard()

    async def receipt_status_timeout(self, request: web.Request) -> web.Response:
        """A question was lost: the next reconciliation asks again."""
        self._verified(request, "receipt")
        await request.read()
        return _heard()

    async def coop_result(self, request: web.Request) -> web.Response:
        withdrawal = self._verified(request, "withdrawal")
        await self._withdrawals.heard_from_bank(withdrawal, await request.read())
        return _heard()

    async def credits(self, request: web.Request) -> web.Response:
        provider = request.match_info["provider"]
        self._verify(request, self._addresses.credits_token(provider))
        scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
        given = pair.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "basic" else b""
        if not hmac.compare_digest(self._notifier, given):
            raise Problem(403, "the user or the password of this address is missing or wrong", field="Authorization")
        await self._incoming.heard(provider, await request.read())
        return _heard()

    def _verified(self, request: web.Request, name: str) -> str:
        payment = request.match_info[name]
        self._verify(request, self._addresses.token(payment))
        return payment

    def _verify(self, request: web.Request, expected: str) -> None:
        if not hmac.compare_digest(expected.encode(), request.match_info["token"].encode()):
            raise Problem(403, "this is not the callback address of that payment")
        source = source_of(request)
        if not any(source in network for network in self._allowed):
            raise Problem(403, f"{source} is not one of the provider's addresses")


def source_of(request: web.Request) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Where the request comes from. A proxy of ours, on 127.0.0.1, says so in the last part of X-Forwarded-For."""
    source = request.remote or ""
    forwarded = request.headers.getall("X-Forwarded-For", [])
    if source == _OUR_PROXY and forwarded:
        source = forwarded[-1].rpartition(",")[2].strip()
    try:
        return ipaddress.ip_address(source)
    except ValueError:
        raise Problem(403, "the caller's address cannot be read") from None


def _heard() -> web.Response:
    return respond({"ResultCode": 0, "ResultDesc": "Success"})
