"""What keys do to the questions of a session."""

import logging
import sys
from pathlib import Path
from random import Random

import pytest
from prompt_toolkit.patch_stdout import StdoutProxy

from crypto_assistant.terminal.history import LONGEST
from tests.floor import floor
from tests.terminal.inside import console


async def test_a_number_presses_a_button_of_the_last_answer(tmp_path: Path) -> None:
    async with floor() as f, console(f.front, tmp_path / "history", 60, 40) as one:
        await one.type("/price ETH okx\r4\r9\r")
        told = await one.shows("> /oi ETH okx\n", "> 9\n", "There is no command")
        assert told.count("1 Refresh  2 Details") == 2


async def test_an_answer_that_is_too_long_comes_a_screenful_at_a_time(tmp_path: Path) -> None:
    async with floor() as f, console(f.front, tmp_path / "history", 40, 20) as one:
        await one.type("/help\r")
        first = await one.shows("-- more: Space -- end: q --")
        assert "/price price, funding and OI by venue" in first
        assert "1 price" not in first
        await one.type(" ")
        await one.shows("13 settings", "-- more")
        await one.type(" ")
        await one.shows("explains the numbers", "1 price  2 analysis", "\n>\n")
        await one.type("?price\r")
        await one.shows("> /help price\n", "-- more")
        await one.type("q")
        await one.shows("1 ‹ Back  2 Try", "\n>\n")
        await one.type("2\r?\r")
        await one.shows("> /help\n", "-- more")
        assert "> /price ETH\n" in one.screen.scrolled
        await one.type("/start\r")
        await one.shows("> /start\n", "1 BTC  2 ETH")


async def test_an_answer_is_repeated_in_its_place_until_it_is_stopped(tmp_path: Path) -> None:
    async with floor() as f, console(f.front, tmp_path / "history") as one:
        await one.type("watch 5 /price ETH okx\r")
        for seconds in (1, 9, 23):
            await one.shows(f"· {seconds} s · Ctrl-C stops", "OKX USDT perp")
        assert f.gets("okx")["/api/v5/market/ticker"] >= 4
        await one.type("\x03")
        await one.shows("1 Refresh  2 Details", "\n>\n")
        assert one.screen.scrolled.count("OKX USDT perp") == 1
        await one.type("watch 5 /price ETH okx\r")
        await one.shows("· 1 s · Ctrl-C stops")
        await one.type("watch 1 /nonsense\r")
        await one.shows("There is no command /nonsense.", "\n>\n")


async def test_a_question_is_stopped_alone(tmp_path: Path) -> None:
    async with floor() as f, console(f.front, tmp_path / "history", 80, 50) as one:
        await f.open()
        f.sandbox.latency = 3.0
        await one.type("/volscan 5m\r/start\r")
        await one.shows("Scanned 0 of", "/volscan 5m · 4 s · Ctrl-C stops")
        await one.type("/oi DOG\t")
        await one.shows("> /oi DOGE", "/oi [SYMBOL] [VENUE]")
        await one.type("\x03")
        await one.shows("Stopped: /volscan 5m", "> /start\n", "1 BTC  2 ETH", "\n> /oi DOGE")


async def test_of_a_pasted_text_each_line_is_asked_in_turn(tmp_path: Path) -> None:
    async with floor() as f, console(f.front, tmp_path / "history", 100, 60) as one:
        await one.type("/help \x1b[200~start\r\n\n/start\n/top\x1b[31m10\x1b[201~")
        told = await one.shows("> /help start\n", "> /start\n", "1 BTC  2 ETH", "> /top[31m10")
        assert told.index("> /help start\n") < told.index("> /start\n")
        await one.type("\x03\x1b[200~" + "/price BTC " * 1_000 + "\x1b[201~")
        await one.shows("Not read: pasted text of 11,000 characters.", "\n>\n")
        await one.type("x" * 600 + "\r")
        await one.shows("Not read: a line has at most 500 characters.", "\n>\n")


async def test_whatever_is_typed_the_session_goes_on(tmp_path: Path) -> None:
    draw = Random(7)
    signs = [*map(chr, range(32)), "\x1b[", "\x1b[31m", "\x1bO", "M", "<", ";", "1", "q", "~", "é"]
    for leaves in "\x04\x1a":
        signs.remove(leaves)
    async with floor() as f, console(f.front, tmp_path / "history") as one:
        for _ in range(100):
            await one.type("".join(draw.choices(signs, k=20)))
        await one.type("\x1b\x1b\x07\x03\x03q\x03\x15/start\r")
        await one.shows("> /start\n", "1 BTC  2 ETH")


async def test_the_log_goes_to_the_terminal_through_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    handler = logging.StreamHandler()
    logging.getLogger().addHandler(handler)
    try:
        async with floor() as f, console(f.front, tmp_path / "history"):
            assert isinstance(handler.stream, StdoutProxy)
        assert not isinstance(handler.stream, StdoutProxy)
    finally:
        logging.getLogger().removeHandler(handler)


async def test_what_was_asked_is_kept_but_not_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history"
    async with floor() as f:
        async with console(f.front, path) as one:
            await one.type("/start\r1\r/help start\r")
            await one.shows("> /help start\n")
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_bytes().count(b"\n+") == 2, "the number of a button means nothing later"
        path.write_bytes(b"\n# \n+\xff/oi ETH\n" * LONGEST + path.read_bytes())
        async with console(f.front, path) as one:
            await one.type("\x1b[A\x1b[A")
            await one.shows("\n> /start")
            await one.type("\x15/he")
            await one.shows("\n> /help start")
        assert path.stat().st_size < LONGEST


async def test_a_history_that_cannot_be_kept_is_told_once(tmp_path: Path) -> None:
    async with floor() as f, console(f.front, tmp_path) as one:
        await one.type("/start\r/help start\r")
        await one.shows("> /help start\n", "\n>\n")
        told = one.screen.scrolled.replace("\n", " ")
        assert told.count(f"No history: {tmp_path}") == 1
