"""A world that is not the scenario's own: what was in it before, and what the scenario changed and must undo."""

from __future__ import annotations

from msgspec import Struct, field

from harness.targets.base import Json


class Loan(Struct):
    """`events`, `payments` and `entries` are the last ones before the scenario, `prompts` those that were open then."""

    events: int = 0
    payments: str | None = None
    entries: str | None = None
    prompts: frozenset[str] = frozenset()
    faults: set[str] = field(default_factory=set)
    changed: list[tuple[str, Json]] = field(default_factory=list)
