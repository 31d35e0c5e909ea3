"""`pesabox demo`: the simulator and the bank in one process, on the system clock, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from typing import TYPE_CHECKING

import click

from harness.factories import BUNDLED, find_factory
from harness.loop import run_loop

if TYPE_CHECKING:
    from harness.app_face import AppFace

HOST = "127.0.0.1"
RECONCILE_SECONDS = 30.0
PATIENCE_SECONDS = 4.0  # of each, with what is under way when they are told to stop
PORT = click.IntRange(0, 65535)

WELCOME = """\
pesabox: ready on {provider}
pesabox bank: ready on {bank}

  the bank's keys          bank-channel-key (customers' routes), bank-operator-key (the rest)
  the provider's key       pesabox-key, secret pesabox-secret
  what goes on inside      {provider}/_sim/journal

Somebody becomes a customer, and pays in 100 shillings (the phone 254708374149 approves by itself):

  curl -s {bank}/customers -H 'Authorization: Bearer bank-channel-key' -d '{customer}'
  curl -s {bank}/deposits -H 'Authorization: Bearer bank-channel-key' -d '{deposit}'
  curl -s {bank}/customers/C000001 -H 'Authorization: Bearer bank-channel-key'

Ctrl-C stops both."""
CUSTOMER = '{"name":"Ann","msisdn":"254708374149"}'
DEPOSIT = '{"customer":"C000001","amount":"100.00","via":"mpesa"}'


@click.command()
@click.option("--port", type=PORT, default=8200, show_default=True, help="The simulator's; 0 takes a free one.")
@click.option("--bank-port", type=PORT, default=8300, show_default=True, help="The bank's; 0 takes a free one.")
def demo(port: int, bank_port: int) -> None:
    """The simulator and the bundled bank in one process, to play with. Ctrl-C stops both."""
    run_loop(_play_along(port, bank_port))


async def _play_along(port: int, bank_port: int) -> None:
    """Serves both until a signal comes, reconciling now and then as a bank's cron would."""
    from harness.app_face import AppFace
    from harness.app_profile import AppProfile
    from harness.notices import register_notices
    from harness.targets.control import ControlApi
    from harness.targets.hosting import AppDoor, listening, serving
    from harness.targets.http import http
    from harness.targets.simulator import serve_live, stop_signal

    stop = stop_signal()
    create_app = find_factory(BUNDLED)
    with tempfile.TemporaryDirectory(prefix="pesabox-demo-") as folder, listening(HOST, bank_port) as listener:
        bank = f"http://{HOST}:{listener.getsockname()[1]}"
        async with serve_live(HOST, port, patience_seconds=PATIENCE_SECONDS) as provider, http() as client:
            database = f"sqlite:///{folder}/bank.sqlite3"
            app = create_app(provider_url=provider, public_url=bank, database=database)
            async with serving(app, listener, patience_seconds=PATIENCE_SECONDS):
                face = AppFace(AppDoor(client, bank), AppProfile())
                await register_notices(face, ControlApi(client, provider, "default"))
                click.echo(WELCOME.format(provider=provider, bank=bank, customer=CUSTOMER, deposit=DEPOSIT))
                await _reconcile_until(stop, face)
    click.echo("pesabox: stopped")


async def _reconcile_until(stop: asyncio.Event, bank: AppFace) -> None:
    from harness.data import BadFace
    from harness.exchange import NoAnswer

    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RECONCILE_SECONDS)
            return
        try:
            await bank.reconcile()
        except (BadFace, NoAnswer) as error:
            click.echo(f"pesabox: reconciliation failed: {error}", err=True)
