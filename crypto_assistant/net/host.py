"""One base address behind the door: what is sent to it, and what comes back."""

import asyncio

import aiohttp
from yarl import URL

from crypto_assistant.errors import Cut, NoAnswer, NoConnection, Unreachable
from crypto_assistant.net.body import Room, decoded
from crypto_assistant.net.door import Door
from crypto_assistant.net.request import Reads, Request, WouldNotRead
from crypto_assistant.net.response import Response
from crypto_assistant.net.venue_time import VenueTime

LARGEST_BODY = 48 * 1024 * 1024
"""Above the largest real instrument list, below what would endanger a small host.

All bodies together that arrive from a host at one time are no larger.
"""


class Host:
    """Sends what reads, and nothing else; `name`: as the log names it."""

    def __init__(self, door: Door, base: str, reads: Reads, time: VenueTime) -> None:
        self.name = URL(base).host_port_subcomponent or base
        self._door = door
        self._base = base
        self._reads = reads
        self._time = time
        self._room = Room(LARGEST_BODY)

    async def send(self, request: Request, seconds: float) -> Response:
        """The answer; raises Unreachable, Malformed, and WouldNotRead for what is on no list."""
        if (request.method, request.path) not in self._reads:
            raise WouldNotRead(f"{request.method} {request.path}")
        try:
            return await self._answered(request, seconds)
        except TimeoutError:
            failure: Unreachable = NoAnswer(self._door.timing.answer)
        except aiohttp.ClientPayloadError:
            failure = Cut()
        except (aiohttp.ClientError, OSError):
            failure = NoConnection()
        # Not from in there: what was caught repeats the address and the headers of the request.
        raise failure

    async def _answered(self, request: Request, seconds: float) -> Response:
        url, sent_ms = URL(self._base + request.target, encoded=True), self._door.clock_ms()
        async with (
            asyncio.timeout(seconds),
            self._door.session.request(
                request.method, url, headers=request.headers, allow_redirects=False
            ) as response,
        ):
            self._time.heard(response.headers, sent_ms)
            text = await self._room.read(response)
            return Response(response.status, response.headers, text, decoded(text))
