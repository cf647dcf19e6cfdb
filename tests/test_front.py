"""From a line to the message that answers it."""

from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.errors import UnknownCoin, UsageError
from crypto_assistant.front import Front, Sheet
from crypto_assistant.grammar import Args, Command, Parameters, Progress, encode
from crypto_assistant.models import Provenance, Timeframe
from crypto_assistant.net.deadline import due
from crypto_assistant.net.door import Timing
from tests.clock import clock


@dataclass(frozen=True)
class Counted:
    """What the command of these tests finds."""

    letters: int
    share: float | None = None
    provenance: Provenance = field(default_factory=Provenance)


async def count(args: Args, desk: Desk, progress: Progress[Counted]) -> Counted:
    word = args.symbol or ""
    if word == "BTCC":
        raise UnknownCoin("No venue lists BTCC. Did you mean BTC, BCH?", word, ("BTC", "BCH"))
    if word == "XAU":
        raise UsageError("XAU: add the word <tradfi>.")
    if word == "BUG":
        raise ValueError("a bug")
    progress(Counted(0))
    assert due.get() > 0
    return Counted(len(word))


def blocks(answer: Counted, args: Args, view: v.View) -> v.Page:
    refresh = v.Button("Refresh", args.line())
    return v.Page((v.bold(str(answer.letters)), *[v.escape("x" * 3000)] * 2), ((refresh,),))


COUNT: Command[Any] = Command(
    name="count",
    summary="",
    example="/count BTC",
    explains="",
    run=count,
    render=blocks,
    parameters=Parameters(symbol=True, timeframe=Timeframe.M15, venue=True),
)


def front(*, simulated: bool = False) -> Front:
    return Front(
        (COUNT,),
        Desk((), timing=Timing(), clock_ms=clock, simulated=simulated),
        v.View({"okx": "OKX"}),
    )


async def test_a_line_is_answered_with_its_buttons() -> None:
    sheet = await front().reply("/Count btc 4h")
    assert sheet.text.startswith("<b>3</b>\n")
    assert sheet.buttons == (
        (v.Button("Refresh", "count BTC 4h"),),
        (v.Button("›", "count BTC 4h page 2"),),
    )
    assert sheet.answer == Counted(3)


async def test_an_answer_that_is_not_complete_is_shown_first() -> None:
    shown: list[Sheet] = []
    await front().reply("count BTC", shown.append)
    assert [sheet.answer for sheet in shown] == [Counted(0)]
    assert shown[0].text.startswith("<b>0</b>")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("/count BTC ETH", "Too many arguments: one symbol, not both BTC and ETH."),
        ("/count XAU", "XAU: add the word &lt;tradfi&gt;."),
        ("/count <b>", "/count does not know the word &lt;b&gt;."),
    ],
)
async def test_a_mistake_gets_one_line_and_one_line_of_usage(line: str, text: str) -> None:
    sheet = await front().reply(line)
    assert sheet == Sheet(v.Html(f"{text}\n<code>/count [SYMBOL] [TIMEFRAME] [VENUE]</code>"))


async def test_the_names_that_may_have_been_meant_are_buttons_that_keep_the_other_words() -> None:
    sheet = await front().reply("/count btcc okx 4h")
    assert "Did you mean BTC, BCH?" in sheet.text
    assert sheet.buttons == (
        (v.Button("BTC", "count BTC 4h okx"), v.Button("BCH", "count BCH 4h okx")),
    )
    assert sheet.answer is None


@pytest.mark.parametrize("line", ["", "   ", "/", "/hello there", "/<b>", "1 + 1"])
async def test_a_line_without_a_command_names_help(line: str) -> None:
    sheet = await front().reply(line)
    assert sheet.text.endswith("\n/help lists the commands.")
    assert "<b>" not in sheet.text
    assert sheet.buttons == ()


async def test_a_bug_is_not_taken_for_a_mistake_of_the_trader() -> None:
    with pytest.raises(ValueError, match="a bug"):
        await front().reply("count BUG")


@pytest.mark.parametrize("line", ["count BTC", "count BTC page 2", "count BTC page 9"])
async def test_every_page_of_a_simulated_answer_says_so(line: str) -> None:
    mark = "<b>SIMULATED market: no real prices</b>\n"
    assert (await front(simulated=True).reply(line)).text.startswith(mark)
    assert "SIMULATED" not in (await front().reply(line)).text


def test_the_numbers_behind_an_answer_are_one_object_with_the_provenance_on_top() -> None:
    known = Provenance(
        asked=("binance", "okx"),
        answered=("binance",),
        failed={"okx": "geo-blocked"},
        simulated=True,
        time_ms=5,
        oldest_ms=3,
    )
    assert orjson.loads(encode(Counted(3, float("nan"), known))) == {
        "letters": 3,
        "share": None,
        "asked": ["binance", "okx"],
        "answered": ["binance"],
        "failed": {"okx": "geo-blocked"},
        "waiting": [],
        "unlisted": [],
        "simulated": True,
        "time_ms": 5,
        "oldest_ms": 3,
        "clock_ahead_seconds": {},
    }


def test_numbers_are_not_rounded_in_json() -> None:
    assert orjson.loads(encode(Counted(1, 0.1 + 0.2)))["share"] == 0.30000000000000004
