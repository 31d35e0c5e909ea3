"""What the harness asks of a target: a provider to test against, in this process or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol, get_args

from harness.events import Event
from harness.exchange import Answer, Request

Json = Mapping[str, object]
Capability = Literal["faults", "clock", "deadlines", "phones", "ledger"]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)


class Refused(Exception):
    """The target's control API refused, with its own words."""


@dataclass(frozen=True)
class Opening:
    """What a fresh world begins with."""

    name: str
    seed: int
    starts_at: datetime | None = None


@dataclass(frozen=True)
class Advanced:
    """What an advance did: the new time, and how many jobs ran on the way."""

    now: datetime
    jobs_run: int


@dataclass(frozen=True)
class Consumer:
    """The key and secret that open this world at the provider."""

    key: str
    secret: str


class AppClock(Protocol):
    """The clock that an app in this process is given."""

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]: ...


class Control(Protocol):
    """One world's control API."""

    async def advance(self, by: timedelta) -> Advanced: ...

    async def advance_to(self, instant: datetime) -> Advanced: ...

    async def advance_jobs(self, jobs: int, to: datetime) -> Advanced: ...

    async def add_subscriber(self, subscriber: Json) -> None: ...

    async def change_merchant(self, shortcode: str, changes: Json) -> None: ...

    async def change_provider(self, name: str, changes: Json) -> None: ...

    async def prompts(self, msisdn: str) -> list[Json]: ...

    async def answer_prompt(self, prompt: str, answer: Json) -> None: ...

    async def add_fault(self, rule: Json) -> None: ...

    async def lift_fault(self, name: str) -> None: ...

    async def lift_faults(self) -> None: ...

    async def journal(self, after: int) -> list[Event]: ...

    async def payments(self) -> list[Json]: ...

    async def entries(self) -> list[Json]: ...

    async def balance(self, account: str) -> Decimal: ...

    async def audit(self) -> Json: ...


class World(Protocol):
    """A fresh universe at the target, for one scenario."""

    @property
    def name(self) -> str: ...

    @property
    def seed(self) -> int: ...

    @property
    def provider_url(self) -> str: ...

    @property
    def consumer(self) -> Consumer: ...

    @property
    def control(self) -> Control: ...

    @property
    def app_clock(self) -> AppClock | None:
        """None where the app keeps its own time."""

    async def now(self) -> datetime: ...

    def flight(self, name: str) -> AbstractContextManager[object]:
        """Time stands still while a step's request is open, unless somebody in its chain waits for the clock."""

    async def send(self, request: Request) -> Answer:
        """One request to the provider; raises `NoAnswer`."""

    def resolve(self, host: str, address: str) -> None:
        """Callbacks for `host` go to `address`."""


class Target(Protocol):
    """Where scenarios run."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> frozenset[str]: ...

    def world(self, opening: Opening) -> AbstractAsyncContextManager[World]: ...
