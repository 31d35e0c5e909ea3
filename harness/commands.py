"""`pesabox run` and `pesabox check`."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct
from msgspec.structs import replace

from harness.factories import BUNDLED, find_factory
from harness.loop import run_loop
from harness.paths import JournalFiles, Selection, files_in, load_each
from harness.problems import Mistake, Mistakes
from harness.report import lines, summary, write_journal
from harness.targets.choice import IN_PROCESS, check_app, check_target, is_url, opened, running_app

if TYPE_CHECKING:
    from harness.app_profile import AppProfile
    from harness.runner import Verdict
    from harness.scenario import Scenario

PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATHS...")


class Wish(Struct, frozen=True):
    """What a run's command line asks for."""

    paths: tuple[str, ...]
    target: str
    app: str
    app_profile: File | None
    world: str | None
    control_token: str | None
    seed: int | None
    word: str | None
    tags: tuple[str, ...]
    junit: File | None
    journal: File | None
    jobs: int | None

    def seeded(self, scenario: Scenario) -> Scenario:
        return scenario if self.seed is None else replace(scenario, seed=self.seed)

    @property
    def replay_flags(self) -> tuple[str, ...]:
        flags: dict[str, tuple[str | None, str | None]] = {
            "--target": (self.target, IN_PROCESS),
            "--app": (self.app, BUNDLED),
            "--world": (self.world, None),
        }
        if self.app_profile is not None:
            flags["--app-profile"] = (str(self.app_profile), "")
        return tuple(
            word for flag, (given, usual) in flags.items() if given not in (usual, None) for word in (flag, str(given))
        )


@click.command()
@PATHS
@click.option(
    "--target",
    default=IN_PROCESS,
    show_default=True,
    envvar="PESABOX_TARGET",
    help="Where to run: in this process, or the URL of a running simulator.",
)
@click.option(
    "--app",
    default=BUNDLED,
    show_default=True,
    envvar="PESABOX_APP",
    help="The app, as MODULE:FACTORY, or the URL of one that runs against the target.",
)
@click.option(
    "--app-profile",
    type=click.Path(dir_okay=False, path_type=File),
    envvar="PESABOX_APP_PROFILE",
    help="A file that says how the app's routes and answers are read, where they are not the bank's.",
)
@click.option("--world", metavar="NAME", help="The world that an app at a URL speaks to.  [default: default]")
@click.option("--control-token", metavar="TOKEN", envvar="PESABOX_CONTROL_TOKEN", help="Of a simulator that has one.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), envvar="PESABOX_SEED", help="Instead of each scenario's own."
)
@click.option("-k", "word", metavar="TEXT", help="Only scenarios with TEXT in file, name or tags.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only scenarios with this tag; may be repeated.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=File), help="Write a JUnit report there.")
@click.option(
    "--journal", type=click.Path(file_okay=False, path_type=File), help="Write each scenario's journal there."
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="How many scenarios at once.  [default: one a core; 1 with one file, one's own app or a running simulator]",
)
def run(**wishes: Any) -> None:
    """Plays scenarios: files, or folders of them.

    Exit code 0 when all passed, 1 when one failed, 2 when something is wrong with a file or a flag.
    """
    wish = Wish(**wishes)
    check_target(wish.target)
    check_app(wish.app, wish.target, wish.world)
    files = files_in(wish.paths)
    jobs = _jobs(wish, files)
    told = Telling(wish)
    if jobs > 1:
        _play_side_by_side(files, wish, told, jobs)
    else:
        _play_in_turn(files, wish, told)
    if not all(verdict.is_good for verdict in told.verdicts):
        raise click.exceptions.Exit(1)


@click.command()
@PATHS
def check(paths: tuple[str, ...]) -> None:
    """Reads scenarios and chaos profiles without running them; tells every mistake with file, line and column."""
    from harness.requirements import unlisted
    from harness.targets.simulator import check_rule

    files = files_in(paths)
    problems = [problem for scenario in load_each(files, check_rule) for problem in unlisted(scenario)]
    if problems:
        raise Mistakes(problems)
    click.echo(f"{len(files)} {'file is' if len(files) == 1 else 'files are'} good")


class Telling:
    """Tells each verdict as soon as it is known, and writes its journal."""

    def __init__(self, wish: Wish) -> None:
        self.verdicts: list[Verdict] = []
        self._wish = wish
        self._journals = None if wish.journal is None else JournalFiles(wish.journal)
        if wish.journal is not None:
            with _writing(wish.journal):
                wish.journal.mkdir(parents=True, exist_ok=True)

    def tell(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        for line in lines(verdict, self._wish.replay_flags):
            click.echo(line)
        if self._journals is not None:
            file = self._journals.next(verdict.scenario)
            if not (verdict.skipped or verdict.is_cut_short):
                with _writing(file):
                    write_journal(verdict, file)

    def end(self) -> None:
        if self._wish.junit is not None:
            from harness.junit import write_junit

            with _writing(self._wish.junit):
                write_junit(self.verdicts, self._wish.junit)
        click.echo(summary(self.verdicts))
        if all(verdict.skipped for verdict in self.verdicts):
            click.echo("nothing was tested: every scenario was skipped")


def _jobs(wish: Wish, files: list[File]) -> int:
    """An app of one's own may share things between its lives, and a running server is asked for one thing at a time."""
    if wish.jobs is None and (wish.target != IN_PROCESS or wish.app != BUNDLED or len(files) == 1):
        return 1
    if wish.jobs == 1:
        return 1
    if wish.target != IN_PROCESS:
        raise Mistake("--jobs is for the simulator in this process; a running one is given one scenario at a time")
    from harness.players import CAN_FORK, cores

    if wish.jobs is not None and not CAN_FORK:
        raise Mistake("--jobs needs a system that can fork processes; here scenarios are played one at a time")
    return wish.jobs or cores()


def _profile(wish: Wish) -> AppProfile:
    from harness.app_profile import AppProfile
    from harness.profile_file import load_profile

    return AppProfile() if wish.app_profile is None else load_profile(wish.app_profile)


def _play_side_by_side(files: list[File], wish: Wish, told: Telling, jobs: int) -> None:
    """While the first are played, the other files are read; a mistake in any ends the run."""
    from harness.players import Orders, Players
    from harness.targets.simulator import check_rule

    selection = Selection(wish.word, wish.tags)
    orders = Orders(wish.app, _profile(wish), wish.journal is not None, check_rule, os.getcwd())
    with Players(jobs, orders) as players:
        for scenario in load_each(files, check_rule):
            if not selection.takes(scenario):
                continue
            if scenario.needs_app:
                find_factory(wish.app)
            players.give(wish.seeded(scenario))
            for verdict in players.known():
                told.tell(verdict)
        selection.check()
        while (file := players.awaited) is not None:
            with _progress(f"[{players.told + 1}/{players.given}] {file}"):
                verdict = players.next()
            told.tell(verdict)
        told.end()


def _play_in_turn(files: list[File], wish: Wish, told: Telling) -> None:
    """All files are read before the first is played."""
    from harness.targets.simulator import check_rule

    selection = Selection(wish.word, wish.tags)
    scenarios = [scenario for scenario in load_each(files, check_rule) if selection.takes(scenario)]
    selection.check()
    if not is_url(wish.app) and any(scenario.needs_app for scenario in scenarios):
        find_factory(wish.app)
    run_loop(_play_all([wish.seeded(scenario) for scenario in scenarios], wish, told))
    told.end()


async def _play_all(scenarios: list[Scenario], wish: Wish, told: Telling) -> None:
    from harness.runner import Setting, play

    profile = _profile(wish)
    async with opened(wish.target, wish.control_token) as target:
        app = await running_app(wish.app, wish.world, target) if is_url(wish.app) else None
        factory = functools.partial(find_factory, wish.app)
        setting = Setting(target, target.http, factory, profile=profile, app=app)
        for number, scenario in enumerate(scenarios, start=1):
            with _progress(f"[{number}/{len(scenarios)}] {scenario.file}"):
                verdict = await play(scenario, setting)
            told.tell(verdict)


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
