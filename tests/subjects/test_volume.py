"""/volume over the simulated market: every number is the world's, each in its unit."""

import re
from dataclasses import replace
from typing import Any

import pytest

from crypto_assistant.errors import UnknownCoin
from crypto_assistant.sandbox import Fault
from tests.floor import VENUES, Floor, differences, floor, numbers
from tests.truth import Truth, known_by
from tests.truths.volume import volume

MARKETS = [
    ("BTC", "USDT", "15m"),
    ("BTC", "USDC", "4h"),
    ("BTC", "USD", "15m"),  # contracts of 100, 1 and 100 USD
    ("XRP", "USD", "5m"),  # contracts of 10, 1 and 10 USD, a week day by day
    ("PEPE", "USDT", "30m"),  # 1000PEPE, 1000PEPE, PEPE
    ("SATS", "USDT", "3m"),  # 1000SATS, 10000SATS, SATS
    ("TIA", "USDT", "1m"),
    ("OKB", "USDT", "15m"),  # spot on OKX only
    ("MNT", "USDT", "15m"),  # Bybit only
    ("NEIRO", "USDT", "15m"),  # another coin on Bybit
    ("MON", "USDT", "5m"),  # listed five hours ago: 59 bars before
    ("LIT", "USDT", "3m"),  # listed forty minutes ago
    ("LIT", "USDT", "1h"),  # one closed bar
    ("LIT", "USDT", "12h"),  # none
]


@pytest.mark.parametrize(("coin", "quote", "timeframe"), MARKETS)
async def test_every_number_is_the_worlds(
    market: Floor, truth: Truth, coin: str, quote: str, timeframe: str
) -> None:
    found = await market.ask(f"/volume {coin}/{quote} {timeframe}")
    assert differences(found, volume(truth, coin, quote, timeframe=timeframe)) == {}


@pytest.mark.parametrize(
    ("coin", "quote", "timeframe"),
    [("BTC", "USD", "1h"), ("BNB", "USDT", "5m")],
)
async def test_details_add_the_spot_markets(
    market: Floor, truth: Truth, coin: str, quote: str, timeframe: str
) -> None:
    found = await market.ask(f"/volume {coin}/{quote} {timeframe} details")
    expected = volume(truth, coin, quote, timeframe=timeframe, details=True)
    assert differences(found, expected) == {}
    assert list(found["markets"])[1] == "spot"


async def test_one_venue_is_asked_where_one_is_named(market: Floor, truth: Truth) -> None:
    for venue in VENUES:
        market.sandbox.requests.clear()
        found = await market.ask(f"/volume PEPE 1h {venue}")
        assert differences(found, volume(truth, "PEPE", timeframe="1h", asked=[venue])) == {}
        assert {seen.venue for seen in market.sandbox.requests} == {venue}


async def test_a_stock_is_told_with_the_word_and_without(market: Floor, truth: Truth) -> None:
    for line in ("/volume TSLA tradfi", "/volume TSLA"):
        found = await market.ask(line)
        assert differences(found, volume(truth, "TSLA", tradfi=True)) == {}


@pytest.mark.parametrize(
    ("venue", "timeframe"), [("binance", "15m"), ("bybit", "30m"), ("okx", "5m")]
)
async def test_a_venue_that_is_down_leaves_the_others_as_they_were(
    market: Floor, truth: Truth, venue: str, timeframe: str
) -> None:
    market.sandbox.faults = [Fault(venue, "geo_blocked")]
    found = await market.ask(f"/volume BTC {timeframe}")
    failed = {venue: "geo-blocked"}
    assert differences(found, volume(truth, "BTC", timeframe=timeframe, failed=failed)) == {}


@pytest.mark.parametrize(
    ("coin", "fault", "part", "lacking"),
    [
        ("BTC", Fault("okx", "http", 500, "/api/v5/rubik"), "5m takers", "takers"),
        ("MNT", Fault("bybit", "http", 500, "/v5/market/recent-trade"), "5m takers", "takers"),
        (
            "BTC",
            Fault("okx", "http", 500, "/api/v5/market/history-candles"),
            "bars of the week",
            "week",
        ),
    ],
)
async def test_an_endpoint_that_fails_takes_its_own_numbers_only(
    truth: Truth, coin: str, fault: Fault, part: str, lacking: str
) -> None:
    """Without the week a market is measured against its bars before, and is not in the sum."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [fault]
        found = await market.ask(f"/volume {coin} 5m")
    expected = volume(truth, coin, timeframe="5m", lacking={fault.venue: [lacking]})
    expected["failed"][fault.venue] = f"USDT {part}: HTTP 500"
    assert differences(found, expected) == {}


async def test_without_its_bars_a_venue_is_gone(market: Floor, truth: Truth) -> None:
    market.sandbox.faults = [Fault("bybit", "http", 500, path="/v5/market/kline")]
    found = await market.ask("/volume BTC")
    expected = volume(truth, "BTC", failed={"bybit": ""}) | known_by(VENUES)
    expected["failed"] = {"bybit": "USDT bars: HTTP 500"}
    assert differences(found, expected) == {}


async def test_a_week_comes_at_once_or_day_by_day(market: Floor) -> None:
    await market.ask("/volume BTC")
    assert market.gets("binance") == {"/fapi/v1/klines": 2}
    assert market.gets("bybit") == {"/v5/market/kline": 1, "/v5/market/recent-trade": 1}
    assert market.gets("okx")["/api/v5/market/candles"] == 5  # one is for what its rows bear
    await market.pass_time()
    await market.ask("/volume BTC 1m")
    assert market.gets("binance") == {"/fapi/v1/klines": 9}
    assert market.gets("bybit") == {"/v5/market/kline": 8, "/v5/market/recent-trade": 1}


async def test_while_a_venue_is_awaited_the_others_are_shown(truth: Truth) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("okx", "slow", 2)]
        first, *_, last = await market.watch("/volume BTC")
    assert first.answer
    assert last.answer
    partial = numbers(first.answer)
    assert partial["waiting"] == ["okx"]
    assert partial["markets"]["usdt"]["total"]["venues"] == ["binance", "bybit"]
    assert "waiting: OKX" in first.text
    assert differences(numbers(last.answer), volume(truth, "BTC")) == {}


async def test_a_relative_volume_is_printed_with_what_it_is_measured_against(
    market: Floor,
) -> None:
    lines = (await market.front.reply("/volume BTC")).text.split("\n")
    assert re.fullmatch(r"<b>BTC volume 15m</b> · RVOL 7d \d\.\d\dx", lines[0])
    assert lines[1] == "USDT perps · bar to 14:00 UTC"
    assert lines[2].split()[-3:] == ["RVOL", "7d", "buy"]
    assert [line.split()[3][-1] for line in lines[3:7]] == ["x"] * 4
    assert re.fullmatch(r"Now 92%: pace \S+ · RVOL 7d \d\.\d\dx", lines[7])
    mon = (await market.front.reply("/volume MON 5m")).text
    assert "MON volume 5m</b> · RVOL 59 " in mon
    assert "RVOL 59 buy\n" in mon
    lit = (await market.front.reply("/volume LIT")).text
    assert "LIT volume 15m</b> · RVOL n/a\n" in lit
    assert "\nBinance, Bybit: 1 of 96 bars before\n" in lit
    assert "OKX: does not list LIT" in lit


async def test_who_is_measured_against_something_else_is_left_out_of_the_sum(
    market: Floor,
) -> None:
    market.sandbox.faults = [Fault("okx", "http", 500, path="/api/v5/market/history-candles")]
    some = (await market.front.reply("/volume ETH 5m")).text
    assert re.search(r"\nBIN .* 7d \d\.\d\dx .*\nBYB .* 7d .*\nOKX .* 96 \d\.\d\dx ", some)
    assert "\nall: Binance, Bybit · OKX left out\n" in some


async def test_another_coin_of_the_same_name_is_named(market: Floor) -> None:
    neiro = (await market.front.reply("/volume NEIRO")).text
    assert "Bybit NEIRO: another coin? Not counted" in neiro


@pytest.mark.parametrize("line", ["/volume SOL 5m details", "/analysis SOL details"])
async def test_no_page_speaks_of_spikes_levels_and_scores(market: Floor, line: str) -> None:
    text = (await market.front.reply(line)).text
    assert not re.search("(?i)spike|elevated|moderate|high,|extreme|score", text)


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        ("/volume BABYDOGE okx", ["OKX: does not list BABYDOGE"]),
        ("/volume BTC details", [f"{name}: geo-blocked" for name in ("Binance", "Bybit", "OKX")]),
    ],
)
async def test_where_nobody_told_anything_only_the_reasons_are_shown(
    market: Floor, line: str, reasons: list[str]
) -> None:
    market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in VENUES]
    lines = (await market.front.reply(line)).text.split("\n")
    foot = "14:13:49 UTC" + ("" if "okx" in line else " · 0/3 venues")
    assert lines == [f"<b>{line.split()[1]} volume 15m</b>", *reasons, foot]


async def test_a_kind_of_market_that_there_is_none_of_has_no_heading(market: Floor) -> None:
    text = (await market.front.reply("/volume TSLA tradfi details")).text
    assert text.count("bar to") == text.count("USDT perps · bar to") == 1


async def test_a_bar_that_has_just_begun_says_from_when_on_its_pace_is_told(market: Floor) -> None:
    answer: Any = await market.front.ask("/volume SOL")
    perps = answer.markets["usdt"]
    begun = replace(perps.total.forming, elapsed_fraction=0.04, pace_coins=None, rvol=None)
    total = replace(perps.total, forming=begun)
    answer = replace(answer, markets={"usdt": replace(perps, total=total)})
    text = market.front.sheet("/volume SOL", answer).text
    assert "\nNow 4%: pace from 10% on\n" in text


async def test_an_unknown_coin_is_not_asked_for(market: Floor) -> None:
    with pytest.raises(UnknownCoin, match="Did you mean BTC"):
        await market.ask("/volume BTCC")
    assert not market.sandbox.requests


async def test_every_button_is_a_question_that_is_answered(market: Floor) -> None:
    rows = (await market.front.reply("/volume pepe 5m okx")).buttons
    lines = [button.line for row in rows for button in row]
    assert "volume PEPE 5m okx details" in lines
    assert "volume PEPE 1h okx" in lines
    for line in lines[:4]:
        assert (await market.front.reply(line)).answer
