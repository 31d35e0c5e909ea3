"""`pesabox run` and `pesabox check`."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import click

from harness.factories import BUNDLED, find_factory
from harness.loop import run_loop
from harness.paths import files_in, journal_files, load_all, selected
from harness.problems import Mistake
from harness.report import lines, summary, write_journal, write_junit

if TYPE_CHECKING:
    from harness.runner import Verdict
    from harness.scenario import Scenario

TARGET = "simulator"
PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATHS...")


@dataclass(frozen=True)
class Wish:
    """What a run's command line asks for."""

    paths: tuple[str, ...]
    target: str
    app: str
    seed: int | None
    word: str | None
    junit: File | None
    journal: File | None

    @property
    def replay_flags(self) -> tuple[str, ...]:
        return () if self.app == BUNDLED else ("--app", self.app)


@click.command()
@PATHS
@click.option("--target", default=TARGET, show_default=True, envvar="PESABOX_TARGET", help="Where to run.")
@click.option("--app", default=BUNDLED, show_default=True, envvar="PESABOX_APP", help="The app, as MODULE:FACTORY.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), envvar="PESABOX_SEED", help="Instead of each scenario's own."
)
@click.option("-k", "word", metavar="TEXT", help="Only scenarios with TEXT in file or name.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=File), help="Write a JUnit report there.")
@click.option(
    "--journal", type=click.Path(file_okay=False, path_type=File), help="Write each scenario's journal there."
)
def run(**wishes: Any) -> None:
    """Plays scenarios: files, or folders of them.

    Exit code 0 when all passed, 1 when one failed, 2 when something is wrong with a file or a flag.
    """
    wish = Wish(**wishes)
    if wish.target != TARGET:
        raise Mistake(f'unknown target "{wish.target}"; expected "{TARGET}"')
    from harness.targets.simulator import check_rule

    scenarios, _ = load_all(files_in(wish.paths), check_rule)
    scenarios = selected(scenarios, wish.word)
    if any(scenario.needs_app for scenario in scenarios):
        find_factory(wish.app)
    verdicts = run_loop(_play_all(scenarios, wish))
    click.echo(summary(verdicts))
    if not all(verdict.is_good for verdict in verdicts):
        raise click.exceptions.Exit(1)


@click.command()
@PATHS
def check(paths: tuple[str, ...]) -> None:
    """Reads scenarios and chaos profiles without running them; tells every mistake with file, line and column."""
    from harness.targets.simulator import check_rule

    files = files_in(paths)
    load_all(files, check_rule)
    click.echo(f"{len(files)} {'file is' if len(files) == 1 else 'files are'} good")


async def _play_all(scenarios: list[Scenario], wish: Wish) -> list[Verdict]:
    """One after another in one simulator; each verdict is told as soon as it is known."""
    from harness.runner import Setting, play
    from harness.targets.simulator import simulator

    journals = _journals(scenarios, wish)
    verdicts: list[Verdict] = []
    async with simulator() as target:
        setting = Setting(target, target.http, functools.partial(find_factory, wish.app), seed=wish.seed)
        for number, scenario in enumerate(scenarios, start=1):
            with _progress(f"[{number}/{len(scenarios)}] {scenario.file}"):
                verdict = await play(scenario, setting)
            verdicts.append(verdict)
            for line in lines(verdict, wish.replay_flags):
                click.echo(line)
            if journals and not verdict.skipped:
                write_journal(verdict, journals[number - 1])
    if wish.junit is not None:
        with _writing(wish.junit):
            write_junit(verdicts, wish.junit)
    return verdicts


def _journals(scenarios: list[Scenario], wish: Wish) -> list[File]:
    if wish.journal is None:
        return []
    with _writing(wish.journal):
        wish.journal.mkdir(parents=True, exist_ok=True)
    return journal_files(scenarios, wish.journal)


@contextlib.contextmanager
def _writing(file: File) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Mistake(f"{file}: cannot be written: {error.strerror}") from None


@contextlib.contextmanager
def _progress(line: str) -> Iterator[None]:
    """On a terminal, what is being played, until it is."""
    if not sys.stderr.isatty():
        yield
        return
    click.echo(line, err=True, nl=False)
    try:
        yield
    finally:
        click.echo("\r\033[K", err=True, nl=False)
