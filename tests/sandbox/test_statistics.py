"""Histories of open interest, long/short ratios and taker volume, as each exchange tells them."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from crypto_assistant.sandbox import Dates, Sandbox, World
from crypto_assistant.sandbox.catalog import DAY, HOUR, MINUTE, Kind, Market, Venue
from tests.sandbox.conftest import NOW, Client

USDM, COINM = "BINANCE_USDM_URL", "BINANCE_COINM_URL"
STEP = 5 * MINUTE
LAST = NOW // STEP * STEP
TIMES = [LAST - 2 * STEP, LAST - STEP, LAST]
VENUES: list[Venue] = ["binance", "bybit", "okx"]
KINDS: list[Kind] = ["linear", "inverse"]


def market(world: World, venue: Venue, kind: Kind, symbol: str) -> Market:
    found = world.market(venue, kind, symbol)
    assert found is not None
    return found


async def bybit(client: Client, query: str) -> Any:
    body = await client("BYBIT_URL", f"/v5/market/{query}")
    assert body["retCode"] == 0
    return body["result"]


async def okx(client: Client, query: str) -> list[list[str]]:
    body = await client("OKX_URL", f"/api/v5/rubik/stat/{query}")
    assert body["code"] == "0"
    rows: list[list[str]] = body["data"]
    return rows


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("kind", KINDS)
def test_interest_and_mark_are_those_of_the_quotes(world: World, venue: Venue, kind: Kind) -> None:
    minute = NOW // MINUTE * MINUTE
    for each in world.listed(venue, kind):
        quote = world.quote(each, minute)
        assert world.interest(each, [minute - DAY, NOW])[-1] == quote.open_interest
        if each.closed is None:
            assert world.marks(each, [minute - DAY, NOW])[-1] == quote.mark_price


def test_a_history_is_the_same_whatever_its_length(world: World) -> None:
    eth = market(world, "okx", "linear", "ETH-USDT-SWAP")
    times = range(LAST - 300 * STEP, LAST + 1, STEP)
    for history in (world.interest, world.marks, lambda m, t: world.ratios(m, t).top_positions):
        long = history(eth, times)
        assert len(np.unique(long)) > 250
        assert history(eth, TIMES).tolist() == long[-3:].tolist()


def test_there_is_no_interest_before_the_listing(world: World) -> None:
    young = market(world, "binance", "linear", "LITUSDT")
    before, after = world.interest(young, [young.listed - MINUTE, young.listed])
    assert (before, after > 0) == (0, True)


def test_shares_are_smooth_and_between_a_fifth_and_four_fifths(world: World) -> None:
    btc = market(world, "bybit", "linear", "BTCUSDT")
    for share in world.ratios(btc, range(NOW - 30 * DAY, NOW, HOUR // 2)):
        assert 0.2 < share.min() < 0.4
        assert 0.6 < share.max() < 0.8
        assert np.abs(np.diff(share)).max() < 0.1


async def test_binance_counts_linear_interest_in_its_base(client: Client, world: World) -> None:
    ask = "/futures/data/openInterestHist?symbol=1000PEPEUSDT&period=5m&limit=3"
    rows = await client(USDM, ask)
    pepe = market(world, "binance", "linear", "1000PEPEUSDT")
    interest = world.interest(pepe, TIMES)
    assert [row["timestamp"] for row in rows] == TIMES
    assert [float(row["sumOpenInterest"]) for row in rows] == interest.tolist()
    values = interest * world.marks(pepe, TIMES)
    assert [float(row["sumOpenInterestValue"]) for row in rows] == pytest.approx(values.tolist())


async def test_binance_counts_coin_margined_interest_in_contracts_and_coins(
    client: Client, world: World
) -> None:
    ask = "/futures/data/openInterestHist?pair=BTCUSD&period=5m&limit=3"
    (perpetual, *_), contracts = await client(COINM, f"{ask}&contractType=PERPETUAL"), 0.0
    btc = market(world, "binance", "inverse", "BTCUSD_PERP")
    assert perpetual["contractType"] == "PERPETUAL"
    assert float(perpetual["sumOpenInterest"]) == world.interest(btc, TIMES)[0]
    coins = float(perpetual["sumOpenInterest"]) * 100 / world.marks(btc, TIMES)[0]
    assert float(perpetual["sumOpenInterestValue"]) == pytest.approx(coins)
    for each in world.listed("binance", "inverse"):
        if each.base == "BTC":
            contracts += world.interest(each, TIMES)[0]
    (every, *_) = await client(COINM, ask)
    assert float(every["sumOpenInterest"]) == contracts


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("globalLongShortAccountRatio", "accounts"),
        ("topLongShortAccountRatio", "top_accounts"),
        ("topLongShortPositionRatio", "top_positions"),
    ],
)
async def test_binance_tells_three_ratios(
    client: Client, world: World, path: str, group: str
) -> None:
    ask = f"/futures/data/{path}?period=5m&limit=3"
    btc = market(world, "binance", "linear", "BTCUSDT")
    shares = getattr(world.ratios(btc, TIMES), group).tolist()
    rows = await client(USDM, f"{ask}&symbol=BTCUSDT")
    assert [float(row["longAccount"]) for row in rows] == [round(share, 4) for share in shares]
    for row, share in zip(rows, shares, strict=True):
        assert float(row["longAccount"]) + float(row["shortAccount"]) == pytest.approx(1)
        assert float(row["longShortRatio"]) == pytest.approx(share / (1 - share), abs=1e-4)
    rows = await client(COINM, f"{ask}&pair=ETHUSD&contractType=PERPETUAL")
    eth = market(world, "binance", "inverse", "ETHUSD_PERP")
    name = "longPosition" if group == "top_positions" else "longAccount"
    share = getattr(world.ratios(eth, TIMES), group)[-1]
    assert float(rows[-1][name]) == pytest.approx(share, abs=1e-4)
    assert rows[-1]["pair"] == "ETHUSD"


async def test_binance_keeps_thirty_days_and_the_newest_of_a_window(client: Client) -> None:
    ask = "/futures/data/openInterestHist?symbol=BTCUSDT"
    days = await client(USDM, f"{ask}&period=1d&limit=500")
    assert [row["timestamp"] % DAY for row in days] == [0] * 30
    window = f"&period=1h&startTime={NOW - DAY}&endTime={NOW - HOUR}"
    rows = await client(USDM, f"{ask}{window}&limit=2")
    hour = NOW // HOUR * HOUR
    assert [row["timestamp"] for row in rows] == [hour - 2 * HOUR, hour - HOUR]
    assert len(await client(USDM, f"{ask}&period=5m")) == 30


async def test_binance_leaves_out_the_open_interest_of_a_period_in_which_nobody_traded(
    client: Client, world: World
) -> None:
    ask = "/futures/data/openInterestHist?symbol=SEIUSDT&period=5m"
    thin = market(world, "binance", "linear", "SEIUSDT")
    every = range(LAST - 499 * STEP, LAST + 1, STEP)
    traded = np.array(every)[world.traded(thin, every, STEP)].tolist()
    window = f"startTime={every[0]}&endTime={LAST}&limit=500"
    rows = await client(USDM, f"{ask}&{window}")
    assert [row["timestamp"] for row in rows] == traded
    assert 100 < len(traded) < 400
    assert [float(r["sumOpenInterest"]) for r in rows] == world.interest(thin, traded).tolist()
    assert await client(USDM, f"{ask}&limit=90") == rows[-90:]


@pytest.mark.parametrize(("kind", "symbol"), [("linear", "BTCUSDT"), ("inverse", "BTCUSD")])
async def test_bybits_open_interest_counts_both_sides_newest_first(
    client: Client, world: World, kind: Kind, symbol: str
) -> None:
    ask = f"open-interest?category={kind}&symbol={symbol}&intervalTime=5min"
    rows = (await bybit(client, f"{ask}&limit=3"))["list"][::-1]
    interest = world.interest(market(world, "bybit", kind, symbol), TIMES)
    assert [int(row["timestamp"]) for row in rows] == TIMES
    assert [float(row["singleOpenInterest"]) for row in rows] == interest.tolist()
    assert [float(row["openInterest"]) for row in rows] == (interest * 2).tolist()
    assert len((await bybit(client, ask))["list"]) == 50
    assert len((await bybit(client, f"{ask}&limit=900"))["list"]) == 200


async def test_bybit_ignores_a_start_without_an_end(client: Client) -> None:
    ask = "open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min"
    start = LAST - 10 * STEP
    assert (await bybit(client, f"{ask}&startTime={start}")) == (await bybit(client, ask))
    window = f"{ask}&startTime={start}&endTime={start + 2 * STEP}"
    times = [int(row["timestamp"]) for row in (await bybit(client, window))["list"]]
    assert times == [start + 2 * STEP, start + STEP, start]


@pytest.mark.parametrize("path", ["open-interest?intervalTime=1h", "account-ratio?period=1h"])
async def test_bybit_pages_backwards(client: Client, path: str) -> None:
    start = NOW // HOUR * HOUR - 9 * HOUR
    window = f"category=linear&symbol=BTCUSDT&startTime={start}&endTime={NOW}"
    every = (await bybit(client, f"{path}&{window}"))["list"]
    paged: list[Any] = []
    cursor = ""
    for _ in range(3):
        page = await bybit(client, f"{path}&{window}&limit=4&cursor={cursor}")
        paged, cursor = paged + page["list"], page["nextPageCursor"]
    assert (paged, cursor, len(every)) == (every, "", 10)


async def test_bybit_tells_the_share_of_accounts(client: Client, world: World) -> None:
    ask = "account-ratio?category=inverse&symbol=BTCUSD&period=5min"
    rows = (await bybit(client, f"{ask}&limit=3"))["list"][::-1]
    shares = world.ratios(market(world, "bybit", "inverse", "BTCUSD"), TIMES).accounts
    assert [float(row["buyRatio"]) for row in rows] == shares.round(4).tolist()
    for row in rows:
        assert float(row["buyRatio"]) + float(row["sellRatio"]) == pytest.approx(1)


@pytest.mark.parametrize("symbol", ["ETH-USDT-SWAP", "BTC-USD-SWAP"])
async def test_okx_tells_sold_before_bought_and_the_running_period_first(
    client: Client, world: World, symbol: str
) -> None:
    kind: Kind = "inverse" if "USD-" in symbol else "linear"
    swap = market(world, "okx", kind, symbol)
    bars = world.bars(swap, [*TIMES, LAST + STEP], NOW)
    bought, coin_size = bars.taker_buy[::-1], bars.taker_buy * swap.unit
    units = {
        "": bought,
        "&unit=0": (bars.taker_buy_turnover if kind == "inverse" else coin_size)[::-1],
        "&unit=1": bought,
        "&unit=2": (coin_size if kind == "inverse" else bars.taker_buy_turnover)[::-1],
    }
    for unit, expected in units.items():
        rows = await okx(client, f"taker-volume-contract?instId={symbol}&limit=3{unit}")
        assert [int(row[0]) for row in rows] == TIMES[::-1]
        assert [float(row[2]) for row in rows] == pytest.approx(expected.tolist())
    rows = await okx(client, f"taker-volume-contract?instId={symbol}&limit=3")
    assert [float(row[1]) for row in rows] == pytest.approx((bars.volume[::-1] - bought).tolist())


async def test_okx_statistics_have_contracts_coins_and_dollars(
    client: Client, world: World
) -> None:
    for symbol, kind in (("PEPE-USDT-SWAP", "linear"), ("BTC-USD-SWAP", "inverse")):
        swap = market(world, "okx", "linear" if kind == "linear" else "inverse", symbol)
        rows = await okx(client, f"contracts/open-interest-history?instId={symbol}&limit=3")
        interest, marks = world.interest(swap, TIMES), world.marks(swap, TIMES)
        assert [int(row[0]) for row in rows] == TIMES[::-1]
        assert [float(row[1]) for row in rows] == interest[::-1].tolist()
        usd = interest * swap.unit * (1 if kind == "inverse" else marks)
        assert [float(row[2]) for row in rows] == pytest.approx((usd / marks)[::-1].tolist())
        assert [float(row[3]) for row in rows] == pytest.approx(usd[::-1].tolist())


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("long-short-account-ratio-contract", "accounts"),
        ("long-short-account-ratio-contract-top-trader", "top_accounts"),
        ("long-short-position-ratio-contract-top-trader", "top_positions"),
    ],
)
async def test_okx_ratios_are_long_over_short(
    client: Client, world: World, path: str, group: str
) -> None:
    rows = await okx(client, f"contracts/{path}?instId=BTC-USDT-SWAP&limit=3")
    btc = market(world, "okx", "linear", "BTC-USDT-SWAP")
    share = getattr(world.ratios(btc, TIMES), group)[::-1]
    assert [float(row[1]) for row in rows] == pytest.approx((share / (1 - share)).tolist())


@pytest.mark.parametrize(
    "path", ["taker-volume-contract", "contracts/open-interest-history",
             "contracts/long-short-account-ratio-contract"],
)  # fmt: skip
async def test_okx_bounds_are_left_out_and_pages_hold_a_hundred(client: Client, path: str) -> None:
    ask = f"{path}?instId=BTC-USDT-SWAP"
    rows = await okx(client, f"{ask}&begin={LAST - 3 * STEP}&end={LAST}")
    assert [int(row[0]) for row in rows] == [LAST - STEP, LAST - 2 * STEP]
    assert len(await okx(client, f"{ask}&limit=500")) == 100
    assert await okx(client, f"{ask}&end={LAST - 1440 * STEP}") == []


@pytest.mark.parametrize(("period", "hour"), [("1D", 16), ("5D", 16), ("1Dutc", 0), ("4H", 12)])
async def test_okx_days_begin_in_hong_kong(client: Client, period: str, hour: int) -> None:
    ask = f"taker-volume-contract?instId=BTC-USDT-SWAP&limit=1&period={period}"
    ((start, *_),) = await okx(client, ask)
    assert int(start) // HOUR % 24 == hour


async def test_okx_statistics_of_a_contract_begin_after_its_listing(
    client: Client, world: World
) -> None:
    young = market(world, "okx", "linear", "MON-USDT-SWAP")
    ask = f"instId={young.symbol}&period=4H"
    bar = NOW // (4 * HOUR) * 4 * HOUR
    samples = [int(row[0]) for row in await okx(client, f"contracts/open-interest-history?{ask}")]
    assert samples == [bar]
    starts = [int(row[0]) for row in await okx(client, f"taker-volume-contract?{ask}")]
    assert starts == [bar, bar - 4 * HOUR]


@pytest.mark.parametrize(
    ("period", "length", "reach"),
    [("5m", STEP, 2 * DAY), ("1H", HOUR, 30 * DAY), ("1D", DAY, 180 * DAY)],
)
async def test_okx_tells_all_that_it_keeps_of_a_coin_in_one_answer(
    client: Client, period: str, length: int, reach: int
) -> None:
    ask = f"taker-volume?ccy=DOGE&instType=SPOT&period={period}"
    starts = [int(row[0]) for row in await okx(client, f"{ask}&limit=5")]
    assert len(starts) == reach // length + 1
    assert {newer - older for newer, older in pairwise(starts)} == {length}
    assert starts[0] <= NOW < starts[0] + length


async def test_okx_keeps_five_minutes_of_a_coin_for_two_days(client: Client) -> None:
    ask = "taker-volume?ccy=DOGE&instType=SPOT&period=5m"
    rows = await okx(client, f"{ask}&begin={NOW - 3 * DAY}&end={NOW - 2 * DAY + 3 * STEP}")
    assert len(rows) == 4
    assert await okx(client, f"{ask}&end={NOW - 2 * DAY - STEP}") == []


async def test_okx_counts_spot_by_coin_in_coins_over_all_its_pairs(
    client: Client, world: World
) -> None:
    rows = await okx(client, "taker-volume?ccy=BTC&instType=SPOT")
    end = int(rows[3][0])
    pairs = [m for m in world.listed("okx", "spot") if m.base == "BTC"]
    bars = [world.bars(pair, [end - STEP, end], NOW) for pair in pairs]
    assert len(bars) == 3
    assert float(rows[3][2]) == pytest.approx(sum(bar.taker_buy[0] for bar in bars))
    traded = sum(bar.volume[0] for bar in bars)
    assert float(rows[3][1]) + float(rows[3][2]) == pytest.approx(traded)


@pytest.mark.parametrize(("coin", "near"), [("BTC", True), ("DOGE", True), ("ETH", False)])
async def test_the_usdt_pair_is_most_of_some_coins_spot_volume(
    client: Client, world: World, coin: str, near: bool
) -> None:
    rows = await okx(client, f"taker-volume?ccy={coin}&instType=SPOT&period=1H")
    (end, sold, bought) = rows[1]
    pair = market(world, "okx", "spot", f"{coin}-USDT")
    volume = world.bars(pair, [int(end) - HOUR, int(end)], NOW).volume[0]
    assert bool((float(sold) + float(bought)) / volume < 1.1) is near


async def test_okx_counts_contracts_by_coin_in_dollars(client: Client, world: World) -> None:
    rows = await okx(client, f"taker-volume?ccy=DOGE&instType=CONTRACTS&period=1D&end={NOW - DAY}")
    end = int(rows[0][0])
    day = [end - DAY, end]
    linear = world.bars(market(world, "okx", "linear", "DOGE-USDT-SWAP"), day, NOW)
    xperp = world.bars(market(world, "okx", "linear", "DOGE-USD_UM_XPERP-310404"), day, NOW)
    inverse = world.bars(market(world, "okx", "inverse", "DOGE-USD-SWAP"), day, NOW)
    usd = linear.turnover[0] + xperp.turnover[0] + inverse.volume[0] * 10
    assert float(rows[0][1]) + float(rows[0][2]) == pytest.approx(usd)
    assert end // HOUR % 24 == 16


@pytest.mark.parametrize("periods", [0, 1, 2])
async def test_okx_dates_rows_of_takers_as_it_is_told_to(
    client: Client, sandbox: Sandbox, world: World, periods: int
) -> None:
    """The period that runs is told only where rows bear the start of theirs."""
    sandbox.dates = Dates(by_coin=periods, by_contract=periods)
    first = LAST - periods * STEP
    swap = market(world, "okx", "linear", "BTC-USDT-SWAP")
    spot = market(world, "okx", "spot", "DOGE-USDT")
    for it, ask in (
        (swap, f"taker-volume-contract?instId={swap.symbol}"),
        (spot, "taker-volume?ccy=DOGE&instType=SPOT"),
    ):
        volumes = world.bars(it, [first - STEP, first, first + STEP], NOW).volume
        (newest, older, *_) = await okx(client, ask)
        assert [int(newest[0]), int(older[0])] == [LAST, LAST - STEP]
        told = [float(row[1]) + float(row[2]) for row in (older, newest)]
        assert told == pytest.approx(volumes.tolist())


async def test_okx_tells_another_open_interest_of_the_past_if_told_to(
    client: Client, sandbox: Sandbox
) -> None:
    ask = "contracts/open-interest-history?instId=BTC-USDT-SWAP&limit=1"
    ((time, *true),) = await okx(client, ask)
    sandbox.dates = Dates(interest=2.0)
    ((same, *told),) = await okx(client, ask)
    assert same == time
    assert [float(x) for x in told] == pytest.approx([2 * float(x) for x in true])


async def test_okx_lists_the_open_interest_of_dated_futures(client: Client, world: World) -> None:
    body = await client("OKX_URL", "/api/v5/public/open-interest?instType=FUTURES")
    futures = {row["instId"]: float(row["oi"]) for row in body["data"]}
    assert len(futures) == 8 + 3  # perps by the name of futures
    for kind in KINDS:
        for each in world.listed("okx", kind):
            if each.expires or each.renewed:
                assert futures[each.symbol] == world.quote(each, NOW).open_interest > 0


HISTORY = "/futures/data/openInterestHist"
RATIO = "/futures/data/topLongShortPositionRatio"


@pytest.mark.parametrize(
    ("host", "path", "code"),
    [
        (USDM, f"{HISTORY}?period=5m", -1102),
        (USDM, f"{HISTORY}?symbol=NOPE&period=5m", -1121),
        (USDM, f"{HISTORY}?symbol=BTCUSDT", -1102),
        (USDM, f"{HISTORY}?symbol=BTCUSDT&period=1m", -1130),
        (USDM, f"{HISTORY}?symbol=BTCUSDT&period=8h", -1130),
        (USDM, f"{RATIO}?symbol=BTCUSDT&period=5m&limit=501", -1130),
        (USDM, f"{RATIO}?symbol=BTCUSDT&period=5m&startTime={NOW - 35 * DAY}", -1130),
        (COINM, f"{HISTORY}?symbol=BTCUSD_PERP&period=5m", -1102),
        (COINM, f"{HISTORY}?pair=BTCUSD&period=5m&contractType=ALL", -1130),
        (COINM, f"{RATIO}?pair=NOPEUSD&period=5m", -1121),
        ("BYBIT_URL", "/v5/market/open-interest?category=spot&symbol=BTCUSDT", 10001),
        ("BYBIT_URL", "/v5/market/open-interest?category=linear&symbol=BTCUSDT", 10001),
        ("BYBIT_URL",
         "/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=1h&cursor=x", 10001),
        ("BYBIT_URL", "/v5/market/account-ratio?category=linear&symbol=BTCUSDT&period=2h", 10001),
        ("OKX_URL", "/api/v5/rubik/stat/taker-volume-contract", "50014"),
        ("OKX_URL", "/api/v5/rubik/stat/taker-volume-contract?instId=BTC-USDT", "51001"),
        ("OKX_URL", "/api/v5/rubik/stat/taker-volume-contract?instId=BTC-USDT-SWAP&unit=3",
         "51000"),
        ("OKX_URL", "/api/v5/rubik/stat/taker-volume-contract?instId=BTC-USDT-SWAP&period=1m",
         "51000"),
        ("OKX_URL", "/api/v5/rubik/stat/taker-volume?ccy=BTC", "50014"),
        ("OKX_URL", "/api/v5/rubik/stat/taker-volume?ccy=BTC&instType=SWAP", "51000"),
        ("OKX_URL", "/api/v5/rubik/stat/taker-volume?ccy=BTC&instType=SPOT&period=15m", "51000"),
        ("OKX_URL", "/api/v5/rubik/stat/taker-volume?ccy=NOPE&instType=SPOT", "51000"),
    ],
)  # fmt: skip
async def test_bad_questions_are_refused(
    client: Client, host: str, path: str, code: int | str
) -> None:
    body = await client(host, path)
    assert body.get("code", body.get("retCode")) == code
