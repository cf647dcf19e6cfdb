"""A venue's address through which every answer passes, so that a test may change it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

from tests.net.loopback import Reply

Edit = Callable[[str, Any], Any]
"""From path with query and answer to what is passed on: another answer, or a `Reply`."""


@asynccontextmanager
async def relay(base: str, edit: Edit) -> AsyncIterator[str]:
    """The address of what answers as `base` does, but for what `edit` makes of it."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        url = URL(base + request.raw_path, encoded=True)
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        async with session.request(request.method, url, headers=headers) as response:
            told = edit(request.raw_path, orjson.loads(await response.read()))
            reply = told if isinstance(told, Reply) else Reply(told, response.status)
            dated = {"Date": response.headers["Date"], **(reply.headers or {})}
            return web.Response(status=reply.status, body=reply.payload, headers=dated)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    async with aiohttp.ClientSession() as session:
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
