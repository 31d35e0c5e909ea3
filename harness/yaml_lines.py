"""YAML with the place of every value kept. Scalars are JSON's: no `yes`, no sexagesimal numbers, no dates.

Duplicate keys, tabs in an indentation, aliases and tags are mistakes, and each is told with its line and column.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path as File

import yaml
from msgspec import Struct, field

from harness.problems import Mistakes, Problem

Path = tuple[str | int, ...]

JSON_WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None, "": None}
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
OPENERS = ("[", "{", "- ", "? ")
DEEPEST = 100
TAGS: Mapping[type[yaml.Node], str] = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}
PLAIN_TAGS = frozenset(TAGS.values())


class Mark(Struct, frozen=True):
    line: int
    column: int


class Document(Struct, frozen=True):
    """A file's value, and the nodes that it was read from: where in the file each part of it stands."""

    file: str
    value: object
    root: yaml.Node

    def in_brief(self) -> Document:
        """Its name alone."""
        return Document(self.file, None, yaml.ScalarNode("", ""))

    def at(self, path: Path) -> Mark:
        """Where the value at `path` stands, or the nearest thing around it that the file has."""
        return _mark(self._found(path)[1])

    def key_at(self, path: Path) -> Mark:
        """Where the key at `path` stands; what has no key, by its value."""
        return _mark(self._found(path)[0])

    def _found(self, path: Path) -> tuple[yaml.Node, yaml.Node]:
        """The key and the value at `path` without the parts that the file does not have."""
        found = self.root, self.root
        for part in path:
            found = next(((key, item) for name, key, item in _parts(found[1]) if name == part), found)
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
    value = reader.value(node, node)
    if reader.problems:
        raise Mistakes(reader.problems)
    return Document(file, value, node)


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
    if "\t" not in text:
        return []
    return [
        Problem(file, number, indentation.index("\t") + 1, "a tab; indent with spaces")
        for number, line in enumerate(text.split("\n"), start=1)
        if "\t" in (indentation := line[: len(line) - len(line.lstrip())]) and line.strip()
    ]


class _Loader(yaml.CLoader):
    """Resolves nothing by itself: what a plain scalar means is decided here, by JSON's rules."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: object) -> str:
        return TAGS[kind]


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


class _Reader(Struct):
    file: str
    problems: list[Problem] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, name: yaml.Node) -> object:
        """What `node` holds; `name` is the key that it stands under, or itself."""
        if id(node) in self.seen:
            self._refuse(name, "an alias (*) is not allowed here; write the value out")
            return None
        self.seen.add(id(node))
        if node.tag not in PLAIN_TAGS:
            self._refuse(node, f'a tag ("{node.tag}") is not allowed here')
            return None
        if isinstance(node, yaml.ScalarNode):
            return scalar(node.value) if node.style in (None, "") else node.value
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        return [self.value(item, item) for item in node.value]

    def _mapping(self, node: yaml.MappingNode) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(key, "a key must be text")
            elif key.value in found:
                first = next(_mark(other).line for name, other, _ in _parts(node) if name == key.value)
                self._refuse(key, f'the key "{key.value}" is here twice (first on line {first})')
            else:
                found[key.value] = self.value(item, key)
        return found

    def _refuse(self, node: yaml.Node, message: str) -> None:
        mark = _mark(node)
        self.problems.append(Problem(self.file, mark.line, mark.column, message))


def _parts(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node, yaml.Node]]:
    """What stands in a node: its name, its key or else itself, and its value."""
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, key, item) for key, item in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from ((index, item, item) for index, item in enumerate(node.value))


def _mark(node: yaml.Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def scalar(text: str) -> object:
    """What an unquoted scalar means: JSON's `true false null` and numbers; nothing at all is null; the rest is text."""
    if text in JSON_WORDS:
        return JSON_WORDS[text]
    if INTEGER.fullmatch(text) and len(text) < 400:
        return int(text)
    return float(text) if NUMBER.fullmatch(text) else text
