"""What the harness asks of a target: a provider to test against, in this process or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol, get_args

from msgspec import Struct

from harness.events import Event
from harness.exchange import Answer, Request

Json = Mapping[str, object]
Capability = Literal["faults", "clock", "deadlines", "phones", "ledger", "fresh", "restart", "app_settings"]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)


class Refused(Exception):
    """The target's control API refused, with its own words."""


class Opening(Struct, frozen=True):
    """What a fresh world begins with."""

    name: str
    seed: int
    starts_at: datetime | None = None


class Advanced(Struct, frozen=True):
    """What an advance did: the new time, and how many jobs ran on the way."""

    now: datetime
    jobs_run: int


class Consumer(Struct, frozen=True):
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

    async def pay(self, msisdn: str, payment: Json) -> Json:
        """The subscriber pays a paybill or till; the payment as it then is."""

    async def change_merchant(self, shortcode: str, changes: Json) -> None: ...

    async def change_provider(self, name: str, changes: Json) -> None: ...

    async def account(self, bank: str, number: str) -> Json:
        """An account at a bank, which any spelling of its code names."""

    async def change_account(self, bank: str, number: str, changes: Json) -> None: ...

    async def change_bank(self, code: str, changes: Json) -> None: ...

    async def pay_from(self, bank: str, number: str, payment: Json) -> Json:
        """The account's holder pays another account; the settled payment."""

    async def return_payment(self, payment: str, wish: Json) -> Json:
        """The payee returns a transfer; the returning payment."""

    async def jenga_key(self) -> str:
        """The private key for tests, which every new world accepts, as PEM."""

    async def settle(self) -> Json:
        """The switch settles; what the positions were."""

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


class WorldTime(Protocol):
    """The time of a world, as the harness sees it: how to wait in it, and how all comes to rest."""

    @property
    def app_clock(self) -> AppClock | None:
        """What an app in this process is given; None where it keeps its own time."""

    @property
    def moves_by_itself(self) -> bool:
        """Whether something may happen between two steps."""

    async def now(self) -> datetime: ...

    def flight(self, name: str) -> AbstractContextManager[object]:
        """Time stands still while a step's request is open, unless somebody in its chain waits for the clock."""

    async def until_next(self, deadline: datetime, *, after: int) -> bool:
        """Waits for what happens next, `after` being the last event that is known; False when nothing is to come."""

    async def rest(self, by: timedelta) -> None:
        """Waits until all that was under way is over; where time is driven, `by` is how far it goes."""


class World(Protocol):
    """A universe at the target, for one scenario."""

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
    def time(self) -> WorldTime: ...

    @property
    def app_clock(self) -> AppClock | None:
        """The world's own clock, where it is in this process."""

    async def now(self) -> datetime: ...

    def flight(self, name: str) -> AbstractContextManager[object]: ...

    async def send(self, request: Request) -> Answer:
        """One request to the provider; raises `NoAnswer`."""

    async def resolve(self, host: str, address: str) -> None:
        """Callbacks for `host` go to `address`."""


class OwnApp(Protocol):
    """An app that the harness started itself."""

    async def kill(self) -> None:
        """Whatever it was doing is cut off, and what it knew is gone but for its files; nobody answers any more."""

    async def start(self) -> None:
        """It begins anew, at the same address and on the same files."""


class Target(Protocol):
    """Where scenarios run. Without the capability `fresh` it gives out one and the same world."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> frozenset[str]: ...

    def world(self, opening: Opening) -> AbstractAsyncContextManager[World]: ...


class RunningApp(Struct, frozen=True):
    """An app that somebody else runs and that is never reset; `target` gives out the world that it speaks to."""

    url: str
    target: Target
