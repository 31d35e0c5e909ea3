"""A world that is reached over HTTP alone, be its simulator in this process or elsewhere; and how one is named."""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager
from datetime import datetime

from msgspec import Struct

from harness.exchange import Answer, Request
from harness.targets.base import AppClock, Consumer, WorldTime
from harness.targets.control import ControlApi
from harness.targets.http import Http
from harness.targets.lent_clock import LentClock

STORY_LETTERS, RANDOM_LETTERS = 31, 12


class ControlledWorld(Struct, frozen=True):
    """Its provider, and what `/_sim` tells of it."""

    provider_url: str
    seed: int
    consumer: Consumer
    control: ControlApi
    time: WorldTime
    http: Http

    @property
    def name(self) -> str:
        return self.control.world

    @property
    def app_clock(self) -> AppClock | None:
        lent = self.time.app_clock
        return None if isinstance(lent, LentClock) else lent

    async def now(self) -> datetime:
        return await self.time.now()

    def flight(self, name: str) -> AbstractContextManager[object]:
        return self.time.flight(name)

    async def send(self, request: Request) -> Answer:
        return await self.http.send(self.provider_url, request)

    async def resolve(self, host: str, address: str) -> None:
        await self.control.resolve(host, address)


def unique_name(story: str) -> str:
    """A world's name that no other run has. All are of one length, since the journal tells that of a credential."""
    return f"{story[:STORY_LETTERS]:-<{STORY_LETTERS}}-{uuid.uuid4().hex[:RANDOM_LETTERS]}"
