"""`together:` steps that interleave at the border, always in the same way.

Each starts when the one before has ended or waits at the provider; then the requests that wait are released in their
order, each once the world is quiet. Where the clock is not in this process they are just started at the same time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field

from harness.data import CheckRule, Data, Raw
from harness.exchange import StepFailed
from harness.matching import Mismatch
from harness.stage import Stage
from harness.steps.app import AppStep
from harness.steps.bank import BankStep
from harness.steps.phone import PhoneStep
from harness.steps.provider import ProviderStep
from harness.steps.restart import RestartStep
from harness.targets.base import AppClock
from harness.yaml_lines import Path

MEMBERS = ("app", "provider", "phone", "bank", "restart")
MemberStep: TypeAlias = AppStep | ProviderStep | PhoneStep | BankStep | RestartStep
ALONE = ("soft", "eventually", "down")
REAL_SECONDS = 10


class TogetherStep(Data):
    """Steps that run at the same time. They are read one by one, and played as a `Together`."""

    together: list[object] = Field(min_length=2)

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        members = raw["together"] if isinstance(raw["together"], list) else []
        for index, member in enumerate(members):
            for key in ALONE:
                if isinstance(member, dict) and key in member:
                    yield ("together", index, key), f'"{key}" does not go with steps that run together'


class Member(Struct, frozen=True):
    """One of the steps; `path` is its place within the whole."""

    title: str
    step: MemberStep
    path: Path

    async def run(self, stage: Stage) -> None:
        try:
            await self.step.run(stage)
        except StepFailed as error:
            wrong = [replace(one, where=f"{self.title}: {one.where}", path=self._at(one)) for one in error.mismatches]
            raise StepFailed(*wrong, note=error.note) from None

    def _at(self, mismatch: Mismatch) -> Path:
        return (*self.path, *mismatch.path)


class Together(Struct, frozen=True):
    members: tuple[Member, ...]

    async def run(self, stage: Stage) -> None:
        """Starts them all, waits for them all, and tells everything that was not as expected."""
        clock, running = stage.world.app_clock, list[asyncio.Task[None]]()
        try:
            if clock is None:
                beside = replace(stage, own=frozenset())
                running += [asyncio.create_task(member.run(beside)) for member in self.members]
            else:
                await self._start_in_order(stage, clock, running)
            _raise_all(await asyncio.gather(*running, return_exceptions=True))
        finally:
            for task in running:
                task.cancel()

    async def _start_in_order(self, stage: Stage, clock: AppClock, running: list[asyncio.Task[None]]) -> None:
        """The flight around it all keeps the clock from releasing anything before all have started.

        A payment that is born in a member's start is its own; one that is born later may be anybody's.
        """
        branches: list[Stage] = []
        with stage.world.flight("steps together"):
            for member in self.members:
                known = _payments(stage)
                branches.append(stage.branch())
                running.append(_started(member, branches[-1]))
                await _until_quiet(clock, member)
                await stage.read_journal()
                born = _payments(stage) - known
                branches[-1].own = frozenset(born)
                for other in branches[:-1]:
                    other.foreign |= born


def _payments(stage: Stage) -> set[str]:
    return {event.payment for event in stage.journal.events if event.payment}


def _started(member: Member, stage: Stage) -> asyncio.Task[None]:
    """Its flight begins at once, so that no time passes before its first request is on its way."""
    flight = contextlib.ExitStack()
    flight.enter_context(stage.world.flight(member.title))
    running = asyncio.create_task(member.run(stage))
    running.add_done_callback(lambda _: flight.close())
    return running


async def _until_quiet(clock: AppClock, member: Member) -> None:
    """A deadline that is now comes when all else in flight has ended or waits for the clock, and takes no time."""
    try:
        async with asyncio.timeout(REAL_SECONDS):
            with contextlib.suppress(TimeoutError):
                async with clock.timeout(0):
                    await clock.sleep(1)
    except TimeoutError:
        actual = f"neither within {REAL_SECONDS:g} s of real time"
        raise StepFailed(Mismatch(member.title, "to end, or to wait at the provider", actual, member.path)) from None


def _raise_all(ended: list[BaseException | None]) -> None:
    failures = [one for one in ended if isinstance(one, StepFailed)]
    for other in ended:
        if other is not None and not isinstance(other, StepFailed):
            raise other
    if failures:
        mismatches = [mismatch for failure in failures for mismatch in failure.mismatches]
        raise StepFailed(*mismatches, note="\n".join(filter(None, (failure.note for failure in failures))))
