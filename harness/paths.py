"""Which scenarios a command line means, and the files that they are read from and written to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path as File

from harness.data import CheckRule
from harness.problems import Mistake, Mistakes, Problem, nearest
from harness.reading import load
from harness.scenario import Profile, Scenario

SUFFIXES = (".yaml", ".yml")


def files_in(paths: Iterable[str]) -> list[File]:
    """The files named, and all YAML files in the folders named, each once."""
    found = [file for path in paths for file in _files(File(path))]
    return list(dict.fromkeys(found))


def _files(path: File) -> Iterator[File]:
    if not path.exists():
        raise Mistake(f"{path}: there is no such file or folder")
    if not path.is_dir():
        yield path
        return
    inside = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    inside = [file for file in inside if not _is_part(file.relative_to(path))]
    if not inside:
        raise Mistake(f"{path}: there is no .yaml file in this folder")
    yield from inside


def _is_part(file: File) -> bool:
    """What other files include and is no story of its own: its name, or a folder's, begins with `_`."""
    return any(part.startswith("_") for part in file.parts)


def load_each(files: Iterable[File], check_rule: CheckRule) -> Iterator[Scenario]:
    """The scenarios of all files up to the first with a mistake; at the end raises `Mistakes` with those of all."""
    problems: list[Problem] = []
    for file in files:
        try:
            loaded = load(file, check_rule)
        except Mistakes as error:
            problems += error.problems
            continue
        if not problems and not isinstance(loaded, Profile):
            yield from loaded
    if problems:
        raise Mistakes(problems)


def load_all(files: Iterable[File], check_rule: CheckRule) -> list[Scenario]:
    """The scenarios of all files; raises `Mistakes` with what is wrong in any of them."""
    return list(load_each(files, check_rule))


class Selection:
    """Scenarios with `word` in file, name or tags, whatever its case, and with one of `tags`, if any are named."""

    def __init__(self, word: str | None, tags: Iterable[str] = ()) -> None:
        self._word, self._tags = word, set(tags)
        self._known_tags: set[str] = set()
        self._has_taken = False

    def takes(self, scenario: Scenario) -> bool:
        self._known_tags.update(scenario.tags)
        taken = not self._tags or not self._tags.isdisjoint(scenario.tags)
        taken = taken and (self._word is None or self._word.lower() in _text(scenario))
        self._has_taken |= taken
        return taken

    def check(self) -> None:
        """After all were seen: raises `Mistake` when a tag is no scenario's, or none was taken."""
        known = sorted(self._known_tags)
        for tag in sorted(self._tags.difference(known)):
            raise Mistake(f'no scenario has the tag "{tag}"{nearest(tag, known)}')
        if not self._has_taken:
            told = (
                "no scenario to run"
                if self._word is None
                else f'no scenario has "{self._word}" in its file, name or tags'
            )
            raise Mistake(told)


def _text(scenario: Scenario) -> str:
    return " ".join([scenario.file, scenario.name, *scenario.tags]).lower()


class JournalFiles:
    """A file for each scenario's journal, named for the scenario's own file; the second of a name is `name-2`."""

    def __init__(self, folder: File) -> None:
        self._folder = folder
        self._taken: Counter[str] = Counter()

    def next(self, scenario: Scenario) -> File:
        self._taken[scenario.world] += 1
        count = self._taken[scenario.world]
        return self._folder / (scenario.world + (f"-{count}" if count > 1 else "") + ".jsonl")
