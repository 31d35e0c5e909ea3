"""Tariffs: what a movement of money costs, as bands of amounts. The tables are a provider's data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import BeforeValidator

from simulator.core.money import ZERO, Money

if TYPE_CHECKING:
    from simulator.core.payments import Payment
    from simulator.core.store import Transaction
    from simulator.core.worlds import World

Tariff: TypeAlias = Sequence[tuple[str, str]]  # up to this amount (included): this fee, both in shillings
PUBLISHED = "published"  # where a tariff is told: the one that the provider tells the public
EXPECTED = "expected 'published', or bands [up to, fee] of shillings as text, rising, and no fee negative"


def _bands(told: object) -> object:
    if told == PUBLISHED:
        return told
    try:
        bands = [(Money.parse(up_to), Money.parse(fee)) for up_to, fee in told]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise ValueError(EXPECTED) from None
    bounds = [up_to for up_to, _ in bands]
    if any(fee < ZERO for _, fee in bands) or bounds != sorted(set(bounds)):
        raise ValueError(EXPECTED)
    return tuple((str(up_to), str(fee)) for up_to, fee in bands)


Bands = Annotated[tuple[tuple[str, str], ...] | Literal["published"], BeforeValidator(_bands)]


def fee_of(tariff: Tariff, amount: Money) -> Money:
    """The fee of the first band that the amount is in; above the last band, and without any, it is free."""
    return next((Money.parse(fee) for up_to, fee in tariff if amount <= Money.parse(up_to)), ZERO)


def charge(tx: Transaction, world: World, payment: Payment, tariff: str) -> Money:
    """What the payment costs by this tariff of its provider."""
    return fee_of(world.provider_settings(tx, payment.provider).tariff.get(tariff, ()), payment.amount)
