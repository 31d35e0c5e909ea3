"""What a scenario file is once it is read: scenarios, their steps and where each stands; or a chaos profile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path as File

from msgspec import Struct, field
from msgspec.structs import replace
from pydantic import Field, StrictInt

from harness.data import Data, Duration, Instant
from harness.steps import Step
from harness.steps.app import AppStep
from harness.steps.expecting import ExpectingStep
from harness.steps.given import GivenStep
from harness.steps.ledger import LedgerStep
from harness.steps.restart import RestartStep
from harness.steps.together import Together
from harness.steps.traffic import TrafficStep
from harness.steps.wait import WaitStep
from harness.targets.base import Capability
from harness.yaml_lines import Document, Mark, Path

SETTLE = timedelta(minutes=10)
Rule = Mapping[str, object]


class Head(Data):
    """What a scenario file holds at its top; `examples`, `given` and the steps are read one by one."""

    name: str | None = None
    seed: StrictInt | None = Field(None, ge=0, lt=2**63)
    tags: tuple[str, ...] = ()
    requires: tuple[Capability, ...] = ()
    starts_at: Instant | None = None
    settle: Duration = SETTLE
    chaos: str | None = None
    app_settings: dict[str, str] = Field(default_factory=dict)
    examples: object = None
    given: object = None
    steps: tuple[object, ...] = ()


class Placed(Struct, frozen=True):
    """A step and where it stands: in the scenario's file, or in one that it includes."""

    verb: str
    step: Step
    document: Document
    path: Path
    title: str

    @property
    def is_soft(self) -> bool:
        return isinstance(self.step, ExpectingStep) and self.step.soft

    def mark(self, inner: Path = ()) -> Mark:
        return self.document.at((*self.path, *inner))


class Scenario(Struct, frozen=True):
    """One story, read and checked. `example` says which row of its file's table it is played with.

    `number` counts those of its file. `chaos` are the rules of the profile that it begins with, `app_settings` what the
    app is told when it starts.
    """

    document: Document
    name: str
    seed: int
    world: str = "scenario"
    example: str = ""
    tags: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    starts_at: datetime | None = None
    settle: timedelta = SETTLE
    chaos: tuple[Rule, ...] = ()
    app_settings: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Placed, ...] = ()
    number: int = 0

    def in_brief(self) -> Scenario:
        """Without what is needed only to play it: enough to tell of it, and quickly sent."""
        return replace(self, document=self.document.in_brief(), chaos=(), steps=())

    @property
    def file(self) -> str:
        return self.document.file

    @property
    def needs_app(self) -> bool:
        return any(
            isinstance(step, AppStep | TrafficStep | RestartStep) or _registers(step) for step in self._all_steps()
        )

    @property
    def waits(self) -> bool:
        return any(isinstance(placed.step, WaitStep) for placed in self.steps)

    @property
    def changing_accounts(self) -> tuple[str, ...]:
        """Accounts of which a change is expected, whose opening balance is therefore of interest."""
        steps = [placed.step for placed in self.steps if isinstance(placed.step, LedgerStep)]
        return tuple(dict.fromkeys(account for step in steps for account in step.changes))

    def _all_steps(self) -> Iterator[Step]:
        """Its steps, and those that stand together in one."""
        for placed in self.steps:
            yield placed.step
            if isinstance(placed.step, Together):
                yield from (member.step for member in placed.step.members)


class Profile(Struct, frozen=True):
    """A chaos profile: a bare list of fault rules, checked."""

    document: Document

    @property
    def rules(self) -> tuple[Rule, ...]:
        assert isinstance(self.document.value, list)
        return tuple(self.document.value)


def world_name(file: str, example: str = "") -> str:
    """The name of a scenario's world and of its journal: its file's own, and its example's."""
    stem = File(file).stem + (f"-{example}" if example else "")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem) or "scenario"


def _registers(step: Step) -> bool:
    return isinstance(step, GivenStep) and any(one.customer for one in step.given)
