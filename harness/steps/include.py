"""`include:` the steps of another file, in this place. They are put here when the file is read."""

from __future__ import annotations

from collections.abc import Iterator

from harness.data import CheckRule, Data, Raw
from harness.yaml_lines import Path


class IncludeStep(Data):
    """The file is named as seen from the including one."""

    include: str

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        yield from ()
