"""Who sends the code is the owner, and nobody else is."""

import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crypto_assistant.app import connection
from crypto_assistant.clocks import monotonic
from crypto_assistant.config import Config, load
from crypto_assistant.errors import AssistantError, ConfigError
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.telegram.pair import MOST_GUESSES, NotPaired, pair
from crypto_assistant.telegram.patience import Timing
from tests.botapi import TOKEN, BotApi, chat_of, message_from, person
from tests.telegram.stage import ADA
from tests.venues import ADDRESSES, CREDENTIALS

GROUP = -1007
STRANGER = 666
CODE = re.compile(r"[A-Z]{3}-[A-Z]{3}-[A-Z]{3}$")
THANKS = "Paired. I answer you once TELEGRAM_CHAT_ID is set and I am started."


@dataclass
class Terminal:
    """What is printed."""

    lines: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, text: str) -> None:
        self.lines.append(text)
        self._news.set()

    async def code(self) -> str:
        """The code, once it is printed."""
        async with asyncio.timeout(600):
            while not (codes := [found[0] for line in self.lines if (found := CODE.search(line))]):
                self._news.clear()
                await self._news.wait()
        return str(codes[0])


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Config]:
    monkeypatch.chdir(tmp_path)
    Path(".env").touch()
    for name in [
        *Config.model_fields,
        *ADDRESSES,
        *CREDENTIALS,
        "CONFIGURATION_DIRECTORY",
    ]:
        monkeypatch.delenv(name.upper(), raising=False)

    def sets(**values: str) -> Config:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return load(EXCHANGES)

    return sets


Pairing = tuple[Terminal, "asyncio.Task[None]"]


@asynccontextmanager
async def pairing(settings: Config) -> AsyncIterator[Pairing]:
    """The command, which has ended at the end of the block."""
    terminal = Terminal()
    async with connection(None) as http:
        task = asyncio.create_task(pair(settings, TOKEN, http, terminal.say, Timing()))
        try:
            yield terminal, task
            await asyncio.wait_for(task, 900)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


Settings = Callable[..., Config]


@pytest.fixture
def config(api: BotApi, settings: Settings) -> Config:
    return settings(TELEGRAM_API_URL=api.url)


@pytest.mark.parametrize("written", [str, str.lower, lambda code: f" {code.replace('-', ' ')}\n"])
async def test_who_sends_the_code_is_the_owner(
    api: BotApi, config: Config, written: Callable[[str], str]
) -> None:
    async with pairing(config) as (terminal, _):
        api.say(written(await terminal.code()))
        answer = await api.next_message()
    assert (answer.chat, answer.text) == (ADA, THANKS)
    assert terminal.lines[-2:] == [
        "Paired. This line belongs into .env:",
        "TELEGRAM_CHAT_ID=7",
    ]
    assert await api.silence()


async def test_in_a_group_it_is_answered_in_its_topic_and_listed_as_well(
    api: BotApi, settings: Settings
) -> None:
    configured = settings(TELEGRAM_API_URL=api.url, TELEGRAM_CHAT_ID="-1001,12")
    async with pairing(configured) as (terminal, _):
        code = (await terminal.code()).replace("-", "")
        topic = {"message_thread_id": 55, "is_topic_message": True}
        api.say(f"/{code}@assistantBOT", chat=chat_of(GROUP), **topic)
        answer = await api.next_message()
    assert (answer.chat, answer.topic, answer.text) == (GROUP, 55, THANKS)
    assert terminal.lines[-1] == "TELEGRAM_CHAT_ID=7,12,-1001,-1007"
    assert f"/{code}@AssistantBot" in terminal.lines[1]


async def test_the_line_belongs_into_the_services_file(
    api: BotApi, settings: Settings, tmp_path: Path
) -> None:
    configured = settings(TELEGRAM_API_URL=api.url, CONFIGURATION_DIRECTORY=str(tmp_path))
    async with pairing(configured) as (terminal, _):
        api.say(await terminal.code())
    assert terminal.lines[-2] == f"Paired. This line belongs into {tmp_path}/crypto-assistant.conf:"


async def test_who_cannot_be_answered_is_paired_all_the_same(api: BotApi, config: Config) -> None:
    api.fail("sendMessage", 403, description="Forbidden: bot was blocked by the user")
    async with pairing(config) as (terminal, _):
        api.say(await terminal.code())
    assert terminal.lines[-1] == "TELEGRAM_CHAT_ID=7"
    assert "The bot cannot write there: TelegramForbiddenError" in terminal.lines[-3]


async def test_each_code_is_another_one(api: BotApi, config: Config) -> None:
    codes = set[str]()
    for _ in range(2):
        async with pairing(config) as (terminal, _task):
            codes.add(await terminal.code())
            api.say(await terminal.code())
            await api.next_message()
    assert len(codes) == 2


def spoiled(code: str) -> str:
    return code[:-1] + ("A" if code[-1] != "A" else "B")


async def test_who_sends_another_code_hears_nothing_and_is_counted(
    api: BotApi, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with pairing(config) as (terminal, _):
        code = await terminal.code()
        for text in (spoiled(code), f"x{code}", f"{code} {code}", "good morning", "ÄÖÜÄÖÜÄÖÜ"):
            api.say(text, user=STRANGER)
        api.deliver({"message": {"text": "malformed"}})
        api.deliver("no update")
        api.say(code)
    assert "Wrong codes that were sent: 1" in terminal.lines
    assert terminal.lines[-1] == "TELEGRAM_CHAT_ID=7"
    assert [message["chat_id"] for message in api.made("sendMessage")] == [str(ADA)]
    printed = " ".join(terminal.lines)
    assert spoiled(code) not in printed
    assert str(STRANGER) not in printed
    for secret in (code, spoiled(code), TOKEN):
        assert secret not in caplog.text


async def test_who_tries_codes_ends_the_pairing(api: BotApi, config: Config) -> None:
    async def tried() -> None:
        async with pairing(config) as (terminal, _):
            code = await terminal.code()
            for _ in range(MOST_GUESSES):
                api.say(spoiled(code), user=STRANGER)
            api.say(code)

    with pytest.raises(NotPaired, match="Somebody tries codes"):
        await tried()
    assert not api.made("sendMessage")


async def test_what_was_sent_before_is_no_guess(api: BotApi, config: Config) -> None:
    for _ in range(MOST_GUESSES):
        api.say("ABC-DEF-GHJ", user=STRANGER)
    async with pairing(config) as (terminal, _):
        api.say(await terminal.code())
    assert terminal.lines[-1] == "TELEGRAM_CHAT_ID=7"
    assert not any("Wrong codes" in line for line in terminal.lines)


@pytest.mark.parametrize(
    "sender",
    [
        {"from": {**person(1087968824), "is_bot": True}, "sender_chat": chat_of(GROUP)},
        {"from": person(136817688), "sender_chat": {"id": -5, "type": "channel", "title": "x"}},
    ],
)
async def test_nobody_anonymous_is_paired(
    api: BotApi, config: Config, sender: dict[str, Any]
) -> None:
    async with pairing(config) as (terminal, _):
        code = await terminal.code()
        anonymous = {**message_from(ADA, 1, code), "chat": chat_of(GROUP), **sender}
        api.deliver({"message": anonymous})
        api.say(code)
    assert "The code came from somebody anonymous: send it as yourself." in terminal.lines
    assert terminal.lines[-1] == "TELEGRAM_CHAT_ID=7"


async def offsets_after(api: BotApi, config: Config, pending: int) -> list[int]:
    """What was confirmed, with so many updates pending before the code."""
    updates = [api.say("/price BTC") for _ in range(pending)]
    async with pairing(config) as (terminal, _):
        updates.append(api.say(await terminal.code()))
    confirmed = {int(asked["offset"]) - 1 for asked in api.made("getUpdates") if "offset" in asked}
    return [number for number, update in enumerate(updates, 1) if update in confirmed]


@pytest.mark.parametrize(("pending", "confirmed"), [(0, [1]), (3, []), (99, []), (120, [100])])
async def test_what_others_asked_is_left_for_the_daemon(
    api: BotApi, config: Config, pending: int, confirmed: list[int]
) -> None:
    assert await offsets_after(api, config, pending) == confirmed


async def test_an_update_without_an_id_is_not_fetched_in_a_hot_loop(
    api: BotApi, config: Config
) -> None:
    api.stuck = "no update"
    async with pairing(config) as (terminal, _):
        code = await terminal.code()
        began, times = monotonic(), len(api.made("getUpdates"))
        await api.called("getUpdates", times=times + 5)
        assert monotonic() - began >= 3 * Timing().pause
        api.say(code)


async def test_without_a_code_it_ends(api: BotApi, config: Config) -> None:
    async def waited() -> None:
        async with pairing(config):
            pass

    with pytest.raises(NotPaired, match=r"^Nobody sent the code within 10 minutes.$"):
        await waited()


async def test_a_failing_network_is_told_and_outlasted(api: BotApi, config: Config) -> None:
    async with pairing(config) as (terminal, _):
        code = await terminal.code()
        api.fail("getUpdates", 502, times=3)
        api.say("ends the long poll", user=STRANGER)
        api.say(code)
    assert terminal.lines.count("TelegramServerError: HTTP 502; trying again") == 1
    assert terminal.lines[-1] == "TELEGRAM_CHAT_ID=7"


ENDS: dict[str, tuple[type[AssistantError], str, dict[str, Any]]] = {
    "a revoked token": (ConfigError, "TELEGRAM_BOT_TOKEN is refused", {"status": 401}),
    "the daemon": (NotPaired, "The daemon, or another program", {"status": 409}),
    "a webhook": (
        *(NotPaired, "A webhook is set"),
        {"status": 409, "description": "Conflict: can't use getUpdates while webhook is active"},
    ),
}


@pytest.mark.parametrize("case", ENDS)
@pytest.mark.parametrize("at_once", [True, False])
async def test_what_cannot_be_outlasted_is_named(
    api: BotApi, config: Config, case: str, at_once: bool
) -> None:
    kind, told, failure = ENDS[case]

    async def failed() -> None:
        if at_once:
            api.fail("getUpdates", **failure)
        async with pairing(config) as (terminal, _):
            if not at_once:
                await terminal.code()
                api.fail("getUpdates", **failure)
                api.say("ends the long poll", user=STRANGER)

    with pytest.raises(kind, match=f"^{told}"):
        await failed()


ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def process(api: BotApi, tmp_path: Path, **more: str) -> AsyncIterator[Any]:
    running = await asyncio.create_subprocess_exec(
        *("env", "--default-signal=INT", sys.executable, "-m", "crypto_assistant", "pair"),
        cwd=tmp_path,
        env={
            "TELEGRAM_API_URL": api.url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "LOG_LEVEL": "DEBUG",
            "PYTHONPATH": str(ROOT),
            "PATH": os.environ["PATH"],
            **more,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


@pytest.mark.real
@pytest.mark.slow
async def test_the_command_prints_the_setting(api: BotApi, tmp_path: Path) -> None:
    async with process(api, tmp_path, XDG_CONFIG_HOME="/own") as running:
        invitation = (await running.stdout.readline()).decode()
        found = CODE.search(invitation.rstrip())
        assert found
        assert "Send @AssistantBot this code within 10 minutes: " in invitation
        api.say(found[0])
        printed, complaints = await running.communicate()
        assert (running.returncode, complaints) == (0, b"")
    assert printed.decode().splitlines()[1:] == [
        "Paired. This line belongs into /own/crypto-assistant/crypto-assistant.conf:",
        "TELEGRAM_CHAT_ID=7",
    ]


@pytest.mark.real
@pytest.mark.slow
async def test_the_command_can_be_interrupted(api: BotApi, tmp_path: Path) -> None:
    async with process(api, tmp_path) as running:
        await running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, complaints = await running.communicate()
        assert (running.returncode, complaints) == (130, b"")


@pytest.mark.real
@pytest.mark.parametrize(
    ("setting", "status", "why"),
    [
        ({"TELEGRAM_BOT_TOKEN": ""}, 78, "TELEGRAM_BOT_TOKEN: not set; @BotFather gives one"),
        ({"TELEGRAM_BOT_TOKEN": "9:x"}, 78, "TELEGRAM_BOT_TOKEN is refused by Telegram"),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:9"}, 1, "TelegramNetworkError: no connection"),
    ],
)
@pytest.mark.slow
async def test_the_command_says_in_a_line_why_it_cannot_begin(
    api: BotApi, tmp_path: Path, setting: dict[str, str], status: int, why: str
) -> None:
    async with process(api, tmp_path, **setting) as running:
        assert await running.communicate() == (b"", f"{why}\n".encode())
        assert running.returncode == status
