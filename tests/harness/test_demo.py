"""The demo, as somebody meets it: in a process of its own, with the commands that it prints."""

import json
import re
import shlex
import signal
import subprocess
import sys
import urllib.request

import pytest


@pytest.fixture
def demo():
    command = [sys.executable, "-m", "harness.cli", "demo", "--port", "0", "--bank-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def banner(process):
    return "".join(iter(process.stdout.readline, "Ctrl-C stops both.\n"))


def run_curl(command):
    """What the printed command asks for, without needing curl here."""
    words = shlex.split(command)
    url = next(word for word in words if word.startswith("http"))
    headers = dict(words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H")
    data = words[words.index("-d") + 1].encode() if "-d" in words else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
        return json.loads(answer.read())


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_it_starts_plays_along_and_stops_cleanly(demo, name):
    told = banner(demo)
    assert re.search(r"pesabox: ready on http://127\.0\.0\.1:\d+\n", told)
    assert re.search(r"pesabox bank: ready on http://127\.0\.0\.1:\d+\n", told)
    customer, deposit, look = (line.strip() for line in told.splitlines() if line.startswith("  curl"))
    assert run_curl(customer)["id"] == run_curl(look)["id"]
    assert run_curl(deposit)["state"] == "pending"
    demo.send_signal(name)
    out, err = demo.communicate(timeout=10)
    assert (demo.returncode, out) == (0, "pesabox: stopped\n")
    assert "stk_push" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("flag", ["--port", "--bank-port"])
def test_a_taken_port_is_a_mistake_in_one_line(demo, flag):
    port = re.search(r"pesabox: ready on http://127\.0\.0\.1:(\d+)", banner(demo))[1]
    other = "--bank-port" if flag == "--port" else "--port"
    command = [sys.executable, "-m", "harness.cli", "demo", flag, port, other, "0"]
    again = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.startswith(f"pesabox: cannot listen on 127.0.0.1:{port}: ")
    assert again.stderr.count("\n") == 1
