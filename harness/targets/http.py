"""The harness's one way out: HTTP to the provider, to the control API and to the app under test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol
from urllib.parse import urlencode

import aiohttp
import orjson
from msgspec import Struct
from yarl import URL

from harness.exchange import Answer, NoAnswer, Request

REAL_SECONDS = 30.0
JSON, FORM = {"Content-Type": "application/json"}, "application/x-www-form-urlencoded"


class Sends(Protocol):
    """A way to whoever answers at `base`."""

    async def send(self, base: str, request: Request) -> Answer: ...


class Http(Struct, frozen=True):
    """Sends requests and reads answers; waits no longer than its timeout, whatever a virtual clock says."""

    session: aiohttp.ClientSession

    async def send(self, base: str, request: Request) -> Answer:
        data = None if request.body is None else _encoded(request)
        headers: Mapping[str, str] = request.headers if data is None else {**JSON, **request.headers}
        url = URL(base.rstrip("/") + request.path, encoded=True)
        try:
            async with self.session.request(
                request.method, url, headers=headers, data=data, allow_redirects=False
            ) as response:
                return Answer(response.status, dict(response.headers), parsed(await response.read()))
        except TimeoutError:
            raise NoAnswer(f"no answer within {self.session.timeout.total:g} s of real time") from None
        except aiohttp.ClientError as error:
            raise NoAnswer(f"no answer: {type(error).__name__}: {error}") from None


def _encoded(request: Request) -> bytes:
    """JSON, or a form where the request's own header says so."""
    types = (value for name, value in request.headers.items() if name.lower() == "content-type")
    if isinstance(request.body, dict) and next(types, "").startswith(FORM):
        return urlencode(request.body).encode()
    return orjson.dumps(request.body)


def parsed(content: bytes) -> object:
    """A body's JSON value, or its text where it is not JSON."""
    if not content:
        return None
    try:
        value: object = orjson.loads(content)
    except orjson.JSONDecodeError:
        return content.decode(errors="replace")
    return value


@asynccontextmanager
async def http(real_seconds: float = REAL_SECONDS) -> AsyncIterator[Http]:
    """Neither cookies nor redirects nor retries: a scenario says what is sent, and how often."""
    timeout = aiohttp.ClientTimeout(total=real_seconds)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Http(session)
