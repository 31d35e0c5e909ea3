"""Which target and which app a command line means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from harness.problems import Mistake

if TYPE_CHECKING:
    from harness.targets.base import RunningApp
    from harness.targets.remote import RemoteTarget
    from harness.targets.simulator import SimulatorTarget

IN_PROCESS = "simulator"
SANDBOX = "sandbox"
DEFAULT_WORLD = "default"
APP_HEALTH = "/health"


def is_url(name: str) -> bool:
    return name.startswith(("http://", "https://"))


def check_target(name: str) -> None:
    if name == SANDBOX:
        raise Mistake(f'the target "{SANDBOX}" is not there yet; expected "{IN_PROCESS}" or http://HOST:PORT')
    if name != IN_PROCESS and not is_url(name):
        raise Mistake(f'unknown target "{name}"; expected "{IN_PROCESS}" or http://HOST:PORT')


def check_app(name: str, target: str, world: str | None) -> None:
    """An app that runs already is told its provider and its world by somebody else: both must be there to be used."""
    if is_url(name) and not is_url(target):
        raise Mistake("--app http://... speaks to a simulator that runs: name it with --target http://HOST:PORT")
    if world is not None and not is_url(name):
        raise Mistake("--world names the world of an app that runs already: it needs --app http://HOST:PORT")


@asynccontextmanager
async def opened(name: str, token: str | None) -> AsyncIterator[RemoteTarget | SimulatorTarget]:
    if is_url(name):
        from harness.targets.remote import remote

        async with remote(name.rstrip("/"), token) as elsewhere:
            yield elsewhere
        return
    from harness.targets.simulator import simulator

    async with simulator() as here:
        yield here


async def running_app(url: str, world: str | None, target: RemoteTarget | SimulatorTarget) -> RunningApp:
    from harness.targets.base import RunningApp
    from harness.targets.remote import RemoteTarget, SharedTarget, answer_of

    assert isinstance(target, RemoteTarget), "check_app refuses any other"
    await answer_of(target.http, url, APP_HEALTH)
    return RunningApp(url.rstrip("/"), SharedTarget(target, world or DEFAULT_WORLD))
