"""Worlds, clocks and the settings of providers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool, field_validator, model_validator

from simulator.control.api import Call, ControlError, listed
from simulator.core.clock import nairobi
from simulator.core.data import Data
from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind
from simulator.core.money import ZERO, Money
from simulator.core.simulation import DEFAULT_WORLD
from simulator.core.store import Transaction
from simulator.core.tariffs import Bands
from simulator.core.virtual_clock import VirtualClock
from simulator.core.worlds import ProviderSettings, World

Seconds = Annotated[float, Field(ge=0, le=31_536_000)]
Seed = Annotated[int, Field(ge=0)]


def _local(told: datetime | None) -> datetime | None:
    return None if told is None else nairobi(told)


def _addresses(told: dict[str, str]) -> dict[str, str]:
    for name, address in told.items():
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"{name}: {address!r} is not HOST:PORT")
    return told


Hosts = Annotated[dict[str, str], AfterValidator(_addresses)]


class NewWorld(Data):
    name: str
    seed: Seed | None = None
    starts_at: datetime | None = None
    hosts: Hosts = Field(default_factory=dict)

    _in_nairobi = field_validator("starts_at")(_local)


class WorldPatch(Data):
    """`hosts` sends callbacks for a name to HOST:PORT, in this world only."""

    hosts: Hosts = Field(default_factory=dict)


class Afresh(Data):
    seed: Seed | None = None


REGISTERED = ("public_key", "notice_url")  # what a client registers with a provider, each with some of them


class Advance(Data):
    seconds: Seconds | None = None
    to: datetime | None = None
    jobs: Annotated[int, Field(ge=1)] | None = None

    _in_nairobi = field_validator("to")(_local)

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if self.model_fields_set not in ({"seconds"}, {"to"}, {"jobs"}, {"jobs", "to"}):
            raise ValueError("expected seconds, to, or jobs (and how far `to` go for them)")
        return self


class ProviderPatch(Data):
    latency: Annotated[dict[str, Seconds], Field(default_factory=dict)]
    lifetimes: Annotated[dict[str, Annotated[float, Field(ge=1, le=31_536_000)]], Field(default_factory=dict)]
    limits: Annotated[dict[str, str], Field(default_factory=dict)]
    strictness: Annotated[dict[str, StrictBool], Field(default_factory=dict)]
    tariff: Annotated[dict[str, Bands], Field(default_factory=dict)]
    public_key: str | None = None
    notice_url: str | None = None

    @property
    def registered(self) -> dict[str, str | None]:
        """What is registered anew; None takes it away."""
        return {name: getattr(self, name) for name in REGISTERED if name in self.model_fields_set}

    @field_validator("limits")
    @classmethod
    def _are_amounts(cls, told: dict[str, str]) -> dict[str, str]:
        amounts = {name: Money.parse(amount) for name, amount in told.items()}
        for name, amount in amounts.items():
            if amount < ZERO:
                raise ValueError(f"{name} is negative: {amount}")
        return {name: str(amount) for name, amount in amounts.items()}


async def health(call: Call) -> dict[str, Any]:
    world = call.simulation.world(DEFAULT_WORLD)
    return {
        "status": "ok",
        "seed": call.simulation.seed,
        "clock": _clock(world),
        "store": world.store.name,
        "providers": [provider.name for provider in call.providers],
    }


async def certificate(call: Call) -> str:
    """For clients that encrypt an operator's password."""
    return call.simulation.shared.seal.certificate()


async def jenga_key(call: Call) -> str:
    """For clients that sign with the key for tests."""
    return next(provider.publishes["jenga-key.pem"]() for provider in call.providers if provider.name == "jenga")


def _clock(world: World) -> dict[str, Any]:
    return {"kind": world.clock.kind, "now": world.now().isoformat()}


async def _view(call: Call, world: World) -> dict[str, Any]:
    open_jobs = await world.run(lambda tx: len(tx.find(Job)))
    key, secret = next(iter(world.template.keys.items()), ("any-key", "any-secret"))
    key = key if world.name == DEFAULT_WORLD else f"{key}@{world.name}"
    credentials = {provider.name: {"consumer_key": key, "consumer_secret": secret} for provider in call.providers}
    about = {"name": world.name, "seed": world.seed, "now": world.now().isoformat(), "hosts": dict(world.hosts)}
    return {**about, "open_jobs": open_jobs, "credentials": credentials}


async def list_worlds(call: Call) -> dict[str, Any]:
    views = [await _view(call, world) for world in call.simulation.worlds]
    return listed(call, views, lambda view: str(view["name"]), lambda view: view)


async def make_world(call: Call) -> dict[str, Any]:
    asked = await call.body(NewWorld)
    world = await call.simulation.open(asked.name, seed=asked.seed, starts_at=asked.starts_at)
    await world.map_hosts(asked.hosts)
    return await _view(call, world)


async def patch_world(call: Call) -> dict[str, Any]:
    asked, world = await call.body(WorldPatch), call.simulation.world(call.part("name"))
    await world.map_hosts(asked.hosts)
    return await _view(call, world)


async def delete_world(call: Call) -> None:
    name = call.part("name")
    if name == DEFAULT_WORLD:
        raise ControlError(409, "default_world", "the default world is not deleted: POST /_sim/reset makes it afresh")
    await call.simulation.delete(name)


async def reset(call: Call) -> dict[str, Any]:
    asked = await call.body(Afresh)
    return await _view(call, await call.simulation.reset(call.world.name, seed=asked.seed))


async def clock(call: Call) -> dict[str, Any]:
    return _clock(call.world)


async def advance(call: Call) -> dict[str, Any]:
    """Answers after all that fell due has been delivered and answered."""
    asked, world = await call.body(Advance), call.world
    if not isinstance(world.clock, VirtualClock):
        raise ControlError(409, "system_clock", "this simulator runs on the system clock, which nobody advances")
    try:
        jobs_run = await world.clock.advance(seconds=asked.seconds or 0, to=asked.to, jobs=asked.jobs)
        await world.keep_state()
    except ValueError as error:
        raise ControlError(422, "invalid", str(error), "to") from None
    return {"now": world.now().isoformat(), "jobs_run": jobs_run}


def _settings_view(settings: ProviderSettings) -> dict[str, Any]:
    return {
        "name": settings.key,
        "latency": dict(settings.latency),
        "lifetimes": dict(settings.lifetimes),
        "limits": dict(settings.limits),
        "strictness": dict(settings.strictness),
        "tariff": {name: [list(band) for band in bands] for name, bands in settings.tariff.items()},
        **settings.registered,
    }


def _provider_name(call: Call) -> str:
    name = call.part("name")
    if name not in [provider.name for provider in call.providers]:
        raise ControlError(404, "not_found", f"there is no provider {name!r}")
    return name


async def get_provider(call: Call) -> dict[str, Any]:
    name, world = _provider_name(call), call.world
    return _settings_view(await world.run(lambda tx: world.provider_settings(tx, name)))


async def patch_provider(call: Call) -> dict[str, Any]:
    name, world, asked = _provider_name(call), call.world, await call.body(ProviderPatch)
    registered = _registered(call, name, asked)

    def work(tx: Transaction) -> ProviderSettings:
        settings = world.provider_settings(tx, name).changed("registered", registered)
        for part in asked.model_fields_set - set(REGISTERED):
            known, told = getattr(settings, part), getattr(asked, part)
            for odd in told.keys() - known.keys():
                raise ControlError(422, "invalid", f"{name} has no {part} {odd!r}: {', '.join(known)}", f"{part}.{odd}")
            settings = settings.changed(part, told)
        tx.put(settings)
        data = {"provider": name, **asked.model_dump(mode="json", exclude_unset=True)}
        if asked.notice_url is not None:
            data["notice_url"] = _without_credentials(asked.notice_url)
        tx.append(Event(EventKind.PROVIDER, world.now(), data))
        return settings

    return _settings_view(await world.run(work))


def _without_credentials(url: str) -> str:
    """What the journal tells of an address that names user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _registered(call: Call, name: str, asked: ProviderPatch) -> dict[str, str | None]:
    """What the provider makes of what is registered with it."""
    known = next(provider for provider in call.providers if provider.name == name).registers
    told: dict[str, str | None] = {}
    for what, value in asked.registered.items():
        if what not in known:
            raise ControlError(422, "invalid", f"nothing called {what} is registered with {name}", what)
        try:
            told[what] = None if value is None else known[what](value)
        except ValueError as error:
            raise ControlError(422, "invalid", f"{what}: {error}", what) from None
    return told
