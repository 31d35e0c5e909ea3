"""Tariffs: what a movement of money costs, as bands of amounts. The tables are a provider's data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from simulator.core.money import ZERO, Money

Tariff: TypeAlias = Sequence[tuple[str, str]]  # up to this amount (included): this fee, both in shillings


def fee_of(tariff: Tariff, amount: Money) -> Money:
    """The fee of the first band that the amount is in; above the last band, and without any, it is free."""
    return next((Money.parse(fee) for up_to, fee in tariff if amount <= Money.parse(up_to)), ZERO)
