"""What an app was seen to show at a moment: its side of a story, beside the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Sighting:
    """`after` numbers the last event of the journal before."""

    after: int
    at: datetime
    text: str
