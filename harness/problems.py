"""What is wrong with what a person wrote, where it stands, and the nearest right word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace


class Problem(Struct, frozen=True, order=True):
    """One mistake in a file; reads as `file:line:column: message`."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"

    def with_note(self, note: str) -> Problem:
        return replace(self, message=self.message + note)


class Mistake(Exception):
    """The caller's own mistake: told in plain words, exit code 2, never a traceback."""


class Mistakes(Mistake):
    """All that is wrong with the files, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: object, known: Iterable[str]) -> str:
    """`; did you mean "x"?`, or what would have been right when nothing is near."""
    words = {one.lower(): one for one in known}
    near = difflib.get_close_matches(str(word).lower(), words, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{words[near[0]]}"?'
    return f"; expected {one_of(words.values())}" if words else ""


def one_of(words: Iterable[object]) -> str:
    """`"a", "b" or "c"`."""
    quoted = [f'"{word}"' for word in words]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))
