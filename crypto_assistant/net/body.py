"""Reads the body of an answer, unpacked piece by piece, and no more than there is room for."""

import zlib
from collections.abc import AsyncIterator

import aiohttp

PACKED = "gzip, deflate"
"""What `Accept-Encoding` asks for."""
PIECE = 256 * 1024
"""Bytes that are unpacked at once: a packed answer may be a thousand times larger unpacked."""
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class TooLarge(Exception):
    """There is no room for the rest."""


class Room:
    """Bytes of all bodies that arrive at one time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    async def read(self, response: aiohttp.ClientResponse) -> bytearray:
        """The body; the session must not have unpacked it.

        Raises TooLarge, and aiohttp.ClientPayloadError where the body is broken.
        """
        body = bytearray()
        try:
            async for piece in _pieces(response):
                body += piece
                self._take(len(piece))
        except BaseException:
            self._taken -= len(body)
            body.clear()  # Whoever keeps the error keeps this frame, and what was read with it.
            raise
        self._taken -= len(body)
        return body

    def _take(self, size: int) -> None:
        self._taken += size
        if self._taken > self._most:
            raise TooLarge


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    packed = response.headers.get("Content-Encoding", "").lower() in PACKED.split(", ")
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        async for chunk in response.content.iter_any():
            rest = chunk
            while packed and rest:
                yield unpacker.decompress(rest, PIECE)
                rest = unpacker.unconsumed_tail
            yield rest
    except zlib.error as error:
        raise aiohttp.ClientPayloadError(str(error)) from None
