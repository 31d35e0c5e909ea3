"""Merchants: the businesses that integrate, by shortcode. Their balances are the ledger's."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct, field
from msgspec.structs import replace

if TYPE_CHECKING:
    from simulator.core.store import Transaction
    from simulator.core.worlds import World


WRONG_UNTIL_LOCKED = 8


class ShortcodeKind(StrEnum):
    PAYBILL = "paybill"
    TILL = "till"


class CallbackUrls(Struct, frozen=True):
    """Where a merchant is asked about a collection that it did not ask for, and told of it.

    `completes` is what becomes of a payment when validation gives no answer; `version` the provider's wire form.
    """

    confirmation: str
    validation: str = ""
    completes: bool = True
    version: str = "v2"


class Merchant(Struct, frozen=True):
    """`initiators` are its operators with their passwords; `wrong_credentials` how many came in a row."""

    kind: ClassVar[str] = "merchant"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    name: str
    what: ShortcodeKind
    passkey: str
    initiators: Mapping[str, str] = field(default_factory=dict)
    urls: CallbackUrls | None = None
    is_validating: bool = False
    is_active: bool = True
    is_locked: bool = False
    wrong_credentials: int = 0


def merchant_of(tx: Transaction, world: World, shortcode: str) -> Merchant | None:
    """The stored merchant, or the one that every fresh world holds."""
    return tx.get(Merchant, shortcode) or world.template.merchant(shortcode)


def note_credential(tx: Transaction, merchant: Merchant, *, is_right: bool) -> Merchant:
    """Counts wrong credentials in a row; enough of them lock the merchant's operators."""
    wrong = 0 if is_right else merchant.wrong_credentials + 1
    if wrong == merchant.wrong_credentials:
        return merchant
    noted = replace(merchant, wrong_credentials=wrong, is_locked=merchant.is_locked or wrong >= WRONG_UNTIL_LOCKED)
    tx.put(noted)
    return noted


def unlocked(merchant: Merchant) -> Merchant:
    return replace(merchant, is_locked=False, wrong_credentials=0)
