"""In one group each of its people has settings of their own, whoever's message the button is on."""

from pathlib import Path

from crypto_assistant.desk import Desk
from crypto_assistant.front import Front
from crypto_assistant.net.door import Timing
from crypto_assistant.subjects import settings
from crypto_assistant.view import View
from tests.botapi import BotApi, chat_of
from tests.clock import clock
from tests.telegram.stage import ADA, Stage, on_air

BOB, GROUP = 8, -1007


class Settled(Stage):
    def front(self) -> Front:
        desk = Desk((), timing=Timing(partial=86_400.0), clock_ms=clock)
        return Front([settings.COMMAND], desk, View({}))


async def test_a_line_and_a_press_choose_for_who_makes_them(api: BotApi, database: Path) -> None:
    group = {"chat": chat_of(GROUP)}
    async with on_air(api, Settled(), database, listed={ADA, BOB, GROUP}):
        api.say("/settings zone Asia/Kolkata", ADA, **group)
        assert "Times: Asia/Kolkata" in (await api.next_message()).html
        api.say("/settings", BOB, **group)
        of_bob = await api.next_message()
        assert "Times: UTC" in of_bob.html
        api.press(of_bob, "settings details", ADA)
        assert "Times: Asia/Kolkata" in (pressed := await api.next_message()).html
        assert "First: details" in pressed.html
        api.say("/settings", BOB, **group)
        assert "First: compact" in (await api.next_message()).html
