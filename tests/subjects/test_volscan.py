"""/volscan over the simulated market: every number is the world's, and what it takes to know."""

import asyncio

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import UsageError
from crypto_assistant.front import Sheet
from crypto_assistant.sandbox import Fault
from crypto_assistant.subjects.scan import VolScan
from crypto_assistant.view import times
from tests.floor import SHIPPED, VENUES, Floor, differences, floor, numbers
from tests.phone.pages import tables
from tests.truth import Truth
from tests.truths.scan import scan

BARS = "/fapi/v1/klines"
CANDLES = "/api/v5/market/candles"


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("/volscan", (200, "15m", None)),
        ("/volscan 20% 1m", (20, "1m", None)),
        ("/volscan 1x 5m 12", (0, "5m", 12)),
        ("/volscan 40 1h", (40, "1h", None)),  # MON has four bars
    ],
)
async def test_every_number_is_the_worlds(
    market: Floor, truth: Truth, line: str, asked: tuple[float, str, int | None]
) -> None:
    assert differences(await market.ask(line), scan(truth, *asked)) == {}


@pytest.mark.parametrize("down", [["binance"], ["binance", "bybit"]])
async def test_the_next_venue_is_scanned_where_the_lists_of_one_never_came(
    truth: Truth, down: list[str]
) -> None:
    """OKX tells its takers apart from its bars, Bybit with its last trades only."""
    failed = dict.fromkeys(down, "geo-blocked")
    async with floor() as market:
        market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in down]
        found = await market.ask("/volscan 1x 5m 9")
    assert differences(found, scan(truth, 0, "5m", 9, failed=failed, unknown=down)) == {}
    assert {row["venue"] for row in found["rows"]} == {VENUES[len(down)]}


@pytest.mark.parametrize("venue", ["binance", "bybit"])
async def test_the_coins_of_a_venue_that_is_down_are_scanned_on_the_next_one(
    market: Floor, truth: Truth, venue: str
) -> None:
    market.sandbox.faults = [Fault(venue, "http", 503)]
    found = await market.ask("/volscan 50")
    assert differences(found, scan(truth, 50, failed={venue: "HTTP 503"})) == {}
    assert market.gets(venue).total() < 80  # of 38 coins three times: it is given up


async def test_a_silent_venue_is_given_up_when_an_answer_is_due(truth: Truth) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", "timeout")]
        began = monotonic()
        *shown, whole = await market.watch("/volscan 50")
        assert monotonic() - began == pytest.approx(SHIPPED.answer)
    assert "waiting: Binance" in shown[0].text
    assert whole.answer
    failed = {"binance": "no answer in 8 s"}
    assert differences(numbers(whole.answer), scan(truth, 50, failed=failed)) == {}


async def test_without_statistics_of_takers_only_their_share_is_missing(truth: Truth) -> None:
    down = ["binance", "bybit"]
    async with floor() as market:
        market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in down]
        market.sandbox.faults.append(Fault("okx", "http", 400, path="/api/v5/rubik"))
        found = await market.ask("/volscan 1x 5m 9")
    expected = scan(truth, 0, "5m", 9, failed=dict.fromkeys(down, "geo-blocked"), unknown=down)
    for row in expected["rows"]:
        row["buy_fraction"] = None
    expected["failed"]["okx"] = "takers: refused: no reason given (HTTP 400)"
    assert differences(found, expected) == {}


async def test_until_the_next_bar_it_is_answered_from_memory(market: Floor) -> None:
    first = await market.ask("/volscan")
    assert first["valid_until_ms"] - first["bar_open_ms"] == 2 * 900_000
    await market.pass_time()
    assert await market.ask("/volscan") == first
    lower = await market.ask("/volscan 50")
    assert not market.sandbox.requests
    assert len(lower["rows"]) > len(first["rows"])
    assert lower["rows"][0]["buy_fraction"] is not None


async def test_another_number_of_coins_is_another_scan(market: Floor) -> None:
    await market.ask("/volscan 50 15m 3")
    assert market.gets("binance") == {BARS: 3}
    assert (await market.ask("/volscan 50 15m 4"))["coins"] == 4
    assert market.gets("binance") == {BARS: 4}


async def test_half_of_the_limit_is_left_to_others() -> None:
    """OKX takes 40 requests for candles in two seconds."""
    shown: list[Sheet] = []
    half = asyncio.Event()

    def show(sheet: Sheet) -> None:
        shown.append(sheet)
        if "20/22" in sheet.text:
            half.set()

    async with floor() as market:
        market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in ("binance", "bybit")]
        scanning = asyncio.create_task(market.front.reply("/volscan 50 15m 22", show))
        await half.wait()
        assert market.gets("okx")[CANDLES] == 20
        other = asyncio.create_task(market.ask("/volume BTC okx"))
        await asyncio.wait([scanning, other], return_when=asyncio.FIRST_COMPLETED)
        assert (other.done(), scanning.done()) == (True, False)
        assert (await other)["answered"] == ["okx"]
        whole = await scanning
    late = next(sheet.text for sheet in shown if "▓▓▓▓▓▓▓░ 20/22" in sheet.text)
    assert "waiting: OKX" in late
    assert isinstance(whole.answer, VolScan)
    assert whole.answer.coins_scanned == 22
    assert "▓" not in whole.text


async def test_the_coins_of_a_venue_that_is_back_are_scanned(truth: Truth) -> None:
    async with floor() as market:
        market.sandbox.faults = [Fault("binance", "geo_blocked", path="/fapi/v1/ticker")]
        without = await market.ask("/volscan 50")
        assert without["failed"] == {"binance": "tickers not loaded"}
        assert without["coins_by_venue"]["binance"] == 0
        market.sandbox.faults = []
        await market.front.desk.keeper.load(SHIPPED.answer)
        assert differences(await market.ask("/volscan 50"), scan(truth, 50)) == {}


async def test_it_says_why_and_until_when_a_venue_is_waited_for(truth: Truth) -> None:
    shown: list[Sheet] = []
    async with floor() as market:

        def show(sheet: Sheet) -> None:
            shown.append(sheet)
            market.sandbox.faults = []

        await market.open()
        market.sandbox.faults = [Fault("binance", "rate_limited", 5, BARS)]
        whole = await market.front.reply("/volscan 50", show)
    # The clock stands still, but of the five seconds one has passed.
    assert "\nwaiting: Binance (rate-limited until 14:13:53 UTC)" in shown[0].text
    assert shown[0].text.count("waiting") == 1
    assert whole.answer
    assert differences(numbers(whole.answer), scan(truth, 50)) == {}


@pytest.mark.parametrize("line", ["/volscan 100001", "/volscan 1h 999999999%"])
async def test_no_threshold_is_beyond_reason(market: Floor, line: str) -> None:
    with pytest.raises(UsageError, match="The threshold is at most 100000 %, not "):
        await market.ask(line)
    assert (await market.front.reply("/volscan 100000")).answer


async def test_the_help_tells_one_order_of_the_words(market: Floor) -> None:
    assert (await market.front.reply("/help volscan")).text.count("[THRESHOLD]") == 1


@pytest.mark.parametrize("line", ["/volscan 200 15m 0", "/volscan 200 15m 2.5"])
async def test_the_number_of_coins_is_a_whole_one(market: Floor, line: str) -> None:
    with pytest.raises(UsageError, match="a whole number from 1 on, not"):
        await market.ask(line)
    assert not market.sandbox.requests


@pytest.mark.parametrize(
    ("word", "fraction", "told"),
    [
        ("", 2.0, "3x"),
        ("3x", 2.0, "3x"),
        ("3", 2.0, "3x"),
        ("200", 2.0, "3x"),
        ("200%", 2.0, "3x"),
        ("20", 0.2, "1.2x"),
        ("19", 18.0, "19x"),
        ("10%", 0.1, "1.1x"),
        ("25x", 24.0, "25x"),
    ],
)
async def test_a_threshold_is_so_many_times_or_a_percentage(
    market: Floor, word: str, fraction: float, told: str
) -> None:
    sheet = await market.front.reply(f"/volscan {word}")
    assert sheet.answer
    assert numbers(sheet.answer)["threshold_fraction"] == pytest.approx(fraction)
    assert f"\nFrom {told}, bars of $250K and more\n" in sheet.text
    refresh = sheet.buttons[0][0].line
    assert numbers(await market.front.ask(f"/{refresh}")) == numbers(sheet.answer)


async def test_every_button_is_a_question_that_is_answered(market: Floor) -> None:
    rows = (await market.front.reply("/volscan 30% 15m 43")).buttons
    assert [len(row) for row in rows] == [4, 5, 5, 5]
    lines = [button.line for row in rows for button in row]
    assert "volscan 15m 3 43" in lines
    assert "volscan 1h 30 43" in lines
    assert "analysis JUP 15m" in lines
    for line in lines:
        assert (await market.front.reply(line)).answer


async def test_the_page_says_what_was_scanned_and_until_when_it_is_good(
    market: Floor, truth: Truth
) -> None:
    text = (await market.front.reply("/volscan 30")).text
    assert text.startswith("<b>RVOL 96, 15m, bar to 14:00 UTC</b>\nFrom 1.3x, ")
    expected = scan(truth, 30)
    of, small = expected["coins_above_threshold"], expected["coins_with_small_bars"]
    assert f"\n10 of {of} shown · Scanned 43 of 43\n" in text
    assert f"\n{small} smaller left out · 3 below $5M a day\n" in text
    assert "\nNext bar 14:15 UTC\n" in text
    (table,) = tables(text)
    first = expected["rows"][0]
    assert table.split("\n")[0].split() == ["RVOL", "bar", "$", "bar", "B%"]
    assert table.split("\n")[1].split()[:2] == [first["coin"], times(1 + first["spike_fraction"])]
    assert "Highest" not in text
    assert "spike" not in text


async def test_small_bars_are_left_out_and_counted(market: Floor, truth: Truth) -> None:
    expected = scan(truth, 20, "1m")
    text = (await market.front.reply("/volscan 20% 1m")).text
    assert expected["coins_with_small_bars"] > 0
    assert f"{expected['coins_with_small_bars']} smaller left out" in text


async def test_below_the_threshold_the_highest_is_shown(market: Floor, truth: Truth) -> None:
    highest = scan(truth, 999)["highest"]
    quiet = (await market.front.reply("/volscan 999")).text
    assert "\nNo coin reaches 10.99x.\n" in quiet
    assert f"\nHighest: {highest['coin']} {times(1 + highest['spike_fraction'])}\n" in quiet
    assert "<pre>" not in quiet


@pytest.mark.parametrize(
    ("down", "said"),
    [(["binance"], "No coin reaches 10.99x."), (VENUES, "Nothing was scanned.")],
)
async def test_an_outage_is_no_quiet_market(market: Floor, down: list[str], said: str) -> None:
    market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in down]
    text = (await market.front.reply("/volscan 999")).text
    assert f"\n{said}\n" in text
    assert ("Highest" in text) == ("No coin" in text)


async def test_details_tell_of_each_coin_what_watch_tells(market: Floor) -> None:
    found = await market.ask("/volscan 1x 15m 12 details")
    names = [row["coin"] for row in found["rows"]]
    board = await market.ask(f"/watch only {' '.join(names)}")
    assert len(names) > 5
    assert found["lately"] == board["rows"]
    shown = (await market.front.reply("/volscan 1x 15m 12 details")).text
    assert shown.count("<pre>") == 2


async def test_a_venue_that_fails_beside_the_scan_is_named_in_details(market: Floor) -> None:
    await market.ask("/volscan 1x 15m 12")
    market.sandbox.faults = [Fault("okx", "http", 451)]
    await market.pass_time(2)
    shown = (await market.front.reply("/volscan 1x 15m 12 details")).text
    assert "OKX: geo-blocked" in shown
    assert "geo-blocked" not in (await market.front.reply("/volscan 1x 15m 12")).text
