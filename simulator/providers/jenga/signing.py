"""Signatures: RSA PKCS#1 v1.5 with SHA-256 over the raw values of a request, in each endpoint's order [official]."""

from __future__ import annotations

import base64
import binascii
import functools
from importlib.resources import files
from typing import TYPE_CHECKING

from simulator.edge.exchange import Exchange
from simulator.edge.provider import RefusedAs

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

HEADER = "signature"
BITS_AT_LEAST = 1024  # 2048 is documented; clients of old have smaller keys
KEYS_REMEMBERED = 64
EXPECTED = "expected an RSA public key, as PEM or as the base64 between its header lines"

# The public half of the published key for tests, which every new world accepts.
TEST_PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuyfAgup+KZathvXd1o+Z
nJlHlYhpRI60MDP25DUYJCD93ZV/+qfNpu/Mj/UBqoG9eMIt3dgOagwDd9FiMn+e
BCAFMkMsWOOQTo2OMNNCsjrNX4f9M36nlcMjsFoPDpp6+lFdjHNjtdE31Nd9Rp6Y
vB2BPf/8TTk9i8D/7bGgtynM+tPCJLBH3UR07UhP71ktFAuaJJ7C3wGmF9UY+OOh
XOmCdsZRG5ZdwBYY5oh468c19nzRaclUMBGNqLJCiwrk96NLjp8+tItwIks867Qh
ZegGkg7WTKQisKVmWCtCgyzI+FbYdxq+ssSE6JDH3mC1eMmKXcs5WnztnzskvmTf
nwIDAQAB
-----END PUBLIC KEY-----
"""


def private_test_key() -> str:
    """The published private key for tests, as PEM."""
    return files("simulator.providers.jenga").joinpath("test_key.pem").read_text()


def read_public_key(told: str) -> str:
    """The key as PEM, from PEM or from what stands between its header lines, as it is often pasted."""
    lines = [line.strip() for line in told.strip().splitlines() if "-----" not in line]
    body = "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
    _loaded(body)
    return body


@functools.lru_cache(KEYS_REMEMBERED)
def _loaded(pem: str) -> RSAPublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(EXPECTED) from None
    if not isinstance(key, RSAPublicKey) or key.key_size < BITS_AT_LEAST:
        raise ValueError(f"{EXPECTED}, of 2048 bits")
    return key


async def check_signature(exchange: Exchange, *told: str) -> None:
    """Refuses what is not signed, or by somebody else, or over something else than `told`, one after another."""
    signature = exchange.received.headers.get(HEADER, "").strip()
    if not signature:
        of_validate = "_validate" if exchange.operation == "validate" else ""
        raise RefusedAs(f"signature_required{of_validate}", f"there is no header {HEADER}")
    world = exchange.world
    key = await world.run(lambda tx: world.provider_settings(tx, "jenga").registered["public_key"])
    if key is None:
        raise RefusedAs("key_mapping_invalid", "no public key is registered for this merchant")
    if not is_signed(key, signature, "".join(told)):
        raise RefusedAs("invalid_signature", f"it is no signature of {''.join(told)!r} by the registered key")


def is_signed(key: str, signature: str, text: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        raw = base64.b64decode(signature, validate=True)
        _loaded(key).verify(raw, text.encode(), PKCS1v15(), SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True
