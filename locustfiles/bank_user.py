"""The checked HTTP user that the journeys share: a wrong body is a failure, whatever its status."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

import gevent
import judging  # noqa: F401 (its listeners judge the run)
import options  # noqa: F401 (what the run may be told)
from locust import HttpUser, between

Body = dict[str, Any]
ANY = object()

STATES = frozenset({"pending", "completed", "failed", "cancelled", "expired", "unknown"})
LOOK_EVERY_SECONDS, WATCHED_SECONDS = 0.25, 30.0

# Every fifth customer is one of the world's personas; all others have a phone that approves. The one who waits for
# somebody at the phone (…10) is left out: nobody is there.
PERSONAS = [f"2547000000{number:02d}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 1)]
PERSONA_EVERY = 5
NUMBERS_OF_A_WORKER = 1_000_000
USERS = itertools.count()
AMOUNTS = itertools.count()


def amount() -> str:
    """Many different ones, so that a credit lost and another doubled do not make up for each other."""
    return f"{10 + next(AMOUNTS) * 7 % 89}.00"


class BankUser(HttpUser):
    """A customer of the bank, with a phone."""

    abstract = True
    wait_time = between(0.5, 1.5)
    may_be_persona = False
    customer = ""
    msisdn = ""

    def on_start(self) -> None:
        self.msisdn = self._number()
        expected = {"id": ANY, "msisdn": self.msisdn, "balance": ANY, "available": ANY}
        asked = {"name": "Load", "msisdn": self.msisdn}
        self.customer = self.checked("POST", "/customers", expected, statuses=(200, 201), json=asked).get("id", "")

    def _number(self) -> str:
        user = next(USERS)
        if self.may_be_persona and user % PERSONA_EVERY == 1:
            return PERSONAS[user // PERSONA_EVERY % len(PERSONAS)]
        worker = max(0, self.environment.runner.worker_index)
        return f"2547{10_000_000 + worker * NUMBERS_OF_A_WORKER + user}"

    def checked(
        self,
        method: str,
        path: str,
        expected: Mapping[str, object],
        *,
        name: str = "",
        statuses: tuple[int, ...] = (200,),
        **about: Any,
    ) -> Body:
        """The answer's body, if its status and fields are as expected (a set names what may be); else nothing."""
        key = self.environment.parsed_options.channel_key
        about = {"headers": {"Authorization": f"Bearer {key}"}} | about
        with self.client.request(method, path, name=name or path, catch_response=True, **about) as response:
            body = _json(response)
            wrong = [f"{name}={body.get(name)!r}" for name, value in expected.items() if not _fits(body, name, value)]
            if response.status_code not in statuses or wrong:
                response.failure(f"{response.status_code} {response.error or ''} {wrong} {response.text or ''}"[:300])
                return {}
            return body

    def balance(self) -> float:
        path, expected = f"/customers/{self.customer}", {"id": self.customer, "balance": ANY, "available": ANY}
        return float(self.checked("GET", path, expected, name="/customers/{id}").get("balance", 0))

    def pay_in(self, shillings: str) -> Body:
        """By paybill, from the phone; the payment, as the phone shows it at once."""
        told = self.environment.parsed_options
        path = f"{told.provider.rstrip('/')}/_sim/subscribers/{self.msisdn}/pay"
        asked = {"shortcode": told.shortcode, "reference": self.customer, "amount": shillings}
        expected = {"id": ANY, "state": {"succeeded", "pending", "failed"}, "amount": shillings}
        headers = {"Authorization": f"Bearer {told.control_token}"} if told.control_token else {}
        name = "/_sim/subscribers/{msisdn}/pay"
        return self.checked("POST", path, expected, name=name, statuses=(201,), json=asked, headers=headers)

    def watching(self) -> Iterator[float]:
        """Seconds since it began, now and then, for as long as a customer has patience; then that is noted."""
        began = monotonic()
        while (seconds := monotonic() - began) < WATCHED_SECONDS:
            yield seconds
            gevent.sleep(LOOK_EVERY_SECONDS)
        self.note("OPEN", "not decided while watched", monotonic() - began)

    def note(self, kind: str, name: str, seconds: float, wrong: Exception | None = None) -> None:
        """A figure of its own, beside those of the requests; or that it went wrong."""
        self.environment.events.request.fire(
            request_type=kind, name=name, response_time=seconds * 1000, response_length=0, exception=wrong, context={}
        )


def _json(response: Any) -> Body:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _fits(body: Body, field: str, value: object) -> bool:
    if field not in body:
        return False
    return value is ANY or (body[field] in value if isinstance(value, set | frozenset) else body[field] == value)
