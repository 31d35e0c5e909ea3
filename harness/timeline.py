"""A journal as a story that needs no knowledge of pesabox: who did what, when, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.events import Event
from harness.matching import show

MOST = 60
WIDTH = 160
WHO = len("app → provider")
APP_ASKS, PROVIDER_ASKS = "app → provider", "provider → app"
PHONE: Mapping[str, str] = {
    "shown": "is asked",
    "answered": "approved with a PIN",
    "cancelled": "cancelled",
    "expired": "did not answer in time",
}
ON_THE_WAY = ("pending", "prompted")
SENTENCE = re.compile(r"\w.* ")
FRAME = ("sequence", "at", "kind", "correlation", "payment")

Told = tuple[str, str, str]


def timeline(events: Sequence[Event]) -> Iterator[str]:
    """One line a thing that happened; the day stands above its first."""
    story = _Story({event.payment: event for event in events if event.kind == "payment" and event.payment})
    lines = [(event, story.line(event)) for event in _causes_first(events)]
    told = [(event, line) for event, line in lines if line]
    if not told:
        yield "nothing happened at the provider"
        return
    left_out = max(0, len(told) - MOST)
    yield "what happened:" if not left_out else f"what happened, the last {MOST} of {len(told)}:"
    day = None
    for event, line in told[left_out:]:
        if event.at.date() != day:
            day = event.at.date()
            yield f"  {day:%Y-%m-%d}"
        yield "  " + (line if len(line) <= WIDTH else line[: WIDTH - 1] + "…")


def _causes_first(events: Sequence[Event]) -> list[Event]:
    """A request is journalled with its answer, after what it brought about in that moment; it is told before."""
    told: list[Event] = []
    for event in events:
        place = len(told)
        if event.kind == "request" and event.text("correlation"):
            same = ("at", "correlation")
            while place and all(told[place - 1].raw.get(name) == event.raw.get(name) for name in same):
                place -= 1
        told.insert(place, event)
    return told


@dataclass
class _Story:
    """What is known of payments so far, and which were told already."""

    payments: dict[str, Event] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def line(self, event: Event) -> str:
        """Empty for what only repeats what another line tells."""
        told = TELLERS.get(event.kind, _other)(self, event)
        if told is None:
            return ""
        who, what, outcome = told
        fault = f"  [fault: {event.text('fault')}]" if event.text("fault") else ""
        return f"{event.at:%H:%M:%S}  {who:<{WHO}}  {what}{'    ' if outcome else ''}{outcome}{fault}"

    def operation(self, event: Event) -> str:
        """`STK push of 100.00 to 254708374149`, as far as it is known."""
        words = (event.text("operation") or "request").rpartition(".")[2].split("_")
        name = " ".join(_word(word) for word in words)
        payment = self.payments.get(event.payment or "")
        if payment is None:
            return name
        if payment.payment in self.told:
            return f"{name} for {payment.text('msisdn')}"
        return f"{name} of {payment.text('amount')} to {payment.text('msisdn')}"

    def is_new(self, payment: str) -> bool:
        """Whether this is the first that is told of a payment, which is then the request that made it."""
        is_new = payment not in self.told
        self.told.add(payment)
        return is_new


def _word(word: str) -> str:
    """Words without vowels, or with digits in them, are abbreviations: STK, B2C."""
    return word.upper() if re.search(r"[0-9]", word) or not re.search(r"[aeiouy]", word) else word


def _request(story: _Story, event: Event) -> Told:
    what, status = story.operation(event), int(event.text("status") or 0)
    is_new = bool(event.payment) and story.is_new(event.payment or "")
    words = own_words(event.body("answer"))
    if not status:
        outcome = "no answer"
    elif not 200 <= status < 300:
        outcome = f"refused with {status}: {words}"
    elif is_new:
        outcome = "accepted"
    else:
        outcome = f"answered {status}{': ' if words else ''}{words}"
    return APP_ASKS, what, outcome


def _hung_up(story: _Story, event: Event) -> Told:
    return APP_ASKS, story.operation(event), "the app hung up before it was answered"


def _callback(story: _Story, event: Event) -> Told:
    attempt = event.text("attempt") or "1"
    again = "" if attempt == "1" else f", attempt {attempt}"
    outcome = event.text("outcome") or "sent"
    if event.text("status"):
        outcome += f" {event.text('status')}"
        if not (event.text("status") or "").startswith("2"):
            outcome += f": {own_words(event.body('answer')) or show(event.body('answer'))}"
    return PROVIDER_ASKS, f"callback{again}: {own_words(event.body()) or show(event.body())}", outcome


def _phone(story: _Story, event: Event) -> Told:
    state = event.text("state") or ""
    text = f": {event.text('text')}" if event.text("text") else ""
    return "phone", f"{event.text('msisdn')} {PHONE.get(state, state)}{text}", ""


def _message(story: _Story, event: Event) -> Told:
    return "phone", f"{event.text('msisdn')} reads: {event.text('text')}", ""


def _money(story: _Story, event: Event) -> Told:
    postings = event.raw.get("postings")
    legs = [one for one in postings if isinstance(one, dict)] if isinstance(postings, list) else []
    return "money", ", ".join(f"{_account(one.get('account'))} {_signed(one.get('amount'))}" for one in legs), ""


def _payment(story: _Story, event: Event) -> Told | None:
    state, reason, receipt = event.text("state") or "", event.text("reason"), event.text("receipt")
    if state in ON_THE_WAY:
        return None
    why = f", receipt {receipt}" if receipt else f": {reason}" if reason else ""
    return "provider", f"payment of {event.text('amount')} by {event.text('msisdn')} {state}{why}", ""


def _fault(story: _Story, event: Event) -> Told:
    return "fault", " ".join(_facts(event)), ""


def _error(story: _Story, event: Event) -> Told:
    traceback = (event.text("traceback") or "").strip().splitlines()
    return "pesabox", f"a defect of pesabox: {traceback[-1] if traceback else 'no more is known'}", ""


def _other(story: _Story, event: Event) -> Told:
    return "set up", " ".join([event.kind, *_facts(event)]), ""


TELLERS: Mapping[str, Callable[[_Story, Event], Told | None]] = {
    "request": _request,
    "hung_up": _hung_up,
    "callback": _callback,
    "prompt": _phone,
    "message": _message,
    "entry": _money,
    "payment": _payment,
    "fault": _fault,
    "error": _error,
}


def _facts(event: Event) -> Iterator[str]:
    for name, value in event.raw.items():
        if name not in (*FRAME, "fault") and value not in (None, ""):
            yield f"{name}={value if isinstance(value, str) else show(value)}"


def own_words(body: object) -> str:
    """The code and the sentence in which a body says what came of something; empty where it has none."""
    for mapping in _mappings(body):
        sentence = next((one for one in mapping.values() if isinstance(one, str) and SENTENCE.match(one)), None)
        if sentence is not None:
            codes = [str(value) for key, value in mapping.items() if key.lower().endswith("code")]
            return " ".join([*codes[:1], sentence])
    return ""


def _mappings(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _mappings(item)


def _account(name: object) -> str:
    """`merchant 600000 utility`; a subscriber's by their number alone."""
    return str(name).removeprefix("subscriber:").replace(":", " ")


def _signed(amount: object) -> str:
    return str(amount) if str(amount).startswith("-") else f"+{amount}"
