"""/top10 over the simulated market: the order, every number, and what is asked for it."""

import re

import pytest

from crypto_assistant import view as v
from crypto_assistant.errors import UsageError
from crypto_assistant.sandbox import Fault
from crypto_assistant.subjects.ranking.answer import ONE_BY_ONE_SECONDS
from tests.floor import VENUES, Floor, differences, floor, numbers, world
from tests.phone.pages import tables
from tests.truth import Truth, top

ORDERS = [
    *(("perps", order) for order in ("volume", "gainers", "losers", "funding", "oi")),
    *(("spot", order) for order in ("volume", "gainers", "losers")),
    *(("tradfi", order) for order in ("volume", "gainers", "losers", "funding", "oi")),
]
SHORT = {"binance": "BIN", "bybit": "BYB", "okx": "OKX"}
SORTED = {
    "volume": ("24h $", "turnover_24h_usd", v.scaled),
    "gainers": ("24h ", "change_24h_fraction", v.percent),
    "losers": ("24h ", "change_24h_fraction", v.percent),
    "funding": ("fund/8h", "funding_8h_fraction", v.rate),
    "oi": ("OI $", "oi_usd", v.scaled),
}
INTEREST = "/fapi/v1/openInterest"
COIN_MARGINED_INTEREST = "/dapi/v1/openInterest"


@pytest.mark.parametrize(("kind", "order"), ORDERS)
async def test_the_order_and_every_number_are_the_worlds(
    market: Floor, truth: Truth, kind: str, order: str
) -> None:
    found = await market.ask(f"/top10 {kind} {order}")
    assert differences(found, top(truth, kind, order)) == {}


@pytest.mark.parametrize("venue", VENUES)
async def test_one_venue_ranks_by_its_own_markets(market: Floor, truth: Truth, venue: str) -> None:
    found = await market.ask(f"/top10 {venue}")
    assert differences(found, top(truth, "perps", "volume", asked=[venue])) == {}
    assert {seen.venue for seen in market.sandbox.requests} == {venue}


async def test_perps_by_volume_is_what_is_shown_unasked(market: Floor) -> None:
    plain = await market.ask("/top10")
    assert plain == await market.ask("/top10 volume perps")
    assert (plain["market"], plain["order"]) == ("perps", "volume")


@pytest.mark.parametrize("order", ["funding", "oi"])
async def test_spot_has_neither_funding_nor_open_interest(market: Floor, order: str) -> None:
    with pytest.raises(UsageError, match=f"Spot has no {order}"):
        await market.ask(f"/top10 spot {order}")
    assert not market.sandbox.requests


@pytest.mark.parametrize(("kind", "order"), ORDERS)
async def test_stocks_stay_among_themselves(market: Floor, kind: str, order: str) -> None:
    found = {row["coin"] for row in (await market.ask(f"/top10 {kind} {order}"))["rows"]}
    stocks = {"TSLA", "XAU", "BTCDOM"}
    assert found <= stocks if kind == "tradfi" else not found & stocks


@pytest.mark.parametrize("kind", ["perps", "spot"])
async def test_another_coin_of_the_same_name_is_not_summed(market: Floor, kind: str) -> None:
    rows = (await market.ask(f"/top10 {kind} gainers"))["rows"]
    namesake = next(row for row in rows if row["coin"] == "NEIRO")
    assert namesake["turnover_venues"] == ["binance", "okx"]


async def test_thin_coins_are_no_extremes_but_are_ranked_by_turnover() -> None:
    """Most of these hundred coins turn over less than ten million a day."""
    everything = Truth(world(extra=100))
    async with floor(extra=100) as market:
        await market.open()
        for order in ("gainers", "losers", "funding"):
            found = await market.ask(f"/top10 {order}")
            assert found["least_turnover_usd"] == 1e7
            assert min(row["turnover_24h_usd"] for row in found["rows"]) >= 1e7
            assert differences(found, top(everything, "perps", order)) == {}
        text = (await market.front.reply("/top10 losers")).text
        assert "Losers, 24h</b> · perps · from $10M a day" in text


async def test_open_interest_is_asked_for_the_coins_shown_only(market: Floor) -> None:
    found = await market.ask("/top10")
    shown = {row["coin"] for row in found["rows"]}
    asked = {
        seen.query["symbol"] for seen in market.sandbox.requests if seen.path.endswith("Interest")
    }
    perps = {
        m.symbol
        for m in Truth(world()).markets
        if m.venue == "binance" and m.kind != "spot" and m.coin in shown
    }
    assert asked == perps
    assert {"BTCUSDT", "BTCUSDC", "BTCUSD_PERP", "1000PEPEUSDT"} <= asked


async def test_everything_else_is_asked_in_bulk(market: Floor) -> None:
    await market.ask("/top10")
    bulk = market.gets("binance")
    del bulk[INTEREST], bulk[COIN_MARGINED_INTEREST]
    assert bulk == {
        "/fapi/v1/ticker/24hr": 1,
        "/fapi/v1/premiumIndex": 1,
        "/fapi/v1/fundingInfo": 1,
        "/dapi/v1/ticker/24hr": 1,
        "/dapi/v1/premiumIndex": 1,
    }
    assert market.gets("bybit") == {"/v5/market/tickers": 2}
    # Some perps of OKX come with its futures.
    assert market.gets("okx") == {
        "/api/v5/market/tickers": 2,
        "/api/v5/public/funding-rate": 1,
        "/api/v5/public/open-interest": 2,
    }


async def test_the_order_by_open_interest_asks_for_a_hundred_and_keeps_them() -> None:
    everything = Truth(world(extra=100))
    async with floor(extra=100) as market:
        await market.open()
        first = await market.front.reply("/top10 oi")
        requests = market.gets("binance")
        assert requests[INTEREST] + requests[COIN_MARGINED_INTEREST] == 100
        asked = {seen.query["symbol"] for seen in market.sandbox.requests if "symbol" in seen.query}
        perps = [m for m in everything.markets if (m.venue, m.category) == ("binance", "crypto")]
        perps = [m for m in perps if m.kind != "spot"]
        assert asked == {m.symbol for m in sorted(perps, key=everything.turnover)[-100:]}
        assert "Binance: top 100 by turnover" in first.text

        await market.pass_time(ONE_BY_ONE_SECONDS - 1)
        again = await market.front.reply("/top10 oi")
        assert market.gets("binance")[INTEREST] == 0
        assert again.text == first.text
        await market.pass_time(1)
        await market.front.reply("/top10 oi")
        assert market.gets("binance")[INTEREST] > 0


async def test_what_was_kept_of_one_ranking_is_not_taken_for_another(
    market: Floor, truth: Truth
) -> None:
    for kind in ("perps", "tradfi"):
        found = await market.ask(f"/top10 {kind} oi")
        assert differences(found, top(truth, kind, "oi")) == {}


async def test_what_was_kept_without_a_kind_of_market_is_not_taken_for_the_whole(
    market: Floor, truth: Truth
) -> None:
    market.sandbox.faults = [Fault("binance", "http", 503, path="/dapi/v1/ticker")]
    assert "coin-margined" in (await market.ask("/top10 oi"))["failed"]["binance"]
    market.sandbox.faults = []
    await market.pass_time()
    found = await market.ask("/top10 oi")
    assert differences(found, top(truth, "perps", "oi")) == {}


async def test_the_note_on_binance_is_for_answers_with_binance(market: Floor) -> None:
    assert "top 100" not in (await market.front.reply("/top10 oi okx")).text
    assert "top 100" not in (await market.front.reply("/top10 volume")).text


async def test_open_interest_in_part_is_not_kept(market: Floor, truth: Truth) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, path=COIN_MARGINED_INTEREST)]
    found = await market.ask("/top10 oi")
    assert "open interest: HTTP 500" in found["failed"]["binance"]
    assert any("binance" in row["oi_venues"] for row in found["rows"])
    market.sandbox.faults = []
    await market.pass_time(2)
    assert differences(await market.ask("/top10 oi"), top(truth, "perps", "oi")) == {}


@pytest.mark.parametrize(
    ("venue", "path"),
    [
        ("binance", "/fapi/v1/premiumIndex"),
        ("bybit", "/v5/market/tickers"),
        ("okx", "/api/v5/public/funding-rate"),
    ],
)
async def test_where_one_venue_tells_no_funding_that_of_the_next_serves(
    market: Floor, venue: str, path: str
) -> None:
    market.sandbox.faults = [Fault(venue, "http", 500, path=path)]
    found = await market.ask("/top10 funding")
    assert len(found["rows"]) == 10
    assert venue not in {row["funding_venue"] for row in found["rows"]}
    shown = (await market.front.reply("/top10 funding")).text
    for row in found["rows"]:
        assert venue == row["primary_venue"] or row["funding_venue"] == row["primary_venue"]
        paid = f"{SHORT[row['funding_venue']]} +{row['funding_hours']:g}h"
        assert re.search(rf"^{row['coin'][:7]}.* {paid}$", tables(shown)[0], re.MULTILINE)


@pytest.mark.parametrize("order", [order for kind, order in ORDERS if kind == "perps"])
async def test_the_first_column_is_what_the_list_is_sorted_by(market: Floor, order: str) -> None:
    sheet = await market.front.reply(f"/top10 {order}")
    found = numbers(sheet.answer)["rows"] if sheet.answer else []
    column, field, told = SORTED[order]
    (table,) = tables(sheet.text)
    head, *rows = table.split("\n")
    assert head.removeprefix("highest").strip().startswith(column)
    assert rows[0].split()[1] == told(found[0][field])


async def test_the_lowest_funding_stands_apart_the_most_extreme_one_first(market: Floor) -> None:
    sheet = await market.front.reply("/top10 funding")
    (table,) = tables(sheet.text)
    highest, _, lowest = table.partition("\nlowest")
    rates = [
        [float(line.split()[1]) for line in half.split("\n")[1:]] for half in (highest, lowest)
    ]
    assert [len(half) for half in rates] == [5, 5]
    assert rates == [sorted(rates[0], reverse=True), sorted(rates[1])]
    assert rates[0][-1] > rates[1][-1]


async def test_details_tell_what_had_no_room(market: Floor) -> None:
    for order in ("volume", "gainers", "losers", "funding", "oi"):
        text = (await market.front.reply(f"/top10 {order} details")).text
        heads = " ".join(table.split("\n")[0] for table in tables(text))
        for column in ("24h $", "last", "24h ", "OI $", "fund/8h", "at iv"):
            assert column in f"{heads} "


async def test_a_long_name_is_cut_but_its_button_carries_it(market: Floor) -> None:
    sheet = await market.front.reply("/top10 gainers")
    assert "\nJELLYJE… " in sheet.text.replace("<pre>", "\n")
    lines = {button.label: button.line for row in sheet.buttons for button in row}
    assert lines["JEL…"] == "price JELLYJELLY"
    stocks = await market.front.reply("/top10 tradfi okx")
    lines = {button.label: button.line for row in stocks.buttons for button in row}
    assert lines["TSLA"] == "price TSLA okx tradfi"


async def test_open_interest_in_part_is_named_beside_the_column(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, path=COIN_MARGINED_INTEREST)]
    assert "OI $ lacks" not in (await market.front.reply("/top10")).text
    assert (
        "\nOI $ lacks all or part of Binance" in (await market.front.reply("/top10 details")).text
    )


async def test_half_of_a_venues_open_interest_is_not_shown_as_the_whole(
    market: Floor, truth: Truth
) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, path=COIN_MARGINED_INTEREST)]
    found = await market.ask("/top10")
    assert "open interest: HTTP 500" in found["failed"]["binance"]
    healthy = top(truth, "perps", "volume")
    for row in healthy["rows"]:
        row["oi_usd"] = "less"
        if truth.find("binance", "inverse", row["coin"], "USD"):
            row["oi_venues"] = [venue for venue in row["oi_venues"] if venue != "binance"]
    for row in found["rows"]:
        row["oi_usd"] = "less"
    found["failed"] = {}
    assert differences(found, healthy) == {}


async def test_while_open_interest_is_awaited_the_rest_is_shown() -> None:
    async with floor() as market:
        await market.open()
        full = await market.ask("/top10")
        await market.pass_time()
        market.sandbox.faults = [Fault("binance", "slow", 2, path="/fapi/v1/openInterest")]
        sheet, *_ = await market.watch("/top10")
    assert sheet.answer
    first = numbers(sheet.answer)
    assert first["waiting"] == ["binance"]
    assert "binance" not in first["rows"][0]["oi_venues"]
    assert first["rows"][0]["turnover_24h_usd"] == full["rows"][0]["turnover_24h_usd"]
    assert "waiting: Binance" in sheet.text


async def test_every_button_is_a_question_that_is_answered(market: Floor) -> None:
    rows = (await market.front.reply("/top10")).buttons
    assert [len(row) for row in rows] == [4, 4, 5, 5]
    lines = [button.line for row in rows for button in row]
    assert "top10 tradfi volume" in lines
    assert "top10 perps losers" in lines
    for line in lines:
        assert (await market.front.reply(line)).answer
