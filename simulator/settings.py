"""Every setting of the simulator, parsed once and passed down as a value; and the world file."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from simulator.core.clock import nairobi
from simulator.core.data import Data
from simulator.core.faults import FaultRule
from simulator.core.subscribers import THINKS_SECONDS
from simulator.core.tampering import FORGER_ADDRESS
from simulator.core.template import ProviderTemplate, WorldTemplate
from simulator.core.virtual_clock import VIRTUAL_START
from simulator.core.worlds import ProviderSettings
from simulator.yaml_file import BadFile, YamlFile

if TYPE_CHECKING:
    from simulator.edge.catalogue import Problem

LATENCY_FACTORS = {"system": 0.1, "virtual": 1.0}
MEMORY = "memory:"
_SQLITE = re.compile(r"sqlite:///(?P<file>[^?]+)(\?synchronous=(full|normal))?")


class BadSetting(Exception):
    """A flag, a variable or a file that the caller must mend: one plain line."""


def local_time(told: str | datetime) -> datetime:
    """ISO 8601; without an offset it is Nairobi's."""
    return nairobi(told if isinstance(told, datetime) else datetime.fromisoformat(told))


class Settings(Data):
    """Flags of `pesabox serve`; each also a variable `PESABOX_…`."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8200
    store: str = "memory:"
    seed: Annotated[int, Field(ge=0)] = 1
    clock: Literal["system", "virtual"] = "system"
    latency: Annotated[float, Field(ge=0, le=1000)] | None = None
    world: Path | None = None
    starts_at: datetime = VIRTUAL_START
    retain: Annotated[int, Field(ge=1)] = 20_000
    answer_timeout: Annotated[float, Field(gt=0)] = 5.0
    credentials: Literal["lenient", "strict"] = "lenient"
    control_token: str | None = None
    forger_address: ipaddress.IPv4Address = ipaddress.IPv4Address(FORGER_ADDRESS)
    allow_callbacks: tuple[str, ...] = ()
    resolve: Annotated[dict[str, str], Field(default_factory=dict)]
    chaos: Path | None = None
    log: Literal["text", "json"] = "text"
    tls: bool = False
    fresh: bool = False
    quiet: bool = True

    @field_validator("store")
    @classmethod
    def _is_a_store(cls, told: str) -> str:
        if told != MEMORY and not _SQLITE.fullmatch(told):
            raise ValueError(f"{told!r} is neither {MEMORY} nor sqlite:///FILE, with ?synchronous=full for power loss")
        return told

    @field_validator("starts_at", mode="before")
    @classmethod
    def _is_a_time(cls, told: str | datetime) -> datetime:
        return local_time(told)

    @field_validator("resolve", mode="before")
    @classmethod
    def _are_hosts(cls, told: Any) -> dict[str, str]:
        if isinstance(told, dict):
            return told
        pairs = dict(pair.partition("=")[::2] for pair in told)
        for host, address in pairs.items():
            name, _, port = address.rpartition(":")
            if not host or not name or not port.isdecimal():
                raise ValueError(f"{host}={address} is not HOST=ADDRESS:PORT")
        return pairs

    @model_validator(mode="after")
    def _is_safe(self) -> Settings:
        if not is_loopback(self.host) and not self.control_token:
            raise ValueError(f"host {self.host} is not loopback: it needs a control token (--control-token)")
        return self

    @property
    def store_file(self) -> Path | None:
        found = _SQLITE.fullmatch(self.store)
        return Path(found["file"]) if found else None

    @property
    def is_power_safe(self) -> bool:
        return self.store.endswith("?synchronous=full")

    @property
    def latency_factor(self) -> float:
        return LATENCY_FACTORS[self.clock] if self.latency is None else self.latency


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_settings(told: dict[str, Any]) -> Settings:
    """The settings, or `BadSetting` that names the first flag that is wrong."""
    try:
        return Settings.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        flag = f"--{str(first['loc'][0]).replace('_', '-')}: " if first["loc"] else ""
        raise BadSetting(flag + first["msg"].removeprefix("Value error, ")) from None


def read_text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise BadSetting(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadSetting(f"{path}: not text: {error.reason}") from None


def load_world(
    path: Path | None,
    known: Mapping[str, ProviderSettings] | None = None,
    *,
    latency_factor: float = 1.0,
    text: str | None = None,
) -> WorldTemplate:
    """What a fresh world holds: the default, extended by the file's. `known` are the providers' own settings, `text`
    what was read from the file before.

    How long a persona thinks is a wait of ours, times the factor; seconds that somebody wrote in a file are real.
    """
    default = yaml.load(files("simulator").joinpath("world.yaml").read_text(), Loader=yaml.CSafeLoader)
    for subscriber in (default["anybody"], *default["subscribers"].values()):
        subscriber["thinks_seconds"] = subscriber.get("thinks_seconds", THINKS_SECONDS) * latency_factor
    if path is None:
        return WorldTemplate.model_validate(default)
    file = _opened(path, text)
    if not isinstance(file.data, dict):
        raise BadSetting(f"{file.place(())}: expected a mapping with keys, merchants, subscribers")
    try:
        template = WorldTemplate.model_validate(_extended(default, file.data))
        if known is not None:
            _check_providers(template, known, file)
        return template
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        told = first["msg"].removeprefix("Value error, ")
        raise BadSetting(f"{file.place(first['loc'])}: {'.'.join(map(str, first['loc']))}: {told}") from None


def _check_providers(template: WorldTemplate, known: Mapping[str, ProviderSettings], file: YamlFile) -> None:
    for name, told in template.providers.items():
        if name not in known:
            raise BadSetting(f"{file.place(('providers', name))}: there is no provider {name!r}: {', '.join(known)}")
        for part in told.model_fields_set:
            for odd in getattr(told, part).keys() - getattr(known[name], part).keys():
                place = file.place(("providers", name, part, odd))
                raise BadSetting(f"{place}: {name} has no {part} {odd!r}: {', '.join(getattr(known[name], part))}")


def load_chaos(path: Path | None, check: Callable[[object], list[Problem]]) -> tuple[FaultRule, ...]:
    """The rules of a chaos profile; `check` says what is wrong with one."""
    if path is None:
        return ()
    file = _opened(path)
    problems = check(file.data)
    if problems:
        location, told = problems[0]
        raise BadSetting(f"{file.place(location)}: {told}")
    return tuple(FaultRule.model_validate(rule) for rule in file.data)


def _opened(path: Path, text: str | None = None) -> YamlFile:
    try:
        return YamlFile(path, text)
    except BadFile as error:
        raise BadSetting(str(error)) from None


def provider_settings(template: WorldTemplate, known: Mapping[str, ProviderSettings]) -> dict[str, ProviderSettings]:
    """The providers' settings in a fresh world."""
    return {name: _changed(own, template.providers.get(name, ProviderTemplate())) for name, own in known.items()}


def _changed(own: ProviderSettings, told: ProviderTemplate) -> ProviderSettings:
    for part in ProviderTemplate.model_fields:
        own = own.changed(part, getattr(told, part))
    return own


def _extended(default: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    merged = default | told
    for part in ("keys", "merchants", "subscribers", "banks", "accounts", "endings"):
        if isinstance(told.get(part), dict):
            merged[part] = default[part] | told[part]
    return merged
