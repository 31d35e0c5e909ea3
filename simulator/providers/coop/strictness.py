"""What Co-op may be strict about, each off by default: where clients and documents disagree."""

from __future__ import annotations

from simulator.core.store import Transaction
from simulator.core.worlds import World

STRICTNESS = {
    "leg_references": "a leg's ReferenceNumber that equals the MessageReference is refused: -12",
    "always_200": "a business error, and a status of 207, is answered with HTTP 200: the body alone tells",
}


def is_strict(tx: Transaction, world: World, about: str) -> bool:
    return world.provider_settings(tx, "coop").strictness[about]
