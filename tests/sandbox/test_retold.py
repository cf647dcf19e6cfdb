"""What the exchanges tell a second time: takers, mark prices, two sides, funding as it was paid."""

from typing import Any

import numpy as np
import pytest

from crypto_assistant.sandbox import Fault, Sandbox, World
from crypto_assistant.sandbox.catalog import DAY, HOUR, Kind, Market, Venue
from tests.sandbox.conftest import NOW, Client

END = NOW // DAY * DAY
HOURS = [*range(END - 3 * HOUR, END, HOUR)]
WINDOW = f"startTime={HOURS[0]}&endTime={END - 1}"
USDM, COINM = "BINANCE_USDM_URL", "BINANCE_COINM_URL"


def market(world: World, venue: Venue, kind: Kind, symbol: str) -> Market:
    found = world.market(venue, kind, symbol)
    assert found is not None
    return found


def column(rows: list[Any], name: int | str) -> list[float]:
    return [float(row[name]) for row in rows]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "1000PEPEUSDT"])
async def test_binance_counts_linear_takers_in_its_base(
    client: Client, world: World, symbol: str
) -> None:
    path = f"/futures/data/takerlongshortRatio?symbol={symbol}&period=1h&{WINDOW}"
    rows = await client(USDM, path)
    bars = world.bars(market(world, "binance", "linear", symbol), [*HOURS, END], NOW)
    assert column(rows, "timestamp") == HOURS
    assert column(rows, "buyVol") == pytest.approx(bars.taker_buy.tolist(), abs=1e-3)
    assert column(rows, "sellVol") == pytest.approx(
        (bars.volume - bars.taker_buy).tolist(), abs=1e-3
    )


async def test_binance_counts_takers_of_coin_m_in_contracts_and_coins(
    client: Client, world: World
) -> None:
    path = "/futures/data/takerBuySellVol?pair=BTCUSD&contractType=PERPETUAL&period=1h"
    rows = await client(COINM, f"{path}&{WINDOW}")
    bars = world.bars(market(world, "binance", "inverse", "BTCUSD_PERP"), [*HOURS, END], NOW)
    assert column(rows, "takerBuyVol") == bars.taker_buy.tolist()
    assert column(rows, "takerSellVolValue") == pytest.approx(
        (bars.turnover - bars.taker_buy_turnover).tolist(), abs=1e-3
    )


async def test_a_period_of_takers_that_has_not_ended_has_no_row(client: Client) -> None:
    rows = await client(USDM, "/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=1h&limit=2")
    hour = NOW // HOUR * HOUR
    assert column(rows, "timestamp") == [hour - 2 * HOUR, hour - HOUR]


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (USDM, "/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=1h&contractType=PERPETUAL"),
        (COINM, "/futures/data/takerBuySellVol?pair=BTCUSD&contractType=PERPETUAL&period=1h&bar=1"),
        (USDM, "/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1h&bar=1"),
        (COINM, "/dapi/v1/markPriceKlines?symbol=BTCUSD_PERP&interval=1h&pair=BTCUSD"),
    ],
)
async def test_binance_refuses_a_parameter_that_it_does_not_know(
    client: Client, host: str, path: str
) -> None:
    assert (await client(host, path))["code"] == -1104


async def test_takers_of_coin_m_need_a_kind_of_contract(client: Client) -> None:
    refusal = await client(COINM, "/futures/data/takerBuySellVol?pair=BTCUSD&period=1h")
    assert refusal["code"] == -1102


@pytest.mark.parametrize(
    ("kind", "host", "path"),
    [
        ("linear", USDM, "/fapi/v1/markPriceKlines?symbol=ETHUSDT"),
        ("inverse", COINM, "/dapi/v1/markPriceKlines?symbol=ETHUSD_PERP"),
    ],
)
async def test_binance_tells_mark_prices_bar_by_bar(
    client: Client, world: World, kind: Kind, host: str, path: str
) -> None:
    rows = await client(host, f"{path}&interval=1h&{WINDOW}")
    bars = world.mark_bars(
        market(world, "binance", kind, path.partition("=")[2]), [*HOURS, END], NOW
    )
    assert column(rows, 0) == HOURS
    for number, prices in enumerate(bars[1:], 1):
        assert column(rows, number) == prices.tolist()
    assert [row[5:] for row in rows] == [
        ["0", time + HOUR - 1, "0", 3600, "0", "0", "0"] for time in HOURS
    ]


@pytest.mark.parametrize("symbol", ["ETH-USDT-SWAP", "ETH-USD-SWAP"])
async def test_okx_tells_mark_prices_bar_by_bar(client: Client, world: World, symbol: str) -> None:
    kind: Kind = "inverse" if "-USD-" in symbol else "linear"
    hour = NOW // HOUR * HOUR
    path = f"/api/v5/market/mark-price-candles?instId={symbol}&bar=1H&limit=3"
    rows = (await client("OKX_URL", path))["data"][::-1]
    edges = [hour - 2 * HOUR, hour - HOUR, hour, hour + HOUR]
    bars = world.mark_bars(market(world, "okx", kind, symbol), edges, NOW)
    assert np.array_equal(np.array(rows, float)[:, :5].T, np.array(bars, float))
    assert [row[5] for row in rows] == ["1", "1", "0"]


async def test_okx_tells_a_hundred_mark_prices_at_most(client: Client) -> None:
    path = "/api/v5/market/mark-price-candles?instId=BTC-USDT-SWAP&limit=300"
    assert len((await client("OKX_URL", path))["data"]) == 100


async def test_a_number_is_shifted_where_it_is_planted(sandbox: Sandbox, client: Client) -> None:
    ask = "/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=1h&limit=1"
    (whole,) = await client(USDM, ask)
    sandbox.faults += [
        Fault("binance", "shifted", "buyVol*1.5", path="/futures/data/taker"),
        Fault("binance", "shifted", "timestamp+3600000", path="/futures/data/taker"),
    ]
    (row,) = await client(USDM, ask)
    assert float(row["buyVol"]) == pytest.approx(1.5 * float(whole["buyVol"]))
    assert row["timestamp"] == whole["timestamp"] + HOUR
    assert row["sellVol"] == whole["sellVol"]


async def test_a_column_is_shifted_by_its_number(sandbox: Sandbox, client: Client) -> None:
    ask = "/v5/market/kline?symbol=BTCUSDT&interval=60&limit=2"
    whole = (await client("BYBIT_URL", ask))["result"]["list"]
    sandbox.faults += [Fault("bybit", "shifted", "5*2")]
    rows = (await client("BYBIT_URL", ask))["result"]["list"]
    assert column(rows, 5) == [2 * volume for volume in column(whole, 5)]
    assert column(rows, 6) == column(whole, 6)
