"""The commands of the shell and their exit statuses."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from io import BytesIO, TextIOWrapper
from pathlib import Path

import orjson
import pytest

from crypto_assistant import __version__
from crypto_assistant.cli import main
from crypto_assistant.clocks import clock_ms
from crypto_assistant.commands import COMMANDS
from crypto_assistant.config import Config
from crypto_assistant.state.store import SCHEMA
from tests.venues import ADDRESSES, CREDENTIALS

NOBODY = "http://127.0.0.1:9"
"""Nothing listens on the port of the discard service."""

PROGRAM = [sys.executable, "-m", "crypto_assistant"]

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [
        *Config.model_fields,
        *ADDRESSES,
        *CREDENTIALS,
        "CREDENTIALS_DIRECTORY",
    ]:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ADDRESSES:
        monkeypatch.setenv(name, NOBODY)


def test_the_version_is_told(capsys: Output) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.real
def test_ask_prints_one_answer(capsys: Output) -> None:
    assert main(["ask", "--market", "sandbox", "/price", "btc", "okx"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("SIMULATED market: no real prices\nBTC ")
    assert "\nOKX USDT perp · 15m " in told.out
    assert "OKX" in told.out
    assert "Binance" not in told.out
    assert told.err == ""


@pytest.mark.real
def test_ask_json_prints_one_object(capsys: Output) -> None:
    assert main(["ask", "--json", "--market", "sandbox", "/price BTC"]) == 0
    told = capsys.readouterr()
    assert told.out.count("\n") == 1
    answer = orjson.loads(told.out)
    venues = ["binance", "bybit", "okx"]
    assert answer["asked"] == answer["answered"] == venues
    assert answer["failed"] == {}
    assert answer["simulated"] is True
    assert answer["time_ms"] >= answer["oldest_ms"] > 0
    assert list(answer["venues"]) == venues
    assert answer["venues"]["okx"]["perp"]["oi_usd"] > 0


@pytest.mark.real
def test_the_market_may_be_set(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKET", "sandbox")
    assert main(["ask", "--json", "/price ETH bybit"]) == 0
    assert orjson.loads(capsys.readouterr().out)["simulated"] is True


@pytest.mark.real
@pytest.mark.usefixtures("nobody_there")
def test_the_market_that_is_asked_for_goes_before_the_one_that_is_set(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKET", "live")
    assert main(["ask", "--json", "--market", "auto", "/price ETH okx"]) == 0
    assert orjson.loads(capsys.readouterr().out)["simulated"] is True


@pytest.mark.real
@pytest.mark.usefixtures("nobody_there")
def test_ask_is_live_and_says_so_when_nobody_answers(capsys: Output) -> None:
    assert main(["ask", "--json", "/price BTC"]) == 1
    answer = orjson.loads(capsys.readouterr().out)
    assert answer["answered"] == []
    assert answer["failed"] == dict.fromkeys(["binance", "bybit", "okx"], "no connection")
    assert answer["simulated"] is False
    assert answer["totals"]["oi_usd"] is None
    assert answer["oldest_ms"] is None


@pytest.mark.parametrize("json", [[], ["--json"]])
@pytest.mark.usefixtures("nobody_there")
def test_a_mistake_is_told_with_the_usage_and_asks_nobody(json: list[str], capsys: Output) -> None:
    assert main(["ask", *json, "/price", "BTC", "7m"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "/price takes no timeframe.\n/price [SYMBOL] [VENUE] [tradfi] [details]\n\n"
    )


def test_holds_are_shown_and_lifted(capsys: Output) -> None:
    assert main(["holds"]) == 0
    assert capsys.readouterr().out == "No venue is held.\n"
    until_ms = clock_ms() + 600_000
    Path(".state").mkdir()
    for name, environment in (("live.db", "live"), ("testnet.db", "demo")):
        with closing(sqlite3.connect(f".state/{name}")) as database:
            database.execute(SCHEMA[5])
            row = environment, "okx", until_ms - 900_000, until_ms
            database.execute("INSERT INTO holds VALUES (?, ?, ?, ?)", row)
            database.commit()
    assert main(["holds"]) == 0
    found = re.sub(r"\d", "0", capsys.readouterr().out).split("\n")
    assert found[0] == "okx: until 00:00:00 UTC, told at 00:00:00 UTC"
    assert found[1].startswith("okx (demo): until ")
    assert main(["holds", "clear", "bybit"]) == 0
    assert capsys.readouterr().out == "bybit is not held.\n"
    assert main(["holds", "clear", "okx"]) == 0
    assert capsys.readouterr().out.startswith("okx: lifted; ")
    assert main(["holds"]) == 0
    assert capsys.readouterr().out == "No venue is held.\n"


WRONG = [["ask"], ["nonsense"], ["console", "--market", "mars"], ["holds", "clear", "mars"]]


@pytest.mark.real
@pytest.mark.parametrize("line", ["--version", "--help", "ask --help", "ask", "nonsense"])
def test_what_runs_nothing_imports_nothing_of_the_program(line: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "crypto_assistant", *line.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, flags=re.MULTILINE))
    assert {name for name in loaded if name.startswith("crypto_assistant")} == {
        "crypto_assistant",
        "crypto_assistant.arguments",
    }
    assert not loaded & {"aiohttp", "aiogram", "numpy", "pydantic", "asyncio"}


@pytest.mark.real
@pytest.mark.parametrize(
    "runs",
    [
        "-m crypto_assistant ask --market sandbox /help",
        "-m crypto_assistant console --market sandbox",
        "-m crypto_assistant.daemon",
    ],
)
def test_what_edits_lines_is_loaded_on_a_terminal_alone(runs: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *runs.split()],
        cwd=tmp_path,
        input="/help\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert " crypto_assistant.front\n" in done.stderr
    assert "prompt_toolkit" not in done.stderr


@pytest.mark.parametrize("argv", WRONG)
def test_a_wrong_command_of_the_shell_is_usage_too(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    "argv",
    [[], ["run"], ["console"], ["ask", "/price"], ["pair"], ["check"], ["demo"]],
)
def test_every_wrong_setting_is_named_at_once(
    argv: list[str], capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "hush")
    monkeypatch.setenv("OKX_URL", "http://hush.example")
    assert main(argv) == 78
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.partition(":")[0] for line in told.err.splitlines()] == ["LOG_LEVEL", "OKX_URL"]
    assert "hush" not in told.err


@pytest.mark.parametrize("settings", [{}, {"TELEGRAM_BOT_TOKEN": "1:x"}, {"TELEGRAM_CHAT_ID": "1"}])
def test_the_daemon_does_not_start_without_a_token_and_somebody_to_answer(
    settings: dict[str, str], capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert main(["run"]) == 78
    missing = {"TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"} - set(settings)
    said = capsys.readouterr().err
    assert any(name in said for name in missing)


@pytest.mark.parametrize("directory", ["/proc/nowhere", "file"])
def test_a_place_that_cannot_hold_the_state_is_told_in_one_line(
    directory: str, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file").touch()
    monkeypatch.setenv("STATE_DIRECTORY", directory)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:x")
    monkeypatch.setenv("TELEGRAM_CHAT_ID", "1")
    assert main(["run"]) == 78
    said = capsys.readouterr().err
    assert said.startswith(f"The state directory {directory} cannot be used: ")
    assert said.count("\n") == 1


@pytest.mark.real
@pytest.mark.slow
def test_a_question_that_is_interrupted_is_not_answered(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with subprocess.Popen(
            ["env", "--default-signal=INT", *PROGRAM, "ask", "/price BTC"],
            cwd=tmp_path,
            env=dict.fromkeys(ADDRESSES, url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as asking:
            silent.accept()[0].close()
            asking.send_signal(signal.SIGINT)
            assert asking.communicate(timeout=30) == (b"", b"")
    assert asking.returncode == 130


@pytest.mark.real
@pytest.mark.parametrize("line", ["ask --market sandbox /help", "demo"])
@pytest.mark.slow
def test_a_reader_who_has_read_enough_is_no_error(line: str, tmp_path: Path) -> None:
    assert shell(f'"$@" {line} | true', tmp_path) == 0


@pytest.mark.real
@pytest.mark.slow
def test_an_output_that_the_shell_closed_is_no_error(tmp_path: Path) -> None:
    assert shell('"$@" ask --market sandbox /help >&-', tmp_path) == 0


def shell(script: str, where: Path) -> int:
    """The exit status of a script in which "$@" is this program, which must not complain."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script, "bash", *PROGRAM],
        cwd=where,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == b""
    return done.returncode


@pytest.mark.real
@pytest.mark.slow
def test_output_that_finds_no_room_is_told_in_a_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "ask", "/help"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "No space left on device\n")


@pytest.mark.real
def test_demo_shows_every_command_once(capsys: Output) -> None:
    assert main(["demo"]) == 0
    told = capsys.readouterr().out
    shown = re.findall("^> (.*)\nSIMULATED market", told, flags=re.MULTILINE)
    assert sorted(shown) == sorted(command.example for command in COMMANDS)
    assert "\n> /balance\n" in told.partition("\n> /volscan ")[2], "what is public comes first"
    assert "\n[Refresh] [Details] [spot]" in told


@pytest.mark.real
@pytest.mark.slow
def test_the_program_runs_as_a_module_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crypto_assistant", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == __version__


def test_the_console_answers_a_pipe_and_without_a_line_shows_the_tour(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    for typed, shown in (
        (b"/help price\n\n\xff\nprice eth\n", ("/price [SYMBOL]", "There is no command", "ETH 3")),
        (b"", ("> /start", "> /top10 spot gainers", "> /help price")),
    ):
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(typed)))
        assert main(["console", "--market", "sandbox"]) == 0
        told = capsys.readouterr().out
        places = [told.index(part) for part in shown]
        assert places == sorted(places)


def test_the_demo_names_the_file_of_its_picture(
    capsys: Output, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert main(["demo"]) == 0
    told = capsys.readouterr().out.replace("\n", " ")
    assert f"Picture: {tmp_path / 'pictures'}" in told
    assert [path.suffix for path in (tmp_path / "pictures").iterdir()] == [".png"]


@pytest.mark.usefixtures("nobody_there")
def test_a_check_of_nobody_says_so_and_so_does_an_audit(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456:" + "a" * 35)
    monkeypatch.setenv("TELEGRAM_API_URL", NOBODY)
    assert main(["check"]) == 1
    told = capsys.readouterr().out
    assert told.count("no connection") >= 4
    assert "a" * 35 not in told
    assert main(["check", "--deep"]) == 1
    assert capsys.readouterr().out.startswith(told.split("\n", 1)[0])
