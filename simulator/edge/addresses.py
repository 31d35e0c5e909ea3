"""Addresses of clients, to which callbacks go: which URLs are any, and the credentials that one may bring."""

from __future__ import annotations

import base64
import re

from yarl import URL

_UNFIT_FOR_A_URL = re.compile(r"[\s<>]")


def web_address(value: object) -> str:
    """An absolute http or https URL; plain HTTP to localhost is this tool's purpose."""
    if not isinstance(value, str) or _UNFIT_FOR_A_URL.search(value):
        raise ValueError("expected a URL without spaces and angle brackets")
    url = URL(value)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("expected a URL such as https://example.test/callback")
    return value


def without_credentials(address: str) -> tuple[str, dict[str, str]]:
    """The address alone, and its user and password as the header HTTP Basic, where no journal tells them."""
    url = URL(address)
    bare = str(url.with_user(None))
    if not url.user and not url.password:
        return bare, {}
    pair = base64.b64encode(f"{url.user or ''}:{url.password or ''}".encode()).decode()
    return bare, {"Authorization": f"Basic {pair}"}
