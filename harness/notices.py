"""Tells the provider where the app hears of money that came in at a bank: in life, somebody registers that once."""

from __future__ import annotations

from typing import Protocol

from harness.app_face import AppFace
from harness.targets.base import Json


class Registry(Protocol):
    """Where a provider's settings are changed."""

    async def change_provider(self, name: str, changes: Json) -> None: ...


async def register_notices(app: AppFace, registry: Registry) -> None:
    for provider, url in await app.notices():
        await registry.change_provider(provider, {"notice_url": url})
