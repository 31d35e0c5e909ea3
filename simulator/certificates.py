"""The project's own certificate authority, for clients whose host is fixed: `https://sandbox.safaricom.co.ke`.

It is made once, on this machine, and kept in the user's cache: nobody else trusts it, and it signs nothing else.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path

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
