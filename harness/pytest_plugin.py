"""pytest's face of pesabox: scenario files as tests, and the fixture `pesabox` for tests of one's own.

Thin: what it does is done in `runner.py` and `kit.py`, which are imported when first needed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections.abc import Generator, Iterator
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.background import BackgroundSimulator
    from harness.kit import Pesabox
    from harness.runner import Verdict
    from harness.scenario import Scenario

FOLDERS, APP, APP_PROFILE = "pesabox_scenarios", "pesabox_app", "pesabox_app_profile"
SIMULATOR = pytest.StashKey["BackgroundSimulator"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(FOLDERS, "pesabox: folders whose .yaml files are scenarios", type="paths", default=[])
    parser.addini(APP, "pesabox: the app that scenarios play with, MODULE:FACTORY (default: the bundled bank)")
    parser.addini(APP_PROFILE, "pesabox: a file that says how that app's answers are read", type="paths", default=[])


def pytest_collect_file(file_path: File, parent: pytest.Collector) -> ScenarioFile | None:
    """Only YAML that is named on the command line, or lies in a folder that the ini file names.

    In such a folder a name that begins with `_` is a part of other files, as for `pesabox run`.
    """
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    inside = [file_path.relative_to(one) for one in parent.config.getini(FOLDERS) if file_path.is_relative_to(one)]
    is_story = any(not any(part.startswith("_") for part in file.parts) for file in inside)
    if is_story or _is_named(file_path, parent.config):
        collected: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
        return collected
    return None


def _is_named(path: File, config: pytest.Config) -> bool:
    """Whether the command line names this very file; `isinitpath` forgets it when it also names a folder around it."""
    here = config.invocation_params.dir
    return any(os.path.abspath(here / argument.partition("::")[0]) == str(path) for argument in config.args)


class ScenarioFile(pytest.File):
    """A scenario; a chaos profile is read and checked, and holds nothing to play."""

    def collect(self) -> Iterator[pytest.Item]:
        from harness.paths import load_all
        from harness.problems import Mistakes
        from harness.targets.simulator import check_rule

        file = File(os.path.relpath(self.path, self.config.invocation_params.dir))
        try:
            scenarios = load_all([file], check_rule)
        except Mistakes as error:
            raise self.CollectError(str(error)) from None
        for scenario in scenarios:
            yield ScenarioItem.from_parent(self, name=scenario.name, scenario=scenario)


class ScenarioFailed(Exception):
    """A scenario did not go as it says; the report is in its verdict."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.scenario.name)
        self.verdict = verdict


class ScenarioItem(pytest.Item):
    """One scenario, played in a fresh world."""

    def __init__(self, *, scenario: Scenario, **place: Any) -> None:
        super().__init__(**place)
        self.scenario = scenario

    def runtest(self) -> None:
        from harness.app_profile import AppProfile
        from harness.factories import find_factory
        from harness.profile_file import load_profile
        from harness.runner import Setting, play

        target = simulator_of(self.config).target
        profile = next(map(load_profile, self.config.getini(APP_PROFILE)), AppProfile())
        setting = Setting(target, target.http, functools.partial(find_factory, self._app), profile)
        verdict = simulator_of(self.config).run(play(self.scenario, setting))
        if verdict.skipped:
            pytest.skip(verdict.skipped)
        self.add_report_section("call", "pesabox", "\n".join(verdict.notes))
        if not verdict.is_good:
            raise ScenarioFailed(verdict)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """The scenario's own report; a traceback only for a defect of pesabox."""
        from harness.problems import Mistake
        from harness.report import lines

        if isinstance(excinfo.value, ScenarioFailed):
            return "\n".join(lines(excinfo.value.verdict, self._replay_flags))
        return str(excinfo.value) if isinstance(excinfo.value, Mistake) else str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[File, int | None, str]:
        return self.path, None, f"{self.scenario.file}: {self.name}"

    @property
    def _replay_flags(self) -> tuple[str, ...]:
        from harness.factories import BUNDLED

        app = () if self._app == BUNDLED else ("--app", self._app)
        profiles = self.config.getini(APP_PROFILE)[:1]
        return (*app, *(word for file in profiles for word in ("--app-profile", os.path.relpath(file))))

    @property
    def _app(self) -> str:
        from harness.factories import BUNDLED

        return str(self.config.getini(APP) or BUNDLED)


def simulator_of(config: pytest.Config) -> BackgroundSimulator:
    """This process's one simulator, started when first asked for and stopped with pytest."""
    if SIMULATOR not in config.stash:
        from harness.background import BackgroundSimulator

        config.stash[SIMULATOR] = BackgroundSimulator()
        config.add_cleanup(config.stash[SIMULATOR].stop)
    return config.stash[SIMULATOR]


@pytest.fixture
def pesabox(request: pytest.FixtureRequest) -> Iterator[Pesabox]:
    """A payment provider of this test's own: a fresh world with its phones, faults, journal, clock and money."""
    from harness.kit import fresh_world

    digest = hashlib.sha256(request.node.nodeid.encode()).hexdigest()
    name, seed = f"test-{digest[:12]}", int(digest[12:20], 16)
    with fresh_world(simulator_of(request.config).url, name=name, seed=seed) as world:
        yield world


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what happened in its world."""
    report = yield
    world = getattr(item, "funcargs", {}).get("pesabox")
    if report.when == "call" and report.failed and world is not None:
        from harness.kit import Pesabox, PesaboxError

        with contextlib.suppress(PesaboxError):  # the test's own failure is what is to be told
            if isinstance(world, Pesabox):  # and not another fixture of that name
                report.sections.append(("pesabox", world.journal.told()))
    return report
