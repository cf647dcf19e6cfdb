"""/analysis over the simulated market: everything about a coin, each part by itself."""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

import pytest

from crypto_assistant.errors import UsageError
from crypto_assistant.sandbox import Fault
from tests.floor import SHIPPED, VENUES, Floor, assert_readable, differences, floor
from tests.truth import Fields, Truth
from tests.truths import oi as positions
from tests.truths.analysis import analysis, in_window, score
from tests.truths.cvd import flows, there
from tests.truths.oi import oi
from tests.truths.outlook import outlook, primary

QUESTIONS = [
    ("BTC", "USDT", "15m"),  # all kinds of market
    ("BTC", "USD", "30m"),  # contracts of 100, 1 and 100 USD
    ("PEPE", "USDT", "4h"),  # 1000PEPE, 1000PEPE, PEPE
    ("NEIRO", "USDT", "1m"),  # another coin on Bybit
    ("OKB", "USDT", "15m"),  # spot on OKX only
    ("MON", "USDT", "1m"),  # listed five hours ago: 300 bars
    ("LIT", "USDT", "1h"),  # listed forty minutes ago
]


@pytest.mark.parametrize(("coin", "quote", "timeframe"), QUESTIONS)
async def test_every_number_is_the_worlds(
    market: Floor, truth: Truth, coin: str, quote: str, timeframe: str
) -> None:
    found = await market.ask(f"/analysis {coin}/{quote} {timeframe}")
    assert differences(found, analysis(truth, coin, quote, timeframe=timeframe)) == {}
    found = await market.ask(f"/analysis {coin}/{quote} {timeframe} details")
    expected = analysis(truth, coin, quote, timeframe=timeframe, details=True)
    assert differences(found["trends"] or {}, expected["trends"] or {}) == {}


async def test_one_venue_is_asked_where_one_is_named(market: Floor, truth: Truth) -> None:
    found = await market.ask("/analysis PEPE okx")
    assert differences(found, analysis(truth, "PEPE", asked=["okx"])) == {}
    assert found["primary"]["symbol"] == "PEPE-USDT-SWAP"
    assert {seen.venue for seen in market.sandbox.requests} == {"okx"}


@pytest.mark.parametrize("dead", [["binance"], ["okx"], ["binance", "bybit"], VENUES], ids=str)
async def test_of_a_venue_that_is_dead_nothing_is_left(
    market: Floor, truth: Truth, dead: Collection[str]
) -> None:
    """Where it was the primary one, the next takes its place and is named."""
    market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in dead]
    found = await market.ask("/analysis PEPE")
    failed = dict.fromkeys(dead, "geo-blocked")
    assert differences(found, analysis(truth, "PEPE", failed=failed)) == {}
    lines = (await market.front.reply("/analysis PEPE details")).text.split("\n")
    named = {"okx": "OKX perp", "bybit": "Bybit perp", "binance": "Binance perp"}
    first = next((venue for venue in ("binance", "bybit", "okx") if venue not in dead), "")
    if first:
        assert re.fullmatch(rf"<b>PEPE 0\.\d+</b> · {named[first]} · 15m", lines[0])
    else:
        assert lines[0] == "<b>PEPE analysis</b> · 15m"
        assert lines[1:] == [*(f"{name}: geo-blocked" for name in TITLES), f"{TIME} · 0/3 venues"]


TITLES = ("Binance", "Bybit", "OKX")
TIME = "14:13:49 UTC"


async def test_yesterday_from_memory_does_not_keep_a_dead_market_the_primary_one(
    market: Floor, truth: Truth
) -> None:
    await market.ask("/analysis BABYDOGE 5m")
    await market.pass_time()
    market.sandbox.faults = [Fault("binance", "geo_blocked")]
    found = await market.ask("/analysis BABYDOGE 5m")
    failed = {"binance": "geo-blocked"}
    expected = analysis(truth, "BABYDOGE", timeframe="5m", failed=failed)
    assert found["primary"]["venue"] == "bybit"
    assert differences(found["primary"], expected["primary"]) == {}
    assert differences(found["score"], expected["score"]) == {}


async def test_without_the_primary_markets_candles_the_next_market_is_read(
    market: Floor, truth: Truth
) -> None:
    """Its price and its open interest are still there."""
    market.sandbox.faults = [Fault("binance", "geo_blocked", path="/fapi/v1/klines")]
    found = await market.ask("/analysis PEPE")
    healthy, without = whole(truth), analysis(truth, "PEPE", failed={"binance": ""})
    next_market = primary(truth, "PEPE", failed=["binance"])
    assert next_market
    moved = positions.moves(truth, next_market)
    held = in_window(positions.added_up(oi(truth, "PEPE")["venues"], moved))
    takers = flows(truth, there(truth, "PEPE", lost={("usdt", "binance")}))
    expected = healthy | {
        "volume": without["volume"],
        "takers": takers,
        "open_interest": held,
        "primary": without["primary"],
        "score": score(without["primary"], takers, held["quadrants"]["4h"]),
    }
    reason = found.pop("failed")["binance"]
    assert reason == "USDT bars, USDT 15m takers, USDT takers and 5 more: geo-blocked"
    del expected["failed"]
    assert differences(found, expected) == {}
    text = (await market.front.reply("/analysis PEPE")).text
    assert " · Bybit perp · 15m\n" in text


BIN, BYB, OKX = "/venues/binance/", "/venues/bybit/", "/venues/okx/"
CHANGE = "/open_interest/changes/4h/"
QUADRANT = ("/open_interest/quadrants/4h/oi_change_fraction",)
FUNDING = ("funding_fraction", "funding_hours", "funding_8h_fraction", "next_funding_ms")
VOLUME = "/volume/usdt"


class Lost(NamedTuple):
    """What an endpoint that fails is named as, the figures that are gone, those that change."""

    venue: str
    path: str
    parts: str
    gone: list[str]
    touched: list[str]


ENDPOINTS = [
    Lost(
        "binance",
        "/futures/data/openInterestHist",
        "USDT open interest history",
        [f"/open_interest{BIN}usdt/changes/4h"],
        [CHANGE, *QUADRANT],
    ),
    Lost(
        "okx",
        "/api/v5/public/funding-rate",
        "USDT funding",
        [
            *(f"/price{OKX}perp/{name}" for name in FUNDING),
            *(f"/open_interest{OKX}usdt/{name}" for name in FUNDING),
        ],
        ["/open_interest/totals/funding_"],
    ),
    Lost(
        "bybit",
        "/v5/market/recent-trade",
        "USDT 15m takers, spot takers, USDT takers",
        [],
        [
            *(f"/takers/kinds/{kind}{BYB}" for kind in ("usdt", "spot")),
            *(f"/takers/kinds/{kind}/silent_venues" for kind in ("usdt", "spot")),
        ],
    ),
    Lost(
        "bybit",
        "/v5/market/kline",
        "USDT bars",
        [],
        [f"{VOLUME}{BYB}", f"{VOLUME}/total/"],
    ),
    Lost(
        "okx",
        "/api/v5/rubik/stat/taker-volume-contract",
        "USDT 15m takers, USDT takers",
        [f"{VOLUME}{OKX}bar/buy_fraction"],
        [
            f"{VOLUME}/total/bar/buy_fraction",
            f"{VOLUME}/total/buy_venues",
            f"/takers/kinds/usdt{OKX}",
            "/takers/kinds/usdt/sums/",
            "/takers/kinds/usdt/silent_venues",
            "/takers/linear/",
            "/takers/perps/",
            "/score/components/perp_cvd_4h/input",
        ],
    ),
    Lost(
        "binance",
        "/api/v3/ticker/24hr",
        "spot",
        [f"/price{BIN}spot"],
        ["/price/basis/"],
    ),
]


@pytest.mark.parametrize("lost", ENDPOINTS, ids=lambda lost: lost.path)
async def test_an_endpoint_that_fails_takes_its_own_numbers_only(
    market: Floor, truth: Truth, lost: Lost
) -> None:
    market.sandbox.faults = [Fault(lost.venue, "geo_blocked", path=lost.path)]
    found = await market.ask("/analysis PEPE")
    assert found["failed"] == {lost.venue: f"{lost.parts}: geo-blocked"}
    differing = differences(found | {"failed": {}}, whole(truth))
    for path in lost.gone:
        assert any(at.startswith(path) for at in differing), path
        assert value(found, path) is None
    for path in lost.touched:
        assert any(at.startswith(path) for at in differing), path
    assert [path for path in differing if not path.startswith((*lost.gone, *lost.touched))] == []


_kept: dict[int, Fields] = {}


def whole(truth: Truth) -> Fields:
    """Reckoned once."""
    if id(truth) not in _kept:
        _kept[id(truth)] = analysis(truth, "PEPE")
    return _kept[id(truth)]


def value(found: Fields, path: str) -> object:
    part: object = found
    for key in path.strip("/").split("/"):
        assert isinstance(part, dict)
        part = part[key]
    return part


async def test_the_compact_page_is_short_and_takes_at_most_eighty_requests(market: Floor) -> None:
    lines = (await market.front.reply("/analysis BTC")).text.split("\n")
    counts = {venue: market.gets(venue).total() for venue in VENUES}
    assert sum(counts.values()) <= 80, counts
    percent, bare = r"[+-][\d.]+%", r"[+-][\d.]+"
    forms = [
        r"<b>BTC \d\d,\d+\.\d</b> · Binance perp · 15m",
        rf"24h {percent} · 15m {percent}",
        rf"<pre>trend EMA20 {bare} 50 {bare}",
        rf" {{6}}200 {bare} · VWAP {bare}",
        r" {6}RSI \d+\.\d · BB -?\d\.\d\d",
        rf"flow  spot 4h {bare}[KM] {percent}",
        rf"      perp 4h {bare}[KM] {percent}",
        rf"OI    4h {percent} [a-z ]+",
        rf"fund  {bare}/8h {percent}/y",
        r"vol   RVOL 7d \d+\.\d\dx",
        r"      ATR \d\.\d\d% · day \d\.\d\d%</pre>",
        r"<pre>Levels +price +away",
    ]
    for form, line in zip(forms, lines, strict=False):
        assert re.fullmatch(form, line), line
    assert lines[-2] == "CVD: Binance, OKX · Bybit left out"
    assert len(lines) <= 19


async def test_the_last_price_stands_among_the_levels(market: Floor) -> None:
    text = (await market.front.reply("/analysis BTC")).text
    rows = [row.rsplit(maxsplit=2) for row in text.split("<pre>Levels")[1].split("\n")[1:-2]]
    above = [row[0] for row in rows if row[-1].startswith("+")]
    names = [row[0] for row in rows]
    assert names[len(above)] == "last"
    assert {"y. low", "POC today"} <= {*names}


async def test_details_tell_each_part_in_a_table(market: Floor) -> None:
    text = (await market.front.reply("/analysis PEPE details")).text
    for head in (
        r" +is +against",
        r"15m bars +price +close",
        r"UTC day +today +yesterday",
        r"15m +coins +\$ +RVOL 7d",
        r" +OI \$ +4h % +fund/8h",
        r"CVD \$ +1h +4h +24h",
    ):
        assert re.search(f"<pre>{head}\n", text), head
    assert re.search(r"\n<b>signs [+-]?\d of 5</b>\n", text)
    assert re.search(r"\nVolatility [\d.]+% a day, [\d.]+% a year\n", text)
    assert re.search(r"\nBasis [+-][\d.]+ bp \(Binance\)\W+spread [+-][\d.]+ bp\n", text)
    for timeframe in ("1h", "4h", "1d"):
        assert re.search(rf"\nEMA 50 {timeframe} +\S+ +[+-][\d.]+%", text)


async def test_of_a_coin_without_perps_no_perps_are_told(market: Floor) -> None:
    text = (await market.front.reply("/analysis OKB details")).text
    assert re.match(r"<b>OKB \S+</b> · OKX spot · 15m\n", text)
    assert not re.search(r"\n +perp|fund|\nOI +4h", text.split("<b>signs")[0])
    assert re.search(r"\nperp 4h +n/a +n/a *\nOI 4h +n/a +n/a", text)


async def test_of_a_coin_that_was_just_listed_what_needs_a_history_is_unknown(
    market: Floor,
) -> None:
    text = (await market.front.reply("/analysis LIT 4h details")).text
    assert "EMA20 n/a 50 n/a\n      200 n/a\n      VWAP since 13:33 " in text
    assert "\n      RSI n/a · BB n/a\nflow  spot 4h n/a\n      perp 4h n/a\nOI    4h n/a\n" in text
    assert "RVOL n/a · ATR n/a\n      day n/a</pre>" in text
    assert "<b>signs n/a of 0</b>" in text


async def test_an_average_that_is_not_known_is_not_taken_for_takers(market: Floor) -> None:
    text = (await market.front.reply("/analysis MON details")).text
    assert re.search(r"\nEMA 50 +n/a +0\.\d{6} +n/a\n", text)
    assert re.search(r"\nperp 4h +[+-]1 +[+-]\$[\w.]+ +0\n", text)


async def test_who_is_missing_from_a_sum_is_named_below(market: Floor) -> None:
    """At spot OKX tells of all pairs of the coin, which is not this market; nobody failed."""
    text = (await market.front.reply("/analysis SOL details")).text
    assert "\nCVD spot: Binance\nBybit, OKX left out\nCVD perp: Binance, OKX\n" in text
    assert "\nCVD without Bybit, OKX: spot\nCVD without Bybit: USDT · USDC\ncoin-M\n" in text
    some = (await market.front.reply("/analysis MON details")).text
    assert "\nCVD spot: Binance, OKX\nBybit left out\n" in some
    assert "CVD perp" not in some
    assert "\nCVD without Bybit: spot (1h, 4h)\n" in some  # of a day nobody tells


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/fapi/v1/openInterest", "\nOI 4h: Bybit, OKX · Binance left out\n"),
        ("/fapi/v1/openInterest", "\nfunding: Bybit, OKX, part of Binance\n"),
        ("/fapi/v1/klines", "\nCVD perp: OKX, part of Binance\nBybit left out\n"),
        ("/fapi/v1/klines", "\nRVOL: Bybit, OKX · Binance left out\n"),
    ],
)
async def test_of_a_venue_that_is_there_in_part_only_that_is_said(
    market: Floor, path: str, said: str
) -> None:
    """Its coin-margined perp is in."""
    market.sandbox.faults = [Fault("binance", "http", 500, path)]
    assert said in (await market.front.reply("/analysis SOL")).text


async def test_what_nobody_holds_is_left_out(market: Floor) -> None:
    market.sandbox.faults = [
        *(
            Fault("binance", "geo_blocked", path=path)
            for path in ("/fapi/v1/open", "/fapi/v1/prem")
        ),
        *(Fault(venue, "geo_blocked") for venue in ("bybit", "okx")),
    ]
    text = (await market.front.reply("/analysis PEPE")).text
    assert "OI " not in text
    assert re.search(r"\nflow  (.*\n)+vol ", text)


async def test_candles_without_numbers_make_the_next_market_the_primary_one(
    market: Floor, truth: Truth
) -> None:
    market.sandbox.faults = [Fault("binance", "null_fields", path="/fapi/v1/klines")]
    found = await market.ask("/analysis PEPE")
    expected = analysis(truth, "PEPE", failed={"binance": ""})
    assert found["primary"]["venue"] == found["open_interest"]["moves"]["venue"] == "bybit"
    assert differences(found["primary"], expected["primary"]) == {}
    assert found["failed"]["binance"].endswith(": bars without their prices")


async def test_another_coin_of_the_same_name_is_named(market: Floor) -> None:
    assert (
        "Bybit NEIRO: another coin? Not counted"
        in (await market.front.reply("/analysis NEIRO")).text
    )
    assert "another coin" not in (await market.front.reply("/analysis MNT")).text


async def test_the_days_of_the_primary_market_degrade_alone(market: Floor, truth: Truth) -> None:
    """OKX tells bars of long ago by a path of its own."""
    market.sandbox.faults = [Fault("okx", "geo_blocked", path="/api/v5/market/history-candles")]
    found = (await market.ask("/analysis PEPE okx"))["primary"]
    okx = primary(truth, "PEPE", asked=["okx"])
    assert okx
    expected = outlook(okx, "15m")
    lost = {name for name in expected if found[name] is None}
    assert lost < {"yesterday", "today", "indicators", "volatility", "now"}
    assert lost
    for name in expected.keys() - lost - {"levels"}:
        assert differences(found[name], expected[name]) == {}


async def test_whatever_has_arrived_so_far_is_a_page() -> None:
    async with floor(replace(SHIPPED, partial=0.0)) as market:
        await market.open()
        shown = await market.watch("/analysis PEPE details")
    assert shown[0].text.split("\n")[-2] == "waiting: Binance, Bybit, OKX"
    assert len(shown) > 2
    for sheet in shown:
        assert_readable(sheet)


async def test_the_requests_go_out_in_one_wave(market: Floor) -> None:
    """All but those of a market that is read only where the primary one fails."""
    await market.ask("/analysis PEPE")
    asked = [
        (seen.venue, seen.query.get("interval") or seen.query.get("bar"))
        for seen in market.sandbox.requests
        if "line" in seen.path or "candles" in seen.path
    ]
    assert ("binance", "4h") in asked
    assert not {("bybit", "240"), ("okx", "4H")} & set(asked)


async def test_a_wrong_question_asks_nobody(market: Floor) -> None:
    for line, said in (
        ("/analysis BTC 7m", "no timeframe 7m"),
        ("/analysis BTCC", "Did you mean BTC"),
    ):
        with pytest.raises(UsageError, match=said):
            await market.ask(line)
    assert not market.sandbox.requests


async def test_a_stock_is_told_on_request(market: Floor) -> None:
    found = await market.ask("/analysis TSLA tradfi")
    assert found["tradfi"]
    assert found["primary"]["indicators"]["rsi_14"]


async def test_the_buttons_ask_for_the_same_market(market: Floor) -> None:
    sheet = await market.front.reply("/analysis btc/usd 4h okx details")
    lines = {button.label: button.line for row in sheet.buttons for button in row}
    assert lines["Refresh"] == lines["• 4h"] == "analysis BTC/USD 4h okx details"
    assert lines["Compact"] == "analysis BTC/USD 4h okx"
    assert lines["1h"] == "analysis BTC/USD 1h okx details"
    assert (await market.front.reply(lines["Refresh"])).text == sheet.text
