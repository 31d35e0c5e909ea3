"""pytest as its users run it, in a process of its own, on projects that are not this one; and the docs' example."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "flask_shop"
FLAGS = ("-p", "harness.pytest_plugin", "-p", "no:cacheprovider", "--color=no")
ASYNC = ("-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function")

INI = """\
[pytest]
pesabox_scenarios = scenarios
filterwarnings = error
"""
GOOD = """\
name: a token is given
steps:
  - provider: GET /oauth/v1/generate?grant_type=client_credentials
    auth: basic
    expect: {status: 200}
"""
RED = GOOD.replace("a token", "a teapot").replace("200", "418")
DEMANDING = "requires: [clock]\n" + GOOD.replace("a token", "an hour")
PROFILE = "- {name: lost, at: daraja.stk_push.callback, effect: {kind: drop}}\n"
WITHOUT_CLOCK = """\
import functools
from harness.targets import simulator as module

module.SimulatorTarget = functools.partial(
    module.SimulatorTarget, name="a sundial", capabilities=frozenset({"phones"})
)
"""


def pytest_in(folder, *arguments):
    """The exit code of `python -m pytest` there, and what it prints. Of plugins only those that are named."""
    command = [sys.executable, "-m", "pytest", *FLAGS, *arguments]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path):
    """A folder with these files and an ini file; its path."""

    def project(**files):
        (tmp_path / "pytest.ini").write_text(INI)
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path = path.with_suffix(".py" if "def " in text or "import " in text else ".yaml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path

    return project


def test_yaml_is_collected_from_the_named_folder_only(project):
    folder = project(scenarios__good=GOOD, scenarios___part=GOOD, scenarios__chaos=PROFILE, deploy__prod="a: b")
    code, told = pytest_in(folder, "--collect-only", "-q")
    assert (code, told.splitlines()[0]) == (0, "scenarios/good.yaml::a token is given")
    assert "1 test collected" in told


def test_the_apps_profile_is_read_and_named_in_the_replay(project):
    flags = ("-o", "pesabox_app_profile=app_profile.yaml")
    folder = project(scenarios__red=RED, app_profile="statement: null")
    code, told = pytest_in(folder, *flags)
    assert code == 1
    assert re.search(r"replay: pesabox run scenarios/red\.yaml --seed \d+ --app-profile app_profile\.yaml\n", told)
    code, told = pytest_in(project(app_profile="statment: null"), *flags)
    assert code == 1
    assert 'app_profile.yaml:1:1: unknown key "statment"; did you mean "statement"?' in told


@pytest.mark.parametrize("around", [pytest.param((), id="alone"), pytest.param((".",), id="with a folder around it")])
def test_yaml_is_collected_when_it_is_named_on_the_command_line(project, around):
    folder = project(stories__good=GOOD, stories__other=GOOD)
    code, told = pytest_in(folder, *around, "stories/good.yaml::a token is given", "-v")
    assert code == 0
    assert "stories/good.yaml::a token is given PASSED" in told
    assert "1 passed" in told


def test_a_failure_prints_the_scenarios_own_report_and_a_skipped_one_its_reason(project):
    folder = project(conftest=WITHOUT_CLOCK, scenarios__good=GOOD, scenarios__red=RED, scenarios__demanding=DEMANDING)
    code, told = pytest_in(folder, "-rs", "--junitxml=report.xml")
    assert code == 1
    assert "1 failed, 1 passed, 1 skipped" in told
    assert "FAIL  scenarios/red.yaml: a teapot is given" in told
    assert "scenarios/red.yaml:3:5: " in told
    assert re.search(r"status: expected 418, got 200 +\(line 5\)|418.*200.*\(line 5\)", told)
    assert re.search(r"replay: pesabox run scenarios/red\.yaml --seed \d+\n", told)
    assert "Traceback" not in told
    assert "a sundial has no clock" in told
    cases = {case.get("name"): case for case in ElementTree.parse(folder / "report.xml").iter("testcase")}
    assert "FAIL  scenarios/red.yaml" in cases["a teapot is given"].find("failure").text
    assert "a sundial has no clock" in cases["an hour is given"].find("skipped").get("message")
    assert len(cases["a token is given"]) == 0


def test_every_mistake_in_a_file_is_told_with_its_place_when_it_is_collected(project):
    broken = GOOD.replace("status", "sttus") + "  - clock: soon\n"
    code, told = pytest_in(project(scenarios__broken=broken))
    assert code == 2
    assert "ERROR collecting scenarios/broken.yaml" in told
    assert re.search(r'scenarios/broken\.yaml:5:\d+: unknown key "sttus"', told)
    assert re.search(r"scenarios/broken\.yaml:6:\d+: expected a duration", told)
    assert "Traceback" not in told


def test_k_chooses_by_name_and_x_stops_at_the_first_failure(project):
    folder = project(scenarios__a_red=RED, scenarios__b_good=GOOD)
    assert "1 passed, 1 deselected" in pytest_in(folder, "-k", "token")[1]
    assert "1 failed in" in pytest_in(folder, "-x")[1]


def test_an_app_that_is_not_there_is_told_in_one_line(project):
    story = "given:\n  customer: {name: Ann, msisdn: '254708374149'}\nsteps:\n  - app: GET /health\n"
    code, told = pytest_in(project(scenarios__good=story), "-o", "pesabox_app=no_such_app:create")
    assert code == 1
    assert 'no app "no_such_app:create": there is no module no_such_app' in told
    assert "Traceback" not in told


FIXTURE = """\
import asyncio

import pytest

PHONE = "254708374149"


def rich(pesabox):
    pesabox.phone.set(PHONE, balance="7.00")
    pesabox.faults.add(at="daraja.stk_push.callback", effect="drop")
    pesabox.clock.advance(seconds=60)
    return pesabox.balance(f"subscriber:{PHONE}"), len(pesabox.journal.events("subscriber")), pesabox.clock.now().minute


@pytest.mark.parametrize("number", range(4))
def test_nothing_is_left_of_the_test_before(pesabox, number):
    assert pesabox.balance(f"subscriber:{PHONE}") == 50_000
    assert rich(pesabox) == (7, 1, 31)


@pytest.mark.asyncio
async def test_from_a_coroutine(pesabox):
    assert await asyncio.to_thread(rich, pesabox) == (7, 1, 31)


def test_red(pesabox):
    pesabox.phone.set(PHONE, name="ANN")
    assert pesabox.audit().balanced is False
"""


@pytest.mark.parametrize(
    "workers", [pytest.param((), id="one process"), pytest.param(("-p", "xdist", "-n", "2"), id="two")]
)
def test_scenarios_and_tests_with_the_fixture_run_side_by_side(project, workers):
    code, told = pytest_in(project(test_mine=FIXTURE, scenarios__good=GOOD, scenarios__red=RED), *ASYNC, *workers)
    assert code == 1
    assert "2 failed, 6 passed" in told
    assert re.search(r"-+ pesabox -+\nwhat happened:\n(.*\n)+?.*254708374149", told)


def test_the_plugin_costs_nothing_until_it_is_used():
    code = (
        "import sys, harness.pytest_plugin as p; print([m for m in sys.modules if m[:8] in ('harness.', 'simulato')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "['harness.pytest_plugin']\n"


@pytest.mark.parametrize("name", ["test_shop.py", "shop.py", "conftest.py", "pytest.ini"])
def test_the_page_shows_the_example_to_the_letter(name):
    page = (ROOT / "docs" / "pytest.md").read_text()
    (shown,) = re.findall(rf"^\[`{name}`\].*?\n+```\w+\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert shown == (EXAMPLE / name).read_text()


def test_the_example_is_short_and_green():
    assert len((EXAMPLE / "test_shop.py").read_text().splitlines()) <= 25
    code, told = pytest_in(ROOT, "examples/flask_shop", "-Werror")
    assert code == 0, told
    assert "4 passed" in told


@pytest.mark.parametrize(
    ("right", "wrong", "red"),
    [
        pytest.param('if self.state != "unpaid":', "if False:", "arrives_twice", id="every callback ships"),
        pytest.param('state: str = "unpaid"', 'state: str = "paid"', "lost", id="the acknowledgement pays"),
        pytest.param("== CANCELLED:", "== 0:", "cancelled", id="the result code is not read"),
    ],
)
def test_the_example_goes_red_for_a_shop_with_a_bug(tmp_path, right, wrong, red):
    for file in filter(Path.is_file, EXAMPLE.glob("*.*")):
        text = file.read_text()
        assert right in text or file.name != "shop.py"
        (tmp_path / file.name).write_text(text.replace(right, wrong))
    code, told = pytest_in(tmp_path)
    assert code == 1
    assert re.search(rf"FAILED test_shop.py::\w*{red}", told)
