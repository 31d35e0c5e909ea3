"""Money in integer minor units. Shillings as text exist only on the wire; floats nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_TEXT = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (cents), signed. Amounts of two currencies never meet in one ledger entry."""

    minor: int
    currency: str = "KES"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `500`, `500.5` or `-500.00`; a `ValueError` says what was expected."""
        found = _TEXT.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not an amount: expected shillings as text, such as '500.00'")
        sign, whole, cents = found.groups()
        minor = int(whole) * 100 + int((cents or "0").ljust(2, "0"))
        return cls(-minor if sign else minor)

    @classmethod
    def shillings(cls, whole: int) -> Self:
        return cls(whole * 100)

    def __add__(self, other: Money) -> Money:
        self._check(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._check(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        sign, minor = ("-", -self.minor) if self.minor < 0 else ("", self.minor)
        return f"{sign}{minor // 100}.{minor % 100:02d}"

    def _check(self, other: Money) -> None:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")


ZERO = Money(0)
