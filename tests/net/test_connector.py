"""What comes over a connection that nobody has asked for is never taken for an answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from crypto_assistant.app import connection

pytestmark = pytest.mark.real

SOON = 0.05
Answer = Callable[[str], bytes]


def whole(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def chunked(body: str) -> bytes:
    head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return f"{head}{len(body):x}\r\n{body}\r\n0\r\n\r\n".encode()


def bodiless(_: str) -> bytes:
    return b"HTTP/1.1 204 No Content\r\n\r\n"


class Peer:
    """Answers with the path that was asked; the first connection says more than that.

    `along`: in the segment in which the first answer ends. `late`: after it. `held_back`: bytes of
    each answer that come in a segment of their own.
    """

    def __init__(self) -> None:
        self.url = ""
        self.connections = 0
        self.answer: Answer = whole
        self.held_back = 0
        self.along = self.late = b""
        self.says_more = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        speaks_up = self.connections == 1
        while request := await reader.readline():
            while await reader.readline() != b"\r\n":
                pass
            answer = self.answer(request.split()[1].decode())
            at = len(answer) - self.held_back if self.held_back else 0
            writer.write(answer[:at])
            await asyncio.sleep(SOON if at else 0)
            writer.write(answer[at:] + self.along * speaks_up)
            if self.late and speaks_up:
                await self.says_more.wait()
                writer.write(self.late)
            speaks_up = False
        writer.close()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield peer
    server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with connection(None) as session:
        yield session


async def asked(session: aiohttp.ClientSession, peer: Peer, path: str) -> str:
    async with session.get(peer.url + path, timeout=aiohttp.ClientTimeout(1)) as response:
        return await response.text()


@pytest.mark.parametrize("answer", [whole, chunked])
@pytest.mark.parametrize("held_back", [0, 20])
async def test_whoever_says_no_more_than_was_asked_is_asked_over_one_connection(
    peer: Peer, session: aiohttp.ClientSession, answer: Answer, held_back: int
) -> None:
    peer.answer, peer.held_back = answer, held_back
    for path in ("/1", "/2", f"/{'3' * 7000}"):
        assert await asked(session, peer, path) == path
    assert peer.connections == 1


UNASKED = {
    "a whole answer": whole("/poison"),
    "a whole answer in chunks": chunked("/poison"),
    "an answer of nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a promise": b"HTTP/1.1 100 Continue\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a head without its body": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    "half a body": whole("/poison")[:-3],
    "a single letter": b"H",
    "a line break": b"\r\n",
    "two answers": whole("/poison") * 2,
    "more than a buffer holds": whole("/poison" * 100_000),
}


@pytest.mark.parametrize("unasked", UNASKED)
async def test_what_comes_late_ends_the_connection(
    peer: Peer, session: aiohttp.ClientSession, unasked: str
) -> None:
    peer.late = UNASKED[unasked]
    assert await asked(session, peer, "/1") == "/1"
    peer.says_more.set()
    await asyncio.sleep(SOON)
    assert await asked(session, peer, "/2") == "/2"
    assert peer.connections == 2


@pytest.mark.parametrize("unasked", UNASKED)
async def test_what_has_come_and_was_not_read_yet_ends_the_connection_too(
    peer: Peer, session: aiohttp.ClientSession, unasked: str
) -> None:
    peer.late = UNASKED[unasked]
    assert await asked(session, peer, "/1") == "/1"
    peer.says_more.set()
    await asyncio.sleep(0)  # The peer sends it now.
    time.sleep(SOON)  # noqa: ASYNC251 (the program is busy)
    assert await asked(session, peer, "/2") == "/2"
    assert peer.connections == 2


@pytest.mark.parametrize("unasked", sorted(UNASKED.keys() - {"a line break"}))
@pytest.mark.parametrize(
    ("answer", "held_back"), [(whole, 0), (whole, 1), (chunked, 0), (chunked, 1), (bodiless, 0)]
)
async def test_what_comes_in_one_segment_with_the_answer_ends_the_connection(
    peer: Peer, session: aiohttp.ClientSession, unasked: str, answer: Answer, held_back: int
) -> None:
    peer.answer, peer.held_back, peer.along = answer, held_back, UNASKED[unasked]
    assert await asked(session, peer, "/1") == ("" if answer is bodiless else "/1")
    peer.answer = whole
    assert await asked(session, peer, "/2") == "/2"
    assert peer.connections == 2
