"""Jobs: future work as rows with a due time, run in order of (due, sequence)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from msgspec import Struct, field


class Job(Struct, frozen=True):
    """`kind` of work at a time. `born_in` is the request that made it: it runs only once that request is over."""

    kind: ClassVar[str] = "job"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    work: str
    due: datetime
    subject: str
    details: Mapping[str, str] = field(default_factory=dict)
    born_in: str = ""
