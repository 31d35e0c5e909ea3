"""Shops that are paid through clients of other people, each a process of its own, against `pesabox serve`."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

HERE = Path(__file__).parent
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # `pesabox`, as after an installation
PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
CREDENTIALS = {"MPESA_KEY": "pesabox-key", "MPESA_SECRET": "pesabox-secret", "MPESA_PASSKEY": PASSKEY}
PROXIES = {f"{name}_proxy" for name in ("http", "https", "all")}
PATIENCE_SECONDS, WAIT_SECONDS = 60, 30
NPM_CI = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")


def environment(**variables: str) -> dict[str, str]:
    """This one's, without what would lead a client elsewhere."""
    kept = {name: told for name, told in os.environ.items() if name.lower() not in PROXIES and "MPESA" not in name}
    return kept | {"PATH": PATH} | variables


@contextlib.contextmanager
def started(*command: str, **variables: str) -> Iterator[str]:
    """Runs a command until the end of the block; gives the address with which its first line ends."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, text=True, env=environment(**variables)) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert ": ready on http" in line, f"{command} said {line!r}"
            yield line.split()[-1]
        finally:
            process.terminate()


def asked(method: str, url: str, **told: Any) -> requests.Response:
    """One exchange that no variable of the environment sends elsewhere."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=PATIENCE_SECONDS, **told)


@dataclass
class Pesabox:
    """A running `pesabox serve`, and its control API."""

    url: str
    certificates: Path
    token: str = ""

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return self._answer(method, path, body).json()

    def certificate(self) -> str:
        """What to encrypt an initiator's password with."""
        return self._answer("GET", "/certificate.pem").text

    def balance(self, account: str) -> Any:
        (told,) = self.control("GET", f"/ledger/accounts?account={account}")["items"]
        return told["balance"]

    def last_callback(self) -> int:
        events = self.control("GET", "/journal?kind=callback&limit=1000")["items"]
        return events[-1]["sequence"] if events else 0

    def next_callback(self, *, after: int) -> Any:
        path = f"/journal?kind=callback&after={after}&wait={WAIT_SECONDS}"
        (event,) = self.control("GET", path)["items"]
        return event

    def _answer(self, method: str, path: str, body: Any = None) -> requests.Response:
        told = {"headers": {"Authorization": f"Bearer {self.token}"}} if self.token else {}
        verify: Any = str(self.certificates / "authority.pem") if self.url.startswith("https") else True
        answer = asked(method, f"{self.url}/_sim{path}", json=body, verify=verify, **told)
        answer.raise_for_status()
        return answer


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    """Starts `pesabox serve` on a free port, with more flags."""
    with contextlib.ExitStack() as closing:

        def start(*flags: str, token: str = "") -> Pesabox:
            certificates = tmp_path_factory.mktemp("certificates")
            command = (sys.executable, "-m", "harness.cli", "serve", "--port", "0", "--latency", "0", *flags)
            url = closing.enter_context(started(*command, PESABOX_CERTIFICATES=str(certificates)))
            return Pesabox(url, certificates, token)

        yield start


@pytest.fixture(scope="session")
def over_http(serve):
    return serve()


@pytest.fixture(scope="session")
def over_tls(serve):
    return serve("--tls")


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory):
    """A copy of `node/` with its packages."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs node and npm on the PATH")
        pytest.skip("node and npm are not on the PATH")
    folder = tmp_path_factory.mktemp("shops") / "node"
    shutil.copytree(HERE / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(NPM_CI, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@dataclass
class Shop:
    """A running shop, and the pesabox that it is paid through. `authority` signed its certificate, if it has one."""

    url: str
    pesabox: Pesabox
    authority: str = ""

    def get(self, path: str) -> Any:
        return self._answer("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self._answer("POST", path, body)

    def pay(self, phone: str, shillings: int = 100) -> Any:
        return self.post("/pay", {"phone": phone, "shillings": shillings})

    def pay_to_the_end(self, phone: str) -> tuple[str, Any]:
        """The id of the payment, and its callback as the journal tells of it."""
        seen = self.pesabox.last_callback()
        checkout = self.pay(phone)["checkout"]
        return checkout, self.pesabox.next_callback(after=seen)

    def _answer(self, method: str, path: str, body: Any = None) -> Any:
        answer = asked(method, self.url + path, json=body, verify=self.authority or True)
        assert answer.status_code in (200, 402), answer.text
        return answer.json()


@pytest.fixture(scope="session")
def open_shop(request):
    """Opens a shop: a file here, or in `node/`. Where pesabox listens with TLS, its client calls the fixed host."""
    with contextlib.ExitStack() as closing:

        def begin(file: str, pesabox: Pesabox, *, authority: str = "", **variables: str) -> Shop:
            command = [sys.executable, str(HERE / file)]
            if file.endswith(".js"):
                command = ["node", str(request.getfixturevalue("node_folder") / file)]
            if pesabox.url.startswith("https"):
                command = ["bash", "-c", f'eval "$(pesabox env --port {pesabox.port})"; exec "$@"', "shop", *command]
                variables |= by_the_recipe_of_a_fixed_host(pesabox)
            else:
                variables["MPESA_URL"] = pesabox.url
            url = closing.enter_context(started(*command, **CREDENTIALS, **variables))
            return Shop(url, pesabox, authority)

        yield begin


def by_the_recipe_of_a_fixed_host(pesabox: Pesabox) -> dict[str, str]:
    return {
        "PESABOX_CERTIFICATES": str(pesabox.certificates),
        "PESABOX_PORT": pesabox.port,
        "PYTHONPATH": str(HERE / "fixed_host"),
        "NODE_OPTIONS": f"--require {HERE / 'fixed_host' / 'preload.js'}",
    }


@pytest.fixture(scope="session")
def typed():
    """Types commands into a shell."""

    def run(commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
        told = environment(**variables)
        return subprocess.run(("bash", "-c", commands), env=told, capture_output=True, text=True, check=False)

    return run
