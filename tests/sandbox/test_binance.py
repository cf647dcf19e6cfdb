"""Binance's faces print the truth in Binance's units and order."""

import pytest

from crypto_assistant.sandbox import World
from crypto_assistant.sandbox.catalog import DAY, HOUR, MINUTE, Kind, Market
from tests.sandbox.conftest import NOW, Client

SPOT, USDM, COINM = "BINANCE_SPOT_URL", "BINANCE_USDM_URL", "BINANCE_COINM_URL"


def market(world: World, kind: Kind, symbol: str) -> Market:
    found = world.market("binance", kind, symbol)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("host", "path", "kind"),
    [
        (SPOT, "/api/v3/ticker/24hr", "spot"),
        (USDM, "/fapi/v1/ticker/24hr", "linear"),
        (COINM, "/dapi/v1/ticker/24hr", "inverse"),
    ],
)
async def test_day_tickers_print_the_truth(
    client: Client, world: World, host: str, path: str, kind: Kind
) -> None:
    rows = {row["symbol"]: row for row in await client(host, path)}
    assert rows.keys() == {m.symbol for m in world.listed("binance", kind)}
    for symbol, quote in world.quotes("binance", kind, NOW).items():
        row = rows[symbol]
        assert float(row["lastPrice"]) == quote.last
        assert float(row["openPrice"]) == quote.open
        assert float(row["highPrice"]) == quote.high
        assert float(row["lowPrice"]) == quote.low
        assert float(row["volume"]) == quote.volume
        turnover = row["baseVolume" if kind == "inverse" else "quoteVolume"]
        assert float(turnover) == pytest.approx(quote.turnover, abs=1e-4)
        percent = (quote.last / quote.open - 1) * 100
        assert float(row["priceChangePercent"]) == pytest.approx(percent, abs=6e-4)


async def test_coin_margined_volume_is_contracts_of_100_usd(client: Client) -> None:
    (row,) = await client(COINM, "/dapi/v1/ticker/24hr?symbol=BTCUSD_PERP")
    mean = float(row["volume"]) * 100 / float(row["baseVolume"])
    assert float(row["lowPrice"]) < mean < float(row["highPrice"])
    assert "quoteVolume" not in row


async def test_one_symbol_is_an_object_except_on_coin_margined(client: Client) -> None:
    assert isinstance(await client(SPOT, "/api/v3/ticker/price?symbol=BTCUSDT"), dict)
    assert isinstance(await client(USDM, "/fapi/v1/premiumIndex?symbol=BTCUSDT"), dict)
    assert isinstance(await client(USDM, "/fapi/v1/premiumIndex"), list)
    assert isinstance(await client(COINM, "/dapi/v1/premiumIndex?symbol=BTCUSD_PERP"), list)


async def test_several_symbols_come_as_asked(client: Client) -> None:
    rows = await client(SPOT, '/api/v3/ticker/24hr?symbols=["ETHUSDT","BTCUSDT"]&type=MINI')
    assert [row["symbol"] for row in rows] == ["ETHUSDT", "BTCUSDT"]
    assert "bidPrice" not in rows[0]


async def test_klines_are_ascending_and_split_by_taker(client: Client, world: World) -> None:
    btc = market(world, "linear", "BTCUSDT")
    rows = await client(USDM, "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=3")
    hour = NOW - NOW % HOUR
    assert [row[0] for row in rows] == [hour - 2 * HOUR, hour - HOUR, hour]
    assert [row[6] for row in rows] == [hour - HOUR - 1, hour - 1, hour + HOUR - 1]
    bars = world.bars(btc, range(hour - 2 * HOUR, hour + HOUR + 1, HOUR), NOW)
    assert [float(row[4]) for row in rows] == bars.close.tolist()
    assert [float(row[5]) for row in rows] == bars.volume.tolist()
    assert [float(row[9]) for row in rows] == bars.taker_buy.tolist()
    assert all(float(row[9]) < float(row[5]) for row in rows)


async def test_klines_from_a_start_are_the_oldest_but_newest_on_coin_margined(
    client: Client,
) -> None:
    hour = NOW - NOW % HOUR
    window = f"interval=1h&startTime={hour - 9 * HOUR}&endTime={hour}&limit=2"
    rows = await client(USDM, f"/fapi/v1/klines?symbol=BTCUSDT&{window}")
    assert [row[0] for row in rows] == [hour - 9 * HOUR, hour - 8 * HOUR]
    rows = await client(COINM, f"/dapi/v1/klines?symbol=BTCUSD_PERP&{window}")
    assert [row[0] for row in rows] == [hour - HOUR, hour]


@pytest.mark.parametrize(
    ("host", "path", "most"),
    [
        (SPOT, "/api/v3/klines?symbol=BTCUSDT", 1000),
        (USDM, "/fapi/v1/klines?symbol=BTCUSDT", 1500),
        (COINM, "/dapi/v1/klines?symbol=BTCUSD_PERP", 1500),
    ],
)
async def test_klines_have_a_most(client: Client, host: str, path: str, most: int) -> None:
    rows = await client(host, f"{path}&interval=1m&limit=1500")
    assert [row[0] for row in rows[:: most - 1]] == [
        NOW // MINUTE * MINUTE - (most - 1) * MINUTE,
        NOW // MINUTE * MINUTE,
    ]


async def test_coin_margined_klines_lie_in_200_days(client: Client) -> None:
    ask, today = "/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1d&limit=1500", NOW // DAY * DAY
    after = await client(COINM, f"{ask}&startTime={today - 300 * DAY}")
    assert (after[0][0], after[-1][0]) == (today - 300 * DAY, today - 100 * DAY)
    before = await client(COINM, f"{ask}&endTime={today}")
    assert (before[0][0], before[-1][0]) == (today - 200 * DAY, today)


async def test_klines_before_the_listing_begin_with_it(client: Client, world: World) -> None:
    listed = market(world, "linear", "MONUSDT").listed
    rows = await client(USDM, "/fapi/v1/klines?symbol=MONUSDT&interval=1h&startTime=0&limit=2")
    assert rows[0][0] == listed // HOUR * HOUR


async def test_weeks_begin_on_monday_and_months_on_the_first(client: Client) -> None:
    (week,) = await client(SPOT, "/api/v3/klines?symbol=BTCUSDT&interval=1w&limit=1")
    (month,) = await client(SPOT, "/api/v3/klines?symbol=BTCUSDT&interval=1M&limit=1")
    assert week[0] == 1_789_948_800_000  # Monday 2026-09-21
    assert month[0] == 1_788_220_800_000  # 2026-09-01
    assert month[6] == 1_790_812_800_000 - 1


async def test_open_interest_is_coins_or_contracts(client: Client, world: World) -> None:
    linear = await client(USDM, "/fapi/v1/openInterest?symbol=1000PEPEUSDT")
    quote = world.quotes("binance", "linear", NOW)["1000PEPEUSDT"]
    assert float(linear["openInterest"]) * 1000 == quote.open_interest_coins
    inverse = await client(COINM, "/dapi/v1/openInterest?symbol=ETHUSD_PERP")
    quote = world.quotes("binance", "inverse", NOW)["ETHUSD_PERP"]
    coins = int(inverse["openInterest"]) * 10 / quote.mark_price
    assert quote.open_interest_coins == pytest.approx(coins)


async def test_funding_info_names_only_other_intervals_than_8_hours(
    client: Client, world: World
) -> None:
    rows = await client(USDM, "/fapi/v1/fundingInfo")
    hours = {row["symbol"]: row["fundingIntervalHours"] for row in rows}
    for each in world.listed("binance", "linear"):
        if each.is_perpetual and each.closed is None:
            assert hours.get(each.symbol, 8) == each.interval
    assert {1, 2, 4} <= set(hours.values())
    assert 8 not in hours.values()


async def test_funding_history_ascends_to_the_last_payment(client: Client, world: World) -> None:
    rows = await client(USDM, "/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3")
    last = NOW // (8 * HOUR) * 8 * HOUR
    assert [row["fundingTime"] for row in rows] == [last - 16 * HOUR, last - 8 * HOUR, last]
    btc = market(world, "linear", "BTCUSDT")
    assert float(rows[-1]["fundingRate"]) == world.funding(btc, last)


async def test_dated_coin_margined_futures_have_no_funding(client: Client) -> None:
    rows = await client(COINM, "/dapi/v1/premiumIndex?pair=BTCUSD")
    dated = [row for row in rows if not row["symbol"].endswith("_PERP")]
    assert len(dated) == 2
    assert {row["lastFundingRate"] for row in dated} == {""}
    assert {row["nextFundingTime"] for row in dated} == {0}


async def test_delisted_markets_do_not_trade(client: Client) -> None:
    spot = await client(SPOT, "/api/v3/exchangeInfo")
    status = {row["symbol"]: row["status"] for row in spot["symbols"]}
    assert (status["MATICUSDT"], status["BTCUSDT"]) == ("BREAK", "TRADING")
    trading = await client(SPOT, "/api/v3/exchangeInfo?symbolStatus=TRADING")
    assert "MATICUSDT" not in {row["symbol"] for row in trading["symbols"]}
    futures = await client(USDM, "/fapi/v1/exchangeInfo")
    assert {r["symbol"]: r["status"] for r in futures["symbols"]}["FTTUSDT"] == "SETTLING"
    ticker = await client(USDM, "/fapi/v1/ticker/24hr?symbol=FTTUSDT")
    assert (ticker["count"], float(ticker["volume"])) == (0, 0)
    assert ticker["closeTime"] < NOW - 29 * DAY


async def test_contracts_on_stocks_metals_and_indices_are_marked(client: Client) -> None:
    info = await client(USDM, "/fapi/v1/exchangeInfo")
    kinds = {r["symbol"]: (r["contractType"], r["underlyingType"]) for r in info["symbols"]}
    assert kinds["BTCUSDT"] == ("PERPETUAL", "COIN")
    assert kinds["TSLAUSDT"] == ("TRADIFI_PERPETUAL", "EQUITY")
    assert kinds["XAUUSDT"] == ("TRADIFI_PERPETUAL", "COMMODITY")
    assert kinds["BTCDOMUSDT"] == ("PERPETUAL", "INDEX")


async def test_permission_sets_can_be_left_out(client: Client) -> None:
    path = "/api/v3/exchangeInfo?symbol=BTCUSDT"
    full, slim = await client(SPOT, path), await client(SPOT, f"{path}&showPermissionSets=false")
    assert "SPOT" in full["symbols"][0]["permissionSets"][0]
    assert slim["symbols"][0]["permissionSets"] == []


@pytest.mark.parametrize(
    ("host", "path", "status", "code"),
    [
        (SPOT, "/api/v3/ticker/24hr?symbol=NOPE", 400, -1121),
        (SPOT, '/api/v3/ticker/price?symbols=["NOPE"]', 400, -1121),
        (SPOT, "/api/v3/ticker/price?symbols=BTCUSDT", 400, -1100),
        (SPOT, "/api/v3/klines?symbol=BTCUSDT", 400, -1102),
        (SPOT, "/api/v3/klines?symbol=BTCUSDT&interval=7m", 400, -1120),
        (USDM, "/fapi/v1/openInterest", 400, -1102),
        (USDM, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1501", 400, -1130),
        (USDM, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=x", 400, -1100),
        (USDM, "/fapi/v1/nothing", 404, -5000),
        (COINM, "/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1d&startTime=1&endTime=99999999999",
         400, -4088),
    ],
)  # fmt: skip
async def test_bad_questions_get_binances_errors(
    client: Client, host: str, path: str, status: int, code: int
) -> None:
    response, _ = await client.answer(host, path)
    assert response.status == status
    assert (await client(host, path))["code"] == code


async def test_one_minute_klines_end_with_the_running_one(client: Client) -> None:
    rows = await client(SPOT, "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=2")
    assert rows[-1][0] == NOW // MINUTE * MINUTE
    assert rows[-1][6] > NOW
