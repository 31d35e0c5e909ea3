"""What `docs/your-client.md` tells to do works: its commands run, its programs are those of the shops here."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import requests
import trustme

from simulator.commands import serve as serve_command
from simulator.settings import parse_settings

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "your-client.md"
APPROVES = "254708374149"
DEFAULT_PORT, FIXED_PORT, APP_ADDRESS = "8200", "8443", "host.docker.internal:8000"
UNKNOWN_AUTHORITY = 60  # curl's exit code for it

with_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on the PATH")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def shown() -> list[tuple[str, str]]:
    """Pieces of programs, each with the file that the paragraph above it names."""
    piece = r"\]\(\.\./tests/clients/(\S+?)\)(?:(?!\n\n).)*\n\n```(?:python|js)\n(.*?)```"
    return re.findall(piece, PAGE.read_text(), re.DOTALL)


@pytest.fixture
def in_bash(over_tls, typed):
    """Runs commands of the page against the pesabox that listens with TLS."""

    def run(commands):
        return typed(commands.replace(FIXED_PORT, over_tls.port), PESABOX_CERTIFICATES=str(over_tls.certificates))

    return run


@pytest.mark.parametrize(("file", "piece"), shown())
def test_a_piece_on_the_page_is_in_the_file_that_it_names(file, piece):
    assert piece in (HERE / file).read_text()


def test_every_program_on_the_page_is_compared():
    assert len(shown()) == len(blocks("python") + blocks("js")) == 5


def test_the_versions_on_the_page_are_those_that_run():
    pinned = json.loads((HERE / "node" / "package.json").read_text())["dependencies"]
    ours = {name: version(name) for name in ("mpesakit", "django-daraja")}
    assert all(f"| {name} {told} |" in PAGE.read_text() for name, told in (ours | pinned).items())


def test_the_lock_file_of_node_names_no_address():
    assert "http" not in (HERE / "node" / "package-lock.json").read_text()


@with_curl
def test_curl_reaches_a_fixed_host_as_the_page_says(in_bash):
    (commands,) = blocks("bash fixed-host")
    assert json.loads(in_bash(commands).stdout)["status"] == "ok"


@with_curl
@pytest.mark.parametrize("host", ["sandbox.safaricom.co.ke", "api.safaricom.co.ke"])
def test_curl_reaches_a_fixed_host_as_pesabox_env_says(in_bash, host):
    told = in_bash(f"pesabox env --port {FIXED_PORT}").stdout.splitlines()
    (line,) = [line for line in told if line.endswith(f"{host}/_sim/health")]
    assert json.loads(in_bash(line.removeprefix("#") + " --silent").stdout)["status"] == "ok"


def test_what_pesabox_env_exports_is_on_the_page(in_bash):
    told = in_bash(f"pesabox env --port {FIXED_PORT}").stdout
    exported = re.findall(r"^export (\w+)=", told, re.MULTILINE)
    assert exported
    assert all(f"`{name}`" in PAGE.read_text() for name in exported)


@with_curl
def test_curl_fetches_the_certificate_for_credentials_as_the_page_says(over_http, typed, tmp_path):
    (command,) = blocks("bash certificate")
    typed(f"cd {tmp_path}\n{command.replace(DEFAULT_PORT, over_http.port)}")
    assert (tmp_path / "certs" / "sandbox.cer").read_text() == over_http.certificate()


@with_curl
def test_who_is_not_told_of_the_authority_does_not_believe_pesabox(in_bash):
    (commands,) = blocks("bash fixed-host")
    untold = "\n".join(line for line in commands.splitlines() if not line.startswith("eval"))
    assert in_bash(untold).returncode == UNKNOWN_AUTHORITY


def test_a_callback_reaches_a_dev_server_with_a_certificate_of_its_own(open_shop, over_http, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    files = {"SHOP_CERTIFICATE": str(tmp_path / "certificate.pem"), "SHOP_KEY": str(tmp_path / "key.pem")}
    shop = open_shop("mpesakit_shop.py", over_http, authority=str(tmp_path / "authority.pem"), **files)
    checkout, event = shop.pay_to_the_end(APPROVES)
    assert event["url"].startswith("https://localhost:")
    assert (event["outcome"], event["status"]) == ("answered", 200)
    assert shop.get(f"/paid/{checkout}")["code"] == 0


def test_the_flags_for_a_container_are_accepted():
    (command,) = blocks("bash container")
    flags = command.split()[2:]
    told = serve_command.make_context("serve", flags).params
    settings = parse_settings({name: value for name, value in told.items() if value not in (None, ())})
    assert (settings.host, settings.resolve) == ("0.0.0.0", {"app": APP_ADDRESS})


def test_with_them_a_callback_for_a_name_reaches_the_app_and_control_asks_for_the_token(serve, open_shop, over_http):
    (command,) = blocks("bash container")
    app = open_shop("mpesakit_shop.py", over_http)
    address = app.url.removeprefix("http://")
    flags = command.replace(APP_ADDRESS, address).replace("--host 0.0.0.0", "").split()[2:]
    contained = serve(*flags, token=flags[flags.index("--control-token") + 1])
    with pytest.raises(requests.HTTPError, match="401"):
        replace(contained, token="").control("GET", "/clock")
    shop = open_shop("mpesakit_shop.py", contained, CALLBACK_URL="http://app:8000/callback")
    checkout, event = shop.pay_to_the_end(APPROVES)
    assert (event["outcome"], event["status"]) == ("answered", 200)
    assert app.get(f"/paid/{checkout}")["code"] == 0
