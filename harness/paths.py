"""Which scenario files a command line means, and reading them all before any is played."""

from __future__ import annotations

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
        if isinstance(loaded, Profile):
            profiles.append(loaded)
        else:
            scenarios += loaded
    if problems:
        raise Mistakes(problems)
    return scenarios, profiles


def selected(scenarios: Iterable[Scenario], word: str | None, tags: Iterable[str] = ()) -> list[Scenario]:
    """Those with `word` in file, name or tags, whatever its case, and with one of `tags`, if any are named."""
    scenarios, wanted = list(scenarios), set(tags)
    known = sorted({tag for one in scenarios for tag in one.tags})
    for tag in sorted(wanted - set(known)):
        raise Mistake(f'no scenario has the tag "{tag}"{nearest(tag, known)}')
    chosen = [one for one in scenarios if not wanted or wanted & set(one.tags)]
    chosen = [one for one in chosen if word is None or word.lower() in _text(one)]
    if not chosen:
        raise Mistake("no scenario to run" if word is None else f'no scenario has "{word}" in its file, name or tags')
    return chosen


def _text(scenario: Scenario) -> str:
    return " ".join([scenario.file, scenario.name, *scenario.tags]).lower()


def journal_files(scenarios: Iterable[Scenario], folder: File) -> list[File]:
    """A file for each scenario's journal, named for the scenario's own file; the second of a name is `name-2`."""
    taken: dict[str, int] = {}
    files = []
    for scenario in scenarios:
        taken[scenario.world] = count = taken.get(scenario.world, 0) + 1
        files.append(folder / (scenario.world + (f"-{count}" if count > 1 else "") + ".jsonl"))
    return files
