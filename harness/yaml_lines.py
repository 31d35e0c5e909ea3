"""YAML with the place of every value kept. Scalars are JSON's: no `yes`, no sexagesimal numbers, no dates.

Duplicate keys, tabs in an indentation, aliases and tags are mistakes, and each is told with its line and column.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as File

import yaml

from harness.problems import Mistakes, Problem

Path = tuple[str | int, ...]

JSON_WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None, "": None}
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
OPENERS = ("[", "{", "- ", "? ")
DEEPEST = 100
PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}


@dataclass(frozen=True)
class Mark:
    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """A file's value, and where in the file each part of it stands."""

    file: str
    value: object
    values: Mapping[Path, Mark]
    keys: Mapping[Path, Mark]

    def at(self, path: Path) -> Mark:
        """Where the value at `path` stands, or the nearest thing around it that the file has."""
        return self.values.get(self._within(path), Mark(1, 1))

    def key_at(self, path: Path) -> Mark:
        """Where the key at `path` stands; what has no key, by its value."""
        return self.keys.get(self._within(path)) or self.at(path)

    def _within(self, path: Path) -> Path:
        """`path` without the parts that the file does not have."""
        found: Path = ()
        for part in path:
            if (*found, part) in self.values:
                found = (*found, part)
        return found

    def problem(self, path: Path, message: str) -> Problem:
        return self._problem(self.at(path), message)

    def key_problem(self, path: Path, message: str) -> Problem:
        return self._problem(self.key_at(path), message)

    def _problem(self, mark: Mark, message: str) -> Problem:
        return Problem(self.file, mark.line, mark.column, message)


def read(file: File) -> Document:
    """The document in `file`; raises `Mistakes` with everything that is wrong with it as YAML."""
    return parse(_text(file), str(file))


def parse(text: str, file: str) -> Document:
    problems = _tabs(text, file)
    if problems:
        raise Mistakes(problems)
    if sum(map(text.count, OPENERS)) > DEEPEST and _is_too_deep(text):
        raise Mistakes([Problem(file, 1, 1, f"nested more than {DEEPEST} deep")])
    node = _compose(text, file)
    if node is None:
        raise Mistakes([Problem(file, 1, 1, "the file is empty; expected a scenario or a list of fault rules")])
    reader = _Reader(file)
    value = reader.value(node, ())
    if reader.problems:
        raise Mistakes(reader.problems)
    return Document(file, value, reader.values, reader.keys)


def _is_too_deep(text: str) -> bool:
    """The composer recurses in C, where too deep is the end of the process; the parser does not, and stops in time."""
    depth = 0
    with contextlib.suppress(yaml.YAMLError):
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                return True
    return False


def _text(file: File) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Mistakes([Problem(str(file), 1, 1, f"cannot be read: {error.strerror}")]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise Mistakes([Problem(str(file), line, column, "this is not UTF-8 text")]) from None


def _tabs(text: str, file: str) -> list[Problem]:
    """A tab in a line's indentation; elsewhere YAML allows it."""
    return [
        Problem(file, number, indentation.index("\t") + 1, "a tab; indent with spaces")
        for number, line in enumerate(text.split("\n"), start=1)
        if "\t" in (indentation := line[: len(line) - len(line.lstrip())]) and line.strip()
    ]


class _Loader(yaml.CLoader):
    """Resolves nothing by itself: what a plain scalar means is decided here, by JSON's rules."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - the loader's own name


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
        finally:
            loader.dispose()
        return node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = " ".join(filter(None, [error.context, error.problem]))
        raise Mistakes([Problem(file, line, column, f"not YAML: {message}")]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Mistakes([Problem(file, line, column, f"not YAML: {error.reason}")]) from None


@dataclass
class _Reader:
    file: str
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, path: Path) -> object:
        self.values[path] = _mark(node)
        if id(node) in self.seen:
            self._refuse(self.keys.get(path, _mark(node)), "an alias (*) is not allowed here; write the value out")
            return None
        self.seen.add(id(node))
        if node.tag not in PLAIN_TAGS:
            self._refuse(_mark(node), f'a tag ("{node.tag}") is not allowed here')
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return scalar(node.value) if node.style in (None, "") else node.value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(_mark(key), "a key must be text")
                continue
            if key.value in found:
                first = self.keys[(*path, key.value)].line
                self._refuse(_mark(key), f'the key "{key.value}" is here twice (first on line {first})')
                continue
            self.keys[(*path, key.value)] = _mark(key)
            found[key.value] = self.value(item, (*path, key.value))
        return found

    def _refuse(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(self.file, mark.line, mark.column, message))


def _mark(node: yaml.Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def scalar(text: str) -> object:
    """What an unquoted scalar means: JSON's `true false null` and numbers; nothing at all is null; the rest is text."""
    if text in JSON_WORDS:
        return JSON_WORDS[text]
    if INTEGER.fullmatch(text) and len(text) < 400:
        return int(text)
    return float(text) if NUMBER.fullmatch(text) else text
