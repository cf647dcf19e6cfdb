"""/positions: what is open on all venues, and what an outage must not make of it."""

import re
from collections.abc import Collection
from dataclasses import replace
from html import unescape
from itertools import cycle, islice

import pytest

from crypto_assistant.errors import Unreachable, UsageError
from crypto_assistant.models import Family, Holding, Instrument, Position, Side, Wallet
from crypto_assistant.sandbox import Fault
from crypto_assistant.sandbox.catalog import Market
from tests.floor import Floor, floor
from tests.played import Played, give_keys, position
from tests.truth import Truth
from tests.truths.outlook import SHORT, indicators

LINEAR, INVERSE = Family.LINEAR, Family.INVERSE
LONG = Side.LONG
DOWN = Unreachable("HTTP 503")
CANDLES = {"binance": "/fapi/v1/klines", "bybit": "/v5/market/kline"}


async def listed(market: Floor, venue: str, family: Family, symbol: str) -> Instrument:
    found = (await market.front.desk.listings()).called(venue, family, symbol)
    assert found
    return found


RISK_FIRST = [
    ("binance", "1000PEPEUSDT"),
    *(("bybit", "BTCUSDT"), ("binance", "BTCUSDT"), ("binance", "BTCUSD_PERP")),
]
"""The positions of `accounts`, the nearest to its end first."""


async def opened(
    market: Floor,
    place: str,
    side: Side,
    size: float,
    mark: float = 60_000.0,
    *,
    away: float = 0.2,
) -> Position:
    """`place`: a venue and what it calls the market. `away`: how far liquidation is."""
    venue, symbol = place.split()
    family = INVERSE if symbol.endswith(("USD_PERP", "BTCUSD")) else LINEAR
    instrument = await listed(market, venue, family, symbol)
    liquidation = mark * (1 - away if side is LONG else 1 + away)
    return position(instrument, side, size, mark, liquidation=liquidation)


async def accounts(market: Floor) -> tuple[Played, Played]:
    """Long and short in bitcoin on two venues, short a thousand-coin contract, isolated."""
    pepe = await opened(market, "binance 1000PEPEUSDT", Side.SHORT, 5e6, 0.00001, away=0.02)
    return (
        Played(
            "binance",
            open={
                LINEAR: [
                    await opened(market, "binance BTCUSDT", LONG, 0.5),
                    replace(pepe, isolated=True, unrealised=-5.0),
                ],
                INVERSE: [await opened(market, "binance BTCUSD_PERP", Side.SHORT, 6e3, away=0.25)],
            },
            holdings={Wallet.USDM: [Holding("USDT", 10_000.0)]},
        ),
        Played(
            "bybit",
            open={LINEAR: [await opened(market, "bybit BTCUSDT", Side.SHORT, 0.09, away=0.1)]},
            holdings={Wallet.UNIFIED: [Holding("USDT", 10_725.0)]},
        ),
    )


def named(truth: Truth, venue: str, symbol: str) -> Market:
    return next(
        m for m in truth.markets if (m.venue, m.symbol, m.kind) == (venue, symbol, "linear")
    )


def symbols(found: Collection[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["venue"], row["symbol"]) for row in found]


async def shown(market: Floor, line: str) -> str:
    return (await market.front.reply(line)).text


async def test_what_is_liquidated_first_comes_first_and_all_of_it_adds_up(market: Floor) -> None:
    give_keys(market, *await accounts(market))
    found = await market.ask("/positions")
    assert symbols(found["positions"]) == RISK_FIRST
    assert found["totals"]["positions"] == 4
    assert found["totals"]["gross_usd"] == pytest.approx(30_000 + 6_000 + 5_400 + 50)
    assert found["totals"]["net_usd"] == pytest.approx(30_000 - 6_000 - 5_400 - 50)
    assert found["totals"]["unrealised_usd"] == -5
    assert found["nets"] == {
        "BTC": {"positions": 3, "coins": pytest.approx(0.31), "usd": pytest.approx(18_600)}
    }
    assert found["positions"][0]["coin"] == "PEPE"
    assert (found["whole_venues"], found["flat_venues"]) == (["binance", "bybit"], [])
    assert (found["failed"], found["keyless"]) == ({}, ["okx"])


async def test_funding_and_the_range_of_an_hour_are_the_markets_own(
    market: Floor, truth: Truth
) -> None:
    give_keys(market, *await accounts(market))
    rows = (await market.ask("/positions"))["positions"]
    for row in rows[1:3]:
        perp = named(truth, row["venue"], row["symbol"])
        quote, sign = truth.quote(perp), 1 if row["side"] == "long" else -1
        assert row["funding_fraction"] == pytest.approx(quote.funding)
        assert row["next_funding_usd"] == pytest.approx(-sign * quote.funding * row["usd"])
        assert row["next_funding_ms"] == quote.next_funding
        hourly = indicators(perp, "1h", SHORT)
        assert hourly
        away = abs(row["liquidation_price"] - row["mark_price"])
        assert row["liquidation_atr_1h"] == pytest.approx(away / hourly["atr_14_price"])
    assert rows[3]["next_funding_usd"] != 0
    assert rows[3]["liquidation_fraction"] == pytest.approx(0.25)


async def test_what_is_open_is_asked_at_once_and_what_depends_on_it_in_bulk(market: Floor) -> None:
    one, other = await accounts(market)
    give_keys(market, one, other)
    await market.ask("/positions")
    for account in (one, other):
        assert account.asked == dict.fromkeys([LINEAR, INVERSE, *account.wallets], 1)
    assert market.gets("binance") == {
        "/api/v3/ticker/24hr": 1,
        "/fapi/v1/premiumIndex": 1,
        "/fapi/v1/fundingInfo": 1,
        "/fapi/v1/klines": 2,
        "/dapi/v1/premiumIndex": 1,
        "/dapi/v1/fundingInfo": 1,
        "/dapi/v1/klines": 1,
    }
    assert market.gets("bybit")["/v5/market/kline"] == 1
    assert market.gets("okx") == {}


async def test_an_outage_does_not_read_as_flat(market: Floor) -> None:
    one, other = Played("binance"), Played("bybit", open={INVERSE: DOWN})
    give_keys(market, one, other, Played("okx", open={LINEAR: DOWN, INVERSE: DOWN}))
    found = await market.ask("/positions")
    assert (found["flat_venues"], found["whole_venues"]) == (["binance"], ["binance"])
    assert found["failed"] == {
        "bybit": "inverse positions: HTTP 503",
        "okx": "HTTP 503",
    }
    text = await shown(market, "/positions")
    assert "<b>No open positions on Binance</b>\n" in text


async def test_half_of_a_venue_is_shown_and_not_counted_as_whole(market: Floor) -> None:
    one, other = await accounts(market)
    one.open[INVERSE] = DOWN
    give_keys(market, one, other)
    text = await shown(market, "/positions")
    assert "<b>PnL -$5.00</b> · 3 open · 1/2 venues\n" in text
    assert "Gross $35.4K · leverage n/a\nNet +$24.6K · 1% of market = n/a\n" in text
    assert "Binance: inverse positions: HTTP 503" in text
    one.open[LINEAR] = other.open[LINEAR] = DOWN
    text = await shown(market, "/positions")
    assert "<b>Open positions: n/a</b> · 0/2 venues\n" in text
    assert "No open" not in text
    assert "$" not in text


async def test_flat_everywhere_is_one_line_and_asks_nothing_more(market: Floor) -> None:
    give_keys(market, Played("binance"), Played("okx"))
    text = await shown(market, "/positions")
    assert text.split("\n")[:2] == ["<b>No open positions on Binance, OKX</b>", "no key: Bybit"]
    assert set(market.gets("binance")) == {"/api/v3/ticker/24hr"}


@pytest.mark.parametrize("symbol", ["PEPE", "1000PEPEUSDT"])
async def test_one_coin_is_asked_for_by_any_of_its_names(market: Floor, symbol: str) -> None:
    give_keys(market, *await accounts(market))
    found = await market.ask(f"/positions {symbol}")
    assert symbols(found["positions"]) == [("binance", "1000PEPEUSDT")]
    assert (found["coin"], found["totals"]["gross_usd"]) == ("PEPE", pytest.approx(50))
    assert found["flat_venues"] == ["bybit"]


async def test_one_coin_means_all_of_its_markets(market: Floor) -> None:
    give_keys(market, *await accounts(market))
    found = await market.ask("/positions BTCUSDT")
    assert len(found["positions"]) == 3
    assert {row["quote"] for row in found["positions"]} == {"USDT", "USD"}


async def test_a_coin_that_is_not_held_is_one_line(market: Floor) -> None:
    give_keys(market, *await accounts(market))
    assert "<b>No open ETH positions on Binance, Bybit</b>" in await shown(market, "/positions ETH")
    assert "<b>No open TSLA positions on" in await shown(market, "/positions TSLA")
    with pytest.raises(UsageError, match="Did you mean BTC"):
        await market.ask("/positions BTCC")


async def test_a_market_on_no_list_is_still_a_position(market: Floor) -> None:
    perp = await opened(market, "binance BTCUSDT", LONG, 0.5)
    unlisted = replace(perp, instrument=None, coins=None, usd=None, mark=None)
    gone = replace(unlisted, symbol="GONEUSDT")
    give_keys(market, Played("binance", open={LINEAR: [gone]}))
    for line in ("/positions", "/positions details"):
        assert "GONEUSDT" in await shown(market, line)
    found = await market.ask("/positions")
    assert (found["totals"]["positions"], found["totals"]["sized_positions"]) == (1, 0)
    assert (found["totals"]["gross_usd"], found["flat_venues"]) == (None, [])
    assert found["positions"][0]["contracts"] == perp.contracts

    dated = replace(unlisted, symbol="BTCUSDT_260925")
    staked = replace(unlisted, symbol="METHUSDT")
    give_keys(market, Played("binance", open={LINEAR: [dated, staked]}))
    assert symbols((await market.ask("/positions BTC"))["positions"]) == [("binance", dated.symbol)]
    assert (await market.ask("/positions ETH"))["flat_venues"] == ["binance"]


async def test_a_liquidation_price_that_there_is_not_is_another_thing_than_one_not_told(
    market: Floor,
) -> None:
    perp = replace(await opened(market, "binance BTCUSDT", LONG, 0.5), liquidation=None)
    for endless, table, line in (
        (True, "none", "liq none"),
        (False, "n/a", "liq n/a"),
    ):
        give_keys(market, Played("binance", open={LINEAR: [replace(perp, endless=endless)]}))
        text = await shown(market, "/positions")
        assert f" {table}</pre>" in text
        assert "Nearest" not in text
        assert ("1 without known liq" in text) == (not endless)
        assert f"\n{line}\n" in await shown(market, "/positions details")


async def test_positions_of_other_kinds_are_named_and_the_venue_is_not_flat(market: Floor) -> None:
    one, _ = await accounts(market)
    give_keys(market, one, Played("okx", unread_positions=1))
    found = await market.ask("/positions")
    assert found["unread_positions"] == {"okx": 1}
    assert (found["flat_venues"], found["whole_venues"]) == ([], ["binance"])
    text = await shown(market, "/positions")
    assert "OKX: 1 position in spot margin or options is not read\n" in text
    give_keys(market, Played("okx", unread_positions=2))
    text = await shown(market, "/positions")
    assert "<b>Open positions: n/a</b> · 0/1 venues\n" in text
    assert "OKX: 2 positions in spot margin or options are not read\n" in text


async def test_a_dated_future_is_delivered_and_pays_no_funding(market: Floor) -> None:
    dated = (await market.front.desk.listings()).dated["okx", LINEAR][0]
    long = position(dated, LONG, 0.5, 60_000.0, liquidation=50_000.0)
    give_keys(market, Played("okx", open={LINEAR: [long]}))
    found = await market.ask("/positions")
    assert found["positions"][0]["expires_ms"] == dated.expires_ms
    assert found["positions"][0]["liquidation_atr_1h"] > 0
    assert "/api/v5/public/funding-rate" not in market.gets("okx")
    text = await shown(market, "/positions details")
    assert re.search(rf"<b>{dated.coin} \d\d[A-Z][a-z][a-z] long</b> OKX {dated.symbol}", text)
    assert "\nfund " not in text
    assert "Next funding" not in text
    assert f"{dated.coin}d OKX +30K" in await shown(market, "/positions")


async def test_two_coins_of_one_name_have_no_net(market: Floor) -> None:
    real = await opened(market, "binance NEIROUSDT", LONG, 1_000.0, 0.001)
    other = await opened(market, "bybit NEIROUSDT", LONG, 1_000.0, 0.01)
    give_keys(
        market, Played("binance", open={LINEAR: [real]}), Played("bybit", open={LINEAR: [other]})
    )
    found = await market.ask("/positions")
    others = {row["venue"]: row["other_coin"] for row in found["positions"]}
    assert others == {"binance": False, "bybit": True}
    assert found["nets"] == {}
    text = await shown(market, "/positions details")
    assert text.count("another coin of that name? Not in the net") == 1


async def test_without_candles_or_funding_the_rest_stands(market: Floor) -> None:
    give_keys(market, *await accounts(market))
    healthy = await market.ask("/positions")
    await market.pass_time()
    market.sandbox.faults = [
        Fault("binance", "http", 500, path="/fapi/v1/klines"),
        Fault("bybit", "http", 500, path="/v5/market/tickers"),
    ]
    found = await market.ask("/positions")
    assert found["failed"] == {
        "binance": "1h candles: HTTP 500",
        "bybit": "spot prices, linear funding: HTTP 500",
    }
    lost = {"liquidation_atr_1h"}, {"funding_fraction", "next_funding_usd"}
    for row, whole in zip(found["positions"], healthy["positions"], strict=True):
        assert row["usd"] == whole["usd"]
        assert row["unrealised_usd"] == whole["unrealised_usd"]
    assert all(found["positions"][0][name] is None for name in lost[0])
    assert all(found["positions"][1][name] is None for name in lost[1])
    assert found["totals"]["funded_positions"] == 3
    text = await shown(market, "/positions")
    assert re.search(r"\nNext funding -\$\S+ by \d\d:00 UTC\n3 of 4 perps\n", text)
    assert "\nNearest PEPE short BIN 2.00% · n/a ATR\n" in text


async def test_five_hundred_positions_page_and_ask_for_few_candles(market: Floor) -> None:
    listings = await market.front.desk.listings()
    many = {}
    for venue in ("binance", "bybit"):
        markets = listings.listed(venue, LINEAR)
        rows = islice(cycle(range(len(markets))), 250)
        many[venue] = [
            position(markets[row], LONG, 1000.0 - i, 2.0, liquidation=1.0)
            for i, row in enumerate(rows)
        ]
    give_keys(market, *(Played(venue, open={LINEAR: rows}) for venue, rows in many.items()))
    found = await market.ask("/positions")
    assert found["totals"]["positions"] == 500
    candles = sum(market.gets(venue)[CANDLES[venue]] for venue in many)
    assert candles == 20
    others = sum(sum(market.gets(venue).values()) for venue in many) - candles
    assert others <= 6
    await market.pass_time()
    for line, most in (("/positions", 20), ("/positions details", 60)):
        sheet = await market.front.reply(line)
        assert "<b>PnL $0.00</b> · 500 open\n" in sheet.text
        assert sheet.buttons[-1][0].label == "›"
        last = await market.front.reply(f"{line} page {most}")
        assert [button.label for button in last.buttons[-1]] == ["‹"]
        assert "net" in last.text


async def test_play_money_is_in_no_total_and_no_net(market: Floor) -> None:
    one, other = await accounts(market)
    give_keys(market, one, replace(other, environment="demo"))
    found = await market.ask("/positions")
    assert len(found["positions"]) == 4
    assert found["totals"]["positions"] == 3
    assert found["nets"]["BTC"]["positions"] == 2
    text = await shown(market, "/positions details")
    assert "play money: Bybit (demo)\nnot in the totals\n" in text
    assert "Bybit (demo) BTCUSDT" in text


async def test_play_money_stands_on_no_picture_of_real_prices(market: Floor) -> None:
    one, other = await accounts(market)
    give_keys(market, one, replace(other, environment="demo"))
    held = (await market.ask("/chart BTC"))["held"]
    assert {one["venue"] for one in held} == {"binance"}


async def test_details_say_all_of_a_position(market: Floor) -> None:
    one, _ = await accounts(market)
    give_keys(market, one)
    text = await shown(market, "/positions PEPE details")
    for part in (
        "<b>PEPE short</b> Binance 1000PEPEUSDT",
        "5,000,000 PEPE = $50.00 · isolated 10x\n",
        "entry 0.000010000 · mark 0.000010000\n",
        "liq 0.000010200 · +2.00% · ",
        " ATR\n",
        "PnL -$5.00 · -100% on $5.00\n",
    ):
        assert part in text
    assert re.search(r"\nfund [+-]0\.\d{4}/4h · \S+ at \d\d:00 UTC\n", text)


async def test_both_legs_of_a_hedge_are_shown(market: Floor) -> None:
    long = await opened(market, "binance BTCUSDT", LONG, 0.5)
    short = await opened(market, "binance BTCUSDT", Side.SHORT, 0.2)
    legs = [replace(leg, hedged=True) for leg in (long, short)]
    give_keys(market, Played("binance", open={LINEAR: legs}))
    text = await shown(market, "/positions details")
    assert text.count("hedge mode") == 2
    assert "BTC  +0.3 +$18.0K" in text
    found = await market.ask("/positions")
    assert [row["side"] for row in found["positions"]] == ["long", "short"]


async def test_while_the_second_wave_is_awaited_the_positions_are_shown() -> None:
    async with floor() as market:
        await market.open()
        give_keys(market, *await accounts(market))
        market.sandbox.faults = [Fault("binance", "slow", 2, path="/fapi/v1/klines")]
        first, *_, last = await market.watch("/positions")
    assert " · 4 open\n" in first.text
    assert "waiting: Binance" in first.text
    assert "waiting" not in last.text


async def test_a_silent_venue_leaves_time_for_the_others_funding() -> None:
    async with floor() as market:
        await market.open()
        one, other = await accounts(market)
        give_keys(market, one, other)
        market.sandbox.faults = [Fault("bybit", "timeout")]
        found = await market.ask("/positions")
    assert found["positions"][0]["next_funding_usd"] is not None
    assert "no answer" in found["failed"]["bybit"]


async def test_without_any_key_one_line_says_what_to_set(market: Floor) -> None:
    give_keys(market)
    sheet = await market.front.reply("/positions okx")
    line = "no key: OKX wants OKX_API_KEY, OKX_SECRET_KEY, OKX_PASSPHRASE"
    assert (sheet.text.split("\n")[0], sheet.buttons) == (line, ())


async def test_the_page_says_what_decides_first(market: Floor) -> None:
    give_keys(market, *await accounts(market))
    text = re.sub(r"</?(b|pre)>", "", await shown(market, "/positions"))
    top, rows = text.split("\n")[:5], text.split("\n")[5:14]
    assert top[:3] == [
        "PnL -$5.00 · 4 open",
        "Gross $41.4K · 2.00x equity",
        "Net +$18.6K · 1% of market = $186",
    ]
    assert re.fullmatch(r"Next funding -\$\S+ by \d\d:00 UTC", top[3])
    assert re.fullmatch(r"Nearest PEPE short BIN 2.00% · \d+\.\d ATR", top[4])
    assert rows == [
        "          size   PnL   liq",
        "PEPE BIN -50.0 -5.00 2.00%",
        "BTC  BYB -5.4K  0.00 10.0%",
        "BTC  BIN  +30K  0.00 20.0%",
        "BTC$ BIN -6.0K  0.00 25.0%",
        "$ coin-M",
        "net coins     USD",
        "BTC +0.31 +$18.6K",
        "no key: OKX",
    ]


async def test_what_has_no_end_follows_by_size_and_what_is_not_known_is_last(
    market: Floor,
) -> None:
    long = await opened(market, "binance BTCUSDT", LONG, 0.5)
    free = [replace(long, coins=c, usd=60_000 * c, liquidation=None) for c in (0.1, 0.2, 0.3, 0.4)]
    endless = [replace(one, endless=True) for one in free[:2]]
    give_keys(market, Played("binance", open={LINEAR: [*free[2:], *endless, long]}))
    found = await market.ask("/positions")
    assert [row["coins"] for row in found["positions"]] == [0.5, 0.2, 0.1, 0.4, 0.3]
    text = await shown(market, "/positions")
    assert text.count("none\n") == 2
    assert "2 without known liq\n" in text


@pytest.mark.parametrize("wallet", [Wallet.USDM, Wallet.FUNDING])
async def test_a_wallet_that_is_missing_leaves_no_leverage(market: Floor, wallet: Wallet) -> None:
    one, other = await accounts(market)
    one.holdings[wallet] = DOWN
    give_keys(market, one, other)
    found = await market.ask("/positions")
    totals = found["totals"]
    assert (totals["equity_usd"], totals["effective_leverage"]) == (None, None)
    assert totals["up_1pct_usd"] == pytest.approx(185.5)
    assert found["failed"] == {"binance": f"{wallet} wallet: HTTP 503"}
    assert "Gross $41.4K · leverage n/a\n" in await shown(market, "/positions")


async def test_where_a_size_is_missing_there_is_no_leverage_and_no_percent(market: Floor) -> None:
    one, other = await accounts(market)
    silent = await opened(market, "bybit ETHUSDT", LONG, 1.0, 3_000.0)
    other.open[INVERSE] = [replace(silent, coins=None, usd=None)]
    give_keys(market, one, other)
    text = await shown(market, "/positions")
    assert "Gross $41.4K (4 of 5) · leverage n/a\n" in text
    assert "Net +$18.6K (4 of 5)\n1% of market = n/a\n" in text


async def test_eight_rows_are_shown_and_the_others_follow_by_a_button(market: Floor) -> None:
    markets = (await market.front.desk.listings()).listed("okx", LINEAR)
    ten = [position(markets[row], LONG, 1.0, 2.0, liquidation=1.9 - row / 10) for row in range(10)]
    give_keys(market, Played("okx", open={LINEAR: ten}))
    sheet = await market.front.reply("/positions")
    assert sheet.text.count(" OKX ") == 9, "a row each and the nearest"
    assert "\n2 more" in sheet.text
    (more,) = (b for row in sheet.buttons for b in row if b.label == "All 10")
    following = await market.front.reply(more.line)
    assert re.findall(r"OKX +\+2.00 +0.00 (\S+)", following.text) == ["45.0%", "50.0%</pre>"]
    labels = {button.label: button.line for row in following.buttons for button in row}
    assert (labels["Refresh"], labels["Details"]) == (more.line, "positions details")


async def test_the_nearest_has_its_range_however_small_it_is_and_is_never_play_money(
    market: Floor,
) -> None:
    names = (await market.front.desk.listings()).listed("binance", LINEAR).symbols[:30]
    far = [await opened(market, f"binance {name}", LONG, 1000.0, 2.0) for name in names]
    near = await opened(market, "bybit ETHUSDT", LONG, 0.001, 3_000.0, away=0.03)
    play = await opened(market, "okx ETH-USDT-SWAP", LONG, 9.0, 3_000.0, away=0.01)
    give_keys(
        market,
        Played("binance", open={LINEAR: far}),
        Played("bybit", open={LINEAR: [near]}),
        Played("okx", open={LINEAR: [play]}, environment="demo"),
    )
    text = await shown(market, "/positions")
    assert re.search(r"\nNearest ETH long BYB 3.00% · \d+\.\d ATR\n", text)
    assert re.search(r"ETH +OKX +\+27K +0.00 1.00%\n", text)


async def test_what_is_very_far_away_is_not_told_apart(market: Floor) -> None:
    short = await opened(market, "binance BTCUSDT", Side.SHORT, 0.1, away=600.0)
    give_keys(market, Played("binance", open={LINEAR: [short]}))
    assert " >999%" in unescape(await shown(market, "/positions"))


async def test_nets_that_are_not_shown_are_counted_and_follow(market: Floor) -> None:
    names = ("BTC", "ETH", "SOL", "XRP", "DOGE", "LTC", "LINK", "BNB", "ADA", "AVAX")
    both = {
        venue: [await opened(market, f"{venue} {name}USDT", LONG, 1.0, 2.0) for name in names]
        for venue in ("binance", "bybit")
    }
    give_keys(market, *(Played(venue, open={LINEAR: rows}) for venue, rows in both.items()))
    first, last = [await shown(market, f"/positions{page}") for page in ("", " page 2")]
    nets = [text.rpartition("<pre>net ")[2].partition("</pre>") for text in (first, last)]
    assert [told.count("\n") for told, _, _ in nets] == [8, 2]
    assert nets[0][2].startswith("\n2 more\n")


async def test_the_coins_that_are_held_lead_to_their_prices(market: Floor) -> None:
    names = ["JELLYJELLYUSDT", "TSLAUSDT"]
    open_now = [await opened(market, f"binance {name}", LONG, 10.0, 2.0) for name in names]
    give_keys(market, Played("binance", open={LINEAR: open_now}))
    rows = (await market.front.reply("/positions")).buttons
    assert [button.label for button in rows[-1]] == ["JELLY…", "TSLA"]
    assert [button.line for button in rows[-1]] == ["price JELLYJELLY", "price TSLA tradfi"]


@pytest.mark.parametrize("line", ["/positions", "/positions pepe binance details"])
async def test_every_button_is_a_line_that_is_understood(market: Floor, line: str) -> None:
    give_keys(market, *await accounts(market))
    rows = (await market.front.reply(line)).buttons
    lines = [button.line for row in rows for button in row]
    assert lines[0] == line.removeprefix("/").replace("pepe", "PEPE")
    beside = " PEPE binance" if "pepe" in line else ""
    assert lines[2:4] == [f"pnl{beside}", "balance binance" if beside else "balance"]
    for each in lines:
        assert not isinstance(await market.front.ask(each), UsageError)
