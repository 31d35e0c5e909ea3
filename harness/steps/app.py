"""`app:` one request to the app under test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from harness.data import CheckRule, Line, Raw, Save
from harness.exchange import Expect, Request, expect_problems
from harness.stage import Stage
from harness.steps.expecting import RepeatableStep, repeat_problems, soft_problems
from harness.yaml_lines import Path


class AppStep(RepeatableStep):
    """A client of the app asks it for something. `headers` takes the place of the key that is sent otherwise."""

    app: Line
    who: Literal["channel", "operator", "nobody"] = Field("channel", alias="as")
    idempotency_key: str | None = None
    headers: dict[str, str] | None = None
    body: object = None
    expect: Expect = Field(default_factory=Expect)
    save: Save = Field(default_factory=dict)

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        yield from expect_problems(raw.get("expect"))
        yield from soft_problems(raw)
        yield from repeat_problems(raw, "app")

    async def run(self, stage: Stage) -> None:
        await self.until_it_holds(stage, lambda: self._ask(stage))

    async def _ask(self, stage: Stage) -> None:
        answer = await stage.ask_app(self._request(stage), self.expect)
        stage.judge(self.expect, self.save, answer)

    def _request(self, stage: Stage) -> Request:
        method, path = stage.text(self.app).split(" ", 1)
        profile = stage.the_app.profile
        headers = profile.authorization(self.who) if self.headers is None else dict(self.headers)
        if self.idempotency_key is not None:
            headers[profile.idempotency_header] = self.idempotency_key
        filled = {name: stage.text(value) for name, value in headers.items()}
        return Request(method, path, filled, stage.fill(self.body))
