"""The service's whole life under a booted systemd: run by boot.sh, in this order, inside of it."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

SOURCE = Path(__file__).parents[2]
OPT = Path("/opt/crypto-assistant")
ETC = Path("/etc/crypto-assistant")
STATE = Path("/var/lib/crypto-assistant")
SETTINGS = ETC / "crypto-assistant.conf"
TOKEN = ETC / "credentials/TELEGRAM_BOT_TOKEN"
UNIT = Path("/etc/systemd/system/crypto-assistant.service")
DROP_INS = UNIT.with_suffix(".service.d")
PEERS = Path("/peers")
BOT_API = "http://127.0.0.1:8081"
BOT_TOKEN = "123456:secret-of-the-loopback-bot"
ADA, BOB, EVE = 7, 8, 9
EX_CONFIG = 78
LARGEST_MEASURED_KB = 127_000
PATIENCE = 60.0


def run(*command: str | Path, status: int = 0, cwd: Path = Path("/")) -> str:
    """What a command of root's says, on stdout and stderr."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=200,
        text=True,
        check=False,
        cwd=cwd,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


def systemctl(verb: str, status: int = 0) -> None:
    run("systemctl", verb, "crypto-assistant", status=status)


def show(name: str) -> str:
    return run("systemctl", "show", "--value", f"--property={name}", "crypto-assistant").strip()


def state() -> tuple[str, str]:
    return show("ActiveState"), show("SubState")


def journal(*options: str) -> str:
    return run("journalctl", "--unit=crypto-assistant", "--output=cat", "--no-pager", *options)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"{state()}\n{journal('--lines=30')}"
        time.sleep(0.1)


def make(target: str, source: Path = SOURCE, status: int = 0, **variables: str) -> str:
    words = [f"{name}={value}" for name, value in variables.items()]
    return run("make", target, *words, cwd=source, status=2 if status else 0)


def ask(path: str, body: dict[str, Any] | None = None) -> Any:
    """The loopback Bot API, as its control sees it."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{BOT_API}/control/{path}", data)  # noqa: S310
    with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        return json.load(answer)


def is_answered(user: int, line: str) -> bool:
    """Whether the line, said by the user, brings an answer of the simulated market about BTC."""
    person = {"id": user, "is_bot": False, "first_name": "Ada"}
    chat = {"id": user, "type": "private", "first_name": "Ada"}
    message = {"message_id": 1, "date": int(time.time()), "chat": chat, "from": person}
    before = len(ask("calls"))
    ask("deliver", {"message": {**message, "text": line}})
    end = time.monotonic() + 10
    while time.monotonic() < end:
        calls = ask("calls")[before:]
        if any(" USDT perp · 15m " in str(call.get("text")) for call in calls):
            return True
        time.sleep(0.1)
    return False


def release(version: str, daemon: str = "") -> Path:
    """A checkout of another version, whose daemon may be another as well."""
    tree = Path("/releases", version)
    shutil.copytree(
        SOURCE, tree, ignore=shutil.ignore_patterns(".*", "tests", "__pycache__", "*.db*")
    )
    module = tree / "crypto_assistant/__init__.py"
    module.write_text(re.sub(r'"\d.*"', f'"{version}"', module.read_text()))
    if daemon:
        (tree / "crypto_assistant/daemon.py").write_text(daemon)
    return tree


@contextmanager
def drop_in(name: str, text: str) -> Iterator[None]:
    file = DROP_INS / name
    file.write_text(text)
    run("systemctl", "daemon-reload")
    try:
        yield
    finally:
        file.unlink()
        run("systemctl", "daemon-reload")


def choose(option: str) -> Path:
    """Types what the drop-in says, and makes sure that it is in force; the link to it."""
    text = (OPT / "current/deploy" / option).read_text()
    typed = re.findall(r"^#   (.*)$", text, flags=re.MULTILINE)
    run("sh", "-ec", "\n".join(typed).replace("sudo ", ""))
    assert state() == ("active", "running")
    assert option in show("DropInPaths")
    return DROP_INS / option


def settings(**more: str) -> None:
    lines = {"TELEGRAM_API_URL": BOT_API, "TELEGRAM_CHAT_ID": str(ADA), **more}
    text = (PEERS / "addresses").read_text()
    SETTINGS.write_text(text + "".join(f"{name}={value}\n" for name, value in lines.items()))


@pytest.fixture(scope="module")
def peers() -> Iterator[None]:
    """The simulated exchanges and the Bot API, from a copy that no upgrade removes."""
    shutil.copytree(OPT / "current/", PEERS, symlinks=True)
    python = PEERS / "bin/python"
    with (PEERS / "addresses").open("wb") as addresses:
        commands = (["crypto_assistant", "sandbox"], ["tests.botapi", "8081"])
        processes = [
            subprocess.Popen([python, "-m", *command], cwd=SOURCE, stdout=addresses)
            for command in commands
        ]
    until(lambda: (PEERS / "addresses").read_text().count("\n") == 5 and listens())
    yield
    for process in processes:
        process.kill()
        process.wait()


def listens() -> bool:
    try:
        ask("calls")
    except OSError:
        return False
    return True


def test_it_is_installed() -> None:
    printed = make("install")
    assert "sudo systemctl enable --now crypto-assistant" in printed
    assert run("crypto-assistant", "--version").strip() == (OPT / "current").readlink().name
    assert run("systemd-analyze", "verify", UNIT) == ""


def test_a_service_without_settings_waits_for_its_owner() -> None:
    systemctl("start", status=1)
    assert state() == ("failed", "failed")
    assert show("ExecMainStatus") == str(EX_CONFIG)
    assert "TELEGRAM_BOT_TOKEN: not set" in journal()


@pytest.mark.usefixtures("peers")
def test_it_starts_and_answers() -> None:
    TOKEN.write_text(BOT_TOKEN + "\n")
    settings()
    run("systemctl", "enable", "--now", "crypto-assistant")
    assert state() == ("active", "running")
    assert is_answered(ADA, "/price BTC")
    assert not is_answered(BOB, "/price BTC")
    process = Path("/proc", show("MainPID"))
    assert BOT_TOKEN not in (process / "environ").read_text() + journal()
    resident = re.search(r"VmRSS:\s+(\d+) kB", (process / "status").read_text())
    assert resident
    assert int(resident[1]) < LARGEST_MEASURED_KB


def test_a_reload_applies_who_is_answered_and_what_is_logged() -> None:
    pid = show("MainPID")
    assert f"ignored: user {BOB}" in journal()
    settings(TELEGRAM_CHAT_ID=f"{ADA},{BOB}", LOG_LEVEL="ERROR")
    systemctl("reload")
    until(lambda: state() == ("active", "running"))
    assert show("MainPID") == pid
    assert is_answered(BOB, "/price BTC")
    assert not is_answered(EVE, "/price BTC")
    assert f"ignored: user {EVE}" not in journal()


def test_wrong_settings_are_not_applied_by_a_reload_and_end_a_restart() -> None:
    settings(TIMEZONE="Nowhere")
    systemctl("reload")
    until(lambda: "reload: nothing is applied: TIMEZONE" in journal("--priority=err"))
    assert is_answered(BOB, "/price BTC")
    with drop_in("quick.conf", "[Service]\nRestartSec=100ms\n"):
        systemctl("restart", status=1)
        time.sleep(1)
        assert (*state(), show("ExecMainStatus")) == ("failed", "failed", str(EX_CONFIG))
        assert show("NRestarts") == "0"
    settings()
    systemctl("start")


def test_its_watchdog_ends_a_process_that_hangs_and_starts_another() -> None:
    with drop_in("quick.conf", "[Service]\nWatchdogSec=1\nRestartSec=100ms\n"):
        systemctl("restart")
        pid = show("MainPID")
        time.sleep(2)
        assert show("MainPID") == pid
        os.kill(int(pid), signal.SIGSTOP)
        until(lambda: show("MainPID") not in {"0", pid} and state() == ("active", "running"))
        assert show("NRestarts") == "1"
        assert "Failed with result 'watchdog'" in journal()
        assert is_answered(ADA, "/price BTC")
    systemctl("restart")


def test_an_upgrade_takes_over_and_keeps_the_version_before() -> None:
    before, pid = (OPT / "current").readlink(), show("MainPID")
    printed = make("upgrade", release("9.1"))
    assert f"returns to {before}" in printed
    assert run("crypto-assistant", "--version") == "9.1\n"
    assert (OPT / "previous").readlink() == before
    assert list((OPT / "previous/state").glob("live-*.db"))
    assert state() == ("active", "running")
    assert show("MainPID") != pid
    assert is_answered(ADA, "/price BTC")


MOVES_ON = """
import sqlite3
async def run(settings):
    with sqlite3.connect(settings.state_directory / "live.db") as database:
        database.execute("PRAGMA user_version = 999")
    raise SystemExit(1)
"""


def test_a_database_that_a_failing_version_moved_on_is_given_back() -> None:
    make("upgrade", release("9.3", MOVES_ON), status=1)
    assert state() == ("active", "running")
    with sqlite3.connect(STATE / "live.db") as database:
        assert database.execute("PRAGMA user_version").fetchone() < (999,)
    assert (STATE / "live.db").stat().st_uid == STATE.stat().st_uid
    assert is_answered(ADA, "/price BTC")


@pytest.mark.parametrize("status", [1, EX_CONFIG])
def test_a_version_that_does_not_start_gives_way_to_the_one_before(status: int) -> None:
    daemon = f"async def run(_):\n    raise SystemExit({status})\n"
    printed = make("upgrade", release(f"9.2.{status}", daemon), status=1)
    assert f"9.2.{status} is not in use: turning back to 9.1" in printed
    assert run("crypto-assistant", "--version") == "9.1\n"
    assert not (OPT / f"9.2.{status}").exists()
    assert state() == ("active", "running")
    assert is_answered(ADA, "/price BTC")


def test_a_version_that_refuses_the_settings_changes_nothing() -> None:
    pid = show("MainPID")
    settings(TIMEZONE="Nowhere")
    printed = make("upgrade", Path("/releases/9.1"), status=1)
    assert "TIMEZONE" in printed
    assert "refuses the settings; nothing is changed" in printed
    assert show("MainPID") == pid
    settings()


def test_a_rollback_brings_the_version_before_back() -> None:
    before = (OPT / "previous").readlink()
    make("rollback")
    assert (OPT / "current").readlink() == before
    assert state() == ("active", "running")
    assert is_answered(ADA, "/price BTC")


def with_a_newer_schema(tree: Path) -> Path:
    """The checkout, whose database has one statement more."""
    module = tree / "crypto_assistant/state/store.py"
    end = ')\n"""One statement per version'
    before, after = module.read_text().split(end)
    module.write_text(f'{before}    "CREATE TABLE later (what TEXT) STRICT",\n{end}{after}')
    return tree


def schema_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def test_a_rollback_after_a_change_of_the_schema_brings_the_database_before_too() -> None:
    before, schema = (OPT / "current").readlink(), schema_of(STATE / "live.db")
    make("upgrade", with_a_newer_schema(release("9.4")))
    assert schema_of(STATE / "live.db") == schema + 1
    assert is_answered(ADA, "/price BTC")
    aside = set(STATE.glob("live.db.newer-*Z"))
    printed = make("rollback")
    assert (OPT / "current").readlink() == before
    assert state() == ("active", "running")
    assert is_answered(ADA, "/price BTC")
    (kept,) = set(STATE.glob("live.db.newer-*Z")) - aside
    assert f"the newer one is kept as {kept}" in printed
    assert (schema_of(STATE / "live.db"), schema_of(kept)) == (schema, schema + 1)
    assert {file.stat().st_uid for file in STATE.iterdir()} == {STATE.stat().st_uid}
    assert STATE.stat().st_uid != 0


def test_the_newer_database_returns_by_hand_with_the_version_that_knows_it() -> None:
    (*_, kept) = sorted(STATE.glob("live.db.newer-*Z"))
    make("rollback")
    systemctl("stop")
    assert "what was there is kept" in run("crypto-assistant", "restore", kept)
    systemctl("start")
    assert is_answered(ADA, "/price BTC")
    make("rollback")
    assert is_answered(ADA, "/price BTC")


def test_a_copy_is_restored_on_a_new_host() -> None:
    run("crypto-assistant", "backup", "/root/moved.db")
    refused = run("crypto-assistant", "restore", "/root/moved.db", status=1)
    assert refused == f"Another daemon runs in {STATE}: process {show('MainPID')}\n"
    systemctl("stop")
    shutil.rmtree(STATE.resolve())
    STATE.unlink()
    run("crypto-assistant", "restore", "/root/moved.db")
    systemctl("start")
    assert is_answered(ADA, "/price BTC")
    assert {file.stat().st_uid for file in STATE.iterdir()} == {STATE.stat().st_uid}
    assert STATE.stat().st_uid != 0


def test_what_root_does_in_the_shell_stays_open_to_the_service() -> None:
    systemctl("stop")
    assert "a copy of" in run("crypto-assistant", "backup", "/root/copy.db")
    for file in STATE.iterdir():
        file.unlink()
    keys = [TOKEN.with_name(name) for name in ("BYBIT_API_KEY", "BYBIT_SECRET_KEY")]
    for key in keys:
        key.write_text("of-nobody")
    assert "answers as @AssistantBot" in run("crypto-assistant", "check")
    assert " USDT perp · 15m " in run("crypto-assistant", "ask", "/price", "BTC")
    assert (STATE / "live.db").exists()
    for key in keys:
        key.unlink()
    systemctl("start")
    owner = STATE.stat().st_uid
    assert owner != 0
    assert {file.stat().st_uid for file in STATE.iterdir()} == {owner}


def test_encrypted_credentials_take_the_place_of_the_plain_ones() -> None:
    link = choose("encrypted-credentials.conf")
    (TOKEN.parent / "PLAIN").write_text("not encrypted, hence not handed on")
    token = TOKEN.read_text()
    TOKEN.unlink()
    systemctl("restart")
    assert is_answered(ADA, "/price BTC")
    handed_on = Path("/run/credentials/crypto-assistant.service").iterdir()
    assert {file.name for file in handed_on} == {"ca_TELEGRAM_BOT_TOKEN"}
    link.unlink()
    TOKEN.write_text(token)
    run("systemctl", "daemon-reload")
    systemctl("restart")


def test_a_private_network_is_out_of_reach_unless_the_owner_opens_it() -> None:
    run("ip", "address", "add", "10.0.0.1/32", "dev", "lo")
    settings(TELEGRAM_API_URL="https://api.telegram.org", TELEGRAM_PROXY="http://10.0.0.1:3128")
    with socket.create_server(("10.0.0.1", 3128)) as neighbour:
        systemctl("restart")  # It is over when an attempt to poll is.
        neighbour.setblocking(False)
        with pytest.raises(BlockingIOError):
            neighbour.accept()
        neighbour.settimeout(PATIENCE)
        with drop_in("neighbour.conf", "[Service]\nIPAddressAllow=10.0.0.1\n"):
            run("systemctl", "restart", "--no-block", "crypto-assistant")
            neighbour.accept()[0].close()
    settings()
    systemctl("restart")


def test_the_public_addresses_are_an_option_to_link() -> None:
    choose("public-addresses.conf")
    assert "8.0.0.0/7" in show("IPAddressAllow")
    assert is_answered(ADA, "/price BTC")


def test_it_stops_within_five_seconds() -> None:
    start = time.monotonic()
    systemctl("stop")
    assert time.monotonic() - start < 5
    assert (*state(), show("Result")) == ("inactive", "dead", "success")


def test_it_is_removed_and_what_is_the_owners_only_with_purge() -> None:
    systemctl("start")
    make("uninstall")
    assert state() == ("inactive", "dead")
    assert not any(path.exists() for path in (OPT, UNIT, DROP_INS))
    assert TOKEN.exists()
    assert STATE.exists()
    make("uninstall", PURGE="1")
    assert not any(path.exists() for path in (ETC, STATE, STATE.parent / "private" / STATE.name))
