"""What a test of one's own holds in its hands: one world of a simulator, synchronously, over the control API.

No pytest here: `pytest_plugin.py` makes the fixture of it. Nor is an event loop needed: the simulator's is in
`background.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path as File
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from msgspec import Struct

from harness.credentials import PASSKEY, SHORTCODE
from harness.data import money
from harness.events import Event
from harness.timeline import timeline
from harness.yaml_lines import read

Json = Mapping[str, object]
PAGE = 1000
REAL_SECONDS = 60.0


class PesaboxError(Exception):
    """The control API refused, in its own words; or what was waited for did not come."""


class Prompt(Struct, frozen=True):
    """A dialogue that is open on a phone."""

    id: str
    msisdn: str
    text: str
    expires: datetime


class Message(Struct, frozen=True):
    """An SMS."""

    at: datetime
    text: str


class Payment(Struct, frozen=True):
    """A payment as the provider has it; `reason` says why it did not succeed.

    A `payout` goes to `msisdn`, a `collection` comes from there.
    """

    id: str
    kind: str
    state: str
    amount: Decimal
    msisdn: str
    reference: str
    provider_reference: str
    receipt: str | None
    reason: str | None


class Audit(Struct, frozen=True):
    """The provider's own books, recomputed."""

    balanced: bool
    difference: Decimal
    accounts: int
    entries: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Control:
    """One world's control API. No proxy of the environment comes between."""

    url: str
    world: str
    opener: OpenerDirector = field(default_factory=lambda: build_opener(ProxyHandler({})), repr=False)

    def call(self, method: str, path: str, body: object = None, **query: object) -> Json:
        """Raises `PesaboxError`."""
        known = {"world": self.world} | {name: value for name, value in query.items() if value is not None}
        content = None if body is None else json.dumps(body).encode()
        line = f"{self.url}/_sim{path}?{urlencode(known)}"
        request = Request(line, content, {"Content-Type": "application/json"}, method=method)
        try:
            with self.opener.open(request, timeout=REAL_SECONDS) as answer:
                return _mapping(answer.read())
        except HTTPError as error:
            with error:
                reason = _reason(error.read())
        except (URLError, TimeoutError) as error:
            reason = str(error)
        raise PesaboxError(f"{method} /_sim{path}: {reason}")

    def items(self, path: str, **query: object) -> list[Json]:
        """All items of a list, page by page."""
        items: list[Json] = []
        after = query.pop("after", None)
        while True:
            page = self.call("GET", path, after=after, limit=PAGE, **query)
            found = page["items"]
            assert isinstance(found, list)
            items += found
            after = page["next"]
            if after is None:
                return items


class Phones(Struct, frozen=True):
    """The handsets of this world."""

    control: Control

    def approve(self, msisdn: str, pin: str | None = None) -> None:
        """Answers the open prompt; with the subscriber's own PIN unless another is named."""
        self._answer(msisdn, {"action": "approve"} if pin is None else {"action": "approve", "pin": pin})

    def cancel(self, msisdn: str) -> None:
        self._answer(msisdn, {"action": "cancel"})

    def pay(
        self, msisdn: str, *, shortcode: str, amount: str, reference: str | None = None, pin: str | None = None
    ) -> Payment:
        """Pays a paybill (with a reference) or a till (without) as the customer does by hand."""
        wish = {"shortcode": shortcode, "amount": amount, "reference": reference, "pin": pin}
        told = {name: value for name, value in wish.items() if value is not None}
        return _payment(self.control.call("POST", f"/subscribers/{_quoted(msisdn)}/pay", told))

    def prompts(self, msisdn: str) -> list[Prompt]:
        rows = self.control.items("/prompts", msisdn=msisdn)
        return [Prompt(str(row["id"]), str(row["msisdn"]), str(row["text"]), _instant(row["expires"])) for row in rows]

    def messages(self, msisdn: str) -> list[Message]:
        rows = self.control.items(f"/subscribers/{_quoted(msisdn)}/messages")
        return [Message(_instant(row["at"]), str(row["text"])) for row in rows]

    def set(self, msisdn: str, **fields: object) -> None:
        """`name pin balance policy thinks_seconds …`, as in a world file; what is not named stays."""
        self.control.call("PATCH", f"/subscribers/{_quoted(msisdn)}", fields)

    def _answer(self, msisdn: str, answer: Json) -> None:
        prompts = self.prompts(msisdn)
        if not prompts:
            raise PesaboxError(f"no prompt is open on {msisdn}: none was sent, or it was answered, or it expired")
        self.control.call("POST", f"/prompts/{_quoted(prompts[0].id)}/answer", answer)


class Merchants(Struct, frozen=True):
    """The shortcodes of this world."""

    control: Control

    def set(self, shortcode: str, **fields: object) -> None:
        """`validation locked active utility working response_type …`; what is not named stays."""
        self.control.call("PATCH", f"/merchants/{_quoted(shortcode)}", fields)


class Faults(Struct, frozen=True):
    """The fault rules of this world."""

    control: Control

    def add(self, *, at: str, effect: str | Json, name: str | None = None, **conditions: object) -> None:
        """`effect` is a kind, or a mapping with `kind` and its fields; `conditions` are `when nth probability`."""
        told = {"kind": effect} if isinstance(effect, str) else effect
        rule = {"name": name or f"{told.get('kind')} at {at}", "at": at, "effect": told, **conditions}
        self.control.call("POST", "/faults", rule)

    def load(self, profile: str | File) -> None:
        """All rules of a chaos profile: a YAML file that is a list of them."""
        self.control.call("POST", "/faults", read(File(profile)).value)

    def lift(self, name: str | None = None) -> None:
        """That rule, or all."""
        self.control.call("DELETE", "/faults" if name is None else f"/faults/{_quoted(name)}")


class Clock(Struct, frozen=True):
    """This world's virtual clock."""

    control: Control

    def now(self) -> datetime:
        return _instant(self.control.call("GET", "/clock")["now"])

    def advance(self, *, seconds: float | None = None, to: datetime | None = None) -> datetime:
        """The new time, once all that fell due on the way was delivered and answered."""
        wish = {"seconds": seconds} if to is None else {"to": to.isoformat()}
        return _instant(self.control.call("POST", "/clock/advance", wish)["now"])

    def one_job(self, deadline: datetime) -> bool:
        """Runs the next thing that is due; False, and the deadline is reached, when there is none before it."""
        wish = {"jobs": 1, "to": deadline.isoformat()}
        return self.control.call("POST", "/clock/advance", wish)["jobs_run"] != 0


@dataclass(frozen=True)
class Journal:
    """What happened in this world."""

    control: Control
    clock: Clock
    _returned: set[int] = field(default_factory=set, repr=False)

    def events(self, kind: str | None = None, payment: str | None = None) -> list[Event]:
        """Oldest first."""
        return [Event(row) for row in self.control.items("/journal", kind=kind, payment=payment)]

    def wait(
        self,
        kind: str = "callback",
        *,
        payment: str | None = None,
        operation: str | None = None,
        within: float = 60,
        patience: int = 0,
    ) -> Event:
        """The first such event that no `wait` has returned yet; the clock moves up to `within` seconds for it.

        Before the clock moves, `patience` real seconds go to an app that works in the background. Of callbacks every
        attempt counts, also one that a rule dropped: its `outcome` says so. Raises `PesaboxError`.
        """
        wanted = _Wanted(kind, payment, operation)
        deadline = self.clock.now() + timedelta(seconds=within)
        found = self._new(wanted) or self._patiently(wanted, patience)
        while found is None:
            if not self.clock.one_job(deadline):
                what = kind if operation is None else f"{kind} of {operation}"
                raise PesaboxError(f"no {what} within {within:g} s; {self.told()}")
            found = self._new(wanted)
        self._returned.add(found.sequence)
        return found

    def told(self) -> str:
        """The story of this world so far, a line each."""
        return "\n".join(timeline(self.events()))

    def _new(self, wanted: _Wanted) -> Event | None:
        found = self.events(wanted.kind, wanted.payment)
        new = (event for event in found if event.sequence not in self._returned)
        return next((event for event in new if wanted.operation in (None, event.text("operation"))), None)

    def _patiently(self, wanted: _Wanted, seconds: int) -> Event | None:
        if seconds:
            last = max(self._returned, default=0)
            self.control.call("GET", "/journal", kind=wanted.kind, payment=wanted.payment, after=last, wait=seconds)
        return self._new(wanted) if seconds else None


class _Wanted(Struct, frozen=True):
    """What is waited for."""

    kind: str
    payment: str | None
    operation: str | None


@dataclass(frozen=True)
class Pesabox:
    """A world of one's own: where the provider answers, what opens it, and everything in it."""

    control: Control
    key: str
    secret: str
    phone: Phones = field(repr=False)
    merchants: Merchants = field(repr=False)
    faults: Faults = field(repr=False)
    journal: Journal = field(repr=False)
    clock: Clock = field(repr=False)
    shortcode: str = SHORTCODE
    passkey: str = PASSKEY

    @property
    def url(self) -> str:
        """The provider's base URL."""
        return self.control.url

    def payments(self) -> list[Payment]:
        return [_payment(row) for row in self.control.items("/payments")]

    def balance(self, account: str) -> Decimal:
        """Of `subscriber:<msisdn>` or `merchant:<shortcode>:utility`, in shillings."""
        (row,) = self.control.items("/ledger/accounts", account=account)
        return money(row["balance"])

    def audit(self) -> Audit:
        told = self.control.call("GET", "/ledger/audit")
        problems = told["problems"]
        assert isinstance(problems, list)
        return Audit(
            balanced=told["balanced"] is True,
            difference=money(told["difference"]),
            accounts=int(str(told["accounts"])),
            entries=int(str(told["entries"])),
            problems=tuple(map(str, problems)),
        )


@contextmanager
def fresh_world(url: str, *, name: str, seed: int) -> Iterator[Pesabox]:
    """A world that nobody has seen before, and that is gone afterwards."""
    control = Control(url, name)
    made = control.call("POST", "/worlds", {"name": name, "seed": seed})
    consumer: Any = made["credentials"]
    clock = Clock(control)
    try:
        yield Pesabox(
            control=control,
            key=consumer["daraja"]["consumer_key"],
            secret=consumer["daraja"]["consumer_secret"],
            phone=Phones(control),
            merchants=Merchants(control),
            faults=Faults(control),
            journal=Journal(control, clock),
            clock=clock,
        )
    finally:
        control.call("DELETE", f"/worlds/{_quoted(name)}")


def _payment(row: Json) -> Payment:
    return Payment(
        id=str(row["id"]),
        kind=str(row["kind"]),
        state=str(row["state"]),
        amount=money(row["amount"]),
        msisdn=str(row["msisdn"]),
        reference=str(row["reference"]),
        provider_reference=str(row["provider_reference"]),
        receipt=_text(row["receipt"]),
        reason=_text(row["reason"]),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _instant(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _mapping(content: bytes) -> Json:
    answer = json.loads(content or b"{}")
    assert isinstance(answer, dict)
    return answer


def _reason(content: bytes) -> str:
    """The API's own message and the field that it is about."""
    error = _mapping(content)["error"]
    assert isinstance(error, dict)
    return f"{error['message']} ({error['field']})" if error["field"] else str(error["message"])
