"""Chance, keyed: a draw depends on the world's seed and on what the caller knows, never on the order of calls."""

from __future__ import annotations

import hashlib

from msgspec import Struct

BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Entropy(Struct, frozen=True):
    """Draws of one world. The same seed and key give the same draw, on every machine and in every process."""

    seed: int

    def number(self, *key: object) -> int:
        """A whole number of 128 bits."""
        told = "\x1f".join([str(self.seed), *map(str, key)])
        return int.from_bytes(hashlib.blake2b(told.encode(), digest_size=16).digest(), "big")

    def draw(self, *key: object) -> float:
        """At least 0 and below 1."""
        return (self.number(*key) >> 75) / (1 << 53)

    def text(self, alphabet: str, length: int, *key: object) -> str:
        """`length` characters of `alphabet`; at most 21 of them are independent."""
        number, letters = self.number(*key) << 128 | self.number(*key, "more"), []
        for _ in range(length):
            number, digit = divmod(number, len(alphabet))
            letters.append(alphabet[digit])
        return "".join(letters)


def seed_of(name: str) -> int:
    """The seed of a world that was made by being named."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest(), "big")
