"""OKX's face prints the truth in OKX's units and order."""

from typing import Any

import pytest

from crypto_assistant.sandbox import World
from crypto_assistant.sandbox.catalog import HOUR, MINUTE, Kind, Market
from tests.sandbox.conftest import NOW, Client

URL = "OKX_URL"


async def rows_of(client: Client, query: str) -> list[Any]:
    body = await client(URL, f"/api/v5/{query}")
    assert body["code"] == "0"
    rows: list[Any] = body["data"]
    return rows


def market(world: World, symbol: str) -> Market:
    kinds: tuple[Kind, ...] = ("spot", "linear", "inverse")
    found = [world.market("okx", kind, symbol) for kind in kinds]
    (listed,) = [each for each in found if each is not None]
    return listed


@pytest.mark.parametrize("inst_type", ["SPOT", "SWAP", "FUTURES"])
async def test_tickers_print_the_truth(client: Client, world: World, inst_type: str) -> None:
    rows = await rows_of(client, f"market/tickers?instType={inst_type}")
    listed = await rows_of(client, f"public/instruments?instType={inst_type}")
    assert [r["instId"] for r in rows] == [r["instId"] for r in listed if r["state"] == "live"]
    for row in rows:
        quote = world.quote(market(world, row["instId"]), NOW)
        assert float(row["last"]) == quote.last
        assert float(row["open24h"]) == quote.open
        assert float(row["vol24h"]) == quote.volume
        currency = quote.turnover if inst_type == "SPOT" else quote.coins
        assert float(row["volCcy24h"]) == pytest.approx(currency, abs=1e-4)


async def test_derivative_volume_is_contracts_and_coins(client: Client) -> None:
    (linear,) = await rows_of(client, "market/ticker?instId=BTC-USDT-SWAP")
    assert float(linear["volCcy24h"]) == pytest.approx(float(linear["vol24h"]) * 0.01)
    (inverse,) = await rows_of(client, "market/ticker?instId=BTC-USD-SWAP")
    mean = float(inverse["vol24h"]) * 100 / float(inverse["volCcy24h"])
    assert float(inverse["low24h"]) < mean < float(inverse["high24h"])


async def test_open_interest_in_contracts_coins_and_usd_is_one(
    client: Client, world: World
) -> None:
    for row in await rows_of(client, "public/open-interest?instType=SWAP"):
        quote = world.quote(market(world, row["instId"]), NOW)
        assert float(row["oi"]) == quote.open_interest
        assert float(row["oiCcy"]) == pytest.approx(quote.open_interest_coins)
        usd = quote.open_interest_coins * quote.mark_price
        assert float(row["oiUsd"]) == pytest.approx(usd)


async def test_candles_come_newest_first_and_say_if_they_are_closed(
    client: Client, world: World
) -> None:
    rows = await rows_of(client, "market/candles?instId=ETH-USDT-SWAP&bar=1H&limit=3")
    hour = NOW - NOW % HOUR
    assert [int(row[0]) for row in rows] == [hour, hour - HOUR, hour - 2 * HOUR]
    assert [row[8] for row in rows] == ["0", "1", "1"]
    eth = market(world, "ETH-USDT-SWAP")
    bars = world.bars(eth, range(hour - 2 * HOUR, hour + HOUR + 1, HOUR), NOW)
    assert [float(row[5]) for row in rows] == bars.volume[::-1].tolist()
    assert float(rows[0][6]) == pytest.approx(bars.volume[-1] * 0.1)
    assert float(rows[0][7]) == pytest.approx(bars.turnover[-1])


@pytest.mark.parametrize(
    ("bar", "hour"), [("1H", 14), ("4H", 12), ("6H", 10), ("1D", 16), ("1Dutc", 0), ("1Wutc", 0)]
)
async def test_long_bars_begin_with_the_day_of_hong_kong(
    client: Client, bar: str, hour: int
) -> None:
    ((start, *_),) = await rows_of(client, f"market/candles?instId=BTC-USDT&bar={bar}&limit=1")
    assert int(start) // HOUR % 24 == hour


async def test_a_minute_is_not_a_month(client: Client) -> None:
    ((minute, *_),) = await rows_of(client, "market/candles?instId=BTC-USDT&bar=1m&limit=1")
    ((month, *_),) = await rows_of(client, "market/candles?instId=BTC-USDT&bar=1Mutc&limit=1")
    assert int(minute) == NOW // MINUTE * MINUTE
    assert int(month) == 1_788_220_800_000  # 2026-09-01


async def test_after_is_older_and_before_is_newer(client: Client) -> None:
    hour = NOW - NOW % HOUR
    ask = "market/candles?instId=BTC-USDT&bar=1H"
    older = await rows_of(client, f"{ask}&after={hour}&limit=1")
    assert int(older[0][0]) == hour - HOUR
    newer = await rows_of(client, f"{ask}&before={hour - 5 * HOUR}&limit=2")
    assert [int(row[0]) for row in newer] == [hour, hour - HOUR]


async def test_recent_candles_reach_1440_bars_back_and_history_further(client: Client) -> None:
    ask = f"instId=BTC-USDT&bar=1m&after={NOW - 1441 * MINUTE}&limit=1"
    assert await rows_of(client, f"market/candles?{ask}") == []
    assert len(await rows_of(client, f"market/history-candles?{ask}")) == 1


async def test_funding_time_is_the_next_payment(client: Client, world: World) -> None:
    (row,) = await rows_of(client, "public/funding-rate?instId=WIF-USDT-SWAP")
    quote = world.quote(market(world, "WIF-USDT-SWAP"), NOW)
    assert int(row["fundingTime"]) == quote.next_funding > NOW
    assert int(row["nextFundingTime"]) - int(row["fundingTime"]) == 4 * HOUR
    assert float(row["fundingRate"]) == quote.funding


async def test_any_is_every_perp(client: Client) -> None:
    rates = await rows_of(client, "public/funding-rate?instId=ANY")
    swaps, futures = [
        await rows_of(client, f"market/tickers?instType={kind}") for kind in ("SWAP", "FUTURES")
    ]
    xperps = [row for row in futures if "_XPERP" in row["instId"]]
    assert [row["instId"] for row in rates] == [row["instId"] for row in swaps + xperps]
    assert [row["instType"] for row in rates[-3:]] == ["FUTURES"] * 3


async def test_some_perps_are_listed_as_futures_with_a_rule_of_their_own(client: Client) -> None:
    ask = "public/instruments?instType=FUTURES&instFamily=BTC-USD_UM_XPERP"
    (row,) = await rows_of(client, ask)
    told = {name: row[name] for name in ("instId", "uly", "ruleType", "ctType", "ctVal", "expTime")}
    assert told == {
        "instId": "BTC-USD_UM_XPERP-310404",
        "uly": "BTC-USD",
        "ruleType": "xperp",
        "ctType": "linear",
        "ctVal": "0.0001",
        "expTime": "1933056000000",
    }


async def test_a_trial_of_the_venue_is_listed_like_a_stock(client: Client) -> None:
    (row,) = await rows_of(client, "public/instruments?instType=SWAP&instId=TEST01-USDT-SWAP")
    assert (row["state"], row["ruleType"], row["instCategory"]) == ("live", "normal", "3")
    assert len(await rows_of(client, "market/ticker?instId=TEST01-USDT-SWAP")) == 1


async def test_funding_history_descends(client: Client, world: World) -> None:
    rows = await rows_of(client, "public/funding-rate-history?instId=BTC-USD-SWAP&limit=2")
    last = NOW // (8 * HOUR) * 8 * HOUR
    assert [int(row["fundingTime"]) for row in rows] == [last, last - 8 * HOUR]
    btc = market(world, "BTC-USD-SWAP")
    assert float(rows[0]["realizedRate"]) == world.funding(btc, last)
    assert rows[0]["fundingRate"] != rows[0]["realizedRate"]


async def test_mark_and_index_print_the_truth(client: Client, world: World) -> None:
    quote = world.quote(market(world, "BTC-USDT-SWAP"), NOW)
    (mark,) = await rows_of(client, "public/mark-price?instType=SWAP&instId=BTC-USDT-SWAP")
    (index,) = await rows_of(client, "market/index-tickers?instId=BTC-USDT")
    assert float(mark["markPx"]) == quote.mark_price
    assert float(index["idxPx"]) == quote.index_price
    indices = await rows_of(client, "market/index-tickers?quoteCcy=USD")
    assert {row["instId"] for row in indices} >= {"BTC-USD", "ETH-USD"}


async def test_derivatives_name_their_coin_in_the_family_only(client: Client) -> None:
    (swap,) = await rows_of(client, "public/instruments?instType=SWAP&instId=BTC-USDC-SWAP")
    assert (swap["baseCcy"], swap["quoteCcy"]) == ("", "")
    assert (swap["instFamily"], swap["settleCcy"]) == ("BTC-USDC", "USDC")


async def test_delisted_markets_are_suspended(client: Client) -> None:
    swaps = await rows_of(client, "public/instruments?instType=SWAP")
    assert {r["instId"]: r["state"] for r in swaps}["MATIC-USDT-SWAP"] == "suspend"


async def test_contracts_on_stocks_and_metals_are_marked(client: Client) -> None:
    swaps = await rows_of(client, "public/instruments?instType=SWAP")
    kinds = {r["instId"]: r["instCategory"] for r in swaps}
    assert kinds["BTC-USDT-SWAP"] == "1"
    assert (kinds["TSLA-USDT-SWAP"], kinds["XAU-USDT-SWAP"]) == ("3", "4")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("market/ticker?instId=NOPE-USDT", 200, "51001"),
        ("public/funding-rate?instId=BTC-USDT", 200, "51001"),
        ("market/tickers?instType=NOPE", 400, "51000"),
        ("market/candles?instId=BTC-USDT&bar=1h", 400, "51000"),
        ("market/candles?bar=1H", 400, "50014"),
        ("market/index-tickers?instId=NOPE", 200, "51014"),
        ("nothing", 404, "404"),
    ],
)
async def test_bad_questions_get_okx_errors(
    client: Client, query: str, status: int, code: str
) -> None:
    response, _ = await client.answer(URL, f"/api/v5/{query}")
    assert response.status == status
    assert (await client(URL, f"/api/v5/{query}"))["code"] == code
