"""One HTTP exchange as the harness sees it: what is asked, what came back, and what was expected of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

from msgspec import Struct, field
from pydantic import Field, StrictBool, StrictInt, ValidatorFunctionWrapHandler, WrapValidator

from harness.data import Data, Save
from harness.matching import MISSING, Mismatch, check, find, match, matcher_of, show
from harness.yaml_lines import Path

SHOWN = 300


class Request(Struct, frozen=True):
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None


class Answer(Struct, frozen=True):
    """What came back; `body` is the JSON value, or the text where it is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: object

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def __str__(self) -> str:
        text = show(self.body)
        return f"{self.status} {text if len(text) <= SHOWN else text[:SHOWN] + '…'}"


class NoAnswer(Exception):
    """The other side closed the connection, or never answered."""


class StepFailed(Exception):
    """A step found something else than the scenario expects."""

    def __init__(self, *mismatches: Mismatch, note: str = "") -> None:
        self.mismatches = mismatches
        self.note = note
        super().__init__("; ".join(map(str, mismatches)))


def _number_or_matcher(value: object, number: ValidatorFunctionWrapHandler) -> object:
    return value if matcher_of(value) is not None else number(value)


HttpStatus = Annotated[StrictInt, Field(ge=100, le=599)]
StatusExpect = Annotated[
    HttpStatus, WrapValidator(_number_or_matcher, json_schema_input_type=HttpStatus | dict[str, object])
]


class Expect(Data):
    """What an answer must be. Without `status`, any 2xx will do; with one, that or what a matcher says."""

    status: StatusExpect | None = None
    body: object = MISSING
    headers: Mapping[str, object] = {}
    no_answer: StrictBool = False

    def filled(self, fill: Callable[[object], object]) -> Expect:
        return self.model_copy(update={"body": fill(self.body), "headers": fill(self.headers)})

    def mismatches(self, answer: Answer) -> Iterator[Mismatch]:
        path: Path = ("expect",)
        if self.no_answer:
            yield Mismatch("answer", "none", str(answer), (*path, "no_answer"))
        elif self.status is None and not answer.is_good:
            yield Mismatch("status", "2xx", str(answer.status), path)
        elif self.status is not None:
            yield from match(self.status, answer.status, "status", (*path, "status"))
        if self.body is not MISSING:
            yield from match(self.body, answer.body, "$", (*path, "body"))
        lowered = {name.lower(): value for name, value in answer.headers.items()}
        for name, wanted in self.headers.items():
            yield from match(wanted, lowered.get(name.lower(), MISSING), name, (*path, "headers", name))


def expect_problems(raw: object, parts: tuple[str, ...] = ("status", "body", "headers")) -> Iterator[tuple[Path, str]]:
    """What is wrong with the expectations under `expect` as a file has it."""
    if isinstance(raw, dict):
        for part in parts:
            yield from check(raw.get(part), ("expect", part))


def saved(save: Save, body: object) -> dict[str, object]:
    """The values that `save` names; raises `StepFailed` with all that are not there."""
    found = {name: find(body, path) for name, path in save.items()}
    absent = [
        Mismatch(save[name], "something to save", "nothing", ("save", name))
        for name, value in found.items()
        if value is MISSING
    ]
    if absent:
        raise StepFailed(*absent, note=f"it was {show(body)[:SHOWN]}")
    return found


def verify(expect: Expect, save: Save, answer: Answer) -> dict[str, object]:
    """What to save, once `answer` is as expected; raises `StepFailed` with every mismatch at once."""
    wrong = list(expect.mismatches(answer))
    if wrong:
        raise StepFailed(*wrong, note=f"the answer was {answer}")
    return saved(save, answer.body)
