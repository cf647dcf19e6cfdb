"""The session that all requests go through: one request for each that is asked for."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from crypto_assistant.app import connection


class Host:
    """Answers the first request, and breaks the connection at all others."""

    def __init__(self) -> None:
        self.methods: list[str] = []

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.methods.append(request.method)
        if len(self.methods) > 1:
            assert request.transport
            request.transport.abort()
        return web.Response(headers={"Set-Cookie": "session=1; Path=/"})


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
async def url(host: Host) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(host.handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.name
    await runner.cleanup()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_breaks_is_not_sent_again_past_the_limits(
    host: Host, url: str, method: str
) -> None:
    async with connection(None) as session:
        await session.request(method, url)
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.request(method, url)
    assert host.methods == [method] * 2


async def test_where_nobody_listens_the_error_says_so() -> None:
    async with connection(None) as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get("http://127.0.0.1:9")


async def test_no_cookie_is_kept(host: Host, url: str) -> None:
    named = url.replace("127.0.0.1", "localhost")  # Of a bare address none would be.
    async with connection(None) as session:
        await session.get(named)
        assert not session.cookie_jar.filter_cookies(URL(named))
