import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from click.testing import CliRunner

from app_under_test.commands import bank

RUN = [sys.executable, "-c", "from app_under_test.commands import bank; bank()"]


def start(*flags, **environment):
    return subprocess.Popen(
        [*RUN, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    )


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_when_told(tmp_path, signum):
    nobody = {"PESABOX_BANK_PROVIDER_URL": "http://127.0.0.1:1"}
    with start(PESABOX_BANK_PORT="0", PESABOX_BANK_DATABASE=f"sqlite:///{tmp_path}/bank.db", **nobody) as process:
        line = process.stdout.readline()
        assert line.startswith("pesabox bank: ready on http://127.0.0.1:")
        with urllib.request.urlopen(line.split()[-1] + "/health", timeout=10) as response:
            assert response.read() == b'{"status":"ok"}'
        process.send_signal(signum)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, len(errors.splitlines())) == (0, "", 1)
    assert "the paybill is not registered, reconciliation will try again: no connection" in errors


@pytest.mark.parametrize(
    ("flags", "environment", "told"),
    [
        pytest.param(["--port", "http"], {}, "'http' is not a valid integer", id="port"),
        pytest.param(["--colour"], {}, "No such option", id="unknown flag"),
        pytest.param(["--provider-url", "nowhere"], {}, "provider_url", id="provider"),
        pytest.param(["--database", "mongo://"], {}, "sqlite:///FILE", id="database"),
        pytest.param(["--database", "postgresql://h:x/b"], {}, "postgresql://USER", id="no port"),
        pytest.param(["--database", "sqlite:////nowhere/at/all.db"], {}, "unable to open", id="no such folder"),
        pytest.param(["--public-url", "https://bank.example.com"], {}, "is public: set channel_key", id="default keys"),
        pytest.param(["--host", "no.such.host.test"], {}, "cannot listen on", id="host"),
        pytest.param(["--clock", "http://127.0.0.1:1/"], {}, "no time from", id="clock"),
        pytest.param([], {"PESABOX_BANK_CLOCK": "http://127.0.0.1:1/"}, "no time from", id="clock, by environment"),
        pytest.param([], {"PESABOX_BANK_OPENING_FLOAT": "much"}, "opening_float", id="a setting of the environment"),
    ],
)
def test_a_callers_mistake_is_one_plain_line(tmp_path, monkeypatch, flags, environment, told):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(bank, ["--port", "0", *flags], env=environment)
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert told in result.stderr


def test_a_taken_port_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = CliRunner().invoke(bank, ["--port", str(port)])
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in result.stderr


def test_help_is_complete():
    shown = CliRunner().invoke(bank, ["--help"]).stdout
    for flag in ("--provider-url", "--public-url", "--database", "--host", "--port", "--clock"):
        assert flag in shown
