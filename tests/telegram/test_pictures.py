"""A picture replies to the answer that it is of, is changed in place, and is sent as a file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crypto_assistant.front import Front, Sheet
from tests.botapi import BotApi, chat_of
from tests.telegram.stage import ADA, Stage, on_air

GROUP = -1007


def png(line: str) -> bytes:
    return b"\x89PNG of " + line.encode()


def _rows(sheet: Sheet) -> Any:
    (refresh,) = sheet.buttons[0][:1]
    lines = "echo DRAWN", "echo DRAWN-2", "echo DRAWN-FILE", "/echo DRAWN", "echo TEXT"
    return [[replace(refresh, line=line)] for line in lines]


class Painted(Stage):
    def front(self) -> Front:
        plain = super().front()
        return Painter(plain.commands, plain.desk, plain.view)


class Painter(Front):
    """Draws what is asked for by a name that begins with DRAWN."""

    async def reply(self, line: str, *more: Any, **asker: Any) -> Sheet:
        sheet = await super().reply(line, *more, **asker)
        drawn = png(line.removeprefix("/")) if "DRAWN" in line else None
        return replace(sheet, buttons=_rows(sheet), picture=drawn, as_file="FILE" in line)


@pytest.fixture
def stage() -> Stage:
    return Painted()


@pytest.mark.usefixtures("bot")
async def test_a_picture_replies_to_the_answer_whose_button_asks_for_it(api: BotApi) -> None:
    api.say("/echo TEXT")
    text = await api.next_message()
    api.press(text, "/echo DRAWN")
    photo = await api.next_message()
    assert (photo.picture, photo.replies_to) == (png("echo DRAWN"), text.message_id)
    assert photo.html.startswith("echo DRAWN no. ")
    assert api.shown[text.chat, text.message_id] == text


@pytest.mark.usefixtures("bot")
async def test_its_own_buttons_change_it_in_place(api: BotApi) -> None:
    api.say("/echo DRAWN")
    photo = await api.next_message()
    assert photo.replies_to is None
    api.press(photo, "echo DRAWN-2")
    changed = await api.next_message()
    assert (changed.message_id, changed.picture) == (photo.message_id, png("echo DRAWN-2"))
    assert changed.edited


@pytest.mark.usefixtures("bot")
async def test_a_file_is_a_message_of_its_own(api: BotApi) -> None:
    api.say("/echo DRAWN")
    photo = await api.next_message()
    api.press(photo, "echo DRAWN-FILE")
    file = await api.next_message()
    assert file.is_file
    assert file.picture == png("echo DRAWN-FILE")
    assert file.replies_to == photo.message_id


@pytest.mark.usefixtures("bot")
async def test_what_cannot_be_drawn_is_said_below_the_picture_that_stays(api: BotApi) -> None:
    api.say("/echo DRAWN")
    photo = await api.next_message()
    api.press(photo, "echo TEXT")
    said = await api.next_message()
    assert not said.picture
    assert said.message_id != photo.message_id
    assert api.shown[photo.chat, photo.message_id].picture == photo.picture


@pytest.mark.parametrize("method", ["sendPhoto", "editMessageMedia"])
@pytest.mark.usefixtures("bot")
async def test_an_upload_that_breaks_off_or_must_wait_is_tried_again(
    api: BotApi, method: str
) -> None:
    api.say("/echo DRAWN")
    photo = await api.next_message() if method == "editMessageMedia" else None
    api.fail(method, 0)
    api.fail(method, 502)
    api.fail(method, 429, parameters={"retry_after": 2}, body=None)
    if photo:
        api.press(photo, "echo DRAWN-2")
    shown = await api.next_message()
    assert shown.picture == png("echo DRAWN-2" if photo else "echo DRAWN")


@pytest.mark.usefixtures("bot")
async def test_an_edit_that_is_refused_is_sent_anew(api: BotApi) -> None:
    api.say("/echo DRAWN")
    photo = await api.next_message()
    del api.shown[photo.chat, photo.message_id]
    api.press(photo, "echo DRAWN-2")
    anew = await api.next_message()
    assert anew.message_id != photo.message_id
    assert anew.picture == png("echo DRAWN-2")


async def test_in_a_group_it_replies_to_the_question(api: BotApi, database: Path) -> None:
    async with on_air(api, Painted(), database, listed={ADA, GROUP}):
        api.say("/echo DRAWN", ADA, chat=chat_of(GROUP))
        photo = await api.next_message()
        assert photo.picture
        assert photo.replies_to
