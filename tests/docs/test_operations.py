"""What the container files and the pages for operators and load name exists: verbs, flags, variables, routes, files."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from app_under_test.settings import ENVIRONMENT_PREFIX, Settings
from harness.cli import VERBS, group, outcome
from simulator.control.routes import ROUTES
from simulator.settings import Settings as SimulatorSettings
from simulator.settings import parse_settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "operations.md", ROOT / "docs" / "load.md"]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {name: about for name, about in COMPOSE["services"].items() if "build" in about}
INSTRUCTIONS = [
    line.split(maxsplit=1)
    for line in (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]


def said(instruction):
    return [rest for word, rest in INSTRUCTIONS if word == instruction]


def command_of(verb):
    found = group.get_command(click.Context(group), verb)
    assert found is not None, f"pesabox has no verb {verb}"
    return found


def check_call(words):
    """A verb and what follows it."""
    verb, *rest = words
    known = {flag for param in command_of(verb).params for flag in param.opts} | {"--help"}
    assert {word for word in rest if word.startswith("--")} <= known


def commands_on(page):
    """The lines of the page's plain blocks that call something, without the variables before it."""
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        for line in () if kind else block.splitlines():
            words = shlex.split(line)
            while words and re.match(r"[A-Z_]+=", words[0]):
                words.pop(0)
            if words and words[0] in ("pesabox", "make", "python", "locust", "docker", "curl"):
                yield words


CALLS = [pytest.param(words, id=" ".join(words)) for page in PAGES for words in commands_on(page)]


@pytest.mark.parametrize("words", CALLS)
def test_a_command_on_a_page_can_be_typed(words):
    tool, *rest = words
    if tool == "pesabox":
        check_call(rest)
    elif tool == "docker" and "pesabox" in rest and rest[0] == "run" and rest[-1] != "pesabox":
        check_call(rest[rest.index("pesabox") + 1 :])
    elif tool == "make":
        assert re.search(rf"^{rest[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif tool in ("python", "locust"):
        files = [word for word in rest if word.endswith((".py", ".yaml"))]
        assert files
        assert all((ROOT / file).exists() for file in files)
        assert {word for word in rest if word.startswith("--")} <= known_to_load(tool)


def known_to_load(tool):
    options = re.findall(r'add\("(--[\w-]+)"', (ROOT / "locustfiles" / "options.py").read_text())
    own = re.findall(r'add_argument\("(--[\w-]+)"', (ROOT / "locustfiles" / "short_run.py").read_text())
    locusts = {"--host", "--headless", "--users", "--run-time", "--processes"}
    return set(own) if tool == "python" else {*options, *locusts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_files_that_are_there(page):
    text = page.read_text()
    named = set(re.findall(r"(?<![\w/.])(?:locustfiles|scenarios|docs)/[\w/.]+\.\w+|`Dockerfile`|`compose.yaml`", text))
    assert named
    assert [name for name in named if not (ROOT / name.strip("`")).exists()] == []


def test_every_option_of_a_load_run_is_documented():
    options = re.findall(r'add\("(--[\w-]+)"', (ROOT / "locustfiles" / "options.py").read_text())
    assert options
    assert all(f"`{option}`" in PAGES[1].read_text() for option in options)


def test_every_metric_is_documented_and_no_other():
    source = (ROOT / "simulator" / "control" / "metrics.py").read_text()
    kinds = re.findall(r'_(counter|gauge)\("(\w+)"', source)
    names = {f"pesabox_{name}{'_total' if kind == 'counter' else ''}" for kind, name in kinds}
    names |= set(re.findall(r'HistogramMetricFamily\("(\w+)"', source))
    assert len(names) == 7
    assert set(re.findall(r"^\| `(pesabox_\w+)` \|", PAGES[0].read_text(), re.MULTILINE)) == names


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_tells_its_flags(verb, capsys):
    assert outcome([verb, "--help"]) == 0
    told = capsys.readouterr().out
    flags = [flag for param in command_of(verb).params for flag in param.opts if flag.startswith("--")]
    assert [flag for flag in flags if flag not in told] == []


# The image.


def test_the_image_is_made_of_files_that_are_there_and_let_through():
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [words for words in map(str.split, said("COPY")) if not words[0].startswith("--from")]
    sources = {source for *sources, _ in copied for source in sources}
    assert sources == let_through
    assert all((ROOT / source).exists() for source in sources)


def test_the_image_is_small_and_its_user_is_not_root():
    assert said("FROM") == ["python:3.11-slim AS build", "python:3.11-slim"]
    assert not any(word in line for line in said("RUN") for word in ("apt", "gcc", "build-essential"))
    assert said("USER") == ["pesabox"]
    assert said("ENTRYPOINT") == ['["pesabox"]']


def test_the_image_serves_only_with_a_control_token():
    (words,) = map(json.loads, said("CMD"))
    check_call(words)
    host = words[words.index("--host") + 1]
    assert parse_settings({"host": host, "control_token": "t"}).host == host
    assert outcome(["serve", "--host", host]) == 2


def test_the_image_is_healthy_by_a_route_that_is_open():
    (check,) = said("HEALTHCHECK")
    url = re.search(r"http://127.0.0.1:(\d+)/_sim(/\w+)", check)
    assert url
    assert int(url[1]) == SimulatorSettings().port
    assert ("GET", url[2]) in {(route.method, route.path) for route in ROUTES}
    _, _, words = check.partition("CMD ")
    compile(json.loads(words)[2], "the check", "exec")


# The compose file.


@pytest.mark.parametrize("about", OURS.values(), ids=OURS)
def test_a_service_calls_a_verb_with_its_flags_and_variables(about):
    check_call(about["command"])
    variables = {param.envvar for param in command_of("serve").params}
    variables |= {ENVIRONMENT_PREFIX + name.upper() for name in (*Settings.model_fields, "log")}
    assert about["environment"].keys() <= variables
    assert all(port.startswith("127.0.0.1:") for port in about["ports"])


def test_callbacks_find_the_bank():
    bank, simulator = OURS["bank"]["command"], OURS["simulator"]["command"]
    settings = parse_settings({"resolve": [simulator[simulator.index("--resolve") + 1]]})
    assert bank[bank.index("--public-url") + 1] == "http://bank.test"
    assert settings.resolve == {"bank.test": "bank:8300"}
    (network,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    assert OURS["bank"]["environment"]["PESABOX_BANK_CALLBACK_ADDRESSES"] == network["subnet"]
    assert all("inside" in about["networks"] for about in COMPOSE["services"].values())


def test_a_service_waits_for_services_that_tell_their_health():
    for about in OURS.values():
        for name in about.get("depends_on", {}):
            assert "healthcheck" in COMPOSE["services"][name] or name == "simulator", name


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "docs/operations.md", "docs/load.md"])
def test_no_image_names_a_registry(name):
    images = re.findall(r"(?:FROM|image:) (\S+)", (ROOT / name).read_text())
    assert [image for image in images if "/" in image or "." in image.partition(":")[0]] == []


# The chart.


def test_a_chart_is_drawn_from_a_run(tmp_path):
    times = {"100": 1, "900": 2, "2000": 1}
    stats = [{"name": "push to credit", "response_times": times}, {"name": "/deposits", "response_times": times}]
    (tmp_path / "stats.json").write_text(json.dumps(stats))
    script = [sys.executable, str(ROOT / "locustfiles" / "chart.py"), "stats.json", "load.svg"]
    subprocess.run(script, cwd=tmp_path, check=True)
    drawn = (tmp_path / "load.svg").read_text()
    assert drawn.count("<polyline") == 1
    assert "push to credit" in drawn
