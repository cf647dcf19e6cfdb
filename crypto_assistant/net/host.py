"""One base address behind the door: what is sent to it, and what comes back."""

import asyncio
from collections.abc import Mapping

import aiohttp
from yarl import URL

from crypto_assistant.errors import Cut, Malformed, NoAnswer, NoConnection, Unreachable
from crypto_assistant.net.body import Size
from crypto_assistant.net.door import Door
from crypto_assistant.net.request import Reads, Request, WouldNotRead
from crypto_assistant.net.response import Response
from crypto_assistant.net.venue_time import VenueTime


class Host:
    """Sends what reads, and nothing else; `name`: as the log names it."""

    def __init__(self, door: Door, base: str, reads: Reads, time: VenueTime) -> None:
        self.name = URL(base).host_port_subcomponent or base
        self._door = door
        self._base = base
        self._reads = reads
        self._time = time

    async def send(self, request: Request, seconds: float, most: Size) -> Response:
        """The answer; raises Unreachable, Malformed, and WouldNotRead for what is on no list."""
        if (request.method, request.path) not in self._reads:
            raise WouldNotRead(f"{request.method} {request.path}")
        try:
            return self._read(*await self._answered(request, seconds, most), most)
        except TimeoutError:
            failure: Unreachable = NoAnswer(self._door.timing.answer)
        except aiohttp.ClientPayloadError:
            failure = Cut()
        except (aiohttp.ClientError, OSError):
            failure = NoConnection()
        # Not from in there: what was caught repeats the address and the headers of the request.
        raise failure

    async def _answered(
        self, request: Request, seconds: float, most: Size
    ) -> tuple[int, Mapping[str, str], bytearray]:
        url, sent_ms = URL(self._base + request.target, encoded=True), self._door.clock_ms()
        async with (
            asyncio.timeout(seconds),
            self._door.session.request(
                request.method, url, headers=request.headers, allow_redirects=False
            ) as response,
        ):
            self._time.heard(response.headers, sent_ms)
            try:
                text = await self._door.room.read(response, self.name, most.body)
            except Malformed:
                if response.status == 200:
                    raise
                text = bytearray()  # An order to stop is one, whatever comes with it.
            return response.status, response.headers, text

    def _read(
        self, status: int, headers: Mapping[str, str], text: bytearray, most: Size
    ) -> Response:
        """Nobody waits for anything between this and what is made of it: one is read at a time."""
        try:
            return Response(status, headers, text, self._door.room.decoded(text, most.objects))
        except Malformed:
            if status == 200:
                raise
            return Response(status, headers, bytearray(), None)
