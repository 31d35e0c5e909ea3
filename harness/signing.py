"""Jenga's signatures: RSA with SHA-256 over the values of a request, one after another, in each endpoint's order."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Mapping

import orjson

from harness.matching import MISSING, find

HEADER = "signature"
REMITTANCE, ACCOUNTS = "/v3-apis/transaction-api/v3.0", "/v3-apis/account-api/v3.0"
TRANSFER = ("$.transfer.amount", "$.transfer.currencyCode", "$.transfer.reference")
PAYER = "$.source.accountNumber"
IN_BODIES: Mapping[str, tuple[str, ...]] = {
    rf"{REMITTANCE}/remittance/(pesalinkacc|pesalinkMobile)(/imt)?": (*TRANSFER, "$.destination.name", PAYER),
    rf"{REMITTANCE}/remittance/internalBankTransfer(/imt)?": (PAYER, *TRANSFER),
    rf"{ACCOUNTS}/account/validate": ("$.countryCode", "$.accountNumber", "$.accountFullName"),
}
IN_PATHS = (
    rf"{REMITTANCE}/transactions/details/([^/]+)",
    rf"{ACCOUNTS}/accounts/balances/([^/]+)/([^/]+)",
    rf"{ACCOUNTS}/(?:accounts/)?search/([^/]+)/([^/]+)",
)


def text_to_sign(path: str, body: object) -> str | None:
    """None where the endpoint asks for no signature. What is missing counts as nothing, for the provider to refuse."""
    path = path.partition("?")[0]
    for pattern, names in IN_BODIES.items():
        if re.fullmatch(pattern, path):
            return "".join(_text(find(body, name)) for name in names)
    found = (re.fullmatch(pattern, path) for pattern in IN_PATHS)
    return next(("".join(match.groups()) for match in found if match), None)


def _text(value: object) -> str:
    """As it stands in the JSON that is sent."""
    if value is MISSING:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def signature(key: str, text: str) -> str:
    """`key` is a private one, as PEM."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256

    private = _loaded(key)
    assert isinstance(private, RSAPrivateKey), "Jenga's key for tests is an RSA key"
    return base64.b64encode(private.sign(text.encode(), PKCS1v15(), SHA256())).decode()


@functools.lru_cache(1)
def _loaded(key: str) -> object:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(key.encode(), password=None)
