"""What an app was seen to show at a moment: its side of a story, beside the journal."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Sighting(Struct, frozen=True):
    """`after` numbers the last event of the journal before."""

    after: int
    at: datetime
    text: str
