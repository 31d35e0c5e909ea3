"""The simulator in this process. The only module of the harness that imports `simulator`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from msgspec import Struct
from yarl import URL

from harness.exchange import Answer, NoAnswer, Request
from harness.problems import Mistake
from harness.targets.base import CAPABILITIES, Opening
from harness.targets.control import ControlApi
from harness.targets.controlled import ControlledWorld, unique_name
from harness.targets.hosting import APP_HOST, callback_answerer, listening, serving
from harness.targets.http import REAL_SECONDS, Http, http, parsed
from harness.targets.time import DrivenTime
from simulator.app import RunningSimulator, running
from simulator.catalogue import check_rule
from simulator.control.api import PREFIX, ControlServer
from simulator.core.faults import FaultRule
from simulator.settings import BadSetting, parse_settings
from simulator.stopping import stop_signal

__all__ = ["FaultRule", "SimulatorTarget", "check_rule", "serve_live", "simulator", "stop_signal"]


class Shortcut(Struct, frozen=True):
    """To the control API past its socket: what is asked and answered is the same, as bytes, and so is the patience."""

    control: ControlServer

    async def send(self, base: str, request: Request) -> Answer:
        url = URL(base + request.path, encoded=True)
        content = b"" if request.body is None else orjson.dumps(request.body)
        try:
            async with asyncio.timeout(REAL_SECONDS):
                path = url.raw_path.removeprefix(PREFIX)
                told = await self.control.answer(request.method, path, url.query, content)
        except TimeoutError:
            raise NoAnswer(f"no answer within {REAL_SECONDS:g} s of real time") from None
        return Answer(told.status, {}, parsed(told.body))


class SimulatorTarget(Struct, frozen=True):
    """One simulator for a whole run; each scenario is a fresh world in it."""

    running: RunningSimulator
    http: Http
    stand_in: str
    name: str = "simulator"
    capabilities: frozenset[str] = frozenset(CAPABILITIES)

    @asynccontextmanager
    async def world(self, opening: Opening) -> AsyncIterator[ControlledWorld]:
        """Its clock is given to the app, and told of every step, directly."""
        control = ControlApi(Shortcut(self.running.control), self.running.url, unique_name(opening.name))
        consumer = await control.open(opening, hosts={APP_HOST: self.stand_in})
        try:
            clock = self.running.simulation.world(control.world).clock
            time = DrivenTime(control, clock, clock.flight, clock.now)
            yield ControlledWorld(self.running.url, opening.seed, consumer, control, time, self.http)
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
async def serve_live(host: str, port: int, *, patience_seconds: float) -> AsyncIterator[str]:
    """A simulator on the system clock that tells every exchange on stderr; yields its URL."""
    async with _started(patience_seconds, host=host, port=port, clock="system", quiet=False) as started:
        yield started.url


@asynccontextmanager
async def _started(patience_seconds: float = 1.0, **settings: object) -> AsyncIterator[RunningSimulator]:
    """A setting that cannot be, such as a taken port, is the caller's mistake."""
    try:
        async with running(parse_settings(settings), patience_seconds=patience_seconds) as started:
            yield started
    except BadSetting as error:
        raise Mistake(str(error)) from None
