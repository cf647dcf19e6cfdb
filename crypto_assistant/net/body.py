"""Reads the body of an answer piece by piece, no more than there is room for, and its JSON."""

import gc
import re
import zlib
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
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

MB = 1024 * 1024
ROOM = 24 * MB
"""Of all bodies that arrive at one time, of all venues' hosts."""
MEMORY = 36 * MB
"""Of those that arrive, the one that is decoded, and its objects."""


@dataclass(frozen=True, slots=True)
class Size:
    """The most bytes that an answer may have unpacked, and those that its objects may take."""

    body: int
    objects: int


LIST = Size(8 * MB, 32 * MB)
"""Of all markets: the largest, Binance's spot ones as they are asked for, has 2.6 and takes 23."""
OTHER = Size(2 * MB, 12 * MB)
"""The largest, Binance's 1500 bars, has 0.3 and takes 2.8."""
COSTS = {b"{": 240, b"[": 96, b",": 96, b":": 96}
"""Bytes for each sign: of a dict, a list, what stands in them, and a key that stands only once."""
WIDEST = 4
"""Bytes for each one of a string with a letter beyond all alphabets."""
MOST_WIDE = 10_000
"""Strings that are looked at one by one."""
WIDE = re.compile(rb"[\x80-\xff]|\\u")
TOO_LARGE = "an answer too large to read"

MOST_BEYOND = 100
"""Numbers that may be beyond all floats; a text of them would keep everybody waiting."""
BEGINNING = re.compile(rb"\s*+[\[{]")
QUOTE = ord('"')
OF_NOTE = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|-?(?:NaN|Infinity|\d(?:[\d.]*+[eE]\+?\d+|[\d.]{308,}))',
    re.DOTALL,
)
"""Strings, as a whole, and what may be beyond all floats."""


@dataclass(eq=False, slots=True)
class _Body:
    """What has arrived of one; `is_refused`: it had to make room for others."""

    host: str
    text: bytearray = field(default_factory=bytearray)
    is_refused: bool = False

    @property
    def size(self) -> int:
        """With what may wait in its connection: as much again, as far as one piece."""
        return len(self.text) + min(len(self.text), PIECE)

    def refuse(self) -> None:
        self.is_refused = True
        self.text.clear()

    def check(self, most: int) -> None:
        if self.is_refused or len(self.text) > most:
            raise Malformed(TOO_LARGE)


class Room:
    """Bytes of all bodies that arrive at one time.

    Where they are too many, the host that sends the most of them loses its largest: whatever one
    venue sends, the others are read.
    """

    def __init__(self, most: int = ROOM) -> None:
        self._most = most
        self._bodies: list[_Body] = []

    async def read(
        self, response: aiohttp.ClientResponse, host: str = "", most: int = ROOM
    ) -> bytearray:
        """The body, of `most` bytes; the session must not have unpacked it.

        Raises Malformed, and aiohttp.ClientPayloadError where the body is broken.
        """
        body = _Body(host)
        self._bodies.append(body)
        try:
            async for piece in _pieces(response):
                body.text += piece
                self._make_room(self._most)
                body.check(most)
            body.check(most)
        except BaseException:
            body.text.clear()  # Whoever keeps the error keeps this frame, and what was read in it.
            raise
        finally:
            self._bodies.remove(body)
        return body.text

    def decoded(self, text: bytearray, most: int) -> Any:
        """The JSON of a body; None where it is none.

        Raises Malformed where its objects may take more than `most` bytes.
        """
        objects = cost(text)
        if objects > most:
            raise Malformed(TOO_LARGE)
        self._make_room(MEMORY - objects - len(text))
        return decoded(text)

    @property
    def taken(self) -> int:
        """Bytes that bodies take which are not whole yet."""
        return sum(body.size for body in self._bodies)

    def _make_room(self, most: int) -> None:
        while self.taken > max(most, 0):
            by_host: Counter[str] = Counter()
            for body in self._bodies:
                by_host[body.host] += body.size
            [(host, _)] = by_host.most_common(1)
            of_host = (body for body in self._bodies if body.host == host)
            max(of_host, key=lambda body: len(body.text)).refuse()


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    packed = _is_packed(response.headers.get("Content-Encoding", ""))
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        async for chunk in response.content.iter_any():
            if unpacker.eof:
                return  # zlib would keep all that comes after the end.
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


def decoded(text: bytearray) -> Any:
    """The JSON of a body; None where it is none."""
    if text.startswith(BOM_UTF8):
        del text[: len(BOM_UTF8)]
    gc.disable()  # It would look through all that is made, again and again: most of the time.
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    finally:
        gc.enable()
    return _without_infinities(text)


def cost(text: bytes | bytearray) -> int:
    """Bytes that the objects of a JSON text take, about, and at most; known before any is made."""
    return WIDEST * _wide(text) + sum(each * text.count(sign) for sign, each in COSTS.items())


def _wide(text: bytes | bytearray) -> int:
    """Bytes of the strings in which a letter may be wider than a byte."""
    size = end = 0
    if text.isascii() and rb"\u" not in text:
        return size
    if rb"\"" in text:  # Nobody knows which quote begins a string.
        return len(text)
    for _ in range(MOST_WIDE):
        if not (found := WIDE.search(text, end)):
            return size
        start = text.rfind(b'"', end, found.start())
        end = text.find(b'"', found.end()) % (len(text) + 1)
        size += end - start
    return len(text)


def _without_infinities(text: bytearray) -> Any:
    """JSON with numbers beyond all floats, which are null then; None for what is no JSON."""
    plain, end, beyond = bytearray(), 0, 0
    if not BEGINNING.match(text):
        return None
    with suppress(ValueError):
        for found in OF_NOTE.finditer(text):
            if text[found.start()] != QUOTE and not isfinite(float(found[0])):
                plain += text[end : found.start()] + b"null"
                end, beyond = found.end(), beyond + 1
                if beyond > MOST_BEYOND:
                    return None
        return orjson.loads(plain + text[end:])
    return None
