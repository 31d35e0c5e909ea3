"""Callbacks: public addresses, so every call is verified, and answered only when its effect is durable."""

import hashlib
import hmac
import ipaddress

from aiohttp import web

from app_under_test.clients.gateway import Gateway
from app_under_test.clock import Clock, stamp
from app_under_test.deposits import Deposits, hear
from app_under_test.edge import respond
from app_under_test.problems import Problem
from app_under_test.settings import Settings
from app_under_test.store import Store

_OUR_PROXY = "127.0.0.1"


class CallbackAddress:
    """The URL that a provider is given for one payment; nobody guesses it who does not know the secret."""

    def __init__(self, settings: Settings) -> None:
        self._secret, self._base = settings.callback_secret.get_secret_value().encode(), settings.public_url

    def of(self, deposit: str) -> str:
        return f"{self._base}/callbacks/daraja/{self.token(deposit)}/stk/{deposit}"

    def token(self, payment: str) -> str:
        return hmac.new(self._secret, payment.encode(), hashlib.sha256).hexdigest()


class Callbacks:
    """`/callbacks/daraja/…`."""

    def __init__(self, settings: Settings, *, store: Store, clock: Clock, gateway: Gateway, deposits: Deposits) -> None:
        self._allowed, self._address = settings.callback_addresses, CallbackAddress(settings)
        self._store, self._clock, self._gateway, self._deposits = store, clock, gateway, deposits

    async def stk(self, request: web.Request) -> web.Response:
        """The outcome of an STK push. One that proves nothing makes the bank ask, and then counts again."""
        deposit = request.match_info["deposit"]
        self._verify(request, deposit)
        notice, at = self._gateway.read(await request.read()), stamp(self._clock.now())
        unproven = await self._store.run(lambda connection: hear(connection, deposit, notice, at=at))
        if unproven is not None:
            await self._deposits.ask(unproven)
            await self._store.run(lambda connection: hear(connection, deposit, notice, at=at))
        return respond({"ResultCode": 0, "ResultDesc": "Success"})

    def _verify(self, request: web.Request, payment: str) -> None:
        expected, given = self._address.token(payment), request.match_info["token"]
        if not hmac.compare_digest(expected.encode(), given.encode()):
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
