"""The composition root: the only module that knows everybody. Builds a simulation from settings and serves it."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import HttpVersion11, web
from msgspec import Struct

from simulator.beginning import begun, opened, remember
from simulator.certificates import CredentialSeal, server_context
from simulator.control.api import PREFIX, ControlServer, over_http
from simulator.control.routes import control_server
from simulator.core.simulation import DEFAULT_WORLD, Clocks, Simulation
from simulator.core.store import Store, StoreBroken
from simulator.core.template import WorldTemplate
from simulator.core.worlds import ProviderSettings, Shared
from simulator.edge.catalogue import problems_of_profile
from simulator.edge.sender import HttpSender
from simulator.edge.server import Server
from simulator.providers import PROVIDERS
from simulator.settings import BadSetting, Settings, load_chaos, load_world, provider_settings
from simulator.stores.memory import MemoryStore
from simulator.stores.sqlite import SqliteStore
from simulator.stores.sqlite_file import SqliteFile
from simulator.terminal import told_to

EVENTS_PER_PAYMENT = 10
ENCRYPTED_CREDENTIALS = "encrypted_credentials"


class RunningSimulator(Struct, frozen=True):
    url: str
    simulation: Simulation
    control: ControlServer


def build(settings: Settings, sender: HttpSender, file: SqliteFile | None = None) -> Simulation:
    """Its state is in `file`, which then decides what the settings leave open, or in memory."""
    settings, beginning = begun(settings, file)
    known = {provider.name: _own_settings(provider.settings, settings) for provider in PROVIDERS}
    template = load_world(settings.world, known, latency_factor=settings.latency_factor, text=beginning.world)
    if file is not None:
        remember(file, beginning)
    shared = Shared(
        store=_store(settings, template, file),
        sender=sender,
        template=template,
        rails={provider.name: provider for provider in PROVIDERS},
        settings=provider_settings(template, known),
        latency_factor=settings.latency_factor,
        chaos=load_chaos(settings.chaos, lambda told: problems_of_profile(told, PROVIDERS)),
        seal=CredentialSeal(),
    )
    clocks = Clocks(settings.clock == "virtual", settings.starts_at, settings.answer_timeout)
    jobs = {name: handler for provider in PROVIDERS for name, handler in provider.jobs.items()}
    return Simulation(shared, clocks, seed=settings.seed, jobs=jobs, is_strict=settings.credentials == "strict")


def _store(settings: Settings, template: WorldTemplate, file: SqliteFile | None) -> Store:
    if file is not None:
        return SqliteStore(file, template.terms)
    return MemoryStore(template.terms, events_kept=settings.retain * EVENTS_PER_PAYMENT, retain=settings.retain)


def _own_settings(own: ProviderSettings, settings: Settings) -> ProviderSettings:
    """A provider's settings before a world file has its say: strict about credentials when all is."""
    is_strict = settings.credentials == "strict" and ENCRYPTED_CREDENTIALS in own.strictness
    return own.changed("strictness", {ENCRYPTED_CREDENTIALS: True}) if is_strict else own


def web_server(simulation: Simulation, control: ControlServer, settings: Settings) -> web.Server:
    """One handler for all paths: who answers is told by the first of them, and no router need look."""
    controlled, provided = over_http(control, settings.control_token), Server(simulation, PROVIDERS).handle

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if "Expect" in request.headers:
            await _let_go_on(request)
        path = request.path
        is_control = path == PREFIX or path.startswith(f"{PREFIX}/")
        return await (controlled if is_control else provided)(request)

    return web.Server(handle, access_log=None, handler_cancellation=True)


async def _let_go_on(request: web.BaseRequest) -> None:
    """Some clients send a body only once they are told that it is wanted."""
    if request.version == HttpVersion11 and request.headers["Expect"].lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


@asynccontextmanager
async def running(settings: Settings, *, patience_seconds: float = 1.0) -> AsyncIterator[RunningSimulator]:
    """A simulator that answers. `BadSetting` when its port is taken or a file of its settings is wrong.

    At the end what is under way, requests and jobs, may take so long to end; what is due stays due.
    """
    async with AsyncExitStack() as closing:
        file = opened(settings)
        if file is not None:
            closing.callback(file.close)
        sender = HttpSender(
            allowed=settings.allow_callbacks, hosts=settings.resolve, forger_address=str(settings.forger_address)
        )
        closing.push_async_callback(sender.close)
        simulation = build(settings, sender, file)
        closing.push_async_callback(simulation.shared.store.close)
        control = control_server(simulation, PROVIDERS)
        runner = web.ServerRunner(web_server(simulation, control, settings), shutdown_timeout=patience_seconds)
        closing.push_async_callback(simulation.close)
        closing.push_async_callback(_end_quietly, runner, simulation, patience_seconds)
        if not settings.quiet:
            closing.enter_context(told_to(functools.partial(print, file=sys.stderr, flush=True), simulation))
        await runner.setup()
        await _reopen(simulation)
        port = await _listen(runner, settings)
        simulation.resume()
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        scheme = "https" if settings.tls else "http"
        yield RunningSimulator(f"{scheme}://{host}:{port}", simulation, control)


async def _reopen(simulation: Simulation) -> None:
    try:
        await simulation.reopen()
        await simulation.world_on_first_use(DEFAULT_WORLD)
    except StoreBroken as error:
        raise BadSetting(str(error)) from None


async def _end_quietly(runner: web.ServerRunner, simulation: Simulation, seconds: float) -> None:
    """No new connections, no new jobs; what was begun may end."""
    await asyncio.gather(runner.cleanup(), simulation.drain(seconds))


async def _listen(runner: web.ServerRunner, settings: Settings) -> int:
    context = server_context() if settings.tls else None
    site = web.TCPSite(runner, settings.host, settings.port, ssl_context=context)
    try:
        await site.start()
    except OSError as error:
        raise BadSetting(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None
    port: int = runner.addresses[0][1]
    return port
