"""Co-op Connect's door: its token, and the code in the body that tells what an answer means."""

import base64
from datetime import timedelta

import orjson

from app_under_test.clients.door import Answer, Door, NotSent, Request, Token
from app_under_test.clients.reading import CODE, Json, inner, printable, text
from app_under_test.clock import Clock
from app_under_test.settings import Settings

_TOKEN_REFUSED = ("900901", "900902")


class Coop:
    """Usable while the application runs that has `connected` among its contexts."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._door = Door(
            settings.coop,
            clock,
            timeout_seconds=settings.provider_timeout_seconds,
            new_token=self._new_token,
            is_refused_token=is_refused_token,
        )
        self.connected = self._door.connected

    async def post(self, path: str, body: Json) -> Answer:
        """Raises `NotSent` or `Lost`."""
        return await self._door.call(Request("POST", path, orjson.dumps(body)))

    async def _new_token(self) -> Token:
        pair = f"{self._settings.consumer_key}:{self._settings.consumer_secret.get_secret_value()}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = await self._door.exchange(Request("POST", "/token", b"grant_type=client_credentials", headers))
        token, seconds = answer.body.get("access_token"), text(answer.body.get("expires_in"), r"[0-9]{1,9}")
        if answer.status != 200 or not isinstance(token, str) or not token.isprintable() or seconds is None:
            raise NotSent(f"no token: {told(answer)}")
        return Token(token, self._clock.now() + timedelta(seconds=int(seconds)))


def code_of(body: Json) -> str | None:
    return text(body.get("MessageCode"), CODE)


def told(answer: Answer) -> str:
    description = answer.body.get("MessageDescription") or inner(answer.body, "fault").get("message")
    words = description if isinstance(description, str) else ""
    return printable(" ".join(f"HTTP {answer.status} {code_of(answer.body) or ''} {words}".split()))


def is_refused_token(answer: Answer) -> bool:
    """By the bank's gateway, whose code is a number or a text."""
    return answer.status == 401 and text(inner(answer.body, "fault").get("code"), CODE) in _TOKEN_REFUSED
