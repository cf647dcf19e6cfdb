"""Telegram, for the life whose token it knows; to the dead the line is cut."""

import asyncio
import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from random import Random
from typing import Any, Final

from aiohttp import web

from tests.botapi import Shown
from tests.simulation.death import Loop
from tests.soak.chats import Chats
from tests.soak.outages import WRITES, End

WAY: Final = 0.01, 0.2
"""Seconds that a request takes to get there, and its answer to come back."""
MEMORY: Final = re.compile(r"(?<= · )[\d.]+ MB$", re.MULTILINE)
"""What no seed decides."""


@dataclass
class Telegram(Chats):
    """`told`: a digest of all that it was given to show, and when. `is_deaf`: whether every other
    answer to what is written gets lost, though it was taken."""

    loop: Loop = field(kw_only=True)
    is_deaf: bool = False
    told: Any = field(default_factory=sha256)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        await self._on_its_way()
        is_last = self._is_alive(request) and self.loop.strikes()
        if is_last and self.loop.random.random() < 0.5:
            self.loop.die()  # And nobody hears of it.
        if not self._is_alive(request):
            return _cut(request)
        response = await super()._serve(request)
        if is_last and self._is_alive(request):
            self.loop.die()
        await self._on_its_way()
        is_lost = self.is_deaf and request.match_info["method"] in WRITES
        if not self._is_alive(request) or (is_lost and self.loop.random.random() < 0.5):
            return _cut(request)
        return response

    async def _on_its_way(self) -> None:
        await asyncio.sleep(self.loop.random.uniform(*WAY))

    def _is_alive(self, request: web.Request) -> bool:
        return request.match_info["token"] == self.token

    def _show(self, shown: Shown) -> dict[str, Any]:
        told = replace(shown, html=MEMORY.sub("", shown.html))
        self.told.update(f"{self.clock_ms()} {told}".encode())
        return super()._show(shown)


async def unheard(api: Chats, _random: Random, end: End) -> None:
    """Telegram has taken it, and nobody is told."""
    assert isinstance(api, Telegram)
    api.is_deaf = True
    await end()
    api.is_deaf = False


def _cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()
