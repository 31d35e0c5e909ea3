"""Merchants: the businesses that integrate, by shortcode. Their balances are the ledger's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from simulator.core.store import Transaction
    from simulator.core.worlds import World


class ShortcodeKind(StrEnum):
    PAYBILL = "paybill"
    TILL = "till"


@dataclass(frozen=True, slots=True)
class Merchant:
    kind: ClassVar[str] = "merchant"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    name: str
    what: ShortcodeKind
    passkey: str


def merchant_of(tx: Transaction, world: World, shortcode: str) -> Merchant | None:
    """The stored merchant, or the one that every fresh world holds."""
    return tx.get(Merchant, shortcode) or world.template.merchant(shortcode)
