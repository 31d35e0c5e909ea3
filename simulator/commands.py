"""`pesabox serve`: the simulator alone."""

from __future__ import annotations

import asyncio
import gc
import logging
import shlex
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
import uvloop

from simulator.log import log_as_json, log_as_text
from simulator.settings import BadSetting, Settings, parse_settings
from simulator.stopping import stop_signal

Command = TypeVar("Command", bound=Callable[..., Any])

log = logging.getLogger(__name__)

GARBAGE_THRESHOLD = 50_000  # what a start leaves is frozen; after it, collecting seldom is cheaper
PATIENCE_SECONDS = 5.0  # with what is under way when it is told to stop; containers are given ten
VARIABLES = "PESABOX_"
AUTHORITY_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")


def _option(name: str, **about: Any) -> Callable[[Command], Command]:
    return click.option(f"--{name}", envvar=VARIABLES + name.upper().replace("-", "_"), show_envvar=True, **about)


@click.command()
@_option("host", help="Where to listen; what is not loopback needs --control-token.  [default: 127.0.0.1]")
@_option("port", help="0 takes a free one.  [default: 8200]")
@_option("store", metavar="URL", help="Where state is kept: memory: or sqlite:///FILE  [default: memory:]")
@_option("seed", help="The number that the default world is replayed from.  [default: 1]")
@_option("clock", help="system, or virtual: time that moves when driven.  [default: system]")
@_option("latency", metavar="FACTOR", help="Times the provider's waits.  [default: 0.1; 1 on the virtual clock]")
@_option("world", metavar="FILE", help="A world file: what a fresh world holds.")
@_option("starts-at", metavar="TIME", help="Where the virtual clock starts.  [default: 2026-01-15T10:30:00+03:00]")
@_option("retain", metavar="N", help="How many payments that are past are kept.  [default: 20000]")
@_option("answer-timeout", metavar="SECONDS", help="Real seconds for a callback on the virtual clock.  [default: 5]")
@_option("credentials", help="lenient, or strict: only the keys of the world file.  [default: lenient]")
@_option("control-token", metavar="TOKEN", help="A bearer token for /_sim.")
@_option("forger-address", metavar="ADDRESS", help="Where forged callbacks come from.  [default: 127.0.0.66]")
@_option("allow-callbacks", metavar="HOST", multiple=True, help="A public host that callbacks may go to.")
@_option("resolve", metavar="HOST=ADDR:PORT", multiple=True, help="Sends callbacks for HOST elsewhere.")
@_option("chaos", metavar="FILE", help="A chaos profile: the fault rules that every fresh world begins with.")
@_option("log", metavar="text|json", help="How start, stop and defects are told on stderr.  [default: text]")
@click.option("--fresh", is_flag=True, envvar=VARIABLES + "FRESH", help="Starts the file of --store over.")
@click.option("--tls", is_flag=True, envvar=VARIABLES + "TLS", help="Listen with TLS; `pesabox env` tells clients.")
@click.option("--quiet", is_flag=True, envvar=VARIABLES + "QUIET", help="No line an exchange on a terminal.")
def serve(**told: Any) -> int:
    """The simulator: M-PESA Daraja on its real paths, and the control API under /_sim."""
    given = {name: value for name, value in told.items() if value is not None and value != ()}
    try:
        is_quiet = told["quiet"] or told["log"] == "json" or not sys.stderr.isatty()
        settings = parse_settings({**given, "quiet": is_quiet})
        log_as_json() if settings.log == "json" else log_as_text()
        broken = uvloop.run(_serve(settings))
    except BadSetting as error:
        raise click.UsageError(str(error)) from None
    if broken is None:
        return 0
    log.error("stopped, since nothing more can be kept: %s", broken)
    return 1


async def _serve(settings: Settings) -> Exception | None:
    """Serves until it is told to stop, or until the store can keep nothing any more: then it says why."""
    from simulator.app import running  # aiohttp is heavy, and `--help` needs none of it

    stop = stop_signal()
    async with running(settings, patience_seconds=PATIENCE_SECONDS) as simulator:
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD)
        print(f"pesabox: ready on {simulator.url}", flush=True)
        log.info("ready on %s", simulator.url)
        broken = asyncio.create_task(simulator.simulation.shared.store.broken())
        await asyncio.wait([broken, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping: what is under way has %g s to end", PATIENCE_SECONDS)
    log.info("stopped")
    return broken.result() if broken.done() else None


@click.command()
@click.option("--port", default=8200, show_default=True, help="Where `pesabox serve --tls` listens.")
def env(port: int) -> None:
    """What to export so that a client with a fixed https:// host reaches a running `pesabox serve --tls`."""
    from simulator.certificates import FIXED_HOSTS, authority_file

    authority = shlex.quote(str(authority_file()))
    for variable in AUTHORITY_VARIABLES:
        print(f"export {variable}={authority}")
    print("# and one line in /etc/hosts, with `pesabox serve --tls --port 443`:")
    print(f"#   127.0.0.1 {' '.join(FIXED_HOSTS)}")
    print("# (other ways to find the host: docs/your-client.md); or, for one call, without touching it:")
    for host in FIXED_HOSTS:
        print(f"#   curl --cacert {authority} --connect-to {host}:443:127.0.0.1:{port} https://{host}/_sim/health")
