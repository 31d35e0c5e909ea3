"""`restart:` the app is killed, whatever it is doing, and starts again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from harness.data import CheckRule, Data, Duration, Raw
from harness.stage import Stage
from harness.yaml_lines import Path


class RestartStep(Data):
    """As a crash would: requests are cut off, what was not in its database is forgotten. `down` passes meanwhile."""

    restart: Literal["app"]
    down: Duration = timedelta(0)

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        yield from ()

    async def run(self, stage: Stage) -> None:
        await stage.restart_app(self.down)
