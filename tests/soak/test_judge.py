"""The judge finds what is planted, and nothing in what is true."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from crypto_assistant.front import Sheet
from crypto_assistant.sandbox import Fault
from tests.botapi import Shown
from tests.clock import NOW
from tests.floor import Floor, floor
from tests.soak.judge import Verdict, judge
from tests.soak.moments import Chronicle
from tests.soak.printed import NUMBER, Range, printed, read
from tests.soak.questions import Question, asked

LINES = (
    "price BTC",
    "price BTC details",
    "price PEPE",
    "price BTC/USD",
    "price NEIRO",
    "price BNB",
    "price ETH bybit",
    "top10 perps volume",
    "top10 perps funding",
    "top10 perps oi details",
    "top10 spot gainers",
    "top10 tradfi volume",
    "oi BTC",
    "oi ETH details",
    "analysis BTC 15m",
    "analysis ETH 1h details",
    "analysis BTC/USD 15m",
    "volume BTC 15m",
    "volume ETH 1h details",
    "cvd BTC 1h",
    "cvd ETH 15m",
    "cvd PEPE 4h details",
    "cvd BTC/USD 1h",
    "cvd BTC/USDC 1h",
    "volscan 15m 50",
    "volscan 15m",
    "balance",
    "positions",
    "pnl today",
    "pnl 7d",
)
HELD = {
    "price BTC": 2,
    "top10 perps volume": 3,
    "top10 perps funding": 2,
    "oi ETH details": 2,
    "volume BTC 15m": 3,
    "cvd BTC 1h": 3,
    "volscan 15m 50": 2,
    "balance": 2,
    "positions": 3,
    "pnl today": 3,
}
"""How many numbers of the first row are held against the truth."""


@pytest.fixture
async def market() -> AsyncIterator[Floor]:
    async with floor() as market:
        await market.open()
        yield market


def question(line: str) -> Question:
    found = asked(line)
    assert found
    return found


def shown(sheet: Sheet) -> Shown:
    buttons = tuple(tuple((b.label, b.line) for b in row) for row in sheet.buttons)
    return Shown(chat=7, message_id=1, html=sheet.text, buttons=buttons)


async def answer(market: Floor, line: str) -> Shown:
    return shown(await market.front.reply(f"/{line}"))


def verdict(market: Floor, line: str, told: Shown) -> Verdict:
    return judge(Chronicle(market.sandbox), question(line), read(told), (NOW, NOW))


@pytest.mark.parametrize("line", LINES)
async def test_nothing_is_wrong_with_a_true_answer(market: Floor, line: str) -> None:
    told = await answer(market, line)
    assert read(told).refresh == line
    found = verdict(market, line, told)
    assert (found.extent, found.wrong) == ("complete", ())
    assert found.checked.total() > 0 or "No coin" in told.text


@pytest.mark.parametrize("line", HELD)
async def test_each_number_of_a_row_is_found_when_it_is_wrong(market: Floor, line: str) -> None:
    told = await answer(market, line)
    row = told.html.partition("<pre>")[2].split("\n")[1]
    numbers = [text for text in row.split()[1:] if NUMBER.match(text.partition("/")[0])]
    planted = [told.html.replace(row, row.replace(text, _other(text), 1), 1) for text in numbers]
    wrong = [html for html in planted if verdict(market, line, replace(told, html=html)).wrong]
    assert len(wrong) >= HELD[line]


CVD = ["spot ", "linear ", "coin-M ", " spot ", " perps ", "BIN px ", "96×15m ", "Since: "]
ANALYSIS = ["flow  spot 4h ", "      perp 4h ", "OI    4h ", "fund  ", "vol   RVOL 7d "]


@pytest.mark.parametrize(
    ("question", "line"),
    [*(("cvd BTC 15m", line) for line in CVD), *(("analysis BTC 15m", line) for line in ANALYSIS)],
)
async def test_each_line_of_a_page_is_found_when_it_is_wrong(
    market: Floor, question: str, line: str
) -> None:
    """Its first number, of /cvd each."""
    told = await answer(market, question)
    (row,) = re.findall(rf"^{re.escape(line)}.*", told.html, re.MULTILINE)
    numbers = re.findall(r"[+-]\d[\d.]*|^\d[\d.]*", row.removeprefix(line))
    for text in numbers[: None if line in CVD else 1]:
        html = told.html.replace(row, line + row.removeprefix(line).replace(text, _other(text), 1))
        assert verdict(market, question, replace(told, html=html)).wrong, text
    assert numbers


def _other(text: str) -> str:
    """Another number that looks the same: each digit but the first character is another one."""
    return text[:1] + text[1:].translate(str.maketrans("0123456789", "5678901234"))


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
@pytest.mark.parametrize("line", ["price BTC", "oi BTC", "top10 perps volume", "balance"])
async def test_a_venue_that_failed_and_is_not_named_is_found(
    market: Floor, line: str, venue: str
) -> None:
    market.sandbox.faults = [Fault(venue, "http", 503)]
    told = await answer(market, line)
    found = verdict(market, line, told)
    assert (found.extent, found.wrong) == ("partial", ())
    silent = re.sub(r"\n(Binance|Bybit|OKX): .*", "", told.html)
    assert verdict(market, line, replace(told, html=silent)).wrong


async def test_a_sum_over_the_wrong_venues_is_found(market: Floor) -> None:
    whole = (await answer(market, "price BTC")).html
    await market.pass_time()
    market.sandbox.faults = [Fault("bybit", "http", 503)]
    told = await answer(market, "price BTC")
    over = [re.search(r"\nall +\S+", html) for html in (whole, told.html)]
    assert over[0]
    assert over[1]
    planted = told.html.replace(over[1][0], over[0][0])
    assert "all OI" in " ".join(verdict(market, "price BTC", replace(told, html=planted)).wrong)


async def test_a_coin_that_is_left_out_of_the_ten_is_found(market: Floor) -> None:
    told = await answer(market, "top10 perps volume")
    rows = [line for line in told.html.split("\n") if re.match(r"XRP\b", line)]
    planted = told.html
    for row in rows:
        planted = planted.replace(f"{row}\n", "")
    (wrong,) = verdict(market, "top10 perps volume", replace(told, html=planted)).wrong
    assert "XRP" in wrong


@pytest.mark.parametrize(
    ("shown", "planted"),
    [
        (r"PnL (\S+)</b>", "+$999.99"),
        (r"Gross (\S+)", "$12.3K"),
        (r" · (\S+)x equity", "9.87"),
        (r"Net (\S+)", "+$12.3K"),
        (r"market = (\S+)", "$123"),
        (r" · (\d+) open", "16"),
        (r"\n(LTC +BIN.*)\n", ""),
        (r"(LTC +BIN.*\nLTC +OKX.*)\n", None),
    ],
)
async def test_each_sum_of_what_is_open_and_the_order_is_held_against_the_books(
    market: Floor, shown: str, planted: str | None
) -> None:
    told = await answer(market, "positions")
    found = re.search(shown, told.html)
    assert found
    text = "\n".join(reversed(found[1].split("\n"))) if planted is None else planted
    html = told.html[: found.start(1)] + text + told.html[found.end(1) :]
    assert verdict(market, "positions", replace(told, html=html.replace("\n\n", "\n"))).wrong


@pytest.mark.parametrize("part", ["Balance", "BTC", "ETH", "USDT"])
async def test_the_total_and_each_coin_is_held_against_the_books(market: Floor, part: str) -> None:
    told = await answer(market, "balance")
    planted = re.sub(rf"\b{part} \$[\d,.]+", f"{part} $1,234.56", told.html, count=1)
    assert planted != told.html
    assert verdict(market, "balance", replace(told, html=planted)).wrong


@pytest.mark.parametrize("part", ["PnL today", "realised", "fees", "funding", "open"])
async def test_each_part_of_what_came_is_held_against_the_books(market: Floor, part: str) -> None:
    told = await answer(market, "pnl today")
    planted = re.sub(rf"{part} [+-]\$[\d,.]+", f"{part} +$1.23", told.html, count=1)
    assert planted != told.html
    assert verdict(market, "pnl today", replace(told, html=planted)).wrong


async def test_an_outage_that_reads_as_not_listed_is_found(market: Floor) -> None:
    market.sandbox.faults = [Fault("okx", "http", 503)]
    told = await answer(market, "price BTC")
    planted = told.html.replace("OKX: HTTP 503", "OKX: does not list BTC")
    (wrong,) = verdict(market, "price BTC", replace(told, html=planted)).wrong
    assert "okx does list BTC" in wrong


async def test_an_answer_of_another_time_is_found(market: Floor) -> None:
    told = await answer(market, "price BTC")
    planted = told.html.replace("14:13:49 UTC", "14:03:49 UTC")
    assert verdict(market, "price BTC", replace(told, html=planted)).wrong


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("71748.4", 71748.35, 71748.45),
        ("$7.38B", 7.375e9, 7.385e9),
        ("-$1,234.56", -1234.565, -1234.555),
        ("+0.66%", 0.00655, 0.00665),
        ("1.468e-5", 1.4675e-5, 1.4685e-5),
        ("152K", 151_500, 152_500),
        ("$36,243.38…", 36243.375, 36243.385),
    ],
)
def test_a_printed_number_is_all_that_rounds_to_it(text: str, low: float, high: float) -> None:
    found = printed(text)
    assert found == pytest.approx(Range(low, high), rel=1e-12)


@pytest.mark.parametrize("text", ["n/a", "-", "none", "new longs", "2/3", ""])
def test_what_is_no_number_is_none(text: str) -> None:
    assert printed(text) is None
