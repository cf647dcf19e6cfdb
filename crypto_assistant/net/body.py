"""Reads the body of an answer piece by piece, no more than there is room for, and its JSON."""

import json
import zlib
from codecs import BOM_UTF8
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import orjson

from crypto_assistant.errors import Malformed

PACKED = "gzip, deflate"
"""What `Accept-Encoding` asks for."""
UNPACKED = {"gzip", "x-gzip", "deflate"}
"""`x-gzip` is gzip's name of before it had one (RFC 9110, 8.4.1.3)."""
PLAIN = {"", "identity"}
OTHERS = {"br": "brotli", "zstd": "zstandard", "compress": "compress"}
PIECE = 256 * 1024
"""Bytes that are unpacked at once: a packed answer may be a thousand times larger unpacked."""
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class Room:
    """Bytes of all bodies that arrive at one time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    async def read(self, response: aiohttp.ClientResponse) -> bytearray:
        """The body; the session must not have unpacked it.

        Raises Malformed, and aiohttp.ClientPayloadError where the body is broken.
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
            raise Malformed("an answer too large to read")


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    packed = _is_packed(response.headers.get("Content-Encoding", ""))
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        async for chunk in response.content.iter_any():
            rest = chunk
            while packed and rest:
                yield unpacker.decompress(rest, PIECE)
                rest = unpacker.unconsumed_tail
            yield rest
    except zlib.error:
        raise aiohttp.ClientPayloadError from None


def _is_packed(encoding: str) -> bool:
    name = encoding.strip().lower()
    if name not in UNPACKED | PLAIN:
        raise Malformed(f"packed with {OTHERS.get(name, 'something')} that was not asked for")
    return name in UNPACKED


def decoded(text: bytes | bytearray) -> Any:
    """The JSON of a body; None where it is none."""
    plain = text.removeprefix(BOM_UTF8)
    try:
        return orjson.loads(plain)
    except orjson.JSONDecodeError:
        return _without_infinities(plain)


def _without_infinities(text: bytes | bytearray) -> Any:
    """JSON with numbers beyond all floats, which are null then; None for what is no JSON."""
    with suppress(ValueError, RecursionError, orjson.JSONEncodeError):
        return orjson.loads(orjson.dumps(json.loads(text.decode())))
    return None
