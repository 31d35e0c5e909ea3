"""The command `pesabox bank`: the bundled bank alone."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Coroutine
from typing import Any

import click
from pydantic import ValidationError

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 5.0  # with requests under way when it is told to stop; containers are given ten


class PlainError(click.ClickException):
    """The caller's mistake: one line, no usage and no traceback."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"pesabox bank: {' '.join(self.format_message().split())}", file=file or sys.stderr)


class PlainCommand(click.Command):
    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        try:
            return super().make_context(*args, **extra)
        except click.UsageError as error:
            raise PlainError(error.format_message()) from None


def _log_as(_: click.Context, __: click.Parameter, form: str) -> None:
    from app_under_test.log import log_as_json, log_as_text  # aiohttp is heavy, and `--help` needs none of it

    log_as_json() if form == "json" else log_as_text()


@click.command(cls=PlainCommand, context_settings={"auto_envvar_prefix": "PESABOX_BANK"})
@click.option("--provider-url", default="http://127.0.0.1:8200", show_default=True, help="Base URL of the provider.")
@click.option("--public-url", help="Where the provider reaches this bank.  [default: its own address]")
@click.option("--database", default="sqlite:///pesabox-bank.db", show_default=True, help="sqlite:///FILE")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8300, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--clock",
    "clock_url",
    envvar="PESABOX_BANK_CLOCK",
    help="A running simulator's http://…/_sim/clock, read once a request.",
)
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    expose_value=False,
    callback=_log_as,
    help="How start, stop and defects are told on stderr.",
)
def bank(
    *, provider_url: str, public_url: str | None, database: str, host: str, port: int, clock_url: str | None
) -> None:
    """The bundled bank: customers, deposits, withdrawals and a ledger of its own.

    Every option is also an environment variable PESABOX_BANK_<OPTION>, and so is every other setting, such as
    PESABOX_BANK_CALLBACK_SECRET.
    """
    listener = _listen(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    given = {"provider_url": provider_url, "public_url": public_url or address, "database": database}
    with listener:
        _run(_serve(listener, address, given, clock_url))


async def _serve(listener: socket.socket, address: str, given: dict[str, str], clock_url: str | None) -> None:
    from aiohttp import web
    from sqlalchemy.exc import SQLAlchemyError

    from app_under_test.app import create_app
    from app_under_test.clock import BorrowedClock, ClockUnreachable
    from app_under_test.settings import settings_from

    stop = _stop_signal()
    try:
        app = create_app(**settings_from(os.environ, **given), clock=BorrowedClock(clock_url) if clock_url else None)
    except ValueError as error:
        raise PlainError(_reason(error)) from None
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=_PATIENCE_SECONDS)
    try:
        await runner.setup()
        await web.SockSite(runner, listener).start()
        click.echo(f"pesabox bank: ready on {address}")
        _log.info("ready on %s", address)
        await stop.wait()
        _log.info("stopping: requests under way have %g s to end", _PATIENCE_SECONDS)
    except (SQLAlchemyError, ClockUnreachable) as error:
        raise PlainError(_reason(error)) from None
    finally:
        await runner.cleanup()
    _log.info("stopped")


def _stop_signal() -> asyncio.Event:
    """Set by SIGINT or SIGTERM. A second one ends the process at once, as a crash would."""
    stop = asyncio.Event()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    if sys.platform != "win32":  # where Ctrl-C is all there is
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    return stop


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise PlainError(f"cannot listen on {host}:{port}: {error.strerror}") from None


def _reason(error: Exception) -> str:
    """The first line, and of settings their names without the values: some are secrets."""
    if isinstance(error, ValidationError):
        wrong = ([*map(str, each["loc"]), each["msg"].removeprefix("Value error, ")] for each in error.errors())
        return "; ".join(": ".join(parts) for parts in wrong)
    return str(error).splitlines()[0]


def _run(server: Coroutine[Any, Any, None]) -> None:
    if sys.platform == "win32":
        asyncio.run(server)
    else:
        import uvloop

        uvloop.run(server)
