"""`restart:` on fakes, on an app that tidies up when it is told to stop, and at the simulator with the bundled bank."""

from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from harness.exchange import NoAnswer, Request
from harness.factories import BUNDLED, find_factory
from harness.problems import Mistakes
from harness.reading import load
from harness.report import lines
from harness.requirements import unlisted
from harness.runner import Setting, play
from harness.targets.hosting import hosting
from harness.targets.http import http
from harness.targets.simulator import check_rule, simulator

RESTART = "steps:\n  - restart: app\n"
HELD_UP = """
given:
  subscriber: {{msisdn: "254711000001", balance: "500.00"}}
  customer: {{name: Ann, msisdn: "254711000001", save: ann}}
  fault: {{name: held up, at: daraja.stk_push.{point}, nth: 1, effect: {{kind: delay, seconds: 20}}}}
steps:
  - together:
      - app: POST /deposits
        idempotency_key: one-wish
        body: {{customer: "{{ann}}", amount: "100.00", via: mpesa}}
        expect: {{no_answer: true}}
      - restart: app
  - app: POST /deposits
    idempotency_key: one-wish
    body: {{customer: "{{ann}}", amount: "100.00", via: mpesa}}
    save: {{deposit: $.id}}
"""


class Notebook:
    """Keeps notes in memory, and files them under the name of its file: each at once, or when it is told to stop."""

    def __init__(self, settings):
        self.file, self.notes = Path(settings["database"].removeprefix("sqlite:///")).with_name("notes"), []

    def app(self):
        app = web.Application()
        app.add_routes([web.post("/notes", self.note), web.get("/notes", self.show), web.post("/file", self.keep)])
        app.on_cleanup.append(self.keep)
        return app

    async def note(self, request):
        self.notes.append(await request.text())
        return web.Response()

    async def show(self, _):
        filed = self.file.read_text().split() if self.file.exists() else []
        return web.json_response({"remembered": self.notes, "filed": filed})

    async def keep(self, _):
        self.file.write_text("\n".join(self.notes))
        return web.Response()


@pytest.fixture
async def notebook(world):
    async with http() as client, hosting(lambda **settings: Notebook(settings).app(), world, client) as hosted:
        yield hosted


@pytest.fixture
async def setting():
    async with simulator() as target:
        yield Setting(target, target.http, lambda: find_factory(BUNDLED))


async def note(hosted, text):
    await hosted.send(Request("POST", "/notes", {}, text))


async def shown(hosted):
    return (await hosted.send(Request("GET", "/notes"))).body


async def test_what_was_filed_is_there_after_a_kill_and_nothing_else(notebook):
    await note(notebook, "kept")
    await notebook.send(Request("POST", "/file"))
    await note(notebook, "only-remembered")
    await notebook.kill()
    await notebook.start()
    assert await shown(notebook) == {"remembered": [], "filed": ['"kept"']}


async def test_between_two_lives_nobody_answers_at_the_address(notebook, world):
    address = notebook.address
    await notebook.kill()
    with pytest.raises(NoAnswer, match="ClientConnectorError"):
        await shown(notebook)
    await notebook.start()
    assert await shown(notebook) == {"remembered": [], "filed": []}
    assert notebook.address == address == world.hosts["app.test"]


async def test_time_passes_while_it_is_down_and_not_while_it_is_killed_and_started(stage, world):
    class App:
        async def kill(self):
            did.append("killed")

        async def start(self):
            did.append(world.control.now.isoformat())

    did, stage.own_app = [], App()
    await stage.restart_app(down=timedelta(minutes=1))
    assert did == ["killed", "2026-01-15T12:01:00+03:00"]
    assert world.flights == ["app is killed", "app starts again"]
    assert [one.text for one in stage.sightings] == ["was killed", "started again"]


async def test_an_app_that_somebody_else_started_is_not_killed(story, target):
    target.has -= {"restart"}
    verdict = await play(story(RESTART), Setting(target, None, None))
    assert verdict.skipped == "needs an app that is started here"


def test_what_it_needs_is_told(story):
    scenario = story(RESTART + "    down: 1m\n")
    told = [f'{scenario.file}:2:5: this needs "{one}", which "requires" does not list' for one in ("restart", "clock")]
    assert [str(one) for one in unlisted(scenario)] == told


def test_nobody_waits_for_it_among_steps_that_run_together(write, rules):
    text = "steps:\n  - together:\n      - app: GET /x\n      - restart: app\n        down: 1m\n"
    with pytest.raises(Mistakes, match='5:15: "down" does not go with steps that run together'):
        load(write(text), rules)


@pytest.mark.parametrize(
    ("point", "pushes"),
    [
        pytest.param("request", [], id="the provider never hears of the push"),
        pytest.param("acknowledgement", ["expired"], id="the push is on the phone"),
    ],
)
async def test_a_fault_rule_says_where_the_crash_comes(write, setting, point, pushes):
    (scenario,) = load(write(HELD_UP.format(point=point)), check_rule)
    verdict = await play(scenario, setting)
    assert verdict.is_good, "\n".join(lines(verdict))
    ends = {event.payment: event.text("state") for event in verdict.events if event.kind == "payment"}
    assert list(ends.values()) == pushes
