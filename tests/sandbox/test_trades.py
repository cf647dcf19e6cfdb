"""Trades add up to the candles they made, and every exchange tells them in its own way."""

import numpy as np
import pytest

from crypto_assistant.sandbox import World
from crypto_assistant.sandbox.catalog import DAY, HOUR, MINUTE, Kind, Market, Venue
from tests.sandbox.conftest import NOW, Client

SPOT, USDM, COINM = "BINANCE_SPOT_URL", "BINANCE_USDM_URL", "BINANCE_COINM_URL"
MARKETS: list[tuple[Venue, Kind, str]] = [
    ("binance", "spot", "SOLUSDT"),
    ("binance", "linear", "BTCUSDT"),
    ("binance", "inverse", "ETHUSD_PERP"),
    ("bybit", "linear", "1000000BABYDOGEUSDT"),
    ("bybit", "inverse", "BTCUSD"),
    ("okx", "spot", "JUP-USDT"),
    ("okx", "linear", "PEPE-USDT-SWAP"),
    ("okx", "inverse", "BTC-USD-SWAP"),
]


def known(world: World, case: tuple[Venue, Kind, str]) -> Market:
    market = world.market(*case)
    assert market is not None
    return market


@pytest.mark.parametrize("case", MARKETS, ids=str)
def test_trades_add_up_to_their_minutes(world: World, case: tuple[Venue, Kind, str]) -> None:
    market, count = known(world, case), 30
    start = NOW // MINUTE * MINUTE - count * MINUTE
    trades = world.trades(market, start, start + count * MINUTE, NOW)
    bars = world.bars(market, range(start, start + (count + 1) * MINUTE, MINUTE), NOW)
    minute, step = (trades.time - start) // MINUTE, float(market.step)
    lots = np.rint(trades.size / step)

    def each_minute(amounts: np.ndarray) -> list[float]:
        sums: list[float] = np.bincount(minute, amounts, count).tolist()
        return sums

    assert each_minute(lots) == np.rint(bars.volume / step).tolist()
    assert each_minute(lots * trades.bought) == np.rint(bars.taker_buy / step).tolist()
    assert each_minute(np.ones(len(trades))) == bars.trades.tolist()
    assert lots.min() >= 1
    assert np.all((trades.price >= bars.low[minute]) & (trades.price <= bars.high[minute]))


def test_trades_are_numbered_in_the_order_of_their_times(world: World) -> None:
    btc = known(world, ("bybit", "linear", "BTCUSDT"))
    trades = world.trades(btc, NOW - 3 * MINUTE, NOW, NOW)
    assert np.all(np.diff(trades.number) > 0)
    assert np.all(np.diff(trades.time) >= 0)
    assert len(np.unique(trades.time // 1000)) == 180


def test_no_trade_lies_in_the_future(world: World) -> None:
    btc = known(world, ("bybit", "linear", "BTCUSDT"))
    trades = world.trades(btc, NOW - MINUTE, NOW + MINUTE, NOW)
    assert NOW - 1000 < trades.time[-1] <= NOW
    later = world.trades(btc, NOW - MINUTE, NOW + 1, NOW + MINUTE)
    assert later.number.tolist() == trades.number.tolist()
    assert trades.price[-1] == pytest.approx(world.quote(btc, NOW).last, rel=1e-4)


@pytest.mark.parametrize("case", MARKETS[1:4], ids=str)
def test_a_trade_is_the_same_whatever_is_asked_with_it(
    world: World, case: tuple[Venue, Kind, str]
) -> None:
    market = known(world, case)
    start, end = NOW - 9 * MINUTE, NOW - 7 * MINUTE
    alone = world.trades(market, start, end, NOW)
    wide = world.trades(market, start - HOUR // 2, NOW, NOW)
    among = wide.where((wide.time >= start) & (wide.time < end))
    for column in ("time", "number", "price", "size", "bought"):
        assert np.array_equal(getattr(alone, column), getattr(among, column))


def test_of_many_trades_the_newest_or_the_oldest_are_kept(world: World) -> None:
    dot = known(world, ("okx", "linear", "DOT-USDT-SWAP"))
    start = NOW - 40 * MINUTE
    every = world.trades(dot, start, NOW, NOW).number.tolist()
    newest = world.trades(dot, start, NOW, NOW, limit=20, newest=True)
    oldest = world.trades(dot, start, NOW, NOW, limit=20)
    assert len(every) > 40
    assert newest.number.tolist() == every[-20:]
    assert oldest.number.tolist() == every[:20]
    assert len(world.trades(dot, start, NOW, NOW, limit=10**6)) == len(every)


def test_a_market_trades_from_its_listing_to_its_end(world: World) -> None:
    young = known(world, ("binance", "linear", "LITUSDT"))
    assert world.trades(young, 0, NOW, NOW).time[0] >= young.listed
    gone = known(world, ("binance", "linear", "FTTUSDT"))
    assert gone.closed is not None
    last = world.trades(gone, 0, NOW, NOW, limit=5, newest=True)
    assert gone.closed - HOUR < last.time[-1] < gone.closed
    assert len(world.trades(gone, gone.closed, NOW, NOW)) == 0


@pytest.mark.parametrize(
    ("host", "path", "case"),
    [
        (SPOT, "/api/v3/aggTrades?symbol=SOLUSDT", MARKETS[0]),
        (USDM, "/fapi/v1/aggTrades?symbol=BTCUSDT", MARKETS[1]),
        (COINM, "/dapi/v1/aggTrades?symbol=ETHUSD_PERP", MARKETS[2]),
    ],
)
async def test_binance_says_whether_the_buyer_was_the_maker(
    client: Client, world: World, host: str, path: str, case: tuple[Venue, Kind, str]
) -> None:
    rows = await client(host, f"{path}&limit=40")
    trades = world.trades(known(world, case), 0, NOW + 1, NOW, limit=40, newest=True)
    assert [row["a"] for row in rows] == trades.number.tolist()
    assert [row["T"] for row in rows] == trades.time.tolist()
    assert [float(row["p"]) for row in rows] == trades.price.tolist()
    assert [float(row["q"]) for row in rows] == trades.size.tolist()
    assert [row["m"] for row in rows] == (~trades.bought).tolist()
    assert {"M" in row for row in rows} == {host == SPOT}


async def test_binance_pages_on_from_a_number(client: Client) -> None:
    ask = "/fapi/v1/aggTrades?symbol=BTCUSDT"
    start = NOW - 10 * MINUTE
    window = await client(USDM, f"{ask}&startTime={start}&endTime={NOW}&limit=1000")
    assert 0 <= window[0]["T"] - start < 1000
    first = await client(USDM, f"{ask}&startTime={start}&limit=400")
    rest = await client(USDM, f"{ask}&fromId={first[-1]['a'] + 1}&limit=600")
    assert first + rest == window
    until = await client(USDM, f"{ask}&endTime={window[-1]['T']}&limit=3")
    assert until == window[-3:]


@pytest.mark.parametrize(
    ("host", "path"), [(USDM, "/fapi/v1/aggTrades?symbol=BTCUSDT"),
                       (COINM, "/dapi/v1/aggTrades?symbol=BTCUSD_PERP")],
)  # fmt: skip
async def test_futures_trades_reach_two_days_back(client: Client, host: str, path: str) -> None:
    oldest = NOW - 2 * DAY
    (row,) = await client(host, f"{path}&startTime={oldest - DAY}&limit=1")
    assert row["T"] >= oldest
    assert await client(host, f"{path}&endTime={oldest - 1}") == []


@pytest.mark.parametrize(("kind", "usual", "most"), [("spot", 60, 60), ("inverse", 500, 1000)])
async def test_bybits_recent_trades_have_a_limit_of_their_kind(
    client: Client, world: World, kind: Kind, usual: int, most: int
) -> None:
    symbol = {"spot": "BTCUSDT", "inverse": "BTCUSD"}[kind]
    ask = f"/v5/market/recent-trade?category={kind}&symbol={symbol}"
    assert len((await client("BYBIT_URL", ask))["result"]["list"]) == usual
    body = await client("BYBIT_URL", f"{ask}&limit=5000")
    rows = body["result"]["list"][::-1]
    market = known(world, ("bybit", kind, symbol))
    trades = world.trades(market, 0, NOW + 1, NOW, limit=most, newest=True)
    assert [int(row["time"]) for row in rows] == trades.time.tolist()
    assert [int(row["seq"]) for row in rows] == trades.number.tolist()
    assert [float(row["size"]) for row in rows] == trades.size.tolist()
    assert [row["side"] == "Buy" for row in rows] == trades.bought.tolist()
    assert len({row["execId"] for row in rows}) == most


async def test_okx_trades_are_contracts_newest_first(client: Client, world: World) -> None:
    ask = "/api/v5/market/trades?instId=BTC-USD-SWAP"
    assert len((await client("OKX_URL", ask))["data"]) == 100
    rows = (await client("OKX_URL", f"{ask}&limit=501"))["data"]
    market = known(world, ("okx", "inverse", "BTC-USD-SWAP"))
    trades = world.trades(market, 0, NOW + 1, NOW, limit=500, newest=True)
    assert [int(row["tradeId"]) for row in rows] == trades.number[::-1].tolist()
    assert [int(row["ts"]) for row in rows] == trades.time[::-1].tolist()
    assert [float(row["px"]) for row in rows] == trades.price[::-1].tolist()
    assert [float(row["sz"]) for row in rows] == trades.size[::-1].tolist()
    assert [row["side"] == "buy" for row in rows] == trades.bought[::-1].tolist()


@pytest.mark.parametrize(
    ("host", "path", "code"),
    [
        (SPOT, "/api/v3/aggTrades", -1102),
        (SPOT, "/api/v3/aggTrades?symbol=NOPE", -1121),
        (SPOT, "/api/v3/aggTrades?symbol=BTCUSDT&fromId=x", -1100),
        (USDM, "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1001", -1130),
        (USDM, f"/fapi/v1/aggTrades?symbol=BTCUSDT&startTime=1&endTime={HOUR + 2}", -1127),
        (COINM, "/dapi/v1/aggTrades?symbol=BTCUSD_PERP&fromId=1&startTime=1", -1128),
        ("BYBIT_URL", "/v5/market/recent-trade?category=linear", 10001),
        ("BYBIT_URL", "/v5/market/recent-trade?symbol=BTCUSDT", 10001),
        ("OKX_URL", "/api/v5/market/trades", "50014"),
        ("OKX_URL", "/api/v5/market/trades?instId=NOPE", "51001"),
    ],
)
async def test_bad_questions_are_refused(
    client: Client, host: str, path: str, code: int | str
) -> None:
    body = await client(host, path)
    assert body.get("code", body.get("retCode")) == code
