"""Scenarios on several cores: told as one after another would be, whatever happens to who plays them."""

import multiprocessing

import pytest

from harness.cli import outcome

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
BANK = """\
given:
  subscriber: {msisdn: "254708374149", policy: approve}
  customer: {name: Ann, msisdn: "254708374149", save: ann}
steps:
  - app: POST /deposits
    body: {customer: "{ann}", amount: "100.00", via: mpesa}
  - wait: callback
"""
RULE = "- {name: a, at: daraja.*.callback, effect: {kind: drop}}\n"


@pytest.fixture
def run(capsys):
    """Runs `pesabox run` in this process; exit code, stdout, stderr."""

    def run(*arguments):
        code = outcome(["run", *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


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


def test_an_app_that_takes_its_process_along_fails_its_scenario_alone(run, folder, tmp_path, monkeypatch):
    (tmp_path / "my_mortal_bank.py").write_text("import os\n\n\ndef create_app(**settings):\n    os._exit(7)\n")
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(folder, "--jobs", 2, "--app", "my_mortal_bank:create_app")
    assert code == 1
    assert "the process that played it ended with exit code 7" in out
    assert out.splitlines()[-1] == "5 passed, 2 failed"


def test_who_has_played_is_gone(run, folder):
    run(folder, "--jobs", 3)
    assert multiprocessing.active_children() == []


def test_progress_is_shown_on_a_terminal(folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    outcome(["run", str(folder), "--jobs", "2"])
    told = capsys.readouterr().err
    assert told.endswith("\r\033[K")
    assert f"/7] {folder}/push_6.yaml" in told
