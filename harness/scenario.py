"""Reads scenario files. Everything that is wrong with one is told at once, each with file, line and column."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path as File
from typing import TypeVar

from pydantic import Field, StrictInt, ValidationError

from harness.credentials import NAMES
from harness.data import CheckRule, Data, Duration, Instant, explain
from harness.matching import show
from harness.problems import Mistakes, Problem, nearest, one_of
from harness.steps import VERBS, Step
from harness.steps.app import AppStep
from harness.steps.fault import rule_problems
from harness.steps.given import GivenStep
from harness.steps.ledger import LedgerStep
from harness.steps.wait import WaitStep
from harness.substitution import names_in
from harness.targets.base import Capability
from harness.yaml_lines import Document, Path, read

SETTLE = timedelta(minutes=10)
M = TypeVar("M", bound=Data)


class Head(Data):
    """What a scenario file holds at its top; `given` and the steps are read one by one."""

    name: str | None = None
    seed: StrictInt | None = Field(None, ge=0, lt=2**63)
    requires: tuple[Capability, ...] = ()
    starts_at: Instant | None = None
    settle: Duration = SETTLE
    given: object = None
    steps: tuple[object, ...] = ()


@dataclass(frozen=True)
class Placed:
    """A step and where it stands in its file."""

    verb: str
    step: Step
    path: Path
    title: str


@dataclass(frozen=True)
class Scenario:
    """One story, read and checked."""

    document: Document
    name: str
    seed: int
    requires: tuple[str, ...] = ()
    starts_at: datetime | None = None
    settle: timedelta = SETTLE
    steps: tuple[Placed, ...] = ()

    @property
    def file(self) -> str:
        return self.document.file

    @property
    def world(self) -> str:
        """The name of its world and of its journal: the file's own."""
        return world_name(self.file)

    @property
    def needs_app(self) -> bool:
        return any(isinstance(placed.step, AppStep) or _registers(placed.step) for placed in self.steps)

    @property
    def waits(self) -> bool:
        return any(isinstance(placed.step, WaitStep) for placed in self.steps)

    @property
    def changing_accounts(self) -> tuple[str, ...]:
        """Accounts of which a change is expected, whose opening balance is therefore of interest."""
        steps = [placed.step for placed in self.steps if isinstance(placed.step, LedgerStep)]
        return tuple(dict.fromkeys(account for step in steps for account in step.changes))


@dataclass(frozen=True)
class Profile:
    """A chaos profile: a bare list of fault rules, checked."""

    document: Document


def world_name(file: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", File(file).stem) or "scenario"


def load(file: File, check_rule: CheckRule) -> Scenario | Profile:
    """What `file` holds; raises `Mistakes` with everything that is wrong with it."""
    document = read(file)
    reading = _Reading(document, check_rule)
    loaded = reading.profile() if isinstance(document.value, list) else reading.scenario()
    if reading.problems:
        raise Mistakes(reading.problems)
    return loaded


def _registers(step: Step) -> bool:
    return isinstance(step, GivenStep) and any(one.customer for one in step.given)


@dataclass
class _Reading:
    """Of one file: collects what is wrong on the way."""

    document: Document
    check_rule: CheckRule
    problems: list[Problem] = field(default_factory=list)
    saved: set[str] = field(default_factory=set)

    def profile(self) -> Profile:
        rules = self.document.value
        assert isinstance(rules, list)
        if not rules:
            self._note((), "expected a list of fault rules; this one is empty")
        for index, rule in enumerate(rules):
            for path, message in rule_problems(rule, (index,), self.check_rule):
                self._note(path, message)
        return Profile(self.document)

    def scenario(self) -> Scenario:
        value = self.document.value
        if not isinstance(value, dict):
            self._note((), f"expected a scenario (a mapping with steps) or a list of fault rules, not {show(value)}")
            return Scenario(self.document, "", 0)
        head = self._model(Head, value, ()) or Head(given=value.get("given"), steps=tuple(_list(value.get("steps"))))
        steps = tuple(self._steps(head))
        if value.get("steps", []) == []:
            self._note(("steps",), 'a scenario needs "steps", a list with at least one')
        return Scenario(
            document=self.document,
            name=head.name or world_name(self.document.file).replace("_", " "),
            seed=zlib.crc32(world_name(self.document.file).encode()) if head.seed is None else head.seed,
            requires=head.requires,
            starts_at=head.starts_at,
            settle=head.settle,
            steps=steps,
        )

    def _steps(self, head: Head) -> Iterator[Placed]:
        if head.given is not None:
            yield from self._step({"given": head.given}, ())
        for index, raw in enumerate(head.steps):
            yield from self._step(raw, ("steps", index))

    def _step(self, raw: object, path: Path) -> Iterator[Placed]:
        verb = self._verb(raw, path)
        if verb is None or not isinstance(raw, dict):
            return
        step = self._model(VERBS[verb], raw, path)
        self._check_names(verb, raw, path)
        for inner, message in VERBS[verb].problems(raw, self.check_rule):
            self._note((*path, *inner), message)
        self.saved |= _saves_of(raw)
        if step is not None:
            yield Placed(verb, step, path, _title(verb, raw))

    def _verb(self, raw: object, path: Path) -> str | None:
        if not isinstance(raw, dict) or not raw:
            self._note(path, f"expected a step: a mapping with one of {one_of(VERBS)}")
            return None
        verbs = [str(key) for key in raw if key in VERBS]
        if len(verbs) == 1:
            return verbs[0]
        if verbs:
            self._note(
                (*path, verbs[1]), f"one verb a step; here are {one_of(verbs).replace(' or ', ' and ')}", key=True
            )
        else:
            meant = next((key for key in raw if "mean" in nearest(key, VERBS)), next(iter(raw), ""))
            self._note((*path, meant), f'unknown verb "{meant}"{nearest(meant, VERBS)}', key=True)
        return None

    def _model(self, model: type[M], raw: object, path: Path) -> M | None:
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for found in error.errors():
                inner, is_key = tuple(found["loc"]), found["type"] == "extra_forbidden"
                if inner[-1:] == ("[key]",):  # pydantic's mark for a mapping's key
                    inner, is_key = inner[:-1], True
                self._note((*path, *inner), explain(found, model), key=is_key)
            return None

    def _check_names(self, verb: str, raw: Mapping[str, object], path: Path) -> None:
        known = self.saved | (set(NAMES) if verb == "provider" else set())
        for inner, name in names_in({key: value for key, value in raw.items() if key != "save"}):
            if name not in known:
                self._note(
                    (*path, *inner), f'nothing before this step saves "{{{name}}}"{nearest(name, sorted(known))}'
                )

    def _note(self, path: Path, message: str, *, key: bool = False) -> None:
        told = self.document.key_problem if key else self.document.problem
        self.problems.append(told(path, message))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _saves_of(raw: Mapping[str, object]) -> set[str]:
    """The names that a step saves, also where the step is wrong otherwise: one mistake is told once."""
    save, given = raw.get("save"), raw.get("given")
    names = set(save) if isinstance(save, dict) else set()
    for one in given if isinstance(given, list) else [given]:
        customer = one.get("customer") if isinstance(one, dict) else None
        if isinstance(customer, dict):
            names.add(str(customer.get("save")))
    return names


def _title(verb: str, raw: Mapping[str, object]) -> str:
    """`app POST /deposits`, `wait callback`, `fault NAME`: how reports call the step."""
    value = raw[verb]
    if isinstance(value, str):
        return f"{verb} {value}"
    if verb == "fault" and isinstance(value, dict):
        return f"fault {value.get('name')}"
    return verb
