"""What pesabox is compared with: aiohttp and nothing else, run the same way. `push` answers, `lifecycle`
also calls back.

It parses the same JSON, and sends the same bytes.
"""

from __future__ import annotations

import asyncio
import gc
import sys

import aiohttp
import orjson
import uvloop
from aiohttp import web

from benchmarks.daraja import ACKNOWLEDGEMENT, CALLBACK, PUSH_PATH
from simulator.commands import GARBAGE_THRESHOLD

CALLBACK_HEADERS = {"Content-Type": "application/json;charset=UTF-8", "BusinessShortCode": "174379"}


async def push(request: web.Request) -> web.Response:
    orjson.loads(await request.read())
    return web.Response(body=ACKNOWLEDGEMENT, content_type="application/json")


class Lifecycle:
    """Answers, and then calls back from a task of its own."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._tasks: set[asyncio.Task[None]] = set()

    async def push(self, request: web.Request) -> web.Response:
        told = orjson.loads(await request.read())
        task = asyncio.create_task(self._call_back(told["CallBackURL"]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.Response(body=ACKNOWLEDGEMENT, content_type="application/json")

    async def _call_back(self, url: str) -> None:
        async with self._session.post(url, data=CALLBACK, headers=CALLBACK_HEADERS) as response:
            await response.read()


async def serve(kind: str) -> None:
    async with aiohttp.ClientSession() as session:
        app = web.Application()
        app.router.add_post(PUSH_PATH, push if kind == "push" else Lifecycle(session).push)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD)
        print(f"bare: ready on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
