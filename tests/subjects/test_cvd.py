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
from crypto_assistant.view import flow
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
    assert "USDT n/a n/a n/a" in text
    assert "1h: perps n/a, spot n/a" in text


async def test_a_wrong_question_asks_nobody(market: Floor) -> None:
    with pytest.raises(UsageError, match="no timeframe 7m"):
        await market.ask("/cvd BTC 7m")
    assert not market.sandbox.requests
    assert list((await market.ask("/cvd TSLA"))["kinds"]) == ["usdt"]


async def test_quarters_of_an_hour_are_made_of_the_rows_of_five_minutes(market: Floor) -> None:
    await market.ask("/cvd PEPE 15m")
    counts = {venue: market.gets(venue).total() for venue in VENUES}
    assert (counts["binance"], counts["bybit"]) == (7, 3)
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
    assert asked[0] == 8


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
    assert counts == {"binance": 16, "bybit": 7, "okx": 29}
    await market.pass_time(600)
    await market.front.reply("/cvd BTC")
    assert market.gets("okx").total() == 25
    assert lines[0] == "<b>BTC CVD 1h to 14:10:00 UTC</b>"
    assert [line[:6] for line in lines[2:5]] == ["spot  ", "linear", "coin-M"]
    assert lines[5:7] == ["96×1h to 14:00:00 UTC", "Venues: spot/linear/coin-M 2/3"]
    assert lines[7].startswith("1h: perps ")
    assert len(lines) <= 10
    only = (await market.front.reply("/cvd PEPE")).text.split("\n")
    assert [line[:4] for line in only[2:4]] == ["spot", "USDT"]


@pytest.mark.parametrize("timeframe", ["5m", "1h", "1d"])
async def test_the_compact_table_has_a_column_of_the_timeframe(
    market: Floor, truth: Truth, timeframe: str
) -> None:
    text = (await market.front.reply(f"/cvd BTC {timeframe}")).text
    told = cvd(truth, "BTC", timeframe=timeframe)
    sums = told["kinds"]["spot"]["sums"], told["linear"], told["kinds"]["coin_margined"]["sums"]
    title, header, *rows = (line.split() for line in re.sub("</?pre>", "", text).split("\n")[:5])
    assert title[2:4] == [timeframe, "to"]
    assert header == ["USD", "1h", "4h", "24h", f"96×{timeframe}"]
    for row, windows in zip(rows, sums, strict=True):
        assert row[1:] == [flow(windows[name]["delta_usd"]).replace("$", "") for name in windows]


async def test_the_end_of_the_bars_is_printed_where_it_is_another(market: Floor) -> None:
    assert "96×5m to" not in (await market.front.reply("/cvd PEPE 5m")).text
    assert "\n96×1m to 14:13:00 UTC\n" in (await market.front.reply("/cvd PEPE 1m")).text
    assert "96×1m to" not in (await market.front.reply("/cvd PEPE 1m bybit")).text


async def test_over_how_many_venues_each_window_is_summed(market: Floor) -> None:
    """Bybit's trades reach back over six hours of MNT."""
    text = (await market.front.reply("/cvd MNT")).text
    assert "Venues: spot 0/3; USDT 1h/4h 1/3, 24h/96×1h 0/3" in text
    assert "in 396 of 1440 min" in text


async def test_who_does_not_tell_bars_of_the_timeframe_is_named(market: Floor) -> None:
    text = (await market.front.reply("/cvd BTC 1m")).text
    assert "linear/coin-M 1h/4h/24h 2/3, 96×1m 1/3\n" in text
    assert "\nOKX, not summed: spot/USDT/USDC/coin-M 96×1m n/a\n" in text


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
    kinds = {**found.kinds, "usdt": replace(kind, venues={"binance": listed})}
    page = command.render(replace(found, kinds=kinds), Args("cvd"), market.front.view)
    assert f"Binance, not summed: USDT +$2.00M in {told}" in "\n".join(page.blocks)


@pytest.mark.parametrize("details", ["", " details"])
async def test_of_a_coin_that_is_not_listed_there_only_that_is_said(
    market: Floor, details: str
) -> None:
    text = (await market.front.reply(f"/cvd BABYDOGE okx{details}")).text
    assert text.split("\n") == [
        "<b>BABYDOGE CVD</b>",
        "No market of it known on OKX",
        "OKX: does not list BABYDOGE",
        "14:13:49 UTC",
    ]


async def test_details_leave_out_what_has_nothing(market: Floor) -> None:
    text = (await market.front.reply("/cvd BTC 1d details bybit")).text
    assert not re.search("n/a|96|Linear|led|Divergence", text)
    assert "Bybit BTCUSDT -0.23% over 1h" in text
    assert "96b: 96 bars" in (await market.front.reply("/cvd BTC 1m details okx")).text


async def test_what_is_told_in_part_stands_beside_the_sums(market: Floor) -> None:
    text = (await market.front.reply("/cvd LIT")).text
    assert "Venues: spot/USDT 0/3" in text
    assert "Binance, not summed: spot -$134 in 40 of 60 min" in text
    details = (await market.front.reply("/cvd LIT details")).text
    assert "1h BIN" not in details
    assert "Binance, not summed: -$134 in 40 of 60 min" in details


async def test_details_show_each_venue_and_what_came_since(market: Floor) -> None:
    text = (await market.front.reply("/cvd ETH 1m details")).text
    assert "96b: 96 bars of 1m to 14:13:00 UTC" in text
    for title in ("spot", "USDT perps", "USDC perps", "coin-M perps", "Linear and all perps"):
        assert f"<b>{title}</b>" in text
    for row in ("1h BIN", "1h OKX", "1h sum", "24h BIN", "96b BIN", "4h lin", "4h all"):
        assert f"\n{row} " in text
    assert "OKX: n/a, no usable statistics of takers" in text
    assert "OKX, not summed: spot n/a" in (await market.front.reply("/cvd ETH 1m")).text
    assert "96b n/a: OKX" in text
    assert "Since then: BIN" in text
    assert "in its last" in text


async def test_the_buttons_ask_for_the_same_market(market: Floor) -> None:
    sheet = await market.front.reply("/cvd btc/usd 4h okx details")
    lines = {button.label: button.line for row in sheet.buttons for button in row}
    assert lines["Refresh"] == "cvd BTC/USD 4h okx details"
    assert lines["Compact"] == "cvd BTC/USD 4h okx"
    assert lines["• 4h"] == lines["Refresh"]
    assert (await market.front.reply(lines["Refresh"])).text == sheet.text


LABELS: Mapping[str, Mapping[str, Any]] = {
    "Spot-led over 1h": {"led_by": "spot-led"},
    "Absorption: Binance 1000PEPEUSDT +0.10% over 1h, ATR 1.00%": {
        "absorption": True,
        "price_change_1h_fraction": 0.001,
        "atr_14_1h_fraction": 0.01,
    },
    "Bearish divergence: 20 bars of 1h, Binance 1000PEPEUSDT": {"divergence": "bearish"},
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
