"""What steps that expect something share: `soft`, and `eventually`, which asks again until it is so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from pydantic import StrictBool, field_validator

from harness.data import Data, Duration, Raw
from harness.exchange import StepFailed
from harness.stage import Stage
from harness.steps.clock import spell
from harness.yaml_lines import Path

SAFE_METHOD = "GET"
MOST_TRIES = 1000


class Deadline(Data):
    """How long an expectation has to come true."""

    within: Duration


class ExpectingStep(Data):
    """A step that expects something. `soft`: what is not as expected is told at the end, and the story goes on."""

    soft: StrictBool = False


class RepeatableStep(ExpectingStep):
    """A step that changes nothing, and so may be repeated: `eventually: 60s` or `eventually: {within: 60s}`."""

    eventually: Deadline | None = None

    @field_validator("eventually", mode="before", json_schema_input_type=Duration | Deadline)
    @classmethod
    def _duration_or_deadline(cls, value: object) -> object:
        return value if isinstance(value, dict) else {"within": value}

    async def until_it_holds(self, stage: Stage, attempt: Callable[[], Awaitable[None]]) -> None:
        """Makes the attempt; with `eventually` again after whatever happens next, until it holds or time is up."""
        if self.eventually is None:
            return await attempt()
        deadline, goes_on = await stage.world.now() + self.eventually.within, True
        for _ in range(MOST_TRIES):
            try:
                return await attempt()
            except StepFailed as error:
                failure = error
            if not goes_on:
                break
            goes_on = await stage.goes_on(deadline)
        note = "\n".join(filter(None, [f"not within {spell(self.eventually.within)}", failure.note]))
        raise StepFailed(*failure.mismatches, note=note)


def soft_problems(raw: Raw) -> Iterator[tuple[Path, str]]:
    if raw.get("soft") is True and raw.get("save"):
        yield ("soft",), "a soft step saves nothing: the story goes on without what it did not find"


def repeat_problems(raw: Raw, verb: str) -> Iterator[tuple[Path, str]]:
    """Asking again must be harmless: only what reads may be repeated."""
    line = raw[verb]
    if "eventually" in raw and isinstance(line, str) and line.partition(" ")[0] != SAFE_METHOD:
        yield ("eventually",), f'only a GET may be repeated, not "{line}"'
