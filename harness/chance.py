"""Keyed draws: the same seed and key, the same draw, whatever else was drawn before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")
Word = TypeVar("Word", bound=str)
BITS = 64


class Chance(Struct, frozen=True):
    """Of one scenario. A key says what is drawn: `("amount", 17)`."""

    seed: int

    def share(self, *key: object) -> float:
        """From 0 to just below 1."""
        text = "|".join(map(str, (self.seed, *key)))
        drawn = int.from_bytes(hashlib.sha256(text.encode()).digest()[: BITS // 8])
        return drawn / float(2**BITS)

    def whole(self, least: int, most: int, *key: object) -> int:
        return least + int(self.share(*key) * (most - least + 1))

    def one_of(self, these: Sequence[T], *key: object) -> T:
        return these[self.whole(0, len(these) - 1, *key)]

    def weighted(self, weights: Mapping[Word, float], *key: object) -> Word:
        """A word, each as often as its weight says beside the others'."""
        left = self.share(*key) * sum(weights.values())
        for word, weight in weights.items():
            left -= weight
            if left < 0:
                return word
        return next(word for word, weight in weights.items() if weight > 0)
