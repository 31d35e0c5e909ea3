"""Daraja's door: its token, and what its answers mean whichever product was asked."""

import base64
import re
from datetime import timedelta

import orjson
from msgspec import Struct, field

from app_under_test.clients.door import Answer, Door, NotSent, Request, Token
from app_under_test.clients.gateway import Accepted, Acknowledgement, Refused, Unclear
from app_under_test.clients.reading import Json, printable, reference, text
from app_under_test.clock import Clock
from app_under_test.settings import Settings

_TOKEN_REFUSED = "Invalid Access Token"  # the code and the status differ by product, the words are the same
_TOKEN = re.compile(r"\b[A-Za-z0-9]{20,}\b")  # some refusals repeat it
_TIMED_OUT = 408


class Reply(Struct, frozen=True):
    status: int
    body: Json = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.body.get(name)
        return value if isinstance(value, str) else ""

    @property
    def error(self) -> str:
        told = f"HTTP {self.status} {self.text('errorCode')} {self.text('errorMessage')}".rstrip()
        return _TOKEN.sub("…", printable(told))

    @property
    def is_refused_token(self) -> bool:
        return 400 <= self.status < 500 and _TOKEN_REFUSED in self.text("errorMessage")

    @property
    def is_refused_at_the_door(self) -> bool:
        """Daraja's gateway says itself that it did nothing. A firewall's page, or a breakdown behind it, does not."""
        by_the_gateway = "errorCode" in self.body or "fault" in self.body
        return 400 <= self.status < 500 and self.status != _TIMED_OUT and by_the_gateway

    def accepted_as(self, handle: str) -> Acknowledgement:
        """Accepted under the reference of that name, refused, or nothing that proves either."""
        found = reference(self.body.get(handle))
        if self.status == 200 and self.text("ResponseCode") == "0" and found is not None:
            return Accepted(found)
        return Refused(self.error) if self.is_refused_at_the_door else Unclear(self.error)


class Daraja:
    """Usable while the application runs that has `connected` among its contexts."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._door = Door(
            settings.provider_url,
            clock,
            timeout_seconds=settings.provider_timeout_seconds,
            new_token=self._new_token,
            is_refused_token=lambda answer: _reply(answer).is_refused_token,
        )
        self.connected = self._door.connected

    async def post(self, path: str, body: Json) -> Reply:
        """Raises `NotSent` or `Lost`."""
        return _reply(await self._door.call(Request("POST", path, orjson.dumps(body))))

    async def _new_token(self) -> Token:
        pair = f"{self._settings.consumer_key}:{self._settings.consumer_secret.get_secret_value()}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        path = "/oauth/v1/generate?grant_type=client_credentials"
        reply = _reply(await self._door.exchange(Request("GET", path, headers=headers)))
        value, seconds = reply.text("access_token"), text(reply.body.get("expires_in"), r"[0-9]{1,9}")
        if reply.status != 200 or not value or seconds is None:
            raise NotSent(f"no token: {reply.error}")
        return Token(value, self._clock.now() + timedelta(seconds=int(seconds)))


def _reply(answer: Answer) -> Reply:
    return Reply(answer.status, answer.body)
