"""The project's own certificate authority, for clients whose host is fixed: `https://sandbox.safaricom.co.ke`; and the
key under which clients may encrypt credentials for the simulator.

Both are made once, on this machine, and kept in the user's cache: nobody else trusts them, they sign nothing else.
"""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

FIXED_HOSTS = ("sandbox.safaricom.co.ke", "api.safaricom.co.ke")
LOCAL_NAMES = ("localhost", "127.0.0.1")


def folder() -> Path:
    """Where the authority is kept: `PESABOX_CERTIFICATES`, or the user's cache."""
    told = os.environ.get("PESABOX_CERTIFICATES")
    return Path(told) if told else Path.home() / ".cache" / "pesabox"


def authority_file() -> Path:
    """The authority's certificate, which a client must trust; made when it is not there."""
    import trustme  # heavy, and only TLS needs it

    place = folder() / "authority.pem"
    key = folder() / "authority-key.pem"
    if not (place.exists() and key.exists()):
        authority = trustme.CA(organization_name="pesabox, for tests on this machine only")
        folder().mkdir(parents=True, exist_ok=True)
        authority.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        authority.cert_pem.write_to_path(place)
    return place


def server_context() -> ssl.SSLContext:
    """What a listener needs to be any of the fixed hosts, and this machine."""
    import trustme

    certificate = authority_file().read_bytes()
    authority = trustme.CA.from_pem(certificate, (folder() / "authority-key.pem").read_bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*FIXED_HOSTS, *LOCAL_NAMES).configure_cert(context)
    return context


class CredentialSeal:
    """The key with which clients may encrypt operators' passwords: 2048 bits, PKCS#1 v1.5. Made on first use."""

    def __init__(self) -> None:
        self._key: RSAPrivateKey | None = None

    def certificate(self) -> str:
        told = self._file().read_text()
        return told[told.index("-----BEGIN CERTIFICATE") :]

    def opened(self, sealed: bytes) -> str | None:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        try:
            return self._loaded().decrypt(sealed, PKCS1v15()).decode()
        except ValueError:
            return None

    def _loaded(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        if self._key is None:
            key = load_pem_private_key(self._file().read_bytes(), password=None)
            assert isinstance(key, RSAPrivateKey), "the file of the seal holds another kind of key"
            self._key = key
        return self._key

    def _file(self) -> Path:
        """Key and certificate in one file: whole, or not there, whoever else makes it at the same time."""
        place = folder() / "credentials.pem"
        if not place.exists():
            folder().mkdir(parents=True, exist_ok=True)
            made = place.with_suffix(f".{os.getpid()}")
            made.touch(mode=0o600)
            made.write_bytes(_self_signed())
            made.replace(place)
        return place


def _self_signed() -> bytes:
    """A fresh key with its certificate, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "apicrypt.pesabox.test")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2014, 11, 1, tzinfo=UTC))  # only the key matters, and no clock may
        .not_valid_after(datetime(2114, 11, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, *form) + certificate.public_bytes(pem)
