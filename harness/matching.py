"""Whether an answer is as expected: literals, mappings to descend into, matchers (`equals matches exists one_of`).

`match` reports every mismatch at once; `check` finds what is wrong with an expectation before anything runs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from enum import Enum

import orjson
from msgspec import Struct

from harness.problems import nearest, one_of
from harness.yaml_lines import Path

MATCHERS = ("equals", "matches", "exists", "one_of")
FOREIGN = {"regex": "matches", "pattern": "matches", "contains": "matches", "eq": "equals", "any_of": "one_of"}
JSON_PATH = re.compile(r"\$(?:\.[^.\[\]\s]+|\[-?[0-9]+\])*")
PART = re.compile(r"\.([^.\[\]\s]+)|\[(-?[0-9]+)\]")


class Missing(Enum):
    """What `find` answers where there is nothing, which is not the same as null."""

    MISSING = "nothing"


MISSING = Missing.MISSING


class Mismatch(Struct, frozen=True):
    """One thing that was not as expected; `path` leads to the expectation within its step."""

    where: str
    expected: str
    actual: str
    path: Path = ()

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.actual}"


def find(document: object, path: str) -> object:
    """What stands at the JSON path in `document`, or `MISSING`."""
    for part in _parts(path):
        if isinstance(part, int):
            document = _item(document, part)
        else:
            document = document.get(part, MISSING) if isinstance(document, dict) else MISSING
    return document


@functools.lru_cache(1024)  # every look at an app reads the same paths
def _parts(path: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else name for name, index in PART.findall(path))


def _item(document: object, index: int) -> object:
    if isinstance(document, list) and -len(document) <= index < len(document):
        return document[index]
    return MISSING


def show(value: object) -> str:
    """A value as JSON; nothing at all as the word `nothing`."""
    return MISSING.value if value is MISSING else orjson.dumps(value, default=str).decode()


def match(expected: object, actual: object, where: str = "$", path: Path = ()) -> Iterator[Mismatch]:
    """Every way in which `actual` is not as `expected`."""
    matcher = matcher_of(expected)
    if matcher is not None:
        yield from _match_with(matcher, expected[matcher], actual, where, (*path, matcher))  # type: ignore[index]
    elif isinstance(expected, dict):
        yield from _match_mapping(expected, actual, where, path)
    elif isinstance(expected, list):
        yield from _match_list(expected, actual, where, path)
    elif not same(expected, actual):
        yield Mismatch(where, show(expected), show(actual), path)


def matcher_of(expected: object) -> str | None:
    """The matcher's name when `expected` is one."""
    if isinstance(expected, dict) and len(expected) == 1:
        (key,) = expected
        return key if key in MATCHERS else None
    return None


def same(one: object, other: object) -> bool:
    """Equal as JSON: `true` is not 1, but 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


def _match_mapping(expected: dict[str, object], actual: object, where: str, path: Path) -> Iterator[Mismatch]:
    if not isinstance(actual, dict):
        yield Mismatch(where, "a mapping", show(actual), path)
        return
    for key, value in expected.items():
        if key.startswith("$"):
            yield from match(value, find(actual, key), where + key[1:], (*path, key))
        else:
            yield from match(value, actual.get(key, MISSING), f"{where}.{key}", (*path, key))


def _match_list(expected: list[object], actual: object, where: str, path: Path) -> Iterator[Mismatch]:
    if not isinstance(actual, list):
        yield Mismatch(where, "a list", show(actual), path)
    elif len(actual) != len(expected):
        yield Mismatch(where, f"a list of {len(expected)}", f"{len(actual)}: {show(actual)}", path)
    else:
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from match(one, other, f"{where}[{index}]", (*path, index))


def _match_with(matcher: str, wanted: object, actual: object, where: str, path: Path) -> Iterator[Mismatch]:
    if matcher == "equals" and not same(wanted, actual):
        yield Mismatch(where, f"exactly {show(wanted)}", show(actual), path)
    if matcher == "matches" and not (actual is not MISSING and re.search(str(wanted), _as_text(actual))):
        yield Mismatch(where, f"text that matches {wanted}", show(actual), path)
    if matcher == "exists" and (actual is not MISSING) is not wanted:
        yield Mismatch(where, "something" if wanted else "nothing", show(actual), path)
    if matcher == "one_of" and not (isinstance(wanted, list) and any(same(one, actual) for one in wanted)):
        yield Mismatch(where, f"one of {show(wanted)}", show(actual), path)


def _as_text(actual: object) -> str:
    return actual if isinstance(actual, str) else show(actual)


def check(expected: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """What is wrong with an expectation, each with its path."""
    if isinstance(expected, list):
        for index, item in enumerate(expected):
            yield from check(item, (*path, index))
    if not isinstance(expected, dict):
        return
    matcher = matcher_of(expected)
    if matcher is not None:
        yield from _check_matcher(matcher, expected[matcher], (*path, matcher))
        return
    yield from _check_keys(expected, path)
    for key, value in expected.items():
        yield from check(value, (*path, key))


def _check_keys(expected: dict[str, object], path: Path) -> Iterator[tuple[Path, str]]:
    first, *beside = [key for key in expected if key in MATCHERS] or [""]
    for key in expected:
        if key.startswith("$") and not JSON_PATH.fullmatch(key):
            yield (*path, key), f'"{key}" is not a JSON path; expected something like $.a.b[0]'
        if key in MATCHERS and key != first:
            yield (*path, key), f'one matcher a value; here are "{first}" and "{key}"'
        elif key in MATCHERS and not beside:
            others = one_of(other for other in expected if other != key).replace(" or ", " and ")
            yield (*path, key), f'the matcher "{key}" stands alone; here it stands beside {others}'
        elif len(expected) == 1 and (right := _meant(key)):
            yield (*path, key), f'unknown matcher "{key}"{right}'


@functools.cache
def _meant(key: str) -> str:
    """The matcher that a single key was meant to be, if it looks like one."""
    if key in FOREIGN:
        return f'; did you mean "{FOREIGN[key]}"?'
    hint = nearest(key, MATCHERS)
    return hint if "did you mean" in hint else ""


def _check_matcher(matcher: str, wanted: object, path: Path) -> Iterator[tuple[Path, str]]:
    if matcher == "exists" and not isinstance(wanted, bool):
        yield path, f"exists: expected true or false, not {show(wanted)}"
    if matcher == "one_of" and not (isinstance(wanted, list) and wanted):
        yield path, f"one_of: expected a list of values, not {show(wanted)}"
    if matcher == "matches":
        if not isinstance(wanted, str):
            yield path, f"matches: expected a regular expression as text, not {show(wanted)}"
            return
        try:
            re.compile(wanted)
        except re.error as error:
            yield path, f"matches: {show(wanted)} is not a regular expression: {error}"
