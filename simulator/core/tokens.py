"""Access tokens: the one table above the worlds, since a token is what names the world of a request.

Each is a record of its world too, so that it outlives the process where the store does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

if TYPE_CHECKING:
    from simulator.core.store import Transaction

LOOKED_AT = 10  # tokens whenever one is given: more go than come


class Token(Struct, frozen=True):
    """Opaque to the client, whose own key is `client`; `expires_at` is in the time of its world."""

    kind: ClassVar[str] = "token"
    indexes: ClassVar[tuple[str, ...]] = ("client",)

    key: str
    world: str
    provider: str
    client: str
    expires_at: datetime


class Tokens:
    """Live tokens by their keys; expired ones until they end."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._worlds: dict[str, dict[str, Token]] = {}

    def add(self, token: Token, ended: Iterable[Token] = ()) -> None:
        for old in ended:
            self._tokens.pop(old.key, None)
            self._worlds.get(old.world, {}).pop(old.key, None)
        self._tokens[token.key] = self._worlds.setdefault(token.world, {})[token.key] = token

    def get(self, key: str) -> Token | None:
        return self._tokens.get(key)

    def of(self, world: str) -> list[Token]:
        """Those of one world, in the order in which they were given."""
        return list(self._worlds.get(world, {}).values())

    def forget_world(self, world: str) -> None:
        for key in self._worlds.pop(world, {}):
            del self._tokens[key]


def keep(tx: Transaction, token: Token, now: datetime, *, is_only: bool = False) -> list[Token]:
    """Keeps it with its world; it is good once this is committed, and added to the table.

    Gives those that end with it: its client's others, if it `is_only` of its provider, or else some that have expired.
    """
    if is_only:
        ended = [old for old in tx.find(Token, by="client", value=token.client) if old.provider == token.provider]
    else:
        oldest = tx.find(Token, limit=LOOKED_AT)
        ended = list(itertools.takewhile(lambda old: old.expires_at <= now, oldest))
    for old in ended:
        tx.drop(Token, old.key)
    tx.put(token)
    return ended
