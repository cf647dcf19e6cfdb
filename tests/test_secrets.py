"""No secret of the owner's is in anything that the program prints, sends, logs or keeps."""

import asyncio
import base64
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from crypto_assistant.clocks import clock_ms, monotonic
from crypto_assistant.sandbox import Fault, Sandbox, World
from crypto_assistant.sandbox.account.owner import Owner, owners
from crypto_assistant.sandbox.catalog import Venue
from crypto_assistant.sandbox.faults import Kind
from tests.botapi import BotApi

pytestmark = pytest.mark.real

USERS: Final = range(7, 60)
TOKEN: Final = "123456:hush-token-of-the-bot"
SECRETS: Final = {
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "BINANCE_API_KEY": "HushBinanceKey".ljust(64, "0"),
    "BINANCE_SECRET_KEY": "HushBinanceSecret".ljust(64, "0"),
    "BYBIT_API_KEY": "HushBybitKey000000",
    "BYBIT_SECRET_KEY": "HushBybitSecret".ljust(36, "0"),
    "OKX_API_KEY": "deadbeef-0000-4000-8000-00000000beef",
    "OKX_SECRET_KEY": "DEADBEEF".ljust(32, "F"),
    "OKX_PASSPHRASE": "Hush! a pass+phrase/=",
}
VENUES: Final[tuple[Venue, ...]] = ("binance", "bybit", "okx")


@dataclass
class House:
    """The program, whole, in a process of its own; all that it says; and what it talks to."""

    sandbox: Sandbox
    api: BotApi
    state: Path
    settings: Mapping[str, str]
    said: list[str] = field(default_factory=list)
    users: Iterator[int] = field(default_factory=lambda: iter(USERS))

    async def answers(self, line: str) -> str:
        """The bot's answer over Telegram, each to another user: a chat has one a second."""
        user = next(self.users)
        self.api.say(line, user)
        while True:
            shown = await self.api.next_message(20)
            if shown.chat == user and "waiting: " not in shown.text:
                return shown.text

    async def runs(self, *words: str, **settings: str) -> str:
        """A command of the shell, to its end."""
        process = await self.started(*words, **settings)
        output, _ = await process.communicate()
        self.said.append(output.decode())
        return output.decode()

    async def started(self, *words: str, **settings: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, *words),
            env={**self.settings, **settings},
            cwd=self.state,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    def everything(self) -> bytes:
        """What was printed and logged, what was sent to Telegram, what lies in the files."""
        sent = "\n".join(f"{call.method} {call.arguments}" for call in self.api.calls)
        files = [path.read_bytes() for path in self.state.rglob("*") if path.is_file()]
        return b"\n".join([*(text.encode() for text in self.said), sent.encode(), *files])


def leaks(output: bytes) -> set[str]:
    """The settings whose value, or what it looks like in a URL or a header, is in the output."""
    return {name for name, value in SECRETS.items() if any(f in output for f in faces(value))}


def faces(value: str) -> list[bytes]:
    raw = value.encode()
    return [raw, quote(value).encode(), quote(value, safe="").encode(), base64.b64encode(raw)]


@cache
def exchanges() -> Sandbox:
    """Once for all tests, so that an account's past is worked out once."""
    return Sandbox(World(5, clock_ms()), clock_ms, monotonic)


@asynccontextmanager
async def house(state: Path) -> AsyncIterator[House]:
    sandbox = exchanges()
    sandbox.owners = marked()
    async with sandbox.serve() as urls, BotApi(token=TOKEN) as api:
        settings = {
            **urls,
            **SECRETS,
            "TELEGRAM_API_URL": api.url,
            "TELEGRAM_CHAT_ID": ",".join(map(str, USERS)),
            "STATE_DIRECTORY": str(state),
            "LOG_LEVEL": "DEBUG",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PYTHONASYNCIODEBUG": "1",
            "PATH": os.environ.get("PATH", ""),
        }
        yield House(sandbox, api, state, settings)


def marked() -> dict[Venue, Owner]:
    """The owners, with the keys that are looked for."""
    found = owners()
    for venue, owner in found.items():
        owner.key, owner.secret, owner.passphrase = (
            SECRETS.get(f"{venue.upper()}_{part}", "")
            for part in ("API_KEY", "SECRET_KEY", "PASSPHRASE")
        )
    return found


Break = Callable[[Owner], None]
REFUSALS: Final[dict[str, tuple[Break, str]]] = {
    "another key": (lambda owner: setattr(owner, "key", "x"), "refused"),
    "another secret": (lambda owner: setattr(owner, "secret", "x"), "refused"),
    "another passphrase": (lambda owner: setattr(owner, "passphrase", "x"), "OKX"),
    "no permission": (lambda owner: owner.permissions.clear(), "refused"),
    "another address": (lambda owner: setattr(owner, "ip_allowed", False), "refused"),
    "an expired key": (lambda owner: setattr(owner, "expired", True), "refused"),
}
FAULTS: Final[dict[Kind, str]] = {
    "reset": "no connection",
    "html": "HTML instead of JSON",
    "missing": "another shape",
    "error_code": "Server error",
}


@pytest.mark.slow
async def test_whatever_happens_no_secret_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        daemon = await home.started("-m", "crypto_assistant", "run")
        assert daemon.stdout
        logged = asyncio.create_task(daemon.stdout.read())
        try:
            await venues_fail(home)
            await the_database_fails(home)
            await telegram_fails(home)
            await asyncio.wait_for(daemon.wait(), 10)
        finally:
            if daemon.returncode is None:
                daemon.kill()
            home.said.append((await logged).decode())
            await daemon.wait()
        assert daemon.returncode == 78
        assert re.search(r"a question to \w+ \(.+\) failed", home.said[-1])
        assert "no updates: " in home.said[-1]
        assert "cannot be read: " in home.said[-1]
        assert leaks(home.everything()) == set()


async def venues_fail(home: House) -> None:
    """Every way in which they can refuse a key, and some in which they fail."""
    assert "$" in await home.answers("/balance details")
    assert " open" in await home.answers("/positions details")
    assert "realised" in await home.answers("/pnl")
    for name, (spoil, told) in REFUSALS.items():
        for owner in home.sandbox.owners.values():
            spoil(owner)
        assert told in await home.answers("/balance"), name
        home.sandbox.owners = marked()
    for kind, told in FAULTS.items():
        home.sandbox.faults += [Fault(venue, kind, "coin") for venue in VENUES]
        assert told in await home.answers("/pnl"), kind
        home.sandbox.faults.clear()


async def the_database_fails(home: House) -> None:
    with closing(sqlite3.connect(home.state / "live.db")) as database:
        database.execute("UPDATE entries SET family = 'unheard of'")
        database.commit()
    assert "an error in this program" in await home.answers("/pnl 7d")


async def telegram_fails(home: House) -> None:
    """A gateway, the connection, and in the end the token that was revoked."""
    home.api.fail("sendMessage", 502)
    assert "$" in await home.answers("/balance")
    home.api.fail("getUpdates", 0)
    assert "$" in await home.answers("/balance")
    home.api.fail("getUpdates", 401, times=100)
    home.api.say("/start", next(home.users))


@pytest.mark.parametrize("words", [("check",), ("ask", "--json", "/pnl")])
@pytest.mark.slow
async def test_no_command_of_the_shell_tells_a_secret(tmp_path: Path, words: list[str]) -> None:
    async with house(tmp_path) as home:
        right = await home.runs("-m", "crypto_assistant", *words)
        home.sandbox.owners["okx"].secret = "another"
        wrong = await home.runs("-m", "crypto_assistant", *words)
        assert "refused" not in right
        assert "refused" in wrong
        assert leaks(home.everything()) == set()


async def test_a_secret_that_is_told_would_be_found(tmp_path: Path) -> None:
    read = (
        "from crypto_assistant import config, exchanges; "
        "c = config.load(exchanges.EXCHANGES); names = sys.argv[1:]"
    )
    names = [name.lower() for name in SECRETS]
    async with house(tmp_path) as home:
        await home.runs("-c", f"import sys; {read}; print(*(getattr(c, n) for n in names))", *names)
        assert leaks(home.everything()) == set()
        tell = f"import sys; {read}; print(*(getattr(c, n).get_secret_value() for n in names))"
        await home.runs("-c", tell, *names)
        assert leaks(home.everything()) == set(SECRETS)
        home.said[-1] = home.said[-1].replace(SECRETS["OKX_PASSPHRASE"], "")
        assert leaks(home.everything()) == {*SECRETS} - {"OKX_PASSPHRASE"}
