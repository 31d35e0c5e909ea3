"""`wait:` until the provider's callback has reached the app and was answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, StrictInt

from harness.data import CheckRule, Data, Duration, Raw, Save
from harness.events import Event
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

    `for` is the deposit, the payment, the provider's reference or the phone that it is about; `count` how many. What is
    saved is from the callback's body; `$.path` is the path that it was sent to, without its first slash.
    """

    wait: Literal["callback"]
    within: Duration = timedelta(seconds=60)
    about: str | None = Field(None, alias="for")
    count: StrictInt = Field(1, ge=1)
    expect: CallbackExpect = Field(default_factory=CallbackExpect)
    save: Save = Field(default_factory=dict)

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        yield from expect_problems(raw.get("expect"), ("body", "answer"))
        yield from soft_problems(raw)

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
        in_time = (event for event in answered if event.at <= deadline)
        if self.about is None:
            return list(in_time)
        about = _About(stage, stage.text(self.about))
        return [event for event in in_time if about.is_meant(event)]

    def _too_few(self, stage: Stage, found: int) -> Mismatch:
        about = "" if self.about is None else f" for {stage.text(self.about)}"
        sent = [
            f"{event.text('outcome')} ({event.text('status') or 'no status'})" for event in stage.journal.callbacks()
        ]
        actual = f"{found or 'none'}; sent meanwhile: {', '.join(sent) or 'nothing'}"
        return Mismatch("callback", f"{self.count} answered within {spell(self.within)}{about}", actual, ("wait",))


class _About:
    """Which callbacks are meant by what stands under `for`."""

    def __init__(self, stage: Stage, wanted: str) -> None:
        deposit = stage.book.deposits.get(wanted)
        self.wanted = wanted
        self.payments: set[str | None] = {*(deposit.payments if deposit else ())}
        self.payments |= {event.payment for event in stage.journal.events if event.text("msisdn") == wanted}

    def is_meant(self, event: Event) -> bool:
        return event.payment in {*self.payments, self.wanted} or self.wanted in map(str, _scalars(event.body()))


def _with_path(event: Event) -> object:
    body, url = event.body(), event.text("url")
    if not isinstance(body, dict) or url is None:
        return body
    return {"path": urlsplit(url).path.removeprefix("/"), **body}


def _scalars(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    else:
        yield value
