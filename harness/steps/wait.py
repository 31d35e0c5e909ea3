"""`wait:` until the provider's callback has reached the app and was answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, StrictInt

from harness.data import CheckRule, Data, Duration, Raw, Save
from harness.events import Event, scalars
from harness.exchange import StepFailed, expect_problems, saved
from harness.matching import MISSING, Mismatch, match
from harness.stage import Stage
from harness.steps.clock import spell
from harness.steps.expecting import ExpectingStep, soft_problems
from harness.yaml_lines import Path

ANSWERED = "answered"


class CallbackExpect(Data):
    """What the callback must say (`body`), and how the app must answer it (`status`, `answer`)."""

    body: object = MISSING
    status: StrictInt | None = None
    answer: object = MISSING

    def mismatches(self, stage: Stage, event: Event) -> Iterator[Mismatch]:
        if self.body is not MISSING:
            yield from match(stage.fill(self.body), event.body(), "$", ("expect", "body"))
        if self.answer is not MISSING:
            yield from match(stage.fill(self.answer), event.body("answer"), "answer", ("expect", "answer"))
        if self.status is not None:
            yield from match(self.status, event.raw.get("status"), "status", ("expect", "status"))


class WaitStep(ExpectingStep):
    """Waits for what is due next, `within` at most. One that came during the step before counts.

    `for` is the deposit, withdrawal, payment, provider's reference, paybill account or phone that it is about,
    `operation` whose callback it is (`daraja.c2b_confirmation`), `count` how many. An echo counts only where its
    operation is named: a message of another kind about a payment whose outcome was told already. What is saved is from
    the callback's body; `$.path` is the path that it was sent to, without its first slash.
    """

    wait: Literal["callback"]
    within: Duration = timedelta(seconds=60)
    about: str | None = Field(None, alias="for")
    operation: str | None = None
    count: StrictInt = Field(1, ge=1)
    expect: CallbackExpect = Field(default_factory=CallbackExpect)
    save: Save = Field(default_factory=dict)

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        yield from expect_problems(raw.get("expect"), ("body", "answer"))
        yield from soft_problems(raw)
        yield from _operation_problems(raw.get("operation"), check_rule)

    async def run(self, stage: Stage) -> None:
        deadline = await stage.world.now() + self.within
        await stage.journal.read()
        while len(found := self._answered(stage, deadline)) < self.count:
            if not await stage.world.time.until_next(deadline, after=stage.journal.last):
                raise StepFailed(self._too_few(stage, len(found)))
            await stage.journal.read()
        last = found[self.count - 1]
        stage.journal.consume(found[: self.count])
        wrong = list(self.expect.mismatches(stage, last))
        if wrong:
            raise StepFailed(*wrong)
        stage.names |= saved(self.save, _with_path(last))

    def _answered(self, stage: Stage, deadline: datetime) -> list[Event]:
        answered = (event for event in stage.journal.callbacks() if event.text("outcome") == ANSWERED)
        in_time = [event for event in answered if event.at <= deadline]
        if self.operation is None:
            echoes = _echoes(stage.journal.events) if in_time else frozenset()
            meant = [event for event in in_time if event.sequence not in echoes]
        else:
            meant = [event for event in in_time if event.text("operation") == self.operation]
        if self.about is None:
            return meant
        about = _About(stage, stage.text(self.about))
        return [event for event in meant if about.is_meant(event)]

    def _too_few(self, stage: Stage, found: int) -> Mismatch:
        about = f" of {self.operation}" if self.operation else ""
        about += "" if self.about is None else f" for {stage.text(self.about)}"
        sent = [
            f"{event.text('outcome')} ({event.text('status') or 'no status'})" for event in stage.journal.callbacks()
        ]
        actual = f"{found or 'none'}; sent meanwhile: {', '.join(sent) or 'nothing'}"
        return Mismatch("callback", f"{self.count} answered within {spell(self.within)}{about}", actual, ("wait",))


class _About:
    """Which callbacks are meant by what stands under `for`."""

    def __init__(self, stage: Stage, wanted: str) -> None:
        known = stage.book.known(wanted)
        self.wanted = wanted
        self.payments: set[str | None] = {*(known.payments if known else ())}
        self.payments |= {event.payment for event in stage.journal.events if event.text("msisdn") == wanted}

    def is_meant(self, event: Event) -> bool:
        return event.payment in {*self.payments, self.wanted} or self.wanted in map(str, scalars(event.body()))


def _echoes(events: Iterable[Event]) -> frozenset[int]:
    """The numbers of another operation's messages about a payment whose own operation has told its outcome before."""
    asked: dict[str | None, set[str | None]] = defaultdict(set)
    told: dict[str | None, set[str | None]] = defaultdict(set)
    echoes: list[int] = []
    for event in events:
        operation = event.text("operation")
        if event.kind == "request":
            asked[event.payment].add(operation)
        elif event.kind == "callback":
            if told[event.payment] - {operation}:
                echoes.append(event.sequence)
            if event.text("outcome") == ANSWERED and operation in asked[event.payment]:
                told[event.payment].add(operation)
    return frozenset(echoes)


def _with_path(event: Event) -> object:
    body, url = event.body(), event.text("url")
    if not isinstance(body, dict) or url is None:
        return body
    return {"path": urlsplit(url).path.removeprefix("/"), **body}


def _operation_problems(operation: object, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
    """Whatever a rule about its callbacks would be told."""
    if isinstance(operation, str):
        rule = {"name": "any", "at": f"{operation}.callback", "effect": {"kind": "drop"}}
        yield from ((("operation",), message) for _, message in check_rule(rule))
