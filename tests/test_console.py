"""The terminal and the pipe, run as the owner runs them."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from crypto_assistant import config, console
from crypto_assistant.commands import COMMANDS
from crypto_assistant.console import text
from crypto_assistant.front import Sheet
from crypto_assistant.terminal.paint import plain
from crypto_assistant.view import Button, bold, code, escape, lines, table
from tests.floor import floor

PROGRAM = [sys.executable, "-m", "crypto_assistant", "console", "--market", "sandbox"]
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"}


def piped(lines: bytes, where: Path) -> str:
    done = subprocess.run(
        PROGRAM,
        input=lines,
        cwd=where,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.decode()


@pytest.mark.real
def test_a_pipe_is_answered_line_by_line(tmp_path: Path) -> None:
    told = piped(b"/help price\n\n  \nnonsense \xff\xfe\n/cvd BTC ETH\n/price BTC", tmp_path)
    first, second, third, fourth = (
        told.index(part)
        for part in (
            "Binance and Bybit as sent",
            "There is no command /nonsense.",
            "Too many arguments: one symbol, not both BTC and ETH.",
            " USDT perp · 15m ",
        )
    )
    assert first < second < third < fourth
    assert "[Refresh] /price BTC" in told
    assert told.count("SIMULATED market") == 2
    assert "\033" not in told
    assert "<" not in told


@pytest.mark.real
@pytest.mark.slow
def test_a_pipe_without_a_line_shows_the_tour(tmp_path: Path) -> None:
    told = piped(b"", tmp_path)
    for line in ("> /start", "> /price BTC", "> /price PEPE", "> /top10"):
        assert line in told
    assert "Volume, 24h · perps" in told


@pytest.mark.real
@pytest.mark.slow
def test_an_input_that_the_shell_closed_is_one_without_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *PROGRAM],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == b""
    assert b"> /top10" in done.stdout


@pytest.mark.real
@pytest.mark.slow
def test_a_reader_who_has_read_enough_ends_the_program(tmp_path: Path) -> None:
    with subprocess.Popen(
        PROGRAM,
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        program.stdin.write(b"/help\n")
        program.stdin.flush()
        assert program.stdout.readline()
        program.stdout.close()
        program.stdin.write(b"/help\n/help\n")
        program.stdin.flush()
        assert program.wait(timeout=30) == 0, "although more might be typed"
        assert program.stderr.read() == b""


@pytest.mark.real
@pytest.mark.slow
def test_a_terminal_is_greeted_and_prompted(tmp_path: Path) -> None:
    keyboard, terminal = pty.openpty()
    with subprocess.Popen(
        PROGRAM,
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        os.close(terminal)
        os.write(keyboard, b"/start\n\x04")
        told, complaints = program.communicate(timeout=30)
    os.close(keyboard)
    assert complaints == b""
    assert b"The simulated market. /help lists the commands" in told
    assert b"Crypto assistant" in told
    assert b"> /price" not in told


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        (escape("a < b & c > d &amp; e"), "a < b & c > d &amp; e"),
        (lines([bold("BTC"), code("/price")]), "BTC\n/price"),
        (table(["", "x"], [["<b>", "1"]]), "    x\n<b> 1"),
        (escape("AT&T &copy"), "AT&T &copy"),
    ],
)
def test_markup_becomes_plain_text(html: str, shown: str) -> None:
    assert plain(escape("") + html, styled=False) == shown  # type: ignore[arg-type]


def test_a_terminal_shows_bold_text_bold() -> None:
    assert plain(bold("BTC"), styled=True) == "\033[1mBTC\033[0m"
    assert plain(table(["", "x"], [["a", "1"]]), styled=True) == "  x\na 1"


def test_what_went_up_is_green_and_what_went_down_is_red() -> None:
    told = escape("24h +1.29% (-$2.1M) · 2026-12-01 BTC-USDT 1–2 - n/a +")
    up, down = "\033[32m+1.29%\033[39m", "\033[31m-$2.1M\033[39m"
    assert plain(told, styled=True, coloured=True) == plain(told, styled=True).replace(
        "+1.29%", up
    ).replace("-$2.1M", down)


def test_nothing_that_is_echoed_steers_the_terminal() -> None:
    hostile = "\x1b[31m\u202eB\x07T\r\x9bC\u200b"
    buttons = ((Button(hostile, f"price {hostile}"),),)
    shown = text(Sheet(lines([bold(hostile), escape("€ Ω →")]), buttons), styled=False)
    assert shown == "[31mBT C\n€ Ω →\n[[31mBT C] /price [31mBT C\n"


def test_buttons_are_listed_as_the_commands_that_they_stand_for() -> None:
    buttons = ((Button("BTC", "price BTC"), Button("›", "help page 2")),)
    shown = text(Sheet(escape("x"), buttons), styled=False)
    assert shown == "x\n[BTC] /price BTC\n[›] /help page 2\n"


async def test_the_demo_and_the_tour_answer_each_of_their_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with floor() as market:
        await market.open()
        await console.demonstrate(market.front)
        told = capsys.readouterr().out
        assert [f"> {one.example}\n" in told for one in COMMANDS] == [True] * len(COMMANDS)
        assert "[Refresh] [Details] [Chart]" in told
        assert "There is no" not in told
        await console.tour(market.front)
        assert "[Refresh] /price" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"XDG_STATE_HOME": "/state"}, "/state"),
        ({"XDG_STATE_HOME": "state", "HOME": "/home/ada"}, "/home/ada/.local/state"),
        ({}, "/.local/state"),
    ],
)
def test_what_was_typed_is_kept_where_state_is(
    settings: dict[str, str], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert str(config.history()) == f"{where}/crypto-assistant/history"
