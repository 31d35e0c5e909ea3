"""A simulator that runs elsewhere, `pesabox serve`: a fresh world for each scenario, or one on loan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct, field
from msgspec.structs import replace

from harness.exchange import Answer, NoAnswer, Request
from harness.problems import Mistake
from harness.targets.base import CAPABILITIES, Opening, WorldTime
from harness.targets.control import ControlApi
from harness.targets.controlled import ControlledWorld, unique_name
from harness.targets.hosting import APP_HOST, callback_answerer, listening, serving
from harness.targets.http import Http, http
from harness.targets.lent_clock import LentClock
from harness.targets.loan import Loan
from harness.targets.time import DrivenTime, RealTime

HEALTH = "/_sim/health"
LACKS = {"virtual": frozenset({"deadlines"}), "system": frozenset({"deadlines", "clock"})}


class RemoteTarget(Struct, frozen=True):
    """Each scenario is a fresh world in it. `stand_in` answers callbacks where a scenario has no app."""

    url: str
    http: Http
    stand_in: str
    clock: str
    token: str | None = None

    @property
    def name(self) -> str:
        return self.url

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset(CAPABILITIES) - LACKS[self.clock]

    @asynccontextmanager
    async def world(self, opening: Opening) -> AsyncIterator[ControlledWorld]:
        control = ControlApi(self.http, self.url, unique_name(opening.name), self.token)
        consumer = await control.open(opening, hosts={APP_HOST: self.stand_in})
        try:
            yield ControlledWorld(self.url, opening.seed, consumer, control, await self.time_of(control), self.http)
        finally:
            await control.close()

    async def time_of(self, control: ControlApi) -> WorldTime:
        if self.clock == "system":
            return RealTime(control)
        return DrivenTime(control, LentClock(control, await control.now()))


class SharedTarget(Struct):
    """One world of a simulator, used as it is by scenarios whose app speaks to no other; never reset."""

    remote: RemoteTarget
    world_name: str
    loan: Loan = field(default_factory=Loan)

    @property
    def name(self) -> str:
        return f"world {self.world_name} of {self.remote.name}"

    @property
    def http(self) -> Http:
        return self.remote.http

    @property
    def capabilities(self) -> frozenset[str]:
        return self.remote.capabilities - {"fresh", "restart", "app_settings"}

    @asynccontextmanager
    async def world(self, opening: Opening) -> AsyncIterator[ControlledWorld]:
        remote = self.remote
        control = ControlApi(remote.http, remote.url, self.world_name, remote.token)
        consumer = await control.find()
        self.loan = await control.borrow(self.loan)
        control = replace(control, loan=self.loan)
        try:
            yield ControlledWorld(remote.url, opening.seed, consumer, control, await remote.time_of(control), self.http)
        finally:
            await control.give_back()


@asynccontextmanager
async def remote(url: str, token: str | None = None) -> AsyncIterator[RemoteTarget]:
    """The simulator at `url`; nobody there, or somebody else, is the caller's mistake."""
    with listening() as listener:
        async with http() as client, serving(callback_answerer(), listener) as stand_in:
            yield RemoteTarget(url, client, stand_in, _clock_of(url, await answer_of(client, url, HEALTH)), token)


async def answer_of(client: Http, url: str, path: str) -> Answer:
    """What is answered there; nobody being there is the caller's mistake."""
    try:
        return await client.send(url, Request("GET", path))
    except (NoAnswer, ValueError):
        raise Mistake(f"{url} does not answer") from None


def _clock_of(url: str, health: Answer) -> str:
    clock = health.body.get("clock") if isinstance(health.body, dict) else None
    kind = clock.get("kind") if isinstance(clock, dict) else None
    if kind not in LACKS:
        raise Mistake(f"{url} is no pesabox simulator: GET {HEALTH} answered {health}")
    return str(kind)
