"""The project's own authority: made once, kept private, good for the fixed hosts."""

from __future__ import annotations

import ssl

import aiohttp
import pytest

from simulator.app import running
from simulator.certificates import FIXED_HOSTS, authority_file
from simulator.settings import Settings


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PESABOX_CERTIFICATES", str(tmp_path / "certificates"))


def test_the_authority_is_made_once_and_its_key_is_private():
    first = authority_file().read_bytes()
    assert authority_file().read_bytes() == first
    assert (authority_file().parent / "authority-key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("host", FIXED_HOSTS)
async def test_a_client_that_trusts_it_believes_a_fixed_host(host):
    context = ssl.create_default_context(cafile=authority_file())
    async with (
        running(Settings(port=0, clock="virtual", tls=True)) as simulator,
        aiohttp.ClientSession() as http,
        http.get(f"{simulator.url}/_sim/health", ssl=context, server_hostname=host) as response,
    ):
        assert simulator.url.startswith("https://")
        assert response.status == 200


async def test_a_client_that_does_not_trust_it_does_not():
    async with running(Settings(port=0, tls=True)) as simulator, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await http.get(f"{simulator.url}/_sim/health")
