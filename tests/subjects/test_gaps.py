"""What is not the whole market never reads as if it were."""

import re

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.sandbox import Fault
from crypto_assistant.view import Html
from tests.floor import SHIPPED, Floor, floor

FUTURES = "/fapi/v1/"


async def text(market: Floor, line: str) -> Html:
    return (await market.front.reply(line)).text


async def test_another_coin_does_not_take_the_name_while_the_real_one_is_away(
    market: Floor,
) -> None:
    market.sandbox.faults = [Fault("binance", "http", 503), Fault("okx", "http", 503)]
    found = await market.ask("/price NEIRO")
    assert found["venues"]["bybit"]["perp"]["other_coin"]
    assert (found["primary_venue"], found["totals"]["oi_usd"]) == (None, None)
    assert (await market.ask("/price NEIRO bybit"))["totals"]["oi_usd"] is None
    assert "Bybit perp" in await text(market, "/price NEIRO")


@pytest.mark.parametrize(
    "line", ["/cvd NEIRO", "/oi NEIRO", "/volume NEIRO", "/volume NEIRO details"]
)
async def test_a_venue_with_another_coin_of_that_name_has_not_failed(
    market: Floor, line: str
) -> None:
    found = await market.ask(line)
    assert (found["answered"], found["failed"]) == (["binance", "okx"], {})
    shown = await text(market, line)
    assert "another coin? Not counted" in shown
    assert "does not list" not in shown


async def test_a_venue_without_the_perp_is_named_though_its_spot_market_answers(
    market: Floor,
) -> None:
    found = await market.ask("/price OKB")
    assert set(found["failed"]) == {"binance", "bybit"}
    listings = await market.front.desk.listings()
    coin = next(
        coin
        for coin in map(listings.find, ("BNB", "ETC", "FIL", "SUPER", "JUP", "1INCH", "LTC", "TON"))
        if not listings.may_list("okx", coin.perps, coin)
        and listings.may_list("binance", coin.perps, coin)
    )
    found = await market.ask(f"/price {coin.name}")
    assert found["failed"]["okx"].endswith(f"does not list {coin.name}")


async def test_spot_prices_are_shown_where_the_basis_cannot_be_reckoned(market: Floor) -> None:
    market.sandbox.faults = [
        Fault("binance", "http", 500, path=FUTURES + "ticker"),
        Fault("okx", "http", 500, path="/api/v5/market/ticker"),
        Fault("bybit", "null", "lastPrice"),
        Fault("bybit", "null", "bid1Price"),
    ]
    shown = await text(market, "/price BTC")
    assert " · basis n/a" in shown
    assert "Spot n/a" not in shown


async def test_a_basis_over_two_venues_names_both(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, path="/api/v3/ticker")]
    found = await market.ask("/price BTC")
    basis = found["basis"]
    perp = found["venues"]["binance"]["perp"]["mid_price"]
    spot = found["venues"][basis["spot_venue"]]["spot"]["mid_price"]
    assert (basis["perp_venue"], basis["spot_venue"] != "binance") == ("binance", True)
    assert basis["fraction"] == pytest.approx(perp / spot - 1, abs=1e-12)
    await market.pass_time()
    shown = await text(market, "/price BTC")
    assert re.search(r"\nSpot [\d,.]+ \((BYB|OKX)\) · perp [+-][\d.]+ bp\n", shown)


async def test_a_sum_without_a_venue_says_so(market: Floor) -> None:
    assert "lacks" not in await text(market, "/top10")
    await market.pass_time()
    market.sandbox.faults = [Fault("okx", "http", 503)]
    shown = await text(market, "/top10 spot")
    assert "24h $ lacks all or part of OKX" in shown
    found = await market.ask("/top10")
    assert found["rows"][0]["venues"] == ["binance", "bybit", "okx"]
    assert found["rows"][0]["turnover_venues"] == ["binance", "bybit"]


async def test_a_sum_without_one_family_of_a_venue_says_so(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, path="/dapi/v1/ticker/24hr")]
    found = await market.ask("/top10")
    assert "binance" not in found["rows"][0]["turnover_venues"]
    assert "24h $ lacks all or part of Binance" in await text(market, "/top10")


async def test_rows_without_any_price_are_no_answer(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "missing", "lastPrice")]
    found = await market.ask("/top10 spot")
    assert "no price" in found["failed"]["binance"]
    assert found["answered"] == ["bybit", "okx"]


async def test_rows_without_any_funding_are_no_answer(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "null_fields", path=FUTURES + "premiumIndex")]
    found = await market.ask("/top10")
    assert "funding: no funding in any row" in found["failed"]["binance"]


async def test_a_perp_that_the_venue_refuses_takes_only_its_own_open_interest(
    market: Floor,
) -> None:
    healthy = await market.ask("/top10")
    await market.pass_time()
    market.sandbox.faults = [Fault("binance", "http", 400, path="/dapi/v1/openInterest")]
    found = await market.ask("/top10")
    assert found["failed"] == {}
    for row, whole in zip(found["rows"], healthy["rows"], strict=True):
        if row["oi_usd"] < whole["oi_usd"]:
            assert "binance" not in row["oi_venues"]
        else:
            assert row["oi_venues"] == whole["oi_venues"]
    assert found["rows"][0]["oi_usd"] < healthy["rows"][0]["oi_usd"]


async def test_with_nobody_there_is_no_empty_table(market: Floor) -> None:
    market.sandbox.faults = [Fault(venue, "http", 503) for venue in ("binance", "bybit", "okx")]
    shown = await text(market, "/top10 oi")
    assert "<pre>" not in shown
    assert "by turnover" not in shown


async def test_the_first_question_says_what_it_waits_for() -> None:
    async with floor() as market:
        market.sandbox.faults = [Fault("okx", "timeout")]
        began, shown = monotonic(), list[tuple[float, str]]()
        await market.front.reply(
            "/price BTC", lambda sheet: shown.append((monotonic() - began, sheet.text))
        )
    (after, text), *_ = shown
    assert after == pytest.approx(SHIPPED.partial)
    assert text == "Reading what is listed; waiting: Binance, Bybit, OKX"
