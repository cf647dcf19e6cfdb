"""The details of /price: the primary market lately, and takers over 15 minutes and a day."""

import re
from collections import Counter
from collections.abc import Collection

import pytest

from crypto_assistant.sandbox import Fault
from tests.floor import VENUES, Floor, differences
from tests.truth import Truth
from tests.truths.details import details
from tests.truths.outlook import MIDNIGHT, primary

MARKETS = [
    ("BTC", "USDT"),
    ("BTC", "USD"),  # contracts of 100, 1 and 100 USD
    ("BTC", "USDC"),
    ("PEPE", "USDT"),  # 1000PEPE, 1000PEPE, PEPE
    ("OKB", "USDT"),  # spot on OKX only
    ("NEIRO", "USDT"),  # another coin on Bybit
    ("BABYDOGE", "USDT"),  # none on OKX, no spot on Bybit
    ("MON", "USDT"),  # listed five hours ago
    ("LIT", "USDT"),  # listed forty minutes ago
]


@pytest.mark.parametrize(("coin", "quote"), MARKETS)
async def test_every_number_is_the_worlds(
    market: Floor, truth: Truth, coin: str, quote: str
) -> None:
    found = await market.ask(f"/price {coin}/{quote} details")
    assert differences(found, details(truth, coin, quote)) == {}


async def test_one_venue_is_asked_where_one_is_named(market: Floor, truth: Truth) -> None:
    found = await market.ask("/price PEPE bybit details")
    assert differences(found, details(truth, "PEPE", asked=["bybit"])) == {}
    assert {seen.venue for seen in market.sandbox.requests} == {"bybit"}


@pytest.mark.parametrize("dead", [["binance"], ["bybit"], ["binance", "okx"], VENUES], ids=str)
async def test_of_a_venue_that_is_dead_nothing_is_left(
    market: Floor, truth: Truth, dead: Collection[str]
) -> None:
    market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in dead]
    found = await market.ask("/price PEPE details")
    failed = dict.fromkeys(dead, "geo-blocked")
    assert differences(found, details(truth, "PEPE", failed=failed)) == {}


async def test_without_its_candles_the_primary_market_gives_way_to_the_next(
    market: Floor, truth: Truth
) -> None:
    """For what its candles tell only."""
    market.sandbox.faults = [Fault("binance", "http", 500, "/fapi/v1/klines")]
    found = await market.ask("/price PEPE details")
    assert found["primary_venue"] == "binance"
    expected = details(truth, "PEPE", failed={"binance": ""})["details"]["primary"]
    assert expected["venue"] == "bybit"
    assert differences(found["details"]["primary"], expected) == {}
    assert (
        "<b>Bybit perp</b>\nATR(14) 15m: " in (await market.front.reply("/price PEPE details")).text
    )


async def test_the_day_of_the_average_began_at_midnight(market: Floor, truth: Truth) -> None:
    found = (await market.ask("/price PEPE details"))["details"]["primary"]
    listed = primary(truth, "PEPE")
    assert listed
    assert (found["venue"], found["symbol"]) == (listed.venue, listed.symbol)
    assert MIDNIGHT % 86_400_000 == 0
    assert found["today"]["minutes"] == 14 * 60 + 14
    assert found["now"]["last_price"] > found["today"]["low_price"]


async def test_the_page_tells_it_in_tables_and_lines(market: Floor) -> None:
    text = (await market.front.reply("/price BTC details")).text
    compact = (await market.front.reply("/price BTC")).text
    assert text.startswith("\n".join(compact.split("\n")[:8]))
    for form in (
        r"<pre>perp 24h \$ +high +low\nBIN .*\nBYB .*\nOKX .*</pre>",
        r"<pre>spot 24h \$ +high +low\nBIN .*\nBYB .*\nOKX .*</pre>",
        r"\nFunding 16:00 UTC: BIN BYB OKX\n",
        r"\nPremium bp BIN [+-]?[\d.]+ BYB [+-]?[\d.]+ OKX [+-]?[\d.]+\n",
        r"\nSpread \+[\d.]+ bp: \w+ low, \w+ high\n",
        r"\n<b>Binance perp</b>\nATR\(14\) 15m: ",
        r"\nATR\(14\) 15m: \d+\.\d \([\d.]+%\)\nATR\(14\) 1h: \d+\.\d \([\d.]+%\)\n",
        r"\nVWAP of the UTC day \d+\.\d\nlast [+-][\d.]+% from it\n",
        r"\nTakers to 14:10:00 UTC\n<pre> +delta +buys +told\n",
        r"\nUSDT 15m +[+-]\$[\w.]+ +[\d.]+% +2/3\nUSDT 24h +[+-]\$[\w.]+ +[\d.]+% +2/3\n",
        r"</pre>\nUSDT, spot without Bybit\n14:13:49 UTC",
    ):
        assert re.search(form, text), form


@pytest.mark.parametrize(
    ("symbol", "title"), [("BTC/USDC", "USDC"), ("BTC/USD", "coin-M"), ("PEPE", "USDT")]
)
async def test_takers_of_perps_go_by_their_quote(market: Floor, symbol: str, title: str) -> None:
    text = (await market.front.reply(f"/price {symbol} details")).text
    assert re.findall(r"\n(\S+) (?:15m|24h) +[+-]", text) == [title, title, "spot", "spot"]


async def test_whose_takers_are_missing_is_said_once(market: Floor) -> None:
    """Bybit's trades reach back over 15 minutes of BABYDOGE's perp; it lists no spot market."""
    text = (await market.front.reply("/price BABYDOGE details")).text
    lines = re.findall("\n(.* without .*)\n", text)
    assert lines == ["USDT 15m without OKX; USDT 24h, spot without Bybit, OKX"]
    assert " without " not in (await market.front.reply("/price BTC details binance")).text


async def test_perps_that_pay_at_different_times_are_told_apart(market: Floor) -> None:
    text = (await market.front.reply("/price TIA details")).text
    times = re.findall(r"Funding (\S+) UTC: ", text)
    assert times == sorted(set(times))


async def test_what_is_not_known_of_a_new_coin_is_said_once(market: Floor) -> None:
    text = (await market.front.reply("/price LIT details")).text
    assert "ATR(14) 15m: n/a\nATR(14) 1h: n/a\n" in text
    assert re.search(r"\nspot 24h +n/a +n/a +0/3", text)


async def test_of_a_coin_without_perps_no_perps_are_told(market: Floor) -> None:
    text = (await market.front.reply("/price OKB details")).text
    assert "<b>OKX spot</b>\nATR(14) 15m: " in text
    assert not re.search("perp|Funding", text)


async def test_without_details_neither_takers_nor_more_than_minutes_are_asked_for(
    market: Floor,
) -> None:
    assert (await market.ask("/price PEPE"))["details"] is None
    paths = Counter[str]()
    for venue in VENUES:
        paths += market.gets(venue)
    assert not [path for path in paths if re.search("taker|trade", path)]
    bars = {path: count for path, count in paths.items() if re.search("/kline|/candle", path)}
    assert bars == {"/fapi/v1/klines": 1, "/v5/market/kline": 1, "/api/v5/market/candles": 1}


async def test_the_buttons_open_and_close_them(market: Floor) -> None:
    sheet = await market.front.reply("/price pepe")
    lines = [button.line for button in sheet.buttons[0]]
    assert lines == ["price PEPE", "price PEPE details", "/chart PEPE cvd"]
    sheet = await market.front.reply("/price pepe details")
    assert [button.line for button in sheet.buttons[0]][:2] == ["price PEPE details", "price PEPE"]
