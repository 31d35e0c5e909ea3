"""The simulator in this process. The only module of the harness that imports `simulator`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from harness.exchange import Answer, Request
from harness.problems import Mistake
from harness.targets.base import CAPABILITIES, AppClock, Consumer, Opening
from harness.targets.control import ControlApi
from harness.targets.hosting import APP_HOST, callback_answerer, listening, serving
from harness.targets.http import Http, http
from simulator.app import RunningSimulator, running
from simulator.catalogue import check_rule
from simulator.core.worlds import World
from simulator.settings import BadSetting, parse_settings

__all__ = ["SimulatorTarget", "SimulatorWorld", "check_rule", "serve_live", "simulator"]


@dataclass(frozen=True)
class SimulatorWorld:
    """One world of the simulator: its HTTP faces, and directly its clock and its table of hosts."""

    inner: World
    provider_url: str
    seed: int
    consumer: Consumer
    control: ControlApi
    http: Http

    @property
    def name(self) -> str:
        return self.control.world

    @property
    def app_clock(self) -> AppClock:
        return self.inner.clock

    async def now(self) -> datetime:
        return self.inner.clock.now()

    def flight(self, name: str) -> AbstractContextManager[object]:
        return self.inner.clock.flight(name)

    async def send(self, request: Request) -> Answer:
        return await self.http.send(self.provider_url, request)

    def resolve(self, host: str, address: str) -> None:
        self.inner.hosts[host] = address


@dataclass(frozen=True)
class SimulatorTarget:
    """One simulator for a whole run; each scenario is a fresh world in it."""

    running: RunningSimulator
    http: Http
    stand_in: str
    name: str = "simulator"
    capabilities: frozenset[str] = frozenset(CAPABILITIES)

    @asynccontextmanager
    async def world(self, opening: Opening) -> AsyncIterator[SimulatorWorld]:
        control = ControlApi(self.http, self.running.url, opening.name)
        consumer = await control.open(opening)
        try:
            inner = self.running.simulation.world(opening.name)
            world = SimulatorWorld(inner, self.running.url, opening.seed, consumer, control, self.http)
            world.resolve(APP_HOST, self.stand_in)
            yield world
        finally:
            await control.close()


@asynccontextmanager
async def simulator() -> AsyncIterator[SimulatorTarget]:
    """A simulator on the virtual clock, with nothing in it and nothing remembered."""
    with listening() as listener:
        async with (
            _started(port=0, clock="virtual") as started,
            http() as client,
            serving(callback_answerer(), listener) as stand_in,
        ):
            yield SimulatorTarget(started, client, stand_in)


@asynccontextmanager
async def serve_live(host: str, port: int) -> AsyncIterator[str]:
    """A simulator on the system clock that tells every exchange on stderr; yields its URL."""
    async with _started(host=host, port=port, clock="system", quiet=False) as started:
        yield started.url


@asynccontextmanager
async def _started(**settings: object) -> AsyncIterator[RunningSimulator]:
    """A setting that cannot be, such as a taken port, is the caller's mistake."""
    try:
        async with running(parse_settings(settings)) as started:
            yield started
    except BadSetting as error:
        raise Mistake(str(error)) from None
