"""Tariffs: what a movement of money costs, as bands of amounts. The tables are a provider's data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AfterValidator

from simulator.core.money import ZERO, Money

if TYPE_CHECKING:
    from simulator.core.payments import Payment
    from simulator.core.store import Transaction
    from simulator.core.worlds import World

Tariff: TypeAlias = Sequence[tuple[str, str]]  # up to this amount (included): this fee, both in shillings
PUBLISHED = "published"  # where a tariff is told: the one that the provider tells the public


def _bands(told: tuple[tuple[str, str], ...] | str) -> tuple[tuple[str, str], ...] | str:
    if isinstance(told, str):
        return told
    bands = [(Money.parse(up_to), Money.parse(fee)) for up_to, fee in told]
    bounds = [up_to for up_to, _ in bands]
    if any(fee < ZERO for _, fee in bands) or bounds != sorted(set(bounds)):
        raise ValueError("expected bands [up to, fee] with rising amounts and no negative fee")
    return tuple((str(up_to), str(fee)) for up_to, fee in bands)


Bands = Annotated[tuple[tuple[str, str], ...] | Literal["published"], AfterValidator(_bands)]


def fee_of(tariff: Tariff, amount: Money) -> Money:
    """The fee of the first band that the amount is in; above the last band, and without any, it is free."""
    return next((Money.parse(fee) for up_to, fee in tariff if amount <= Money.parse(up_to)), ZERO)


def charge(tx: Transaction, world: World, payment: Payment, tariff: str) -> Money:
    """What the payment costs by this tariff of its provider."""
    return fee_of(world.provider_settings(tx, payment.provider).tariff.get(tariff, ()), payment.amount)
