"""`clock:` time passes, with everything that falls due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pydantic import field_validator

from harness.data import CheckRule, Data, Duration, Instant, Raw
from harness.exchange import StepFailed
from harness.matching import Mismatch
from harness.stage import Stage
from harness.yaml_lines import Path


class Moment(Data):
    """A time to go to, or how long to go on."""

    to: Instant | None = None
    by: Duration | None = None


class ClockStep(Data):
    """`clock: 90s`, or `clock: {to: "2026-01-16T00:00:00+03:00"}`."""

    clock: Moment

    @field_validator("clock", mode="before", json_schema_input_type=Duration | Moment)
    @classmethod
    def _duration_or_moment(cls, value: object) -> object:
        return value if isinstance(value, dict) else {"by": value}

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        if isinstance(raw["clock"], dict) and len({"to", "by"} & raw["clock"].keys()) != 1:
            yield ("clock",), 'expected a duration such as 90s, or {to: "a time with its zone"}'

    async def run(self, stage: Stage) -> None:
        if self.clock.to is None:
            assert self.clock.by is not None
            await stage.world.control.advance(self.clock.by)
            return
        now = await stage.world.now()
        if self.clock.to < now:
            raise StepFailed(
                Mismatch("clock", f"a time after {now.isoformat()}", self.clock.to.isoformat(), ("clock",))
            )
        await stage.world.control.advance_to(self.clock.to)


def spell(moment: timedelta) -> str:
    """A duration as a scenario writes it."""
    seconds = moment.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
