"""How a process that serves is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal


def stop_signal() -> asyncio.Event:
    """Set by SIGINT or SIGTERM. A second one ends the process at once, as a crash would."""
    stop = asyncio.Event()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    return stop
