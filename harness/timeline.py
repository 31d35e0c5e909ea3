"""A journal as a story that needs no knowledge of pesabox: who did what, when, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from harness.events import Event
from harness.matching import show
from harness.sighting import Sighting

MOST = 60
WIDTH = 160
WHO = len("app → provider")
APP_ASKS, PROVIDER_ASKS, FORGER_ASKS = "app → provider", "provider → app", "forger → app"
ACCEPTED = "0"
PHONE: Mapping[str, str] = {
    "shown": "is asked",
    "answered": "approved with a PIN",
    "cancelled": "cancelled",
    "expired": "did not answer in time",
}
ON_THE_WAY = ("pending", "prompted")
SENTENCE = re.compile(r"\w.* ")
NAME = re.compile(r"\b(?=[\w-]*[0-9])(?:[A-Za-z][\w-]*|[0-9]{9,})\b")
FRAME = ("sequence", "at", "kind", "correlation", "payment")

Told = tuple[str, str, str]


class _Line(Struct, frozen=True):
    """One thing that happened; `about` names what it happened to."""

    at: datetime
    text: str
    about: frozenset[str]


def timeline(events: Sequence[Event], sightings: Sequence[Sighting] = (), about: Collection[str] = ()) -> Iterator[str]:
    """One line a thing that happened, what the app showed beside it; the day stands above its first.

    Where there are too many, only those on the payments, customers and phones in `about`, if any are named.
    """
    told = list(_told(events, sightings))
    if not told:
        yield "nothing happened at the provider"
        return
    lines = [line for line in told if line.about & frozenset(about)] if len(told) > MOST else told
    lines = lines or told
    left_out = max(0, len(lines) - MOST)
    what = "what happened" if len(lines) == len(told) else "what happened to those named above"
    yield f"{what}:" if not left_out else f"{what}, the last {MOST} of {len(lines)}:"
    day = None
    for line in lines[left_out:]:
        if line.at.date() != day:
            day = line.at.date()
            yield f"  {day:%Y-%m-%d}"
        yield "  " + (line.text if len(line.text) <= WIDTH else line.text[: WIDTH - 1] + "…")


def names_in(messages: Iterable[str]) -> frozenset[str]:
    """Everything in these messages that may be the name of something: an id, a receipt, a phone."""
    return frozenset(name for message in messages for name in NAME.findall(message))


def _told(events: Sequence[Event], sightings: Sequence[Sighting]) -> Iterator[_Line]:
    story, waiting = _Story.of(events), list(sightings)
    for event in _causes_first(events):
        while waiting and waiting[0].after < event.sequence:
            yield _seen(waiting.pop(0))
        text = story.line(event)
        if text:
            yield _Line(event.at, text, frozenset({event.payment}) if event.payment else names_in([text]))
    yield from map(_seen, waiting)


def _seen(sighting: Sighting) -> _Line:
    """A sighting is about what it begins with: `withdrawal W1 of 40.00 for customer C1 is pending`."""
    about = frozenset(NAME.findall(sighting.text)[:1])
    return _Line(sighting.at, f"{sighting.at:%H:%M:%S}  {'app':<{WHO}}  {sighting.text}", about)


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


class _Story(Struct):
    """What is known of payments so far, and which were told already."""

    payments: dict[str, Event] = field(default_factory=dict)
    payouts: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, events: Sequence[Event]) -> _Story:
        about = [event for event in events if event.payment]
        payouts = {event.payment or "" for event in about if _words(event)[:1] == ["b2c"]}
        return cls({event.payment or "": event for event in about if event.kind == "payment"}, payouts)

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
        name = " ".join(_word(word) for word in _words(event) or ["request"])
        payment = self.payments.get(event.payment or "")
        if payment is None:
            return name
        if payment.payment in self.told:
            return f"{name} for {_party(payment)}"
        return f"{name} of {payment.text('amount')} to {_party(payment)}"

    def is_new(self, payment: str) -> bool:
        """Whether this is the first that is told of a payment, which is then the request that made it."""
        is_new = payment not in self.told
        self.told.add(payment)
        return is_new


def _words(event: Event) -> list[str]:
    """`daraja.stk_push` without its provider, as words."""
    return [word for word in (event.text("operation") or "").rpartition(".")[2].split("_") if word]


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
    what, words = _message(event)
    outcome = event.text("outcome") or "sent"
    if event.text("status"):
        outcome += f" {event.text('status')}{_said(event)}"
    return FORGER_ASKS if event.raw.get("forged") else PROVIDER_ASKS, f"{what}{again}: {words}", outcome


def _message(event: Event) -> tuple[str, str]:
    """What kind of message a callback is, and what it says."""
    body, words = event.body(), _words(event)
    kind = words[-1] if words[-1:] in (["validation"], ["confirmation"]) else "callback"
    if isinstance(body, dict) and kind != "callback":
        amount, account, receipt = (body.get(name) for name in ("TransAmount", "BillRefNumber", "TransID"))
        return kind, f"{amount} for account {show(account)}, receipt {receipt}"
    if isinstance(body, dict) and "QueueTimeOutURL" in body:
        return "queue time-out", "the request comes back unanswered"
    return kind, own_words(body) or show(body)


def _said(event: Event) -> str:
    """What the app answered, where it matters: a no, or whether it accepts a payment."""
    answer, words = event.body("answer"), own_words(event.body("answer"))
    if not (event.text("status") or "").startswith("2"):
        return f": {words or show(answer)}"
    if _words(event)[-1:] != ["validation"]:
        return ""
    accepts = isinstance(answer, dict) and str(answer.get("ResultCode")) == ACCEPTED
    return ": accepted" if accepts else f": not accepted: {show(answer)}"


def _phone(story: _Story, event: Event) -> Told:
    state = event.text("state") or ""
    text = f": {event.text('text')}" if event.text("text") else ""
    return "phone", f"{event.text('msisdn')} {PHONE.get(state, state)}{text}", ""


def _sms(story: _Story, event: Event) -> Told:
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
    what = "payout of {} to {}" if event.payment in story.payouts else "payment of {} by {}"
    what = "transfer of {} to {}" if event.text("account") else what
    return "provider", f"{what.format(event.text('amount'), _party(event))} {state}{why}", ""


def _party(payment: Event) -> str:
    """Whose phone or account a payment is about."""
    return payment.text("msisdn") or _account(payment.text("account") or "")


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
    "message": _sms,
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
