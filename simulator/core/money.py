"""Money in integer minor units. Shillings as text exist only on the wire; floats nowhere."""

from __future__ import annotations

import functools
import re
from typing import Self

from msgspec import Struct

_TEXT = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,2}))?", re.ASCII)


@functools.lru_cache  # limits, opening balances and fees are told as text, and every payment reads the same ones
def _minor(text: str) -> int:
    found = _TEXT.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not an amount: expected shillings as text, such as '500.00'")
    sign, whole, cents = found.groups()
    minor = int(whole) * 100 + int((cents or "0").ljust(2, "0"))
    return -minor if sign else minor


class Money(Struct, frozen=True, order=True):
    """An amount in minor units (cents), signed. Amounts of two currencies never meet in one ledger entry."""

    minor: int
    currency: str = "KES"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `500`, `500.5` or `-500.00`; a `ValueError` says what was expected."""
        return cls(_minor(text))

    @classmethod
    def shillings(cls, whole: int) -> Self:
        return cls(whole * 100)

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise self._cannot_add(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise self._cannot_add(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        sign, minor = ("-", -self.minor) if self.minor < 0 else ("", self.minor)
        return f"{sign}{minor // 100}.{minor % 100:02d}"

    def _cannot_add(self, other: Money) -> ValueError:
        return ValueError(f"cannot add {other.currency} to {self.currency}")


ZERO = Money(0)
