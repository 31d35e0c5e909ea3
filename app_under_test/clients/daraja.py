"""Daraja (M-PESA): the token, the STK push and its query over the wire, and how to read its callbacks.

The spelling, the types and the oddities of the wire end here. Every exchange has a deadline of its own.
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import aiohttp
import orjson
from aiohttp import web

from app_under_test.clients.gateway import (
    Accepted,
    Acknowledgement,
    Decided,
    NoAnswer,
    Notice,
    Outcome,
    Push,
    Refused,
    Standing,
    Unclear,
    Undecided,
)
from app_under_test.clock import EAT, Clock
from app_under_test.settings import Settings

Json = dict[str, object]

_TOKEN_REFUSED = "404.001.03"
_STILL_WORKING = ("4999", "The transaction is being processed")  # the second on the wire of 2018
_OUTCOMES = {
    "0": Outcome.COMPLETED,
    "1031": Outcome.CANCELLED,
    "1032": Outcome.CANCELLED,
    "1019": Outcome.EXPIRED,
    "1037": Outcome.EXPIRED,
}
_RENEW_EARLY = timedelta(seconds=60)
# With 500.001.1001 and 500.003.0x the text alone tells a refusal at the door from a breakdown behind it.
_REFUSALS = re.compile(
    r"Unable to lock subscriber|Wrong credentials|Merchant does not exist|Spike Arrest Violation|Quota Violation"
)


class NotSent(Exception):
    """The request never left: there was no connection, or no token to send it with."""


class Lost(Exception):
    """The request may have arrived; its answer did not."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: Json = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.body.get(name)
        return value if isinstance(value, str) else ""

    @property
    def error(self) -> str:
        return f"HTTP {self.status} {self.text('errorCode')} {self.text('errorMessage')}".rstrip()


@dataclass(frozen=True)
class Token:
    value: str
    until: datetime


class Daraja:
    """The gateway of M-PESA. Usable while the application runs that has `connected` among its contexts."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._session: aiohttp.ClientSession
        self._token: Token | None = None
        self._renewing = asyncio.Lock()

    async def connected(self, _: web.Application) -> AsyncIterator[None]:
        no_limit = aiohttp.ClientTimeout()  # deadlines are the clock's
        unbounded = aiohttp.TCPConnector(limit=0)  # whoever waits for a connection has a deadline running
        async with aiohttp.ClientSession(timeout=no_limit, connector=unbounded) as self._session:
            yield

    async def push(self, push: Push) -> Acknowledgement:
        request = self._signed() | {
            "TransactionType": "CustomerPayBillOnline",
            "Amount": push.amount // 100,
            "PartyA": push.msisdn,
            "PartyB": self._settings.shortcode,
            "PhoneNumber": push.msisdn,
            "CallBackURL": push.callback_url,
            "AccountReference": push.client_reference,
            "TransactionDesc": "Deposit",
        }
        try:
            return _acknowledgement(await self._post("/mpesa/stkpush/v1/processrequest", request))
        except NotSent as error:
            return Refused(str(error))
        except Lost as error:
            return Unclear(str(error))

    async def query(self, provider_reference: str) -> Standing:
        request = self._signed() | {"CheckoutRequestID": provider_reference}
        try:
            reply = await self._post("/mpesa/stkpushquery/v1/query", request)
        except (NotSent, Lost) as error:
            return NoAnswer(str(error))
        return _standing(reply, provider_reference)

    def read(self, callback: bytes) -> Notice:
        body = _object_in(callback).get("Body")
        told = body.get("stkCallback") if isinstance(body, dict) else None
        return _notice(told) if isinstance(told, dict) else Notice()

    def _signed(self) -> Json:
        timestamp = self._clock.now().astimezone(EAT).strftime("%Y%m%d%H%M%S")
        shortcode, passkey = self._settings.shortcode, self._settings.passkey.get_secret_value()
        password = base64.b64encode(f"{shortcode}{passkey}{timestamp}".encode()).decode()
        return {"BusinessShortCode": shortcode, "Password": password, "Timestamp": timestamp}

    async def _post(self, path: str, body: Json) -> Reply:
        """Sent again only where the provider refused the token: then nothing was done with it."""
        token = await self._valid_token(refused=None)
        reply = await self._send(path, body, token)
        if reply.status == 404 and reply.text("errorCode") == _TOKEN_REFUSED:
            reply = await self._send(path, body, await self._valid_token(refused=token))
        return reply

    async def _send(self, path: str, body: Json, token: Token) -> Reply:
        headers = {"Authorization": f"Bearer {token.value}", "Content-Type": "application/json"}
        try:
            async with self._clock.timeout(self._settings.provider_timeout_seconds):
                return await self._exchange("POST", path, headers, orjson.dumps(body))
        except TimeoutError:
            raise Lost("the provider did not answer in time") from None

    async def _valid_token(self, *, refused: Token | None) -> Token:
        """The token at hand, or a new one; callers at the same time share it, each within a deadline of its own."""
        try:
            async with self._clock.timeout(self._settings.provider_timeout_seconds), self._renewing:
                if self._token in (None, refused) or self._clock.now() >= self._token.until:
                    self._token = await self._new_token()
                return self._token
        except (Lost, TimeoutError) as error:
            raise NotSent(f"no token: {error!r}") from None

    async def _new_token(self) -> Token:
        pair = f"{self._settings.consumer_key}:{self._settings.consumer_secret.get_secret_value()}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        reply = await self._exchange("GET", "/oauth/v1/generate?grant_type=client_credentials", headers)
        value, seconds = reply.text("access_token"), _text(reply.body.get("expires_in"), r"[0-9]{1,9}")
        if reply.status != 200 or not value or seconds is None:
            raise NotSent(f"no token: {reply.error}")
        return Token(value, self._clock.now() + timedelta(seconds=int(seconds)) - _RENEW_EARLY)

    async def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        url = self._settings.provider_url + path
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                return Reply(response.status, _object_in(await response.read()))
        except aiohttp.ClientConnectorError as error:
            raise NotSent(f"no connection: {error}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(f"the answer was lost: {error!r}") from None


def _object_in(raw: bytes) -> Json:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _acknowledgement(reply: Reply) -> Acknowledgement:
    reference = reply.text("CheckoutRequestID")
    if reply.status == 200 and reply.text("ResponseCode") == "0" and reference:
        return Accepted(reference)
    refused_at_the_door = 400 <= reply.status < 500 and ("errorCode" in reply.body or "fault" in reply.body)
    if refused_at_the_door or (reply.status == 500 and _REFUSALS.search(reply.text("errorMessage"))):
        return Refused(reply.error)
    return Unclear(reply.error)


def _standing(reply: Reply, provider_reference: str) -> Standing:
    code, reason = _result_code(reply.body), reply.text("ResultDesc")
    if code in _STILL_WORKING or reply.text("errorMessage") in _STILL_WORKING:
        return Undecided("the provider is still working on it")
    if reply.status != 200 or code is None or reply.text("CheckoutRequestID") != provider_reference:
        return NoAnswer(reply.error)
    return Decided(_outcome(code), f"{code} {reason}")


def _notice(told: Json) -> Notice:
    code, reference, metadata = _result_code(told), told.get("CheckoutRequestID"), told.get("CallbackMetadata")
    items = _items(metadata)
    contradicts_itself = code != "0" and metadata is not None  # a failure tells of no money
    return Notice(
        outcome=None if code is None or code in _STILL_WORKING or contradicts_itself else _outcome(code),
        reason=f"{code} {told.get('ResultDesc')}"[:200],
        provider_reference=_text(reference, r"[!-~]{1,100}") if isinstance(reference, str) else None,
        amount=_cents(items.get("Amount")),
        msisdn=_text(items.get("PhoneNumber"), r"[0-9]{1,15}"),
        receipt=_text(items.get("MpesaReceiptNumber"), r"[0-9A-Z]{1,20}"),
    )


def _outcome(code: str) -> Outcome:
    return _OUTCOMES.get(code, Outcome.FAILED)


def _result_code(told: Json) -> str | None:
    return _text(told.get("ResultCode"), r"[0-9A-Z_]{1,20}")


def _items(metadata: object) -> Json:
    """Name → value. The provider's converter writes a list of one as the one itself, and leaves empty values out."""
    items = metadata.get("Item") if isinstance(metadata, dict) else None
    listed = items if isinstance(items, list) else [items]
    return {str(item.get("Name")): item.get("Value") for item in listed if isinstance(item, dict)}


def _cents(value: object) -> int | None:
    text = _text(value, r"[0-9]{1,12}(\.[0-9]{1,2}0*)?")
    return None if text is None else int(Decimal(text) * 100)


def _text(value: object, pattern: str) -> str | None:
    """The value as text of that form. The provider's converter makes numbers of digits; a boolean is neither."""
    text = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    return text if re.fullmatch(pattern, text) else None
