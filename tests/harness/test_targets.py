"""Simulators that run elsewhere: every scenario, on both clocks, with an app of ours and with somebody else's."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from harness.factories import BUNDLED, find_factory
from harness.paths import files_in, load_all
from harness.report import lines
from harness.runner import Setting, play
from harness.targets.base import Opening, Refused
from harness.targets.choice import opened, running_app
from harness.targets.hosting import listening, serving
from harness.targets.simulator import check_rule, simulator

ROOT = Path(__file__).parents[2]
SCENARIOS = load_all(files_in([str(ROOT / "scenarios")]), check_rule)
CLI = (sys.executable, "-m", "harness.cli")
PHONE = "254711000099"
FACTORY = functools.partial(find_factory, BUNDLED)


@contextlib.asynccontextmanager
async def process(*arguments):
    """A pesabox process until the end; yields the URL at which it is ready."""
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(*CLI, *arguments, stdout=pipe, stderr=pipe, cwd=ROOT)
    try:
        line = (await started.stdout.readline()).decode()
        assert "ready on" in line, line + (await started.stderr.read()).decode()
        yield line.split()[-1]
    finally:
        started.terminate()
        await started.communicate()


def serve(clock, *flags):
    return process("serve", "--port", "0", "--clock", clock, *flags)


@contextlib.asynccontextmanager
async def virtual_simulator_and_bank(folder):
    async with serve("virtual") as url:
        database = f"sqlite:///{folder}/bank.db"
        clock = f"{url}/_sim/clock"
        async with process(
            *("bank", "--port", "0", "--provider-url", url, "--clock", clock, "--database", database)
        ) as bank:
            yield url, bank


async def run(*arguments):
    """The command in a process of its own: exit code, stdout, stderr."""
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(*CLI, "run", *map(str, arguments), stdout=pipe, stderr=pipe)
    out, err = await started.communicate()
    return started.returncode, out.decode(), err.decode()


def told(verdicts):
    return "\n".join(line for verdict in verdicts if not verdict.is_good for line in lines(verdict))


async def play_all(setting):
    verdicts = [await play(scenario, setting) for scenario in SCENARIOS]
    assert all(verdict.is_good for verdict in verdicts), told(verdicts)
    return {verdict.scenario.name: verdict.skipped for verdict in verdicts if verdict.skipped}


async def test_on_the_virtual_clock_all_is_played_but_deadlines():
    async with serve("virtual") as url, opened(url, None) as target:
        skipped = await play_all(Setting(target, target.http, FACTORY))
        assert set(skipped.values()) == {f"{url} has no deadlines"}
        assert len(skipped) == sum("deadlines" in scenario.requires for scenario in SCENARIOS)


async def test_an_app_that_runs_elsewhere_is_played_against_again_and_again(tmp_path):
    async with virtual_simulator_and_bank(tmp_path) as (url, bank), opened(url, None) as target:
        setting = Setting(target, target.http, FACTORY, app=await running_app(bank, None, target))
        for _ in range(2):
            skipped = await play_all(setting)
            assert set(skipped.values()) == {
                "needs a fresh world",
                "needs an app that is started here",
                f"world default of {url} has no deadlines",
            }


async def test_on_the_system_clock_all_is_played_that_needs_no_other():
    async with serve("system", "--latency", "0") as url, opened(url, None) as target:
        skipped = await play_all(Setting(target, target.http, FACTORY))
        assert set(skipped.values()) == {f"{url} has no {what}" for what in ("clock", "deadlines", "clock, deadlines")}
        assert len(skipped) < len(SCENARIOS) / 2


async def journals_of(scenarios, setting):
    verdicts = await asyncio.gather(*(play(scenario, setting) for scenario in scenarios))
    assert all(verdict.is_good for verdict in verdicts), told(verdicts)
    return [b"".join(event.line for event in verdict.events) for verdict in verdicts]


async def test_twelve_at_once_write_the_journals_that_each_writes_alone_and_in_process():
    twelve = [one for one in SCENARIOS if "deadlines" not in one.requires][:12]
    async with serve("virtual") as url, opened(url, None) as target:
        setting = Setting(target, target.http, FACTORY)
        at_once = await journals_of(twelve, setting)
        alone = [(await journals_of([scenario], setting))[0] for scenario in twelve]
    async with simulator() as target:
        setting = Setting(target, target.http, FACTORY)
        in_process = [(await journals_of([scenario], setting))[0] for scenario in twelve]
    assert len(twelve) == 12
    assert all(in_process)
    for scenario, *three in zip(twelve, at_once, alone, in_process, strict=True):
        assert three[0] == three[1] == three[2], scenario.name


STORY = f"""\
requires: [faults, phones]
given:
  provider: {{lifetimes: {{prompt: 10s}}}}
  merchant: {{shortcode: "600000", name: ANOTHER}}
  subscriber: {{msisdn: "{PHONE}"}}
  customer: {{name: Ann, msisdn: "{PHONE}", save: ann}}
  fault: {{name: mine, at: daraja.stk_push.callback, effect: {{kind: drop}}}}
steps:
  - app: POST /deposits
    body: {{customer: "{{ann}}", amount: "100.00", via: mpesa}}
    expect: {{body: {{state: STATE}}}}
"""
OTHERS = {"name": "others", "at": "daraja.oauth.request", "effect": {"kind": "delay", "seconds": 1}}


async def items(client, url, path):
    async with client.get(f"{url}/_sim{path}") as answer:
        body = await answer.json()
    return body.get("items", body)


@pytest.mark.parametrize("state", ["pending", "completed"])
async def test_a_world_on_loan_is_given_back_as_it_was(tmp_path, story, state):
    scenario = story(STORY.replace("STATE", state))
    async with (
        virtual_simulator_and_bank(tmp_path) as (url, bank),
        opened(url, None) as target,
        aiohttp.ClientSession() as client,
    ):
        await client.post(f"{url}/_sim/faults", json=OTHERS)
        paths = ["/faults", "/prompts", "/providers/daraja", "/merchants"]
        before = [await items(client, url, path) for path in paths]
        app = await running_app(bank, None, target)
        verdict = await play(scenario, Setting(target, target.http, FACTORY, app=app))
        assert verdict.is_good is (state == "pending"), told([verdict])
        assert [await items(client, url, path) for path in paths] == before
        assert len(await items(client, url, "/worlds")) == 1


async def test_open_prompts_of_a_loan_are_cancelled(tmp_path, story):
    async with virtual_simulator_and_bank(tmp_path) as (url, bank), opened(url, None) as target:
        shared = (await running_app(bank, "another", target)).target
        async with shared.world(Opening("x", 1)) as world:
            await world.control.add_subscriber({"msisdn": PHONE, "policy": "manual"})
            assert world.name == "another"
            await _push(world)
            assert len(await world.control.prompts(PHONE)) == 1
        async with shared.world(Opening("x", 1)) as world:
            assert await world.control.prompts(PHONE) == []
            assert (await world.control.payments(), await world.control.entries()) == ([], [])
            assert await world.control.journal(0) == []


async def _push(world):
    from harness.credentials import Credentials
    from harness.exchange import Request

    credentials = Credentials(world)
    names = await credentials.names({})
    body = {
        "BusinessShortCode": "174379",
        "Password": names["password"],
        "Timestamp": names["timestamp"],
        "TransactionType": "CustomerPayBillOnline",
        "Amount": 100,
        "PartyA": PHONE,
        "PartyB": "174379",
        "PhoneNumber": PHONE,
        "CallBackURL": names["callback"],
        "AccountReference": "A",
        "TransactionDesc": "B",
    }
    headers = {"Authorization": await credentials.bearer("/mpesa")}
    answer = await world.send(Request("POST", "/mpesa/stkpush/v1/processrequest", headers, body))
    assert answer.is_good, answer


async def test_what_is_still_to_run_when_patience_ends_is_told(monkeypatch):
    monkeypatch.setattr("harness.targets.time.LONGEST_REST_SECONDS", 0.1)
    async with serve("system") as url, opened(url, None) as target, target.world(Opening("x", 1)) as world:
        await world.control.add_subscriber({"msisdn": PHONE, "policy": "manual"})
        await _push(world)
        with pytest.raises(Refused, match=r"1 jobs are still to run after 0\.1 s"):
            await world.time.rest(None)


@pytest.fixture
def scenario_file(write):
    return write("requires: [clock]\nsteps:\n  - clock: 1s\n")


async def test_where_all_was_skipped_the_run_says_so(scenario_file, tmp_path):
    junit = tmp_path / "junit.xml"
    async with serve("system") as url:
        code, out, _ = await run(scenario_file, "--target", url, "--junit", junit)
    reason = f"{url} has no clock"
    expected = f"skip  {scenario_file}: {reason}\n0 passed, 1 skipped\nnothing was tested: every scenario was skipped\n"
    assert (code, out) == (0, expected)
    assert f'<skipped message="{reason}" />' in junit.read_text()


async def test_a_control_token_opens_the_target_and_a_replay_names_the_target(write):
    file = write('requires: [ledger]\nsteps:\n  - ledger: {outside: "1.00"}\n')
    async with serve("virtual", "--control-token", "secret") as url:
        code, out, _ = await run(file, "--target", url, "--control-token", "secret")
    assert code == 1
    assert out.count(f"--target {url}\n") == 1


async def nobody(_):
    return web.json_response({"hello": "world"})


async def test_a_target_that_is_not_there_or_is_another_is_the_callers_mistake(scenario_file):
    app = web.Application()
    app.router.add_get("/_sim/health", nobody)
    with listening() as listener:
        free = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert await run(scenario_file, "--target", free) == (2, "", f"pesabox: {free} does not answer\n")
        async with serving(app, listener) as address:
            url = f"http://{address}"
            told = f'pesabox: {url} is no pesabox simulator: GET /_sim/health answered 200 {{"hello":"world"}}\n'
            assert await run(scenario_file, "--target", url) == (2, "", told)


async def test_an_app_that_is_not_there_is_the_callers_mistake(scenario_file):
    with listening() as listener:
        app = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with serve("virtual") as url:
            told = f"pesabox: {app} does not answer\n"
            assert await run(scenario_file, "--target", url, "--app", app) == (2, "", told)
