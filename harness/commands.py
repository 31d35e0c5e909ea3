"""`pesabox run` and `pesabox check`."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Iterator
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from harness.factories import BUNDLED, find_factory
from harness.loop import run_loop
from harness.paths import files_in, journal_files, load_all, selected
from harness.problems import Mistake, Mistakes
from harness.report import lines, summary, write_journal, write_junit
from harness.targets.choice import IN_PROCESS, check_app, check_target, is_url, opened, running_app

if TYPE_CHECKING:
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
def run(**wishes: Any) -> None:
    """Plays scenarios: files, or folders of them.

    Exit code 0 when all passed, 1 when one failed, 2 when something is wrong with a file or a flag.
    """
    wish = Wish(**wishes)
    check_target(wish.target)
    check_app(wish.app, wish.target, wish.world)
    from harness.targets.simulator import check_rule

    scenarios, _ = load_all(files_in(wish.paths), check_rule)
    scenarios = selected(scenarios, wish.word, wish.tags)
    if not is_url(wish.app) and any(scenario.needs_app for scenario in scenarios):
        find_factory(wish.app)
    verdicts = run_loop(_play_all(scenarios, wish))
    click.echo(summary(verdicts))
    if all(verdict.skipped for verdict in verdicts):
        click.echo("nothing was tested: every scenario was skipped")
    if not all(verdict.is_good for verdict in verdicts):
        raise click.exceptions.Exit(1)


@click.command()
@PATHS
def check(paths: tuple[str, ...]) -> None:
    """Reads scenarios and chaos profiles without running them; tells every mistake with file, line and column."""
    from harness.requirements import unlisted
    from harness.targets.simulator import check_rule

    files = files_in(paths)
    scenarios, _ = load_all(files, check_rule)
    problems = [problem for scenario in scenarios for problem in unlisted(scenario)]
    if problems:
        raise Mistakes(problems)
    click.echo(f"{len(files)} {'file is' if len(files) == 1 else 'files are'} good")


async def _play_all(scenarios: list[Scenario], wish: Wish) -> list[Verdict]:
    """One after another at one target; each verdict is told as soon as it is known."""
    from harness.app_profile import AppProfile
    from harness.profile_file import load_profile
    from harness.runner import Setting, play

    profile = AppProfile() if wish.app_profile is None else load_profile(wish.app_profile)
    journals = _journals(scenarios, wish)
    verdicts: list[Verdict] = []
    async with opened(wish.target, wish.control_token) as target:
        app = await running_app(wish.app, wish.world, target) if is_url(wish.app) else None
        factory = functools.partial(find_factory, wish.app)
        setting = Setting(target, target.http, factory, profile=profile, seed=wish.seed, app=app)
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
