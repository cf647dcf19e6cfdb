"""The terminal as a place to work in: keys in, screen out."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.screen import terminal

pytestmark = pytest.mark.real

OPEN = "The simulated market. /help lists the commands"
SIZES = [(80, 24), (200, 60), (40, 20)]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_an_answer_stands_whole_above_the_prompt_and_its_buttons_are_numbers(
    columns: int, rows: int, tmp_path: Path
) -> None:
    with terminal(tmp_path, columns=columns, rows=rows) as console:
        console.wait(OPEN[:36])
        console.type("/price BTC\r")
        told = console.wait("> /price BTC\n", "3/3 venues", "1 Refresh  2 Details", "\n>\n")
        assert re.search(r"^BIN +- ", told, re.MULTILINE)
        assert "[Refresh]" not in told
        console.wait("Binance ok · Bybit ok · OKX ok")
        console.type("4\r")
        console.wait("> /oi BTC\n", "BTC OI ", "4 Price", "\n>\n")
        console.type("/price b\t")
        told = console.wait("BTC ", "binance", "/price [SYMBOL] [VENUE]")
        assert told.index("BTC       coin") < told.index("bybit     venue")
        console.type("\x03")
        console.wait("\n>\n")
        console.type("\x04")
        assert console.ended() == 0


@pytest.fixture
def exchanges() -> Iterator[tuple[int, dict[str, str]]]:
    """Their process, which a test may halt, and where they are."""
    command = [sys.executable, "-m", "crypto_assistant", "sandbox"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        lines = [program.stdout.readline().strip() for _ in range(5)]
        try:
            yield program.pid, dict(line.split("=", 1) for line in lines)
        finally:
            program.kill()


def test_what_hangs_ends_with_its_question_and_never_holds_up_a_key(
    exchanges: tuple[int, dict[str, str]], tmp_path: Path
) -> None:
    process, urls = exchanges
    live = "console", "--market", "live"
    with terminal(tmp_path, *live, environment=urls) as console:
        console.wait("The live market.")
        console.type("/price BTC\r")
        console.wait("1 Refresh", "Binance ok")
        os.kill(process, signal.SIGSTOP)
        console.type("/volscan 5m\r")
        console.wait("Scanned 0 of", "/volscan 5m · 3 s · Ctrl-C stops")
        console.type("/oi DOG\t")
        console.wait("> /oi DOGE", "/oi [SYMBOL] [VENUE]")
        console.type("\x03")
        console.wait("Stopped: /volscan 5m", "> /oi DOGE")
        assert "Scanned" not in console.text
        console.resize(40, 20)
        os.kill(process, signal.SIGCONT)
        console.type("\r")
        told = console.wait("DOGE OI ", "\n>\n")
        assert max(map(len, told.split("\n"))) <= 40
        console.type("/price ETH\r\x04")
        assert console.ended() == 0, "a question under way holds up nobody who leaves"


def test_lines_are_kept_for_the_next_time_and_from_two_terminals_at_once(tmp_path: Path) -> None:
    with terminal(tmp_path, rows=60) as one, terminal(tmp_path, rows=60) as other:
        for console, line in ((one, "/start"), (other, "/help start")):
            console.wait(OPEN)
            console.type(f"{line}\r")
            console.wait(f"> {line}\n", "1 ")
            console.type("1\r")
            console.wait("\n> /")
            console.type("exit\r")
        assert one.ended() == other.ended() == 0
    with terminal(tmp_path) as console:
        console.wait(OPEN)
        console.type("\x1b[A")
        console.wait("> exit")
        console.type("\x1b[A" * 3)
        console.wait("> /start")
        console.type("\x15/he")
        console.wait("> /help start")
        console.type("\x1b[C\r")
        console.wait("> /help start\n", "1 ‹ Back")


@pytest.mark.parametrize(
    "settings",
    [
        {"TERM": "dumb"},
        {"HOME": "/proc/nowhere", "NO_COLOR": "1"},
        {"XDG_STATE_HOME": "/proc", "LANG": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=" ".join,
)
def test_whatever_surrounds_it_the_terminal_answers(
    settings: dict[str, str], tmp_path: Path
) -> None:
    with terminal(tmp_path, columns=0, rows=0, environment=settings) as console:
        console.wait(OPEN)
        console.type("/price ETH okx\r")
        console.wait("OKX USDT perp", "OKX  - ", "Refresh", ">\n")
        console.type("/help xyz\r")
        console.wait("There is no command /xyz.")
        console.type("\x04")
        assert console.ended() == 0
        lost = settings.get("HOME") or settings.get("XDG_STATE_HOME")
        assert console.screen.scrolled.count("No history: ") == bool(lost)
        assert (b"\x1b[1m" in console.received) == (settings.get("TERM") != "dumb")
        coloured = re.search(rb"\x1b\[3[12]m", console.received)
        assert (coloured is None) == ("NO_COLOR" in settings or "TERM" in settings)


def test_what_keeps_the_program_from_starting_is_told_and_ends_it(tmp_path: Path) -> None:
    settings = {"BYBIT_API_KEY": "k" * 9, "BYBIT_SECRET_KEY": "s" * 9, "STATE_DIRECTORY": "/proc/x"}
    live = "console", "--market", "live"
    with terminal(tmp_path, *live, environment=settings) as console:
        assert console.ended() == 78
        assert "The database /proc/x/live.db cannot be used: " in console.text


def test_a_megabyte_is_refused_in_a_line_and_a_terminal_that_is_closed_ends_the_program(
    tmp_path: Path,
) -> None:
    with terminal(tmp_path) as console:
        console.wait(OPEN)
        console.type("\x1b[200~" + "/price BTC " * 95_000 + "\x1b[201~")
        console.wait("Not read: pasted text of 1,045,000 characters.", "\n>\n")
        console.close()
        assert console.program.wait(30) in {0, -signal.SIGHUP}
