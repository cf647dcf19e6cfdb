"""/price over the simulated market: every number is the world's, each in its unit."""

import asyncio
import re

import pytest

from crypto_assistant.errors import UnknownCoin
from crypto_assistant.sandbox import Fault
from tests.floor import VENUES, Floor, assert_readable, differences, floor, numbers
from tests.truth import Truth, price
from tests.truths.oi import totals
from tests.truths.outlook import now, primary

COINS = [
    ("BTC", "USDT"),
    ("BTC", "USDC"),
    ("BTC", "USD"),  # contracts of 100, 1 and 100 USD
    ("XRP", "USD"),  # contracts of 10, 1 and 10 USD
    ("PEPE", "USDT"),  # 1000PEPE, 1000PEPE, PEPE
    ("SHIB", "USDT"),  # 1000SHIB, SHIB1000, SHIB
    ("BABYDOGE", "USDT"),  # 1MBABYDOGE, 1000000BABYDOGE; none on OKX
    ("SATS", "USDT"),  # 1000SATS, 10000SATS, SATS
    ("1INCH", "USDT"),  # no multiplier
    ("OKB", "USDT"),  # spot on OKX only
    ("MNT", "USDT"),  # Bybit only
    ("NEIRO", "USDT"),  # another coin on Bybit
    ("LIT", "USDT"),  # listed forty minutes ago
    ("TIA", "USDT"),  # funding every two hours
]


@pytest.mark.parametrize(("coin", "quote"), COINS)
async def test_every_number_is_the_worlds(
    market: Floor, truth: Truth, coin: str, quote: str
) -> None:
    found = await market.ask(f"/price {coin}/{quote}")
    assert differences(found, price(truth, coin, quote)) == {}


async def test_a_stock_is_shown_with_the_word_and_without(market: Floor, truth: Truth) -> None:
    for line in ("/price TSLA tradfi", "/price TSLA"):
        found = await market.ask(line)
        assert differences(found, price(truth, "TSLA", tradfi=True)) == {}


async def test_one_venue_is_asked_where_one_is_named(market: Floor, truth: Truth) -> None:
    found = await market.ask("/price ETH okx")
    assert differences(found, price(truth, "ETH", asked=["okx"])) == {}
    assert {seen.venue for seen in market.sandbox.requests} == {"okx"}


@pytest.mark.parametrize(
    "symbol", ["pepe", "1000PEPEUSDT", "PEPE-USDT-SWAP", "1000PEPEUSDT.P", "PEPE/USDT", "PEPE-PERP"]
)
async def test_a_coin_answers_to_every_venues_spelling(
    market: Floor, truth: Truth, symbol: str
) -> None:
    assert differences(await market.ask(f"/price {symbol}"), price(truth, "PEPE")) == {}


async def test_a_spread_of_nothing_has_no_sides(market: Floor) -> None:
    spread = (await market.ask("/price BABYDOGE"))["spread"]
    assert spread["fraction"] == 0
    assert "\nSpread 0.0 bp\n" in (await market.front.reply("/price BABYDOGE details")).text


async def test_another_coin_of_the_same_name_is_shown_apart(market: Floor) -> None:
    found = await market.ask("/price NEIRO")
    assert found["venues"]["bybit"]["perp"]["other_coin"]
    assert found["venues"]["bybit"]["spot"]["other_coin"]
    assert found["totals"]["oi_usd_venues"] == ["binance", "okx"]
    text = (await market.front.reply("/price NEIRO")).text
    assert "Bybit perp" in text
    assert "another coin?" in text
    assert "BYB" not in text


@pytest.mark.parametrize("field", ["lastPrice", "bid1Price"])
async def test_another_coin_is_told_by_whichever_price_is_there(market: Floor, field: str) -> None:
    market.sandbox.faults = [Fault("bybit", "missing", field)]
    found = await market.ask("/price NEIRO")
    assert found["venues"]["bybit"]["perp"]["other_coin"]
    assert found["totals"]["oi_usd_venues"] == ["binance", "okx"]


async def test_a_coin_that_one_venue_lists_names_the_others(market: Floor) -> None:
    text = (await market.front.reply("/price MNT")).text
    assert "Binance: does not list MNT\nOKX: does not list MNT" in text
    assert text.endswith(" · 1/1 venue")


async def test_a_venue_with_spot_only_is_answered_from_it(market: Floor) -> None:
    found = await market.ask("/price OKB")
    assert found["primary_venue"] == "okx"
    assert found["totals"]["oi_usd"] is None
    assert " · OKX spot\n" in (await market.front.reply("/price OKB")).text


async def test_a_coin_that_nobody_lists_gets_the_nearest_names(market: Floor) -> None:
    with pytest.raises(UnknownCoin, match=r"^No venue lists BTCC\. Did you mean BTC") as caught:
        await market.ask("/price BTCC")
    assert caught.value.nearest[0] == "BTC"
    assert not market.sandbox.requests


async def test_a_delisted_coin_is_not_listed(market: Floor) -> None:
    with pytest.raises(UnknownCoin, match="No venue lists FTT"):
        await market.ask("/price FTT")


@pytest.mark.parametrize(("coin", "quote"), [one for one in COINS if one[0] != "OKB"])
async def test_open_interest_of_all_perps_is_that_of_oi(
    market: Floor, truth: Truth, coin: str, quote: str
) -> None:
    found, oi = [await market.ask(f"/{name} {coin}/{quote}") for name in ("price", "oi")]
    assert differences(found["all_perps"], oi["totals"]) == {}
    assert differences(found["oi_windows"], oi["windows"]) == {}
    assert found["unsummed_perps"] == []
    asked_for = {"USDT": "usdt", "USDC": "usdc", "USD": "coin_margined"}[quote]
    others = {
        venue: {name: perp for name, perp in perps.items() if name != asked_for}
        for venue, perps in oi["venues"].items()
    }
    expected = totals(others) if any(others.values()) else None
    assert differences(found["other_perps"], expected) == {}


@pytest.mark.parametrize("coin", ["BTC", "PEPE", "OKB", "LIT"])
async def test_each_venue_tells_what_its_price_did_in_15_minutes(
    market: Floor, truth: Truth, coin: str
) -> None:
    found = (await market.ask(f"/price {coin}"))["changes_15m_fraction"]
    markets = {venue: primary(truth, coin, asked=[venue]) for venue in VENUES}
    expected = {v: now(one)["change_15m_fraction"] for v, one in markets.items() if one}
    assert differences(found, expected) == {}


async def test_a_perp_that_does_not_tell_is_named_beside_the_sum(market: Floor) -> None:
    market.sandbox.faults = [Fault("okx", "null", "oiUsd")]
    assert (await market.ask("/price BTC"))["unsummed_perps"] == [["usdt", "okx"], ["usdc", "okx"]]
    assert "\nall without OKX USDT · OKX USDC\n" in (await market.front.reply("/price BTC")).text


async def test_whose_change_is_not_known_is_named_beside_it(market: Floor) -> None:
    market.sandbox.faults = [Fault("okx", "http", 500, "/api/v5/rubik")]
    found = await market.ask("/price BTC")
    okx = [["usdt", "okx"], ["usdc", "okx"]]
    assert found["uncompared_perps"] == dict.fromkeys(("15m", "1h", "4h", "24h"), okx)
    text = (await market.front.reply("/price BTC")).text
    assert "\nOI 1h, 4h, 24h without OKX USDT\nOKX USDC\n" in text


MOST_REQUESTS = {
    "/price": {"binance": 18, "bybit": 15, "okx": 18},
    "/price BTC/USD": {"binance": 9, "bybit": 5, "okx": 11},
}


@pytest.mark.parametrize("line", MOST_REQUESTS)
async def test_few_requests_go_to_a_venue_and_fewer_the_second_time(
    market: Floor, line: str
) -> None:
    """Samples of open interest are kept until the next ones; OKX may still mend its newest."""
    await market.ask(line)
    counts = {venue: market.gets(venue) for venue in VENUES}
    assert {venue: paths.total() for venue, paths in counts.items()} == MOST_REQUESTS[line]
    await market.pass_time()
    market.sandbox.requests.clear()
    await market.ask(line)
    again = [*market.gets("binance"), *market.gets("bybit")]
    assert not [path for path in again if re.search("openInterestHist|/open-interest", path)]


async def test_the_requests_go_out_in_one_wave() -> None:
    """While none has been answered, all of them are under way."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "timeout") for venue in VENUES]
        await market.ask("/price")
        assert {venue: len(market.gets(venue)) for venue in VENUES} == {
            "binance": 11,
            "bybit": 4,  # tickers of perps and of spot come from one path
            "okx": 7,
        }


async def test_the_same_question_twice_at_once_goes_upstream_once(market: Floor) -> None:
    await asyncio.gather(market.ask("/price SOL"), market.ask("/price SOL"))
    twice = {venue: market.gets(venue).total() for venue in VENUES}
    assert twice == {"binance": 18, "bybit": 15, "okx": 19}


async def test_the_compact_answer_is_short(market: Floor) -> None:
    lines = (await market.front.reply("/price BTC")).text.split("\n")
    for line, form in zip(
        lines,
        (
            r"<b>BTC [\d,.]+</b> · 24h [+-][\d.]+%",
            r"Binance USDT perp · 15m [+-][\d.]+%",
            r"24h [\d,.]+–[\d,.]+ · \$[\d.]+B traded",
            r"<pre> +bp +OI \$ +fund/8h +iv h:mm",
            r"BIN +- +[\d.]+B [+-][\d.]+ 8h 1:46",
            r"BYB +[+-][\d.]+ +[\d.]+B [+-][\d.]+ 8h 1:46",
            r"OKX +[+-][\d.]+ +[\d.]+B [+-][\d.]+ 8h 1:46",
            r"oth +[\d.]+B [+-][\d.]+",
            r"all +[\d.]+B [+-][\d.]+</pre>",
            r"OI 1h [+-][\d.]+% · 4h [+-][\d.]+% · 24h [+-][\d.]+%",
            r"Spot [\d,.]+ · perp [+-][\d.]+ bp",
            r"14:13:49 UTC · 0\.0 s old · 3/3 venues",
        ),
        strict=True,
    ):
        assert re.fullmatch(form, line), line


@pytest.mark.parametrize(("coin", "quote"), COINS)
async def test_no_answer_is_wider_than_a_phone(market: Floor, coin: str, quote: str) -> None:
    sheet = await market.front.reply(f"/price {coin}/{quote}")
    assert sheet.answer
    assert_readable(sheet)


async def test_refresh_asks_for_the_same_market(market: Floor) -> None:
    sheet = await market.front.reply("/price btc/usdc okx")
    refresh, *_ = sheet.buttons[0]
    again = await market.front.reply(refresh.line)
    assert again.text == sheet.text


async def test_after_a_while_whoever_is_there_is_shown() -> None:
    async with floor() as market:
        await market.open()
        full = await market.ask("/price BTC")
        await market.pass_time()
        market.sandbox.faults = [Fault("okx", "slow", 2)]
        sheet, *_, whole = await market.watch("/price BTC")
    assert sheet.answer
    assert whole.answer
    first = numbers(sheet.answer)
    assert first["waiting"] == ["okx"]
    assert first["answered"] == ["binance", "bybit"]
    assert first["venues"] == {venue: full["venues"][venue] for venue in ("binance", "bybit")}
    assert first["totals"]["oi_usd_venues"] == ["binance", "bybit"]
    assert "waiting: OKX" in sheet.text
    assert "waiting" not in whole.text
    assert differences(numbers(whole.answer), full) == {}
