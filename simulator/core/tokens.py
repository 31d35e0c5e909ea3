"""Access tokens: the one table above the worlds, since a token is what names the world of a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Token:
    """Opaque to the client; `expires_at` is in the time of its world."""

    value: str
    world: str
    provider: str
    key: str
    expires_at: datetime


class Tokens:
    """Live tokens by value. Expired ones go when their world asks for the next."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def add(self, token: Token, now: datetime) -> None:
        if len(self._tokens) % 1000 == 999:
            self._forget(lambda old: old.world == token.world and old.expires_at <= now)
        self._tokens[token.value] = token

    def revoke(self, world: str, key: str) -> None:
        self._forget(lambda old: old.world == world and old.key == key)

    def get(self, value: str) -> Token | None:
        return self._tokens.get(value)

    def forget_world(self, world: str) -> None:
        self._forget(lambda old: old.world == world)

    def _forget(self, is_dead: Callable[[Token], bool]) -> None:
        self._tokens = {value: token for value, token in self._tokens.items() if not is_dead(token)}
