"""Initiators: an organisation's operators, and the credential with which a request to the core is signed."""

from __future__ import annotations

import base64
import binascii

from simulator.core.errors import Declined, OperatorLocked, WrongInitiator
from simulator.core.merchants import Merchant, note_credential
from simulator.core.store import Transaction
from simulator.core.worlds import World
from simulator.providers.daraja.strictness import is_strict

SEALED_BYTES = 256


def refusal(tx: Transaction, world: World, merchant: Merchant, *, name: str, credential: str) -> Declined | None:
    """Why the core does not let this operator act, if it does not."""
    if name not in merchant.initiators:
        return WrongInitiator(f"{merchant.key} has no initiator {name!r}")
    if merchant.is_locked:
        return OperatorLocked(f"the initiators of {merchant.key} are locked")
    if not _is_right(tx, world, credential, merchant.initiators[name]):
        return WrongInitiator(f"this SecurityCredential is not that of {name!r}")
    return None


def note(tx: Transaction, world: World, merchant: Merchant, *, name: str, credential: str) -> None:
    """Counts this use of a credential. An unknown name, or one that is locked already, counts for nothing."""
    if name in merchant.initiators and not merchant.is_locked:
        note_credential(tx, merchant, is_right=_is_right(tx, world, credential, merchant.initiators[name]))


def _is_right(tx: Transaction, world: World, credential: str, password: str) -> bool:
    """Base64 of 256 bytes is taken unread: only Safaricom could decrypt what an unmodified client sends."""
    try:
        sealed = base64.b64decode(credential, validate=True)
    except (binascii.Error, ValueError):
        return False
    if len(sealed) != SEALED_BYTES:
        return False
    return not is_strict(tx, world, "encrypted_credentials") or world.seal.opened(sealed) == password
