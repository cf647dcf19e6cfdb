"""Bybit's face prints the truth in Bybit's units and order."""

from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.sandbox import Sandbox, World
from crypto_assistant.sandbox.catalog import HOUR, MINUTE, Kind
from tests.sandbox.conftest import NOW, Client

URL = "BYBIT_URL"


async def listing(client: Client, query: str) -> list[Any]:
    body = await client(URL, f"/v5/market/{query}")
    assert body["retCode"] == 0
    rows: list[Any] = body["result"]["list"]
    return rows


@pytest.mark.parametrize("kind", ["spot", "linear", "inverse"])
async def test_tickers_print_the_truth(client: Client, world: World, kind: Kind) -> None:
    rows = {row["symbol"]: row for row in await listing(client, f"tickers?category={kind}")}
    assert rows.keys() == {m.symbol for m in world.listed("bybit", kind) if m.closed is None}
    for symbol, row in rows.items():
        quote = world.quotes("bybit", kind, NOW)[symbol]
        assert float(row["lastPrice"]) == quote.last
        assert float(row["prevPrice24h"]) == quote.open
        assert float(row["volume24h"]) == quote.volume
        assert float(row["turnover24h"]) == pytest.approx(quote.turnover, abs=1e-6)
        change = quote.last / quote.open - 1
        assert float(row["price24hPcnt"]) == pytest.approx(change, abs=6e-7)


@pytest.mark.parametrize("kind", ["linear", "inverse"])
async def test_open_interest_counts_both_sides(client: Client, world: World, kind: Kind) -> None:
    for row in await listing(client, f"tickers?category={kind}"):
        quote = world.quotes("bybit", kind, NOW)[row["symbol"]]
        assert float(row["openInterest"]) == 2 * quote.open_interest
        assert float(row["singleOpenInterest"]) == quote.open_interest
        value = float(row["singleOpenInterestValue"])
        assert float(row["openInterestValue"]) == pytest.approx(2 * value, abs=1e-3)


async def test_the_value_of_inverse_open_interest_is_coins(client: Client, world: World) -> None:
    (row,) = await listing(client, "tickers?category=inverse&symbol=BTCUSD")
    coins = world.quotes("bybit", "inverse", NOW)["BTCUSD"].open_interest_coins
    assert float(row["singleOpenInterestValue"]) == pytest.approx(coins, abs=1e-4)
    assert 50_000 < float(row["singleOpenInterest"]) / coins < 100_000


async def test_candles_come_newest_first(client: Client, world: World) -> None:
    rows = await listing(client, "kline?category=inverse&symbol=BTCUSD&interval=60&limit=3")
    hour = NOW - NOW % HOUR
    assert [int(row[0]) for row in rows] == [hour, hour - HOUR, hour - 2 * HOUR]
    market = world.market("bybit", "inverse", "BTCUSD")
    assert market is not None
    bars = world.bars(market, range(hour - 2 * HOUR, hour + HOUR + 1, HOUR), NOW)
    assert [float(row[5]) for row in rows] == bars.volume[::-1].tolist()
    assert float(rows[0][6]) == pytest.approx(bars.turnover[-1], abs=1e-8)


async def test_candles_of_a_window_are_its_newest(client: Client) -> None:
    hour = NOW - NOW % HOUR
    window = f"start={hour - 9 * HOUR}&end={hour - HOUR}&limit=2"
    rows = await listing(client, f"kline?symbol=BTCUSDT&interval=60&{window}")
    assert [int(row[0]) for row in rows] == [hour - HOUR, hour - 2 * HOUR]


async def test_candles_from_a_start_alone_are_its_oldest(client: Client) -> None:
    hour = NOW - NOW % HOUR
    window = f"start={hour - 9 * HOUR}&limit=2"
    rows = await listing(client, f"kline?symbol=BTCUSDT&interval=60&{window}")
    assert [int(row[0]) for row in rows] == [hour - 8 * HOUR, hour - 9 * HOUR]


@pytest.mark.parametrize(("symbol", "kind"), [("SHIB1000USDT", "linear"), ("BTCUSD", "inverse")])
@pytest.mark.parametrize("minutes", [1, 5, 240, 1440])
async def test_mark_candles_open_with_the_mark_of_their_start(
    client: Client, world: World, symbol: str, kind: Kind, minutes: int
) -> None:
    interval = "D" if minutes == 1440 else minutes
    ask = f"mark-price-kline?category={kind}&symbol={symbol}&interval={interval}&limit=4"
    rows = (await listing(client, ask))[::-1]
    market, step = world.market("bybit", kind, symbol), minutes * MINUTE
    assert market is not None
    starts = [NOW // step * step - back * step for back in (3, 2, 1, 0)]
    assert [int(row[0]) for row in rows] == starts
    assert [float(row[1]) for row in rows] == world.marks(market, starts).tolist()
    closes = [*(float(row[1]) for row in rows[1:]), world.quote(market, NOW).mark_price]
    assert [float(row[4]) for row in rows] == closes
    for start, row in zip(starts, rows, strict=True):
        seen = world.marks(market, range(start, min(start + step, NOW) + 1, MINUTE)).tolist()
        if start == starts[-1]:
            seen.append(closes[-1])
        assert (float(row[2]), float(row[3])) == (max(seen), min(seen))
        assert len(row) == 5


async def test_a_day_of_index_candles_ends_with_the_index(client: Client, world: World) -> None:
    ask = "index-price-kline?category=linear&symbol=BTCUSDT&interval=5&limit=289"
    rows = await listing(client, ask)
    quote = world.quotes("bybit", "linear", NOW)["BTCUSDT"]
    assert float(rows[0][4]) == quote.index_price
    assert len(rows) == 289
    for newer, older in pairwise(rows):
        assert newer[1] == older[4]
        assert float(older[3]) <= float(older[1]) <= float(older[2])


async def test_mark_candles_of_a_window_begin_with_the_listing(
    client: Client, world: World
) -> None:
    young = world.market("bybit", "linear", "LITUSDT")
    assert young is not None
    ask = "mark-price-kline?category=linear&symbol=LITUSDT&interval=60"
    hour = young.listed // HOUR * HOUR
    rows = await listing(client, f"{ask}&start={hour - 9 * HOUR}&end={NOW}")
    assert int(rows[-1][0]) == hour
    assert float(rows[-1][1]) == world.marks(young, [young.listed])[0]
    assert await listing(client, f"{ask}&start={hour - 9 * HOUR}&end={hour - 1}") == []


async def test_instruments_come_in_pages(client: Client, world: World) -> None:
    seen: list[str] = []
    cursor, pages = "", 0
    while True:
        body = await client(
            URL, f"/v5/market/instruments-info?category=linear&limit=20&cursor={cursor}"
        )
        seen += [row["symbol"] for row in body["result"]["list"]]
        cursor, pages = body["result"]["nextPageCursor"], pages + 1
        if not cursor:
            break
    trading = [m.symbol for m in world.listed("bybit", "linear") if m.closed is None]
    assert seen == trading
    assert pages == 3


async def test_a_page_holds_500_unless_more_are_asked_for() -> None:
    world = World(seed=7, now=NOW, extra=560)
    async with (
        Sandbox(world, lambda: NOW, monotonic).serve() as urls,
        aiohttp.ClientSession() as session,
    ):
        ask, path = Client(urls, session), "/v5/market/instruments-info?category=linear"
        first = (await ask(URL, path))["result"]
        every = (await ask(URL, f"{path}&limit=1000"))["result"]
    assert len(first["list"]) == 500
    assert first["nextPageCursor"]
    assert len(every["list"]) > 600


async def test_delisted_markets_are_closed(client: Client) -> None:
    trading = await listing(client, "instruments-info?category=linear")
    closed = await listing(client, "instruments-info?category=linear&status=Closed")
    assert "MATICUSDT" not in {row["symbol"] for row in trading}
    assert "MATICUSDT" in {row["symbol"] for row in closed}


async def test_contracts_on_stocks_and_metals_are_marked(client: Client) -> None:
    rows = await listing(client, "instruments-info?category=linear")
    kinds = {row["symbol"]: row["symbolType"] for row in rows}
    assert (kinds["BTCUSDT"], kinds["TSLAUSDT"], kinds["XAUUSDT"]) == ("", "stock", "commodity")


async def test_funding_intervals_are_minutes_here_and_hours_there(client: Client) -> None:
    (instrument,) = await listing(client, "instruments-info?category=linear&symbol=MONUSDT")
    (ticker,) = await listing(client, "tickers?category=linear&symbol=MONUSDT")
    assert (instrument["fundingInterval"], ticker["fundingIntervalHour"]) == (60, "1")


async def test_funding_history_descends(client: Client, world: World) -> None:
    rows = await listing(client, "funding/history?category=linear&symbol=BTCUSDT&limit=2")
    last = NOW // (8 * HOUR) * 8 * HOUR
    assert [int(row["fundingRateTimestamp"]) for row in rows] == [last, last - 8 * HOUR]
    market = world.market("bybit", "linear", "BTCUSDT")
    assert market is not None
    assert float(rows[0]["fundingRate"]) == world.funding(market, last)


@pytest.mark.parametrize(
    "query",
    [
        "tickers?category=linear&symbol=NOPE",
        "tickers?category=linear&symbol=MATICUSDT",
        "tickers",
        "kline?symbol=BTCUSDT&interval=7",
        "kline?symbol=BTCUSDT&interval=60&limit=x",
        "mark-price-kline?symbol=BTCUSDT&interval=7",
        "mark-price-kline?category=spot&symbol=BTCUSDT&interval=5",
        "index-price-kline?category=spot&symbol=BTCUSDT&interval=5",
        "instruments-info?category=linear&cursor=x",
        "funding/history?category=linear&symbol=BTCUSDT&startTime=1",
    ],
)
async def test_bad_questions_get_10001_with_http_200(client: Client, query: str) -> None:
    response, _ = await client.answer(URL, f"/v5/market/{query}")
    assert response.status == 200
    assert (await client(URL, f"/v5/market/{query}"))["retCode"] == 10001


async def test_an_unknown_path_is_404(client: Client) -> None:
    response, _ = await client.answer(URL, "/v5/market/nothing")
    assert response.status == 404
