"""Reads scenario files. Everything that is wrong with one is told at once, each with file, line and column."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace
from pydantic import ValidationError

from harness.credentials import NAMES
from harness.data import CheckRule, Data, explain, without_echoes
from harness.examples import Row, rows_of, table_problems, told_once
from harness.matching import show
from harness.problems import Mistakes, Problem, nearest, one_of
from harness.scenario import Head, Placed, Profile, Rule, Scenario, world_name
from harness.steps import VERBS
from harness.steps.fault import rule_problems
from harness.steps.include import IncludeStep
from harness.steps.together import MEMBERS, Member, MemberStep, Together, TogetherStep
from harness.substitution import fill_known, names_in
from harness.yaml_lines import Document, Path, read

M = TypeVar("M", bound=Data)


def load(file: File, check_rule: CheckRule) -> tuple[Scenario, ...] | Profile:
    """What `file` holds, a scenario for each of its examples; raises `Mistakes` with everything that is wrong."""
    document = read(file)
    if isinstance(document.value, list):
        return _profile(document, check_rule)
    readings = [_Reading(document, check_rule, row) for row in rows_of(document)]
    scenarios = tuple(replace(reading.scenario(), number=number) for number, reading in enumerate(readings))
    problems = told_once((reading.row, reading.problems) for reading in readings)
    if problems:
        raise Mistakes(problems)
    return scenarios


def _profile(document: Document, check_rule: CheckRule) -> Profile:
    rules = document.value
    assert isinstance(rules, list)
    problems = [] if rules else [document.problem((), "expected a list of fault rules; this one is empty")]
    for index, rule in enumerate(rules):
        problems += [document.problem(*found) for found in rule_problems(rule, (index,), check_rule)]
    if problems:
        raise Mistakes(problems)
    return Profile(document)


class _Reading(Struct):
    """Of one scenario, with the files that it includes: collects what is wrong on the way."""

    document: Document
    check_rule: CheckRule
    row: Row
    problems: list[Problem] = field(default_factory=list)
    saved: set[str] = field(default_factory=set)
    requires: list[str] = field(default_factory=list)

    def scenario(self) -> Scenario:
        value, row = self.document.value, self.row
        if not isinstance(value, dict):
            message = f"expected a scenario (a mapping with steps) or a list of fault rules, not {show(value)}"
            self.problems.append(self.document.problem((), message))
            return Scenario(self.document, "", 0)
        page = _Page(self, self.document, (File(self.document.file),))
        if "examples" in value:
            for path, message in table_problems(value["examples"]):
                page.note(path, message)
        head = page.head(value)
        chaos = page.chaos(str(fill_known(head.chaos, row.names))) if head.chaos is not None else ()
        steps = tuple(page.steps(head))
        world = world_name(self.document.file, row.label)
        name = head.name or world_name(self.document.file).replace("_", " ")
        return Scenario(
            document=self.document,
            name=f"{name} ({row.label})" if row.label else name,
            seed=zlib.crc32(world.encode()) if head.seed is None else head.seed,
            world=world,
            example=row.label,
            tags=head.tags,
            requires=tuple(dict.fromkeys(self.requires)),
            starts_at=head.starts_at,
            settle=head.settle,
            app_settings=head.app_settings,
            chaos=chaos,
            steps=steps,
        )


class _Page(Struct, frozen=True):
    """One file of a scenario; `opened` are the files that led to it, itself the last."""

    reading: _Reading
    document: Document
    opened: tuple[File, ...]

    def note(self, path: Path, message: str, *, key: bool = False) -> None:
        told = self.document.key_problem if key else self.document.problem
        self.reading.problems.append(told(path, message))

    def head(self, value: Mapping[str, object]) -> Head:
        if value.get("steps", []) == []:
            self.note(("steps",), 'a scenario needs "steps", a list with at least one')
        head = self._model(Head, value, ()) or Head(given=value.get("given"), steps=tuple(_list(value.get("steps"))))
        self.reading.requires += head.requires
        return head

    def chaos(self, name: str) -> tuple[Rule, ...]:
        """The rules of the profile that this scenario names."""
        document = self._read_beside(name, ("chaos",))
        if document is None:
            return ()
        if not isinstance(document.value, list):
            self.note(("chaos",), f'"{name}" is no chaos profile: expected a list of fault rules')
            return ()
        try:
            return _profile(document, self.reading.check_rule).rules
        except Mistakes as error:
            self.reading.problems += error.problems
            return ()

    def steps(self, head: Head) -> Iterator[Placed]:
        if head.given is not None:
            yield from self._step({"given": head.given}, ())
        for index, raw in enumerate(head.steps):
            yield from self._step(raw, ("steps", index))

    def _step(self, written: object, path: Path) -> Iterator[Placed]:
        raw = fill_known(written, self.reading.row.names)
        verb = self._verb(raw, path)
        if verb is None or not isinstance(raw, dict):
            return
        if verb == "together":
            yield from self._together(raw, path)
            return
        step = self._model(VERBS[verb], raw, path)
        self._check_names(verb, raw, path)
        for inner, message in VERBS[verb].problems(raw, self.reading.check_rule):
            self.note((*path, *inner), message)
        self.reading.saved |= self._saves_of(raw, path)
        if isinstance(step, IncludeStep):
            yield from self._included(step.include, (*path, "include"))
        elif step is not None:
            assert not isinstance(step, TogetherStep)
            yield Placed(verb, step, self.document, path, _title(verb, raw))

    def _verb(self, raw: object, path: Path) -> str | None:
        if not isinstance(raw, dict) or not raw:
            self.note(path, f"expected a step: a mapping with one of {one_of(VERBS)}")
            return None
        verbs = [str(key) for key in raw if key in VERBS]
        if len(verbs) == 1:
            return verbs[0]
        if verbs:
            self.note(
                (*path, verbs[1]), f"one verb a step; here are {one_of(verbs).replace(' or ', ' and ')}", key=True
            )
        else:
            meant = next((key for key in raw if "mean" in nearest(key, VERBS)), next(iter(raw), ""))
            self.note((*path, meant), f'unknown verb "{meant}"{nearest(meant, VERBS)}', key=True)
        return None

    def _together(self, raw: Mapping[str, object], path: Path) -> Iterator[Placed]:
        """None of the steps that stand together may count on what another of them saves."""
        at: Path = (*path, "together")
        step, before, members = self._model(TogetherStep, raw, path), frozenset(self.reading.saved), []
        saved = set(before)
        for index, one in enumerate(_list(raw["together"])):
            strange = [verb for verb in VERBS if verb not in MEMBERS and isinstance(one, dict) and verb in one]
            if strange:
                self.note((*at, index, strange[0]), f'expected {one_of(MEMBERS)} here, not "{strange[0]}"', key=True)
                continue
            self.reading.saved = set(before)
            for placed in self._step(one, (*at, index)):
                assert isinstance(placed.step, MemberStep)
                members.append(Member(placed.title, placed.step, ("together", index)))
            saved |= self.reading.saved
        self.reading.saved = saved
        for inner, message in TogetherStep.problems(raw, self.reading.check_rule):
            self.note((*path, *inner), message)
        if step is not None:
            yield Placed("together", Together(tuple(members)), self.document, path, "together")

    def _included(self, name: str, path: Path) -> Iterator[Placed]:
        file = self._beside(name)
        opened = [_identity(one) for one in self.opened]
        if _identity(file) in opened:
            way = [one.name for one in (*opened[opened.index(_identity(file)) :], file)]
            self.note(path, f"{file} includes itself" + (f": {' → '.join(way)}" if len(opened) > 1 else ""))
            return
        document = self._read_beside(name, path)
        if document is None:
            return
        page = _Page(self.reading, document, (*self.opened, file))
        if not isinstance(document.value, dict):
            self.note(path, f'"{name}" is no scenario: expected a mapping with steps, not {show(document.value)}')
            return
        if "examples" in document.value:
            self.note(path, f'"{name}" has examples; a file that has them cannot be included')
        yield from page.steps(page.head(document.value))

    def _beside(self, name: str) -> File:
        return File(os.path.normpath(File(self.document.file).parent / name))

    def _read_beside(self, name: str, path: Path) -> Document | None:
        """A file as seen from this one; notes what is wrong if it is not there, or is no YAML."""
        file = self._beside(name)
        if not file.is_file():
            beside = sorted(one.name for one in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
            self.note(path, f'there is no file "{file}"{_near(file.name, beside)}')
            return None
        try:
            return read(file)
        except Mistakes as error:
            self.reading.problems += error.problems
            return None

    def _model(self, model: type[M], raw: object, path: Path) -> M | None:
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for found in without_echoes(error.errors()):
                inner, is_key = tuple(found["loc"]), found["type"] == "extra_forbidden"
                if inner[-1:] == ("[key]",):  # pydantic's mark for a mapping's key
                    inner, is_key = inner[:-1], True
                message = _misplaced(inner) if is_key and model in VERBS.values() else ""
                self.note((*path, *inner), message or explain(found, model), key=is_key)
            return None

    def _check_names(self, verb: str, raw: Mapping[str, object], path: Path) -> None:
        saved = self.reading.saved
        known = saved | (set(NAMES) if verb == "provider" else set())
        for inner, name in names_in({key: value for key, value in raw.items() if key != "save"}):
            if name not in known:
                hint = nearest(name, sorted(known | self.reading.row.names.keys()))
                self.note((*path, *inner), f'nothing before this step saves "{{{name}}}"{hint}')

    def _saves_of(self, raw: Mapping[str, object], path: Path) -> set[str]:
        """The names that a step saves, also where the step is wrong otherwise: one mistake is told once."""
        save, given = raw.get("save"), raw.get("given")
        names = set(save) if isinstance(save, dict) else set()
        for one in given if isinstance(given, list) else [given]:
            customer = one.get("customer") if isinstance(one, dict) else None
            if isinstance(customer, dict):
                names.add(str(customer.get("save")))
        for name in sorted(names & self.reading.row.names.keys()):
            self.note((*path, "save", name), f'the examples have a "{name}" already; save it by another name', key=True)
        return names


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _identity(file: File) -> File:
    return file.resolve()


def _near(word: str, known: list[str]) -> str:
    hint = nearest(word, known)
    return hint if "did you mean" in hint else ""


def _misplaced(path: Path) -> str:
    """What is wrong with a key that belongs to other verbs than the one it stands beside; empty for all others."""
    owners = [
        verb
        for verb, step in VERBS.items()
        if len(path) == 1 and path[0] in {field.alias or name for name, field in step.model_fields.items()}
    ]
    return f'"{path[0]}" does not belong here; it goes with {one_of(owners)}' if owners else ""


def _title(verb: str, raw: Mapping[str, object]) -> str:
    """`app POST /deposits`, `wait callback`, `fault NAME`: how reports call the step."""
    value = raw[verb]
    if isinstance(value, str):
        return f"{verb} {value}"
    if verb == "fault" and isinstance(value, dict):
        return f"fault {value.get('name')}"
    return verb
