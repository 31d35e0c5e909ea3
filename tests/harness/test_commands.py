"""The command line: exit codes, what is written where, and plain words for the caller's mistakes."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from harness.cli import VERBS, outcome
from tests.harness.conftest import BANK

PUSH = """\
name: a push
seed: 3
given:
  subscriber: {msisdn: "254708374149", balance: "500.00", policy: approve}
steps:
  - provider: POST /mpesa/stkpush/v1/processrequest
    body:
      BusinessShortCode: "174379"
      Password: "{password}"
      Timestamp: "{timestamp}"
      TransactionType: CustomerPayBillOnline
      Amount: 100
      PartyA: "254708374149"
      PartyB: "174379"
      PhoneNumber: "254708374149"
      CallBackURL: "{callback}"
      AccountReference: A
      TransactionDesc: B
    save: {checkout: $.CheckoutRequestID}
  - wait: callback
    for: "{checkout}"
    expect: {body: {$.Body.stkCallback.ResultCode: 0}, answer: {ResultCode: 0}}
"""


PROFILE = """\
deposits: /payins
switched_off: {I9: this app holds nothing}
"""


@pytest.fixture
def pesabox(command):
    return command


def test_a_good_run_exits_0_with_a_line_a_scenario(pesabox, write):
    file = write(PUSH)
    assert pesabox("run", file) == (0, f"ok    {file}: a push\n1 passed\n", "")


def test_a_red_run_exits_1_and_the_replay_it_names_is_red_too(pesabox, write):
    file = write(PUSH.replace("ResultCode: 0}, answer", "ResultCode: 1}, answer"))
    code, out, _ = pesabox("run", file)
    assert code == 1
    assert "$.Body.stkCallback.ResultCode: expected 1, got 0" in out
    replay = out.partition("replay: pesabox ")[2].splitlines()[0]
    assert pesabox(*replay.split()) == (1, out, "")


def test_journal_and_junit_are_written(pesabox, write, tmp_path):
    write(PUSH, "here/push.yaml")
    write(PUSH, "there/push.yaml")
    journals, junit = tmp_path / "deep" / "journals", tmp_path / "junit.xml"
    assert pesabox("run", tmp_path, "--journal", journals, "--junit", junit)[0] == 0
    assert sorted(file.name for file in journals.iterdir()) == ["push-2.jsonl", "push.jsonl"]
    assert (journals / "push.jsonl").read_bytes() == (journals / "push-2.jsonl").read_bytes()
    kinds = [json.loads(line)["kind"] for line in (journals / "push.jsonl").read_text().splitlines()]
    assert kinds[:2] == ["subscriber", "request"]
    assert "callback" in kinds
    assert len(ElementTree.parse(junit).getroot()[0]) == 2


def test_a_file_that_cannot_be_written_is_a_mistake(pesabox, write, tmp_path):
    (tmp_path / "taken").write_text("")
    code, _, err = pesabox("run", write(PUSH), "--junit", tmp_path / "absent" / "x.xml")
    assert (code, err) == (2, f"pesabox: {tmp_path}/absent/x.xml: cannot be written: No such file or directory\n")
    assert pesabox("run", write(PUSH), "--journal", tmp_path / "taken" / "x")[0] == 2


def test_only_scenarios_with_the_word_are_run(pesabox, write):
    write(PUSH, "a.yaml")
    write(PUSH.replace("a push", "Another One"), "b.yaml")
    folder = write("- {name: a, at: daraja.*.callback, effect: {kind: drop}}\n", "chaos.yaml").parent
    assert pesabox("run", folder, "-k", "another")[1].splitlines()[-1] == "1 passed"
    code, _, err = pesabox("run", folder, "-k", "nowhere")
    assert (code, err) == (2, 'pesabox: no scenario has "nowhere" in its file, name or tags\n')


def test_progress_is_shown_on_a_terminal_only(write, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    file = write(PUSH)
    assert outcome(["run", str(file)]) == 0
    assert capsys.readouterr().err == f"[1/1] {file}\r\033[K"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["rum"], 'pesabox: unknown verb "rum"; did you mean "run"?', id="verb"),
        pytest.param(["run"], "pesabox: Missing argument 'PATHS...'.", id="no paths"),
        pytest.param(["run", "nowhere"], "pesabox: nowhere: there is no such file or folder", id="no file"),
        pytest.param(
            ["run", "x", "--sead", "1"], "pesabox: No such option '--sead'. Did you mean '--seed'?", id="option"
        ),
        pytest.param(
            ["run", "x", "--target", "y"],
            'pesabox: unknown target "y"; expected "simulator" or http://HOST:PORT',
            id="target",
        ),
        pytest.param(
            ["run", "x", "--target", "sandbox"],
            'pesabox: the target "sandbox" is not there yet; expected "simulator" or http://HOST:PORT',
            id="sandbox",
        ),
        pytest.param(
            ["run", "x", "--app", "http://127.0.0.1:1"],
            "pesabox: --app http://... speaks to a simulator that runs: name it with --target http://HOST:PORT",
            id="an app that runs, and no simulator",
        ),
        pytest.param(
            ["run", "x", "--world", "default"],
            "pesabox: --world names the world of an app that runs already: it needs --app http://HOST:PORT",
            id="a world, and no app that runs",
        ),
        pytest.param(
            ["demo", "--port", "x"],
            "pesabox: Invalid value for '--port': 'x' is not a valid integer range.",
            id="value",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line_and_exit_2(pesabox, arguments, message):
    assert pesabox(*arguments) == (2, "", f"{message}\n")


@pytest.mark.parametrize(
    ("app", "message"),
    [
        pytest.param("nothing", '"nothing" is no app: expected MODULE:FACTORY', id="no colon"),
        pytest.param(
            "no_such_module:make", 'no app "no_such_module:make": there is no module no_such_module', id="no module"
        ),
        pytest.param("json:make", 'no app "json:make": module json has no function make', id="no function"),
    ],
)
def test_an_app_that_is_not_there_is_a_mistake(pesabox, write, app, message):
    code, _, err = pesabox("run", write(BANK), "--app", app)
    assert code == 2
    assert err.startswith(f"pesabox: {message}")


def test_an_app_of_ones_own_is_found_in_the_working_folder(pesabox, write, tmp_path, monkeypatch):
    (tmp_path / "my_own_bank.py").write_text("from app_under_test.app import create_app\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert pesabox("run", write(BANK), "--app", "my_own_bank:create_app")[0] == 0


def test_a_broken_module_of_an_app_is_not_blamed_on_its_name(write, tmp_path, monkeypatch):
    (tmp_path / "my_broken_bank.py").write_text("import no_such_module_either\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(ModuleNotFoundError, match="no_such_module_either"):
        outcome(["run", str(write(BANK)), "--app", "my_broken_bank:create_app"])


def test_check_counts_good_files(pesabox, write):
    write(PUSH, "a.yaml")
    folder = write("- {name: a, at: daraja.*.callback, effect: {kind: drop}}\n", "b.yml").parent
    assert pesabox("check", folder) == (0, "2 files are good\n", "")
    assert pesabox("check", folder / "a.yaml") == (0, "1 file is good\n", "")


def test_check_and_run_tell_every_mistake_of_every_file(pesabox, write):
    broken = [write("steps: [{clok: 1s}]\n", "a.yaml"), write("name: x\n", "b.yaml")]
    told = (
        f'{broken[0]}:1:10: unknown verb "clok"; did you mean "clock"?\n'
        f'{broken[1]}:1:1: a scenario needs "steps", a list with at least one\n'
    )
    assert pesabox("check", *broken) == (2, "", told)
    assert pesabox("run", *broken) == (2, "", told)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        pytest.param("steps: [{clock: 1s}]", '1:9: this needs "clock"', id="clock"),
        pytest.param('requires: [clock]\nsteps: [{clock: 1s}, {phone: cancel, msisdn: "254708374149"}]',
                     '2:22: this needs "phones"', id="phone"),
        pytest.param('requires: [clock]\nstarts_at: "2026-01-15T10:30:00+03:00"\nsteps: [{clock: 1s}]',
                     '2:12: this needs "fresh"', id="starts at"),
        pytest.param("given: {fault: {name: a, at: daraja.*.callback, effect: {kind: drop}}}\n"
                     "steps: [{provider: GET /x}]", '1:1: this needs "faults"', id="a fault that is given"),
    ],
)  # fmt: skip
def test_check_tells_what_a_scenario_needs_and_does_not_list(pesabox, write, steps, told):
    file = write(steps + "\n")
    code, _, err = pesabox("check", file)
    assert (code, err) == (2, f'{file}:{told}, which "requires" does not list\n')


def test_an_impossible_effect_is_told_with_its_place(pesabox, write):
    file = write("steps:\n  - fault: {name: a, at: daraja.stk_push.request, effect: {kind: drop}}\n")
    code, _, err = pesabox("check", file)
    assert code == 2
    assert err.startswith(f"{file}:2:")


def test_an_empty_folder_is_a_mistake(pesabox, tmp_path):
    assert pesabox("check", tmp_path) == (2, "", f"pesabox: {tmp_path}: there is no .yaml file in this folder\n")


def test_help_is_complete_and_imports_nothing_heavy():
    script = "import sys; from harness.cli import outcome; outcome(['--help']); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert all(verb in told for verb in VERBS)
    assert not {"aiohttp", "pydantic", "simulator", "yaml"} & set(told.splitlines()[-1].split())


@pytest.mark.parametrize("verb", ["run", "check", "demo"])
def test_every_verb_has_help(pesabox, verb):
    code, out, _ = pesabox(verb, "--help")
    assert code == 0
    assert out.startswith(f"Usage: pesabox {verb} ")


def test_no_arguments_show_the_help(pesabox):
    code, out, err = pesabox()
    assert (code, out) == (2, "")
    assert "Commands:" in err


def test_an_apps_profile_says_what_is_not_checked_and_is_part_of_the_replay(pesabox, write):
    story, profile = write(BANK), write(PROFILE, "app.profile")
    code, out, _ = pesabox("run", story, "--app-profile", profile)
    assert (code, out.splitlines()[-2:]) == (
        0,
        ["1 passed", "switched off by the app's profile: I9 hold ends once: this app holds nothing"],
    )
    broken = write(BANK.replace("/deposits", "/nowhere"), "broken.yaml")
    code, out, _ = pesabox("run", broken, "--app-profile", profile)
    assert (code, f"--app-profile {profile}\n" in out) == (1, True)


def test_a_bad_profile_is_the_callers_mistake(pesabox, write):
    profile = write("depsits: /x\n", "app.profile")
    code, _, err = pesabox("run", write(BANK), "--app-profile", profile)
    assert (code, err) == (2, f'{profile}:1:1: unknown key "depsits"; did you mean "deposits"?\n')
