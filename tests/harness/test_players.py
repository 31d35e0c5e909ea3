"""Scenarios on several cores: told as one after another would be, whatever happens to who plays them."""

import functools
import multiprocessing
import os
import signal
import sys
from pathlib import Path

import pytest

from harness.cli import outcome
from harness.reading import load
from tests.harness.conftest import BANK

PUSH = """\
name: a push of AMOUNT
seed: 3
given:
  subscriber: {msisdn: "254708374149", balance: "500.00", policy: approve}
steps:
  - provider: POST /mpesa/stkpush/v1/processrequest
    body:
      {BusinessShortCode: "174379", Password: "{password}", Timestamp: "{timestamp}",
       TransactionType: CustomerPayBillOnline, Amount: AMOUNT, PartyA: "254708374149", PartyB: "174379",
       PhoneNumber: "254708374149", CallBackURL: "{callback}", AccountReference: A, TransactionDesc: B}
    save: {checkout: $.CheckoutRequestID}
  - wait: callback
    for: "{checkout}"
    expect: {body: {$.Body.stkCallback.ResultCode: 0}}
"""
RULE = "- {name: a, at: daraja.*.callback, effect: {kind: drop}}\n"


@pytest.fixture
def run(command):
    return functools.partial(command, "run")


@pytest.fixture
def folder(write):
    """Seven files: six pushes, of which the third fails, a bank's story and a chaos profile."""
    for amount in range(1, 7):
        text = PUSH.replace("AMOUNT", str(amount))
        write(text.replace("ResultCode: 0}", "ResultCode: 1}") if amount == 3 else text, f"all/push_{amount}.yaml")
    write(BANK, "all/a_deposit.yaml")
    return write(RULE, "all/chaos.yaml").parent


def journals(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("jobs", [2, 5])
def test_several_at_once_tell_and_write_what_one_after_another_does(run, folder, tmp_path, jobs):
    alone = run(folder, "--jobs", 1, "--journal", tmp_path / "alone")
    assert (alone[0], alone[1].splitlines()[-1]) == (1, "6 passed, 1 failed")
    assert "$.Body.stkCallback.ResultCode: expected 1, got 0" in alone[1]
    assert run(folder, "--jobs", jobs) == alone
    assert run(folder, "--jobs", jobs, "--journal", tmp_path / "together") == alone
    assert journals(tmp_path / "alone") == journals(tmp_path / "together")


def test_each_row_of_a_table_is_played(run, folder, write):
    write("examples: [{amount: 7}, {amount: 8}]\n" + PUSH.replace("AMOUNT", '"{amount}"'), "all/push_7.yaml")
    code, out, _ = run(folder, "-j", 2, "-k", "push_7")
    assert (code, out.splitlines()[-1], out.count("push_7.yaml")) == (0, "2 passed", 2)


def test_a_seed_of_the_command_line_is_everybodys(run, folder):
    _, out, _ = run(folder, "-j", 2, "--seed", 99)
    assert "seed 99; replay: pesabox run" in out
    assert out == run(folder, "-j", 1, "--seed", 99)[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["-k", "nowhere"], 'no scenario has "nowhere" in its file, name or tags', id="word"),
        pytest.param(["--tag", "slow"], 'no scenario has the tag "slow"', id="tag"),
        pytest.param(["--app", "json:make"], 'no app "json:make": module json has no function make', id="app"),
    ],
)
def test_a_mistake_ends_the_run(run, folder, arguments, message):
    code, _, err = run(folder, "--jobs", 2, *arguments)
    assert (code, err) == (2, f"pesabox: {message}\n")


def test_all_mistakes_in_files_are_told(run, folder, write):
    broken = [write("steps: [{clok: 1s}]\n", f"all/{name}.yaml") for name in ("b", "z")]
    code, _, err = run(folder, "--jobs", 2)
    assert code == 2
    assert [line.partition(":")[0] for line in err.splitlines()] == [str(file) for file in broken]


def test_a_running_simulator_is_given_one_at_a_time(run, folder):
    code, _, err = run(folder, "--jobs", 2, "--target", "http://127.0.0.1:1")
    assert code == 2
    assert err.startswith("pesabox: --jobs is for the simulator in this process")


DYING = {
    "at the start": "os._exit(7)",
    "by a signal": "os.kill(os.getpid(), signal.SIGKILL)",
    "with a child that lives on and holds all that it inherited": "os.fork() or signal.pause(); os._exit(7)",
}


@pytest.mark.parametrize("way", DYING)
def test_an_app_that_takes_its_process_along_fails_its_scenario_alone(run, folder, tmp_path, monkeypatch, way):
    text = f"import os, signal\n\n\ndef create_app(**settings):\n    {DYING[way]}\n"
    if "child" in way:
        text = text.replace("os.fork() or signal.pause()", "(pid := os.fork()) or signal.pause(); told(pid)")
        text += f"\n\ndef told(pid):\n    open({str(tmp_path / 'pid')!r}, 'w').write(str(pid))\n"
    (tmp_path / "my_mortal_bank.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_mortal_bank", raising=False)
    code, out, err = run(folder, "--jobs", 2, "--app", "my_mortal_bank:create_app", "--journal", tmp_path / "journals")
    if "child" in way:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert (code, err) == (1, "")
    how = "by SIGKILL" if "signal" in way else "with exit code 7"
    assert f"the process that played it ended {how}" in out
    assert "its journal went with the process" in out
    assert out.splitlines()[-1] == "5 passed, 2 failed"
    assert "a_deposit.jsonl" not in journals(tmp_path / "journals")


BRIEF = """\
import os

def create_app(database, **settings):
    with open("seen", "w") as seen:
        seen.write(database.removeprefix("sqlite:///"))
    os._exit(7)
"""


def test_what_a_dead_one_left_is_removed(run, folder, tmp_path, monkeypatch):
    (tmp_path / "my_brief_bank.py").write_text(BRIEF)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    run(folder, "--jobs", 2, "--app", "my_brief_bank:create_app")
    place = Path((tmp_path / "seen").read_text()).parent.parent
    assert place.name.startswith("pesabox-")
    assert not place.exists()


def test_who_has_played_is_gone(run, folder):
    run(folder, "--jobs", 3)
    assert multiprocessing.active_children() == []


def test_progress_is_shown_on_a_terminal(folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    outcome(["run", str(folder), "--jobs", "2"])
    told = capsys.readouterr().err
    assert told.endswith("\r\033[K")
    assert f"/7] {folder}/push_6.yaml" in told


WANDERING = """\
import os

from app_under_test.app import create_app as bank

def create_app(**settings):
    os.chdir("elsewhere")
    return bank(**settings)
"""


def test_an_app_may_go_elsewhere(run, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "elsewhere" / "elsewhere" / "elsewhere").mkdir(parents=True)
    (tmp_path / "my_wandering_bank.py").write_text(WANDERING)
    for number in range(3):
        write(BANK, f"all/{number}.yaml")
    code, out, _ = run("all", "--jobs", 2, "--app", "my_wandering_bank:create_app")
    assert (code, out.splitlines()[-1]) == (0, "3 passed")


def test_a_file_that_loses_a_scenario_while_it_is_played_is_a_mistake(run, write, monkeypatch):
    table = write("examples: [{amount: 7}, {amount: 8}]\n" + PUSH.replace("AMOUNT", '"{amount}"'))
    monkeypatch.setattr("harness.players.load", lambda file, rules: load(file, rules)[:1])
    code, _, err = run(table, "--jobs", 2)
    assert (code, err) == (2, f"pesabox: {table}: changed while it was played\n")


def test_the_players_of_one_file_are_as_many_as_told(run, write):
    table = write("examples: [{amount: 7}, {amount: 8}, {amount: 9}]\n" + PUSH.replace("AMOUNT", '"{amount}"'))
    assert run(table, "--jobs", 2) == run(table)


def test_jobs_need_forks(run, folder, monkeypatch):
    monkeypatch.setattr("harness.players.CAN_FORK", False)
    assert run(folder, "--jobs", 2)[2].startswith("pesabox: --jobs needs a system that can fork")
    assert run(folder)[0] == 1
