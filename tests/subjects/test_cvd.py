"""/cvd over the simulated market: does it print what takers really did."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from crypto_assistant.errors import UsageError
from crypto_assistant.front import Sheet
from crypto_assistant.grammar import Args
from crypto_assistant.sandbox import Fault
from crypto_assistant.subjects import cvd as command
from crypto_assistant.subjects.cvd.answer import Cvd
from crypto_assistant.subjects.cvd.flows import LAST_BARS
from crypto_assistant.view import flow, percent
from tests.floor import VENUES, Floor, differences, floor, numbers
from tests.truth import Truth
from tests.truths.cvd import cvd

QUESTIONS = [
    ("BTC", "USDT", "1h"),  # all kinds of market; OKX's spot statistics agree with its candles
    ("ETH", "USDT", "15m"),  # they do not; the bars are made of the five minutes of the windows
    ("BTC", "USD", "1m"),  # coin-margined; OKX tells no takers in bars of 1m
    ("BTC", "USDC", "4h"),  # OKX's spot statistics count far more than this pair
    ("PEPE", "USDT", "30m"),  # 1000PEPE, 1000PEPE, PEPE
    ("BABYDOGE", "USDT", "5m"),  # 1MBABYDOGE, 1000000BABYDOGE; none on OKX
    ("MNT", "USDT", "2h"),  # Bybit only
    ("OKB", "USDT", "1h"),  # spot on OKX only
    ("MON", "USDT", "15m"),  # listed five hours ago
    ("LIT", "USDT", "1h"),  # listed forty minutes ago
]
KLINES = "/fapi/v1/klines"


@pytest.mark.parametrize(("coin", "quote", "timeframe"), QUESTIONS)
async def test_it_prints_what_takers_really_did(
    market: Floor, truth: Truth, coin: str, quote: str, timeframe: str
) -> None:
    found = await market.ask(f"/cvd {coin}/{quote} {timeframe}")
    assert differences(found, cvd(truth, coin, quote, timeframe=timeframe)) == {}
    await market.ask(f"/cvd {coin}/{quote} {timeframe} details")  # readable, too


async def test_one_venue_is_asked_where_one_is_named(market: Floor, truth: Truth) -> None:
    found = await market.ask("/cvd NEIRO okx")
    assert differences(found, cvd(truth, "NEIRO", asked=["okx"])) == {}
    assert {seen.venue for seen in market.sandbox.requests} == {"okx"}


@pytest.mark.parametrize("venue", VENUES)
async def test_a_venue_that_fails_is_in_no_sum(market: Floor, truth: Truth, venue: str) -> None:
    market.sandbox.faults = [Fault(venue, "geo_blocked")]
    expected = cvd(truth, "PEPE", failed={venue: "geo-blocked"})
    assert differences(await market.ask("/cvd PEPE"), expected) == {}


async def test_a_venue_is_not_asked_about_another_coin(market: Floor, truth: Truth) -> None:
    market.sandbox.faults = [Fault("bybit", "geo_blocked")]
    found = await market.ask("/cvd NEIRO")
    assert differences(found, cvd(truth, "NEIRO")) == {}
    assert (found["answered"], found["failed"]) == (["binance", "okx"], {})
    assert found["kinds"]["usdt"]["apart_venues"] == ["bybit"]
    text = (await market.front.reply("/cvd NEIRO")).text
    assert "Bybit spot, USDT: another coin? Not counted" in text


async def test_without_the_primary_markets_candles_the_next_market_tells_the_price(
    market: Floor, truth: Truth
) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, KLINES)]
    found = await market.ask("/cvd PEPE")
    parts, reason = found["failed"].pop("binance").split(": ")
    assert reason == "HTTP 500"
    lost = ["1h candles", "5m candles", "USDT 1h takers", "USDT takers"]
    assert sorted(parts.split(", ")) == lost
    assert differences(found, cvd(truth, "PEPE", lost={("usdt", "binance")})) == {}
    assert found["reading"]["primary_venue"] == "bybit"


async def test_without_open_interest_the_deltas_stay(market: Floor, truth: Truth) -> None:
    market.sandbox.faults = [Fault("binance", "http", 500, "/fapi/v1/openInterest")]
    found = await market.ask("/cvd PEPE")
    assert found["failed"] == {"binance": "USDT open interest: HTTP 500"}
    usdt, whole = (answer["kinds"]["usdt"] for answer in (found, cvd(truth, "PEPE")))
    assert usdt["venues"]["binance"]["oi_usd"] is None
    for window, part in usdt["sums"].items():
        assert part["delta_usd"] == pytest.approx(whole["sums"][window]["delta_usd"])
        assert part["delta_venues"] == {"usdt": ["binance", "okx"]}
        assert part["delta_oi_venues"] == {"usdt": ["okx"]}
        alone = whole["venues"]["okx"]["windows"][window]["delta_oi_fraction"]
        assert part["delta_oi_fraction"] == pytest.approx(alone)


async def test_with_nobody_there_every_sum_is_unknown(market: Floor, truth: Truth) -> None:
    market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in VENUES]
    found = await market.ask("/cvd PEPE")
    expected = cvd(truth, "PEPE", failed=dict.fromkeys(VENUES, "geo-blocked"))
    assert differences(found, expected) == {}
    text = (await market.front.reply("/cvd PEPE")).text
    assert re.search(r"\nUSDT +n/a n/a n/a\n", text)
    assert re.search(r"\n perps n/a n/a n/a</pre>\nBinance: geo-blocked\n", text)


async def test_a_wrong_question_asks_nobody(market: Floor) -> None:
    with pytest.raises(UsageError, match="no timeframe 7m"):
        await market.ask("/cvd BTC 7m")
    assert not market.sandbox.requests
    assert list((await market.ask("/cvd TSLA"))["kinds"]) == ["usdt"]


async def test_quarters_of_an_hour_are_made_of_the_rows_of_five_minutes(market: Floor) -> None:
    await market.ask("/cvd PEPE 15m")
    counts = {venue: market.gets(venue).total() for venue in VENUES}
    assert (counts["binance"], counts["bybit"]) == (6, 3)
    asked = [seen.query.get("interval") for seen in market.sandbox.requests]
    assert asked.count("15m") == 1  # of the primary market's candles


async def test_the_requests_go_out_in_one_wave() -> None:
    """While none has been answered, all of them are under way."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "timeout") for venue in VENUES]
        asked: list[int] = []

        def look(_: Sheet) -> None:
            seen = market.sandbox.requests
            asked.append(len({(s.path, *s.query.items()) for s in seen if s.venue == "binance"}))

        await market.front.reply("/cvd PEPE", look)
    assert asked[0] == 7


async def test_after_a_while_whoever_is_there_is_shown(truth: Truth) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("okx", "slow", 2)]
        first, *_, whole = await market.watch("/cvd PEPE")
    assert "waiting: OKX" in first.text
    assert first.answer
    known = numbers(first.answer)
    expected = cvd(truth, "PEPE", failed={"okx": ""})
    assert differences(known, expected | {"failed": {}, "waiting": ["okx"]}) == {}
    assert whole.answer
    assert differences(numbers(whole.answer), cvd(truth, "PEPE")) == {}


async def test_the_compact_answer_is_short_and_takes_few_requests(market: Floor) -> None:
    lines = (await market.front.reply("/cvd BTC")).text.split("\n")
    counts = {venue: market.gets(venue).total() for venue in VENUES}
    # Four of OKX's are for an hour: candles that tell which time its rows bear.
    assert counts == {"binance": 15, "bybit": 7, "okx": 29}
    await market.pass_time(600)
    await market.front.reply("/cvd BTC")
    assert market.gets("okx").total() == 25
    assert lines[0] == "<b>BTC CVD 1h</b> · USD · to 14:10 UTC"
    assert len(lines) == 14
    only = (await market.front.reply("/cvd PEPE")).text.split("\n")
    assert [line.split()[0] for line in only[2:4]] == ["spot", "USDT"]


async def test_the_compact_table_is_what_takers_did_and_the_price_beside_it(
    market: Floor, truth: Truth
) -> None:
    told = cvd(truth, "BTC")
    sums = told["kinds"]["spot"]["sums"], told["linear"], told["kinds"]["coin_margined"]["sums"]
    text = (await market.front.reply("/cvd BTC")).text
    header, *rows = (line.split() for line in text.split("<pre>")[1].split("</pre>")[0].split("\n"))
    assert header == ["1h", "4h", "24h"]
    assert [row[0] for row in rows] == ["spot", "linear", "coin-M", "%", "spot", "perps", "BIN"]
    for row, windows in zip(rows[:3], sums, strict=True):
        assert row[1:] == [amount(windows[name]["delta_usd"]) for name in header]
    for row, windows in zip(rows[4:6], (sums[0], told["perps"]), strict=True):
        shares = [windows[name]["delta_volume_fraction"] for name in header]
        assert row[1:] == [percent(share).removesuffix("%") for share in shares]
    moved = told["reading"]["price_changes_fraction"]
    assert rows[-1][1:] == ["px", *(percent(moved[name]) for name in header)]


@pytest.mark.parametrize("timeframe", ["5m", "1h", "1d"])
async def test_what_the_last_bars_of_the_timeframe_tell_stands_below(
    market: Floor, truth: Truth, timeframe: str
) -> None:
    text = (await market.front.reply(f"/cvd BTC {timeframe}")).text
    told = cvd(truth, "BTC", timeframe=timeframe)
    spot, perps = (
        amount(sums["96_bars"]["delta_usd"])
        for sums in (told["kinds"]["spot"]["sums"], told["perps"])
    )
    assert re.search(rf"\n96×{timeframe}\b.* spot {re.escape(spot)}\W+perps", text)
    assert f"perps {perps}\n" in text
    assert text.startswith(f"<b>BTC CVD {timeframe}</b>")


def amount(usd: float) -> str:
    return flow(usd).replace("$", "")


async def test_the_end_of_the_bars_is_printed_where_it_is_another(market: Floor) -> None:
    assert "\n96×5m spot " in (await market.front.reply("/cvd PEPE 5m")).text
    assert "\n96×1m to 14:13 UTC spot " in (await market.front.reply("/cvd PEPE 1m")).text
    assert "96×1m" not in (await market.front.reply("/cvd PEPE 1m bybit")).text


async def test_what_came_since_is_summed_over_the_venues_that_tell_all_of_it(
    market: Floor, truth: Truth
) -> None:
    since = cvd(truth, "BTC")["since"]
    spot, perps = (amount(since[group]["delta_usd"]) for group in ("spot", "perps"))
    text = (await market.front.reply("/cvd BTC")).text
    assert f"\nSince: spot {spot} · perps {perps} · BIN\n" in text
    assert "\nSince: " not in (await market.front.reply("/cvd BTC okx")).text


async def test_who_is_in_the_sums_is_said_once_where_it_is_always_the_same(market: Floor) -> None:
    assert "\nBinance, OKX · Bybit left out\n" in (await market.front.reply("/cvd BTC")).text
    several = (await market.front.reply("/cvd ETH")).text
    assert "\nspot BIN · linear/coin-M BIN OKX\nBybit left out\n" in several


async def test_over_which_venues_each_window_is_summed(market: Floor) -> None:
    """Bybit's trades reach back over six hours of MNT."""
    text = (await market.front.reply("/cvd MNT")).text
    assert "\nspot nobody · USDT 1h/4h BYB\nUSDT 24h/96×1h nobody\n" in text
    assert "in 396 of 1440 min\n" in text


async def test_who_does_not_tell_bars_of_the_timeframe_is_not_in_their_sums(market: Floor) -> None:
    text = (await market.front.reply("/cvd BTC 1m")).text
    assert "spot/linear/coin-M 1h/4h/24h BIN OKX\nspot/linear/coin-M 96×1m BIN\n" in text


async def test_a_venue_that_is_in_a_sum_in_part_is_named_so(market: Floor) -> None:
    """Of the linear perps Bybit tells one kind: it is in their sum with that alone."""
    found = (await market.front.reply("/cvd BTC")).answer
    assert isinstance(found, Cvd)
    linear = {
        window: replace(part, delta_venues={**part.delta_venues, "usdc": ["bybit"]})
        for window, part in found.linear.items()
    }
    page = command.render(replace(found, linear=linear), Args("cvd"), market.front.view)
    assert "linear part of BIN BYB OKX" in page.blocks[0]


@pytest.mark.parametrize(
    ("minutes", "told"), [(30, "30 min of 2304 h"), (720 * 60, "720 of 2304 h")]
)
async def test_what_is_told_of_many_days_is_told_in_hours(
    market: Floor, minutes: int, told: str
) -> None:
    found = (await market.front.reply("/cvd PEPE 1d binance")).answer
    assert isinstance(found, Cvd)
    kind = found.kinds["usdt"]
    listed = kind.venues["binance"]
    bars = listed.windows[LAST_BARS]
    assert bars
    part = replace(bars, delta_usd=2e6, covered_ms=minutes * 60_000, complete=False)
    listed = replace(listed, windows={**listed.windows, LAST_BARS: part})
    sums = {**kind.sums, LAST_BARS: replace(kind.sums[LAST_BARS], delta_venues={})}
    kinds = {**found.kinds, "usdt": replace(kind, venues={"binance": listed}, sums=sums)}
    page = command.render(replace(found, kinds=kinds), Args("cvd"), market.front.view)
    assert f"Binance: USDT +$2.00M in {told}" in "\n".join(page.blocks)


@pytest.mark.parametrize("details", ["", " details"])
async def test_of_a_coin_that_is_not_listed_there_only_that_is_said(
    market: Floor, details: str
) -> None:
    text = (await market.front.reply(f"/cvd BABYDOGE okx{details}")).text
    assert text.split("\n") == [
        "<b>BABYDOGE CVD</b>",
        "No market known on OKX",
        "OKX: does not list BABYDOGE",
        "14:13:49 UTC",
    ]


async def test_details_leave_out_what_has_nothing(market: Floor) -> None:
    text = (await market.front.reply("/cvd BTC 1d details bybit")).text
    details = text.split("<b>spot</b>")[1]
    assert not re.search("n/a|96|Linear|led|Divergence", details)
    assert "Bybit BTCUSDT over 1h:\nprice -0.23%" in details
    assert "96b: 96 bars" in (await market.front.reply("/cvd BTC 1m details okx")).text


async def test_what_is_told_in_part_stands_beside_the_sums_where_there_are_none(
    market: Floor,
) -> None:
    text = (await market.front.reply("/cvd LIT")).text
    assert "\nBinance: spot -$134 in 40 of 60 min, USDT " in text
    details = (await market.front.reply("/cvd LIT details")).text
    assert "\n BIN " not in details.split("<b>spot</b>")[1]
    assert "Binance, not summed: -$134 in 40 of 60 min" in details
    assert "of 60 min" not in (await market.front.reply("/cvd BTC")).text


async def test_details_show_each_venue_and_what_came_since(market: Floor) -> None:
    text = (await market.front.reply("/cvd ETH 1m details")).text
    assert "96b: 96 bars of 1m to 14:13 UTC" in text
    for title in ("spot", "USDT perps", "USDC perps", "coin-M perps", "Linear and all perps"):
        assert f"<b>{title}</b>" in text
    for rows in (r"1h\n BIN .*\n OKX .*\n sum ", r"96b\n BIN ", r"4h\n lin .*\n all "):
        assert re.search(rf"\n{rows}", text)
    assert "OKX: n/a, no usable statistics of takers" in text
    assert "96b n/a: OKX" in text
    assert "Since: BIN" in text
    assert "in its last" in text


async def test_the_buttons_ask_for_the_same_market(market: Floor) -> None:
    sheet = await market.front.reply("/cvd btc/usd 4h okx details")
    lines = {button.label: button.line for row in sheet.buttons for button in row}
    assert lines["Refresh"] == "cvd BTC/USD 4h okx details"
    assert lines["Compact"] == "cvd BTC/USD 4h okx"
    assert lines["• 4h"] == lines["Refresh"]
    assert (await market.front.reply(lines["Refresh"])).text == sheet.text


LABELS: Mapping[str, Mapping[str, Any]] = {
    "Spot-led 1h": {"led_by": "spot-led"},
    "Absorption 1h: price +0.10%, ATR 1.00%": {
        "absorption": True,
        "price_change_1h_fraction": 0.001,
        "atr_14_1h_fraction": 0.01,
    },
    "Bearish divergence, 20 bars of 1h": {"divergence": "bearish"},
}


async def test_a_label_is_shown_where_it_holds(market: Floor) -> None:
    found = (await market.front.reply("/cvd PEPE")).answer
    assert isinstance(found, Cvd)

    def shown(labels: Mapping[str, Any]) -> str:
        reading = replace(found.reading, **labels)
        page = command.render(replace(found, reading=reading), Args("cvd"), market.front.view)
        return "\n".join(page.blocks)

    none = {"led_by": "none", "absorption": False, "divergence": "none"}
    for line, labels in LABELS.items():
        word = line.split(maxsplit=1)[0]
        assert line in shown({**none, **labels}).split("\n")
        assert word not in shown(none)
        assert word not in shown(dict.fromkeys(none))


async def test_what_came_since_is_of_venues_all_of_whose_perps_tell_it(market: Floor) -> None:
    whole = (await market.ask("/cvd BTC"))["since"]["perps"]["delta_venues"]
    assert "binance" in {venue for venues in whole.values() for venue in venues}
    await market.pass_time()
    market.sandbox.faults = [Fault("binance", "http", 500, "/fapi/v1/klines")]
    found = await market.ask("/cvd BTC")
    assert found["kinds"]["usdt"]["silent_venues"] == ["binance"]
    left = found["since"]["perps"]["delta_venues"]
    assert "binance" not in {venue for venues in left.values() for venue in venues}
