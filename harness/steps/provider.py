"""`provider:` one request to the provider, as a merchant of its own would send it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from harness.credentials import NAMES
from harness.data import CheckRule, Line, Raw, Save
from harness.exchange import Expect, Request, expect_problems
from harness.signing import HEADER
from harness.stage import Stage
from harness.steps.expecting import RepeatableStep, repeat_problems, soft_problems
from harness.substitution import names_in
from harness.yaml_lines import Path


class ProviderStep(RepeatableStep):
    """Sent with this world's bearer of the path's surface, and signed where it wants that; `auth: basic` sends the
    consumer's key and secret, `auth: none` nothing."""

    provider: Line
    auth: Literal["bearer", "basic", "none"] = "bearer"
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: object = None
    expect: Expect = Field(default_factory=Expect)
    save: Save = Field(default_factory=dict)

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        yield from expect_problems(raw.get("expect"))
        yield from soft_problems(raw)
        yield from repeat_problems(raw, "provider")

    async def run(self, stage: Stage) -> None:
        await self.until_it_holds(stage, lambda: self._ask(stage))

    async def _ask(self, stage: Stage) -> None:
        answer = await stage.ask_provider(await self._request(stage), self.expect)
        stage.judge(self.expect, self.save, answer)

    async def _request(self, stage: Stage) -> Request:
        extra = await self._credentials(stage)
        method, path = str(stage.fill(self.provider, extra)).split(" ", 1)
        headers = {name: str(stage.fill(value, extra)) for name, value in self.headers.items()}
        body = stage.fill(self.body, extra)
        return Request(method, path, {**await self._authorization(stage, path, body), **headers}, body)

    async def _authorization(self, stage: Stage, path: str, body: object) -> dict[str, str]:
        """A bearer of the path's surface, and a signature where one is wanted and the step sends none itself."""
        if self.auth == "none":
            return {}
        if self.auth == "basic":
            return {"Authorization": stage.credentials.basic()}
        is_signed = any(name.lower() == HEADER for name in self.headers)
        signed = {} if is_signed else await stage.credentials.signature(path, body)
        return {"Authorization": await stage.credentials.bearer(path), **signed}

    async def _credentials(self, stage: Stage) -> dict[str, object]:
        """The credentials, if the step names any."""
        wanted = {name for _, name in names_in([self.provider, self.headers, self.body])}
        if wanted.isdisjoint(NAMES):
            return {}
        return await stage.credentials.names(self.body)
