"""/oi over the simulated market: every number is the world's, each change over its own age."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import Args
from crypto_assistant.sandbox import Fault
from crypto_assistant.subjects.open_interest import COMMAND
from crypto_assistant.subjects.open_interest.answer import Oi
from crypto_assistant.view import View
from tests.floor import VENUES, Floor, differences, floor, numbers
from tests.truth import Fields, Truth, known_by
from tests.truths.oi import added_up, oi

TITLES = ("Binance", "Bybit", "OKX")
LINES: list[tuple[str, Fields]] = [
    ("/oi", {"coin": "BTC"}),  # all kinds of perps
    ("/oi PEPE", {"coin": "PEPE"}),  # 1000PEPE, 1000PEPE, PEPE; paid every four and eight hours
    ("/oi BTC/USD", {"coin": "BTC", "quote": "USD"}),  # contracts of 100, 1 and 100 USD
    ("/oi BTC/USD binance", {"coin": "BTC", "quote": "USD", "asked": ["binance"]}),
    ("/oi MON", {"coin": "MON"}),  # listed five hours ago
    ("/oi LIT", {"coin": "LIT"}),  # listed forty minutes ago, not on OKX
    ("/oi NEIRO", {"coin": "NEIRO"}),  # another coin on Bybit
    ("/oi SEI", {"coin": "SEI"}),  # nobody traded it on Binance for hours, now and then
]


@pytest.mark.parametrize(("line", "asked"), LINES, ids=[line for line, _ in LINES])
async def test_every_number_is_the_worlds(
    market: Floor, truth: Truth, line: str, asked: Fields
) -> None:
    assert differences(await market.ask(line), oi(truth, **asked)) == {}


async def test_a_market_that_nobody_trades_for_hours_has_no_gap(market: Floor) -> None:
    """The quarter of an hour and the hour begin in a quiet time, five minutes from any trade."""
    found = await market.ask("/oi SEI details")
    changes = found["venues"]["binance"]["usdt"]["changes"]
    assert [change["age_ms"] // 60_000 for change in changes.values()] == [13, 58, 238, 1438]
    assert (
        changes["15m"]["then_coins"] == changes["1h"]["then_coins"] != changes["24h"]["then_coins"]
    )
    assert {name: change["delta_usd"] is None for name, change in changes.items()} == {
        "15m": True,
        "1h": True,
        "4h": True,
        "24h": False,
    }
    for window in found["windows"].values():
        assert window["linear_venues"] == {"usdt": ["binance", "bybit", "okx"]}


async def test_details_tell_of_dated_futures_and_of_who_is_long(
    market: Floor, truth: Truth
) -> None:
    found = await market.ask("/oi BTC details")
    assert differences(found, oi(truth, "BTC", details=True)) == {}
    assert len(found["dated"]["binance"]["contracts"]) == 4
    assert list(found["long_shorts"]["okx"]) == [
        "all accounts",
        "top 5 % accounts",
        "top 5 % positions",
    ]


async def test_a_sum_of_dated_futures_that_lacks_some_is_marked(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "null_fields", path="/dapi/v1/openInterest")]
    found = await market.ask("/oi BTC details")
    assert {venue: dated["is_part"] for venue, dated in found["dated"].items()} == {
        **dict.fromkeys(VENUES, False),
        "binance": True,
    }
    shown = (await market.front.reply("/oi BTC details")).text
    assert re.search(r"in no sum: BIN \$\S+ \(part\), BYB \$\S+, OKX \$", shown), shown


async def test_a_coin_without_dated_futures_is_not_asked_for_any(market: Floor) -> None:
    found = await market.ask("/oi PEPE details")
    assert found["dated"] == {}
    # Of BTC, too, to judge its samples by.
    assert market.gets("okx")["/api/v5/public/open-interest"] == 2


async def test_what_was_opened_and_what_the_price_did_add_up(market: Floor) -> None:
    found = await market.ask("/oi BTC")
    markets = [one for markets in found["venues"].values() for one in markets.values()]
    changes = [change for one in markets for change in one["changes"].values()]
    for change in [*changes, *found["windows"].values()]:
        both = change["positions_usd"] + change["price_usd"]
        assert both == pytest.approx(change["delta_usd"], rel=1e-6)
    for change in found["venues"]["okx"]["coin_margined"]["changes"].values():
        assert change["price_usd"] == 0


async def test_the_next_venue_is_the_primary_one(truth: Truth) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", "geo_blocked")]
        sheet = await market.front.reply("/oi BTC")
    assert sheet.answer
    expected = oi(truth, "BTC", failed={"binance": "geo-blocked"})
    assert expected["primary"]["venue"] == "bybit"
    assert differences(numbers(sheet.answer), expected) == {}
    assert "BYB px" in sheet.text
    assert "(2/3 venues)" in sheet.text


Gap = Callable[[Fields], None]
"""Takes from a venue's markets what a failure takes."""


def no_history(markets: Fields) -> None:
    for market in markets.values():
        market["changes"] = dict.fromkeys(market["changes"])


def no_linear_history(markets: Fields) -> None:
    no_history({name: one for name, one in markets.items() if one["family"] == "linear"})


def no_value_then(markets: Fields) -> None:
    """Coins are known at both ends; what they were worth is not."""
    for market in markets.values():
        if market["family"] == "linear":
            for change in market["changes"].values():
                names = "then_usd", "delta_usd", "positions_usd", "price_usd"
                change.update(dict.fromkeys(names))


def no_mark(markets: Fields) -> None:
    """Coins of Binance cannot be valued, and funding comes from the same place."""
    for market in markets.values():
        if market["family"] == "linear":
            market["oi_usd"] = None
            no_funding({"": market})
            for change in market["changes"].values():
                change.update(delta_usd=None, price_usd=None)


def no_funding(markets: Fields) -> None:
    names = "funding_fraction", "funding_hours", "funding_8h_fraction", "next_funding_ms"
    for market in markets.values():
        market.update(dict.fromkeys(names))


def nothing_now(markets: Fields) -> None:
    """Of coin-margined perps, whose statistics are told elsewhere."""
    market = markets["coin_margined"]
    market.update(oi_coins=None, oi_usd=None)
    no_funding({"": market})
    names = "delta_usd", "change_fraction", "positions_usd", "price_usd"
    for change in market["changes"].values():
        change.update(dict.fromkeys(names))


BOTH = ["USDT", "USDC"]
PARTS: list[tuple[Fault, Gap, list[str], list[str]]] = [
    (
        Fault("binance", "http", 500, "/futures/data/openInterestHist"),
        no_history,
        [*BOTH, "coin-M"],
        ["open interest history"],
    ),
    (
        Fault("bybit", "http", 500, "/v5/market/mark-price-kline"),
        no_linear_history,
        BOTH,
        ["open interest history"],
    ),
    (
        Fault("binance", "http", 500, "/fapi/v1/premiumIndex"),
        no_mark,
        BOTH,
        ["funding"],
    ),
    (
        Fault("okx", "http", 500, "/api/v5/public/funding-rate"),
        no_funding,
        [*BOTH, "coin-M"],
        ["funding"],
    ),
    (
        Fault("binance", "http", 500, "/dapi"),
        nothing_now,
        ["coin-M"],
        ["open interest", "funding"],
    ),
]


@pytest.mark.parametrize(
    ("fault", "gap", "kinds", "parts"), PARTS, ids=[fault.path for fault, *_ in PARTS]
)
async def test_an_endpoint_that_fails_takes_its_own_numbers_only(
    truth: Truth, fault: Fault, gap: Gap, kinds: list[str], parts: list[str]
) -> None:
    healthy = oi(truth, "BTC")
    gap(healthy["venues"][fault.venue])
    expected = healthy | added_up(healthy["venues"], healthy["primary"]) | known_by(VENUES)
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [fault]
        found = await market.ask("/oi BTC")
    failed = found.pop("failed")
    assert differences(found, {k: v for k, v in expected.items() if k != "failed"}) == {}
    named, _, reason = failed.pop(fault.venue).rpartition(": ")
    assert reason == "HTTP 500"
    assert set(named.split(", ")) >= {f"{kind} {part}" for kind in kinds for part in parts}
    assert {name.split()[0] for name in named.split(", ")} == set(kinds)
    assert not failed


async def test_without_a_value_then_coins_are_compared_and_nothing_is_split(truth: Truth) -> None:
    healthy = oi(truth, "BTC")
    no_value_then(healthy["venues"]["binance"])
    expected = healthy | added_up(healthy["venues"], healthy["primary"])
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", "null", "sumOpenInterestValue")]
        assert differences(await market.ask("/oi BTC"), expected) == {}


async def test_a_primary_market_without_candles_gives_way_to_the_next(truth: Truth) -> None:
    healthy = oi(truth, "BTC")
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", "http", 500, "/fapi/v1/klines")]
        found = await market.ask("/oi BTC")
    assert found["primary"]["venue"] == "bybit"
    assert found["failed"]["binance"] == "5m candles, 15m candles, 1h candles and 2 more: HTTP 500"
    assert differences(found["venues"], healthy["venues"]) == {}
    assert differences(found["totals"], healthy["totals"]) == {}


async def test_a_venue_that_is_there_in_part_is_named_as_such(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, "/dapi")]
    text = (await market.front.reply("/oi BTC")).text
    assert "(2/3, part of BIN)" in text


@pytest.mark.parametrize("path", ["/fapi/v1/openInterest", "/fapi/v1/premiumIndex"])
async def test_the_rest_of_a_venue_is_not_taken_for_its_share(market: Floor, path: str) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, path)]
    found = await market.ask("/oi SOL")
    assert found["venues"]["binance"]["coin_margined"]["oi_usd"] > 0
    assert list(found["totals"]["share_fractions"]) == ["bybit", "okx"]
    sheet = await market.front.reply("/oi SOL details")
    assert re.search(r"\nBIN n/a · BYB \d\d% · OKX \d\d%\n", sheet.text)
    assert re.search(r"\nBIN +\S+ +\S+ +n/a +[+-]", sheet.text)  # coin-M


@pytest.mark.parametrize(
    ("line", "dead", "reasons"),
    [
        ("/oi BABYDOGE okx", [], ["OKX: does not list BABYDOGE"]),
        ("/oi BTC details", VENUES, [f"{name}: geo-blocked" for name in TITLES]),
    ],
)
async def test_where_nobody_told_anything_only_the_reasons_are_shown(
    market: Floor, line: str, dead: list[str], reasons: list[str]
) -> None:
    market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in dead]
    lines = (await market.front.reply(line)).text.split("\n")
    foot = "14:13:49 UTC" + (" · 0/3 venues" if dead else "")
    assert lines == [f"<b>{line.split()[1]} OI · all perps</b>", *reasons, foot]


async def test_a_sum_says_whose_change_it_lacks(market: Floor) -> None:
    market.sandbox.faults = [Fault("okx", "http", 500, "/api/v5/rubik")]
    text = (await market.front.reply("/oi BTC")).text
    assert "15m, 1h, 4h, 24h without OKX USDT, OKX USDC" in text


async def test_a_venue_that_has_gone_since_does_not_stay_by_its_past(market: Floor) -> None:
    """Yesterday's sample is kept; without today's there is nothing to compare it with."""
    await market.ask("/oi PEPE")
    await market.pass_time()
    market.sandbox.faults = [Fault("okx", "geo_blocked")]
    found = await market.ask("/oi PEPE")
    assert list(found["venues"]) == ["binance", "bybit"]
    assert found["windows"]["24h"]["linear_venues"] == {"usdt": ["binance", "bybit"]}
    assert found["failed"]["okx"].endswith("geo-blocked")


async def test_after_a_while_whoever_is_there_is_summed(truth: Truth) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("okx", "slow", 2)]
        *sheets, whole = await market.watch("/oi BTC")
    answers = [numbers(sheet.answer) for sheet in sheets if sheet.answer]
    first = next(found for found in answers if found["waiting"] == ["okx"])
    healthy = oi(truth, "BTC")
    there = {venue: healthy["venues"][venue] for venue in ("binance", "bybit")}
    expected = added_up(there, healthy["primary"])
    assert differences({name: first[name] for name in expected}, expected) == {}
    assert whole.answer
    assert differences(numbers(whole.answer), healthy) == {}


async def test_the_questions_go_out_in_one_wave() -> None:
    """While none has been answered, all but those that follow from an answer are under way."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "timeout") for venue in VENUES]
        found = await market.ask("/oi BTC binance")
        assert found["failed"] == {"binance": "no answer in 8 s"}
        assert set(market.gets("binance")) == {
            *("/fapi/v1/openInterest", "/fapi/v1/premiumIndex", "/fapi/v1/fundingInfo"),
            *("/dapi/v1/openInterest", "/dapi/v1/premiumIndex", "/dapi/v1/fundingInfo"),
            *("/futures/data/openInterestHist", "/fapi/v1/klines"),
            "/futures/data/globalLongShortAccountRatio",
            *(f"/futures/data/topLongShort{of}Ratio" for of in ("Account", "Position")),
        }


async def test_the_whole_of_bitcoin_takes_52_requests(market: Floor) -> None:
    await market.ask("/oi BTC")
    assert {venue: market.gets(venue).total() for venue in VENUES} == {
        "binance": 22,  # of each perp 4, intervals 2, candles of the primary 5, counts 3
        "bybit": 14,  # of each perp 3, of linear ones 2 more for what the samples were worth
        "okx": 16,  # of each perp 4, counts 3, once an hour the sample they are judged by
    }


async def test_a_coin_without_perps_is_told_at_once(market: Floor) -> None:
    with pytest.raises(UsageError, match=r"^No venue lists perps of OKB\.$"):
        await market.ask("/oi OKB")
    assert not market.sandbox.requests


async def test_another_coin_of_the_same_name_is_not_counted(market: Floor) -> None:
    text = (await market.front.reply("/oi NEIRO")).text
    assert "Bybit NEIRO: another coin? Not counted" in text
    assert "\n15.1B NEIRO (2/3 venues) · all perps\n" in text


async def test_the_compact_answer_is_short(market: Floor) -> None:
    lines = (await market.front.reply("/oi BTC")).text.split("\n")
    for line, form in zip(
        lines,
        (
            r"<b>BTC OI \$19\.5B</b> · 282K BTC · all perps",
            r"BIN \d\d% · BYB \d\d% · OKX \d\d%",
            r"<pre> +OI BIN px +reading",
            r"15m [+-][\d.]+% [+-][\d.]+%  new longs",
            r"1h  [+-][\d.]+% [+-][\d.]+%      small",  # too little moved
            r"4h  [+-][\d.]+% [+-][\d.]+% new shorts",
            r"24h [+-][\d.]+% [+-][\d.]+% new shorts</pre>",
            r"24h: positions [+-]\$\w+ · price [+-]\$\w+",
            r"Funding \+0\.01\d\d/8h · \+1\d\.\d% a year",
            r"Accounts long %: BIN \d\d BYB \d\d OKX \d\d",
            r"14:13:49 UTC · 0\.0 s old · 3/3 venues",
        ),
        strict=True,
    ):
        assert re.fullmatch(form, line), line


async def test_details_say_what_is_small(market: Floor) -> None:
    text = (await market.front.reply("/oi BTC details")).text
    assert "\nsmall: below 0.25 ATR or, of OI, 15m 0.2 %, 1h 0.5 %, 4h 1 %, 24h 2 %\n" in text


async def test_details_name_each_market_and_what_is_in_no_sum(market: Floor) -> None:
    text = (await market.front.reply("/oi BTC details")).text
    for named in (
        "BTC USDT perps $",
        "BTC USDC perps $",
        "BTC coin-M perps $",
        "Binance BTCUSDT ",
        "Dated futures, in no sum: BIN $",
        "Binance long: all accounts ",
        "OKX long: all accounts ",
        "One side counted; Bybit's plain field counts both.",
    ):
        assert named in text


async def test_buttons_ask_for_the_same_coin(market: Floor) -> None:
    refresh, details, chart = (await market.front.reply("/oi btc/usd binance")).buttons[0]
    assert (refresh.line, details.line) == ("oi BTC/USD binance", "oi BTC/USD binance details")
    assert chart.line == "/chart BTC/USD binance oi"
    sheet = await market.front.reply(details.line)
    assert sheet.buttons[0][1].line == "oi BTC/USD binance"


async def shown(market: Floor, change: Callable[[Oi], Oi]) -> str:
    """A page of an answer that the simulated market would not give."""
    answer: Any = await market.front.ask("/oi PEPE")
    view = View({venue: venue.capitalize() for venue in VENUES})
    blocks = COMMAND.render(change(answer), Args("oi", "PEPE", details=True), view).blocks
    return "\n".join(blocks)


async def test_a_sample_that_is_off_is_shown_with_its_age(market: Floor) -> None:
    def late(answer: Oi) -> Oi:
        perp = answer.venues["okx"]["usdt"]
        day = perp.changes["24h"]
        assert day
        changes = {**perp.changes, "24h": replace(day, age_ms=day.age_ms - 7 * 60_000)}
        held = {"usdt": replace(perp, changes=changes)}
        return replace(answer, venues={**answer.venues, "okx": held})

    assert "Okx USDT 24h: over 23 h 52 min" in await shown(market, late)
    assert "24h: over" not in await shown(market, lambda answer: answer)


@pytest.mark.parametrize(
    ("rate", "named"),
    [(0.000299, ""), (0.0003, "elevated"), (-0.00031, "elevated"), (0.001, "extreme")],
)
async def test_high_funding_is_named(market: Floor, rate: float, named: str) -> None:
    def paid(answer: Oi) -> Oi:
        perp = replace(answer.venues["okx"]["usdt"], funding_8h_fraction=rate)
        return replace(
            answer,
            venues={**answer.venues, "okx": {"usdt": perp}},
            totals=replace(answer.totals, funding_8h_fraction=rate),
        )

    text = await shown(market, paid)
    assert re.findall(r"^Funding \S+/8h ?(\w*)(?: ·|$)", text, re.MULTILINE) == [named]
    assert re.findall(r"Okx funding \S+/8h: (\w+)", text) == ([named] if named else [])


async def test_details_name_who_is_missing_from_each_kind_of_sum(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, "/dapi/v1/openInterest")]
    text = (await market.front.reply("/oi BTC details")).text
    assert "\ncoin-M 15m, 1h, 4h, 24h without Binance coin-M\n" in text
    assert "\nUSD 15m, 1h, 4h, 24h without Binance coin-M\n" in text


async def test_coins_and_usd_each_say_over_whom_they_are(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "null_fields", path="/fapi/v1/premiumIndex")]
    text = (await market.front.reply("/oi PEPE")).text
    assert re.match(r"<b>PEPE OI \$\S+ \(2/3 venues\)</b>\n\S+ PEPE · all perps\n", text)
