"""Plays scenarios and judges them. A library: it knows neither pytest nor a terminal.

One scenario: a fresh world and app, the steps, then rest (faults lifted, time moved, reconciled), then the invariants.
"""

from __future__ import annotations

import asyncio
import functools
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from harness.app_face import AppFace
from harness.app_profile import AppProfile
from harness.book import Book
from harness.credentials import Credentials
from harness.data import BadFace
from harness.events import Event
from harness.evidence import Evidence
from harness.exchange import NoAnswer, StepFailed
from harness.invariants import Violation, switched_off, untold_money, violations
from harness.journal import Journal
from harness.matching import Mismatch
from harness.problems import Mistake
from harness.requirements import why_not
from harness.scenario import Placed, Scenario
from harness.sighting import Sighting
from harness.stage import Stage
from harness.steps.fault import add_fault
from harness.targets.base import Opening, Refused, RunningApp, Target
from harness.targets.hosting import AppDoor, AppFactory, hosting
from harness.targets.http import Http
from harness.witness import Witness
from harness.yaml_lines import Mark

AFTER_RECONCILIATION = timedelta(minutes=1)
PASSIVE = ("wait", "ledger")
LOOKS = 3


class Failure(Struct, frozen=True):
    """A step that failed: where it stands, what was not as expected, and what else there is to know.

    `file` is the scenario's own or one that it includes.
    """

    title: str
    mark: Mark
    mismatches: tuple[Mismatch, ...] = ()
    marks: tuple[Mark, ...] = ()
    note: str = ""
    file: str = ""


class Verdict(Struct, frozen=True):
    """What became of one scenario.

    `sightings` is the app's side of the story, `notes` what is told though nothing is wrong, `unchecked` the invariants
    that the app's profile switches off. One that is cut short has no events, since they are not known.
    """

    scenario: Scenario
    failures: tuple[Failure, ...] = ()
    violations: tuple[Violation, ...] = ()
    events: tuple[Event, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    notes: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    skipped: str = ""
    seconds: float = 0.0
    is_cut_short: bool = False

    @property
    def is_good(self) -> bool:
        return not (self.failures or self.violations)


class Setting(Struct, frozen=True):
    """Where and against what scenarios are played; an `app` takes the factory's place."""

    target: Target
    http: Http
    factory: Callable[[], AppFactory]
    profile: AppProfile = field(default_factory=AppProfile)
    app: RunningApp | None = None

    def target_for(self, scenario: Scenario) -> Target:
        return self.app.target if self.app is not None and scenario.needs_app else self.target


async def play(scenario: Scenario, setting: Setting) -> Verdict:
    """Plays one scenario; whatever goes wrong in it is in the verdict."""
    obstacle = why_not(scenario, setting.target_for(scenario))
    if obstacle:
        return Verdict(scenario, skipped=obstacle)
    began = asyncio.get_running_loop().time()
    playing = _Playing(scenario, setting.profile)
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
        if setting.app is not None:
            stage.app = AppFace(AppDoor(setting.http, setting.app.url), setting.profile)
            await stage.register_notices()
            yield stage
            return
        factory = functools.partial(setting.factory(), **scenario.app_settings)
        async with hosting(factory, world, setting.http) as hosted:
            stage.app, stage.own_app = AppFace(hosted, setting.profile), hosted
            await stage.register_notices()
            yield stage


class _Playing(Struct):
    """One scenario on its way."""

    scenario: Scenario
    profile: AppProfile
    failures: list[Failure] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def verdict(self) -> Verdict:
        return Verdict(
            scenario=self.scenario,
            failures=tuple(self.failures),
            violations=self._each_once(),
            events=tuple(self.events),
            sightings=tuple(self.sightings),
            notes=tuple(self.notes),
            unchecked=tuple(switched_off(self.profile.switched_off)) if self.scenario.needs_app else (),
        )

    def _each_once(self) -> tuple[Violation, ...]:
        """As each was seen first."""
        first: dict[tuple[str, str], Violation] = {}
        for one in self.violations:
            first.setdefault(one.key, one)
        return tuple(first.values())

    def judged(self, evidence: Evidence, after: str) -> None:
        found = violations(evidence, without=self.profile.switched_off)
        self.violations += [replace(one, after=after) for one in found]
        self.notes += untold_money(evidence)

    def failed(self, title: str, mark: Mark, note: str) -> None:
        self.failures.append(Failure(title, mark, note=note))

    async def story(self, stage: Stage) -> None:
        self.events = stage.journal.events
        witness = Witness(stage.world, stage.journal, stage.book, stage.app, stage.sightings)
        self.sightings = stage.sightings
        if stage.app is not None:
            stage.book.audit_before = await stage.app.audit()
        listed = None
        try:
            await self._begin(stage)
            await self._steps(stage, witness)
            listed = await self._rest(stage)
        finally:
            await stage.journal.read()
        evidence = await witness.at_rest(listed)
        if stage.app is not None and self.profile.reconcile is not None:
            evidence = replace(evidence, again=await self._once_more(stage, witness, evidence))
        self.judged(evidence, "at rest")

    async def _begin(self, stage: Stage) -> None:
        for rule in self.scenario.chaos:
            await add_fault(stage, rule)

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
        stage.glance = functools.partial(self._glance, placed.title, stage, witness)
        await placed.step.run(stage)
        if stage.app is None:
            return
        await stage.journal.read()
        evidence = await witness.after_step(stage.journal.since(before))
        if evidence is not None:
            found = self._seen_now(evidence)
            if stage.world.time.moves_by_itself:
                found = await self._lasting(found, witness)
            self.violations += [replace(one, after=placed.title) for one in found]

    async def _glance(self, title: str, stage: Stage, witness: Witness) -> None:
        await stage.journal.read()
        found = self._seen_now(await witness.glance())
        self.violations += [replace(one, after=f"during {title}") for one in found]

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

    def _seen_now(self, evidence: Evidence) -> tuple[Violation, ...]:
        return violations(evidence, always_only=True, without=self.profile.switched_off)

    async def _lasting(self, found: tuple[Violation, ...], witness: Witness) -> tuple[Violation, ...]:
        """Those that are there at every look: what moved between two questions of one look contradicts nothing."""
        for _ in range(LOOKS):
            if found:
                again = {one.key for one in self._seen_now(await witness.look())}
                found = tuple(one for one in found if one.key in again)
        return found

    async def _rest(self, stage: Stage) -> frozenset[str] | None:
        """Nothing goes wrong any more, and all that was to come has come; what reconciliation left undecided."""
        if stage.has_faults:
            await stage.world.control.lift_faults()
        await stage.world.time.rest(self.scenario.settle)
        if stage.app is None:
            return None
        listed = await self._reconciled(stage)
        await stage.world.time.rest(AFTER_RECONCILIATION)
        return listed

    async def _reconciled(self, stage: Stage) -> frozenset[str] | None:
        with stage.world.flight("app reconciles"):
            return await stage.the_app.reconcile()

    async def _once_more(self, stage: Stage, witness: Witness, evidence: Evidence) -> Evidence:
        """The evidence after another reconciliation; time passes only if it asked the provider for something."""
        await self._reconciled(stage)
        has_news = bool(await stage.journal.read())
        if has_news:
            await stage.world.time.rest(AFTER_RECONCILIATION)
            await stage.journal.read()
        return await witness.once_more(evidence, has_news=has_news)
