"""A host on a loopback port that plays what a test tells it to and keeps what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

UNDATED = {"Date": ""}
"""Or else aiohttp tells the real time, which is not that of the tests."""


@dataclass(frozen=True)
class Reply:
    """`body`: JSON, or bytes as they are. `cut`: the connection ends half way. `hang`: silence.

    `reset`: it ends half way as if the host had crashed. `stall`: it ends half way, and nothing is
    said any more. `pause`: seconds before each byte.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    hang: bool = False
    reset: bool = False
    stall: bool = False
    pause: float = 0.0

    @property
    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


class Loopback:
    """Plays the replies of a path in turn, the last one for ever; asks for others get a 404."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._replies: dict[str, list[Reply]] = {}

    def plays(self, target: str, *replies: Any) -> None:
        """`target`: a path, or a path with its query."""
        self._replies[target] = [
            reply if isinstance(reply, Reply) else Reply(reply) for reply in replies
        ]

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request.raw_path)
        reply = self._next(request.raw_path) or self._next(request.path) or Reply(b"", 404)
        if reply.hang:
            await asyncio.Event().wait()
        if reply.cut or reply.reset or reply.stall:
            return await _cut(request, reply)
        if reply.pause:
            return await _trickled(request, reply)
        headers = {**UNDATED, **reply.headers}
        return web.Response(body=reply.payload, status=reply.status, headers=headers)

    def _next(self, target: str) -> Reply | None:
        replies = self._replies.get(target, [])
        return replies.pop(0) if len(replies) > 1 else next(iter(replies), None)


async def _cut(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(headers={**UNDATED, "Content-Length": str(len(reply.payload))})
    await response.prepare(request)
    await response.write(reply.payload[: len(reply.payload) // 2])
    if reply.stall:
        await asyncio.Event().wait()
    assert request.transport
    if reply.reset:
        request.transport.abort()
    request.transport.close()
    return response


async def _trickled(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(headers={**UNDATED, "Content-Length": str(len(reply.payload))})
    await response.prepare(request)
    for byte in reply.payload:
        await asyncio.sleep(reply.pause)
        await response.write(bytes([byte]))
    return response
