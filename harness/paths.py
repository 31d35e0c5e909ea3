"""Which scenario files a command line means, and reading them all before any is played."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path as File

from harness.data import CheckRule
from harness.problems import Mistake, Mistakes, Problem
from harness.scenario import Profile, Scenario, load

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
    if not inside:
        raise Mistake(f"{path}: there is no .yaml file in this folder")
    yield from inside


def load_all(files: Iterable[File], check_rule: CheckRule) -> tuple[list[Scenario], list[Profile]]:
    """All files, read; raises `Mistakes` with what is wrong in any of them."""
    scenarios: list[Scenario] = []
    profiles: list[Profile] = []
    problems: list[Problem] = []
    for file in files:
        try:
            loaded = load(file, check_rule)
        except Mistakes as error:
            problems += error.problems
            continue
        if isinstance(loaded, Scenario):
            scenarios.append(loaded)
        else:
            profiles.append(loaded)
    if problems:
        raise Mistakes(problems)
    return scenarios, profiles


def selected(scenarios: Iterable[Scenario], word: str | None) -> list[Scenario]:
    """Those whose file or name contains `word`, whatever its case."""
    chosen = [one for one in scenarios if word is None or word.lower() in f"{one.file} {one.name}".lower()]
    if not chosen:
        raise Mistake("no scenario to run" if word is None else f'no scenario has "{word}" in its file or name')
    return chosen


def journal_files(scenarios: Iterable[Scenario], folder: File) -> list[File]:
    """A file for each scenario's journal, named for the scenario's own file; the second of a name is `name-2`."""
    taken: dict[str, int] = {}
    files = []
    for scenario in scenarios:
        taken[scenario.world] = count = taken.get(scenario.world, 0) + 1
        files.append(folder / (scenario.world + (f"-{count}" if count > 1 else "") + ".jsonl"))
    return files
