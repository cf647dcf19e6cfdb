"""What the server does for tests and for the bench around the faces."""

from functools import partial

import aiohttp
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.sandbox import Sandbox, Seen, World
from tests.sandbox.conftest import NOW, Client


async def test_every_request_is_remembered(client: Client, sandbox: Sandbox) -> None:
    await client("OKX_URL", "/api/v5/market/ticker?instId=BTC-USDT")
    await client.session.post(client.urls["BYBIT_URL"] + "/v5/order/create")
    assert list(sandbox.requests) == [
        Seen("okx", "GET", "/api/v5/market/ticker", {"instId": "BTC-USDT"}, "OKX_URL"),
        Seen("bybit", "POST", "/v5/order/create", {}, "BYBIT_URL"),
    ]


async def test_nothing_but_get_is_allowed(client: Client) -> None:
    for url in client.urls.values():
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            async with client.session.request(method, url + "/") as response:
                assert response.status == 405


async def test_only_loopback_is_listened_on(client: Client) -> None:
    assert len(set(client.urls.values())) == 5
    assert all(url.startswith("http://127.0.0.1:") for url in client.urls.values())


async def test_latency_delays_every_answer(client: Client, sandbox: Sandbox) -> None:
    sandbox.latency = 2.0
    for url in client.urls.values():
        began = monotonic()
        await client.session.get(url + "/")
        assert monotonic() - began == pytest.approx(2)


async def test_answers_follow_the_clock(world: World) -> None:
    time = NOW
    sandbox = Sandbox(world, lambda: time, monotonic)
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        client = Client(urls, session)
        ask = "BINANCE_SPOT_URL", "/api/v3/ticker/24hr?symbol=BTCUSDT"
        before = await client(*ask)
        assert before == await client(*ask)
        time += 1000
        after = await client(*ask)
    assert after["closeTime"] - before["closeTime"] == 1000
    assert after["volume"] != before["volume"]


async def test_server_times_are_never_a_second_old(world: World) -> None:
    time = NOW
    async with (
        Sandbox(world, lambda: time, monotonic).serve() as urls,
        aiohttp.ClientSession() as session,
    ):
        client = Client(urls, session)
        await client("BINANCE_SPOT_URL", "/api/v3/time")
        time += 999
        assert (await client("BINANCE_SPOT_URL", "/api/v3/time"))["serverTime"] == NOW + 999


async def test_clocks_agree(client: Client) -> None:
    assert (await client("BINANCE_COINM_URL", "/dapi/v1/time"))["serverTime"] == NOW
    bybit = await client("BYBIT_URL", "/v5/market/time")
    assert bybit["time"] == int(bybit["result"]["timeNano"]) // 1_000_000 == NOW
    assert (await client("OKX_URL", "/api/v5/public/time"))["data"] == [{"ts": str(NOW)}]


def test_accounts_begin_a_hundred_days_before_the_world(world: World) -> None:
    day = 86_400_000
    for later in (0, 30 * day):
        account = Sandbox(world, partial(int, NOW + later), monotonic).account("okx")
        assert account.book.started == NOW // day * day - 100 * day


def test_an_account_is_one_and_the_same_until_its_owner_changes(sandbox: Sandbox) -> None:
    book = sandbox.account("bybit").book
    assert sandbox.account("bybit").book is book
    sandbox.owners["bybit"].extra_positions = 3
    assert len(sandbox.account("bybit").book.holdings(NOW)) == len(book.holdings(NOW)) + 3
    sandbox.owners["bybit"].extra_positions = 0
    assert sandbox.account("bybit").book is book
