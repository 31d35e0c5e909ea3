"""Runs a coroutine to its end, on the faster event loop where there is one."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GARBAGE_THRESHOLD = 200_000  # what a start leaves is frozen; collecting seldom is cheaper, already while it imports


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
