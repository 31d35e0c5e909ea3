"""Plays scenarios and judges them. A library: it knows neither pytest nor a terminal.

One scenario: a fresh world and app, the steps, then rest (faults lifted, time moved, reconciled), then the invariants.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from harness.app_face import AppFace
from harness.app_profile import AppProfile
from harness.book import Book
from harness.credentials import Credentials
from harness.data import BadFace
from harness.events import Event
from harness.exchange import NoAnswer, StepFailed
from harness.invariants import Violation, violations
from harness.journal import Journal
from harness.matching import Mismatch
from harness.problems import Mistake
from harness.requirements import why_not
from harness.scenario import Placed, Scenario
from harness.stage import Stage
from harness.targets.base import Opening, Refused, RunningApp, Target, World
from harness.targets.hosting import AppDoor, AppFactory, hosting
from harness.targets.http import Http
from harness.witness import Witness
from harness.yaml_lines import Mark

AFTER_RECONCILIATION = timedelta(minutes=1)
PASSIVE = ("wait", "ledger")
LOOKS = 3


@dataclass(frozen=True)
class Failure:
    """A step that failed: where it stands, what was not as expected, and what else there is to know.

    `file` is the scenario's own or one that it includes.
    """

    title: str
    mark: Mark
    mismatches: tuple[Mismatch, ...] = ()
    marks: tuple[Mark, ...] = ()
    note: str = ""
    file: str = ""


@dataclass(frozen=True)
class Verdict:
    """What became of one scenario."""

    scenario: Scenario
    failures: tuple[Failure, ...] = ()
    violations: tuple[Violation, ...] = ()
    events: tuple[Event, ...] = ()
    skipped: str = ""
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        return not (self.failures or self.violations)


@dataclass(frozen=True)
class Setting:
    """Where and against what scenarios are played. `seed` overrides theirs; an `app` takes the factory's place."""

    target: Target
    http: Http
    factory: Callable[[], AppFactory]
    profile: AppProfile = field(default_factory=AppProfile)
    seed: int | None = None
    app: RunningApp | None = None

    def target_for(self, scenario: Scenario) -> Target:
        return self.app.target if self.app is not None and scenario.needs_app else self.target


async def play(scenario: Scenario, setting: Setting) -> Verdict:
    """Plays one scenario; whatever goes wrong in it is in the verdict."""
    if setting.seed is not None:
        scenario = replace(scenario, seed=setting.seed)
    obstacle = why_not(scenario, setting.target_for(scenario))
    if obstacle:
        return Verdict(scenario, skipped=obstacle)
    began = asyncio.get_running_loop().time()
    playing = _Playing(scenario)
    try:
        async with _stage(scenario, setting) as stage:
            await playing.story(stage)
    except Mistake:
        raise
    except (NoAnswer, Refused, BadFace) as error:
        playing.failed("coming to rest", Mark(1, 1), str(error))
    except Exception:
        playing.failed("unexpected error", Mark(1, 1), traceback.format_exc().rstrip())
    seconds = asyncio.get_running_loop().time() - began
    return replace(playing.verdict(), seconds=seconds)


@asynccontextmanager
async def _stage(scenario: Scenario, setting: Setting) -> AsyncIterator[Stage]:
    opening = Opening(scenario.world, scenario.seed, scenario.starts_at)
    async with setting.target_for(scenario).world(opening) as world:
        journal = Journal(world.control, is_live=world.time.moves_by_itself)
        stage = Stage(world, journal, Credentials(world), Book(setting.profile))
        if not scenario.needs_app:
            yield stage
            return
        async with _door(setting, world) as door:
            stage.app = AppFace(door, setting.profile)
            yield stage


@asynccontextmanager
async def _door(setting: Setting, world: World) -> AsyncIterator[AppDoor]:
    if setting.app is not None:
        yield AppDoor(setting.http, setting.app.url)
        return
    async with hosting(setting.factory(), world, setting.http) as door:
        yield door


@dataclass
class _Playing:
    """One scenario on its way."""

    scenario: Scenario
    failures: list[Failure] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def verdict(self) -> Verdict:
        unique = tuple(dict.fromkeys(self.violations))
        return Verdict(self.scenario, tuple(self.failures), unique, tuple(self.events))

    def failed(self, title: str, mark: Mark, note: str) -> None:
        self.failures.append(Failure(title, mark, note=note))

    async def story(self, stage: Stage) -> None:
        self.events = stage.journal.events
        witness = Witness(stage.world.control, stage.journal, stage.book, stage.app)
        if stage.app is not None:
            stage.book.audit_before = await stage.app.audit()
        try:
            await self._steps(stage, witness)
            await self._rest(stage)
        finally:
            await stage.journal.read()
        self.violations += [replace(one, after="at rest") for one in violations(await witness.at_rest())]

    async def _steps(self, stage: Stage, witness: Witness) -> None:
        is_opened = False
        for placed in self.scenario.steps:
            if not is_opened and placed.verb != "given":
                await self._open_accounts(stage)
                is_opened = True
            if not await self._guarded(placed, self._step(placed, stage, witness)):
                return

    async def _step(self, placed: Placed, stage: Stage, witness: Witness) -> None:
        if self.scenario.waits and placed.verb not in PASSIVE:
            await stage.journal.catch_up(await stage.world.now())
            stage.journal.cause()
        before = stage.journal.last
        await placed.step.run(stage)
        if stage.app is None:
            return
        await stage.journal.read()
        evidence = await witness.after_step(stage.journal.since(before))
        if evidence is not None:
            found = violations(evidence, always_only=True)
            if stage.world.time.moves_by_itself:
                found = await _lasting(found, witness)
            self.violations += [replace(one, after=placed.title) for one in found]

    async def _guarded(self, placed: Placed, running: Awaitable[None]) -> bool:
        """Whether the step went as the scenario says."""
        mark = placed.mark()
        try:
            await running
        except StepFailed as error:
            marks = tuple(placed.mark(one.path) for one in error.mismatches)
            self.failures.append(Failure(placed.title, mark, error.mismatches, marks, error.note, placed.document.file))
            return placed.is_soft
        except (NoAnswer, Refused, BadFace) as error:
            self.failures.append(Failure(placed.title, mark, note=str(error), file=placed.document.file))
            return False
        return True

    async def _open_accounts(self, stage: Stage) -> None:
        for account in self.scenario.changing_accounts:
            stage.opening[account] = await stage.world.control.balance(account)

    async def _rest(self, stage: Stage) -> None:
        """Nothing goes wrong any more, and all that was to come has come."""
        if stage.has_faults:
            await stage.world.control.lift_faults()
        await stage.world.time.rest(self.scenario.settle)
        if stage.app is not None:
            with stage.world.flight("app reconciles"):
                await stage.app.reconcile()
            await stage.world.time.rest(AFTER_RECONCILIATION)


async def _lasting(found: tuple[Violation, ...], witness: Witness) -> tuple[Violation, ...]:
    """Those that are there at every look: what moved between two questions of one look contradicts nothing."""
    for _ in range(LOOKS):
        if found:
            again = violations(await witness.look(), always_only=True)
            found = tuple(one for one in found if one in again)
    return found
