"""The project's own authority: made once, kept private, good for the fixed hosts."""

from __future__ import annotations

import ssl

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from simulator.app import running
from simulator.certificates import FIXED_HOSTS, CredentialSeal, authority_file, folder
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


def sealed(pem, text):
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    assert key.key_size == 2048
    return key.encrypt(text, PKCS1v15())


def test_what_is_encrypted_with_the_certificate_can_be_read_by_every_process_of_this_machine():
    first, second = CredentialSeal(), CredentialSeal()
    assert first.certificate() == second.certificate()
    assert second.opened(sealed(first.certificate(), b"Safaricom999!*!")) == "Safaricom999!*!"


@pytest.mark.parametrize("odd", [b"", bytes(256), b"\xff" * 256], ids=["nothing", "zeros", "ones"])
def test_what_is_not_is_no_password(odd):
    assert CredentialSeal().opened(odd) != "Safaricom999!*!"


def test_what_is_no_text_is_none():
    seal = CredentialSeal()
    assert seal.opened(sealed(seal.certificate(), b"\xff\xfe")) is None


def test_the_key_of_the_credentials_is_private():
    certificate = CredentialSeal().certificate()
    assert "PRIVATE" not in certificate
    (file,) = folder().iterdir()
    assert file.stat().st_mode & 0o077 == 0
