"""Only the listed are heard."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.botapi import BotApi, chat_of, message_from, person
from tests.telegram.stage import ADA, Stage, on_air

STRANGER = 666
GROUP = -1007
OTHER_GROUP = -1008
BY_STRANGER = {
    "message": message_from(STRANGER, 1, "/echo A"),
    "edited_message": {**message_from(STRANGER, 1, "/echo A"), "edit_date": 1},
    "channel_post": {
        "message_id": 1,
        "date": 1,
        "chat": {"id": -1009, "type": "channel", "title": "News"},
        "text": "/echo A",
    },
    "callback_query": {
        "id": "1",
        "from": person(STRANGER),
        "chat_instance": "1",
        "data": "echo A",
        "message": message_from(STRANGER, 1, "x"),
    },
    "inline_query": {"id": "1", "from": person(STRANGER), "query": "echo A", "offset": ""},
    "my_chat_member": {
        "chat": chat_of(STRANGER),
        "from": person(STRANGER),
        "date": 1,
        "old_chat_member": {"status": "left", "user": person(STRANGER)},
        "new_chat_member": {"status": "member", "user": person(STRANGER)},
    },
    "of_a_kind_yet_unknown": {"from": person(ADA), "chat": chat_of(ADA)},
}
"""An update of every kind that could carry a question."""


def in_group(chat: int = GROUP) -> dict[str, Any]:
    return {"chat": chat_of(chat)}


async def heard(api: BotApi, stage: Stage) -> list[str]:
    """What of all that was delivered has reached a command."""
    last = api.say("/echo LAST")
    await api.confirmed(last)
    await stage.until_asked("echo LAST")
    await api.silence()
    return [line for line in stage.asked if line != "echo LAST"]


@pytest.mark.parametrize("kind", BY_STRANGER)
@pytest.mark.usefixtures("bot")
async def test_a_stranger_hears_nothing(api: BotApi, stage: Stage, kind: str) -> None:
    api.deliver({kind: BY_STRANGER[kind]})
    assert await heard(api, stage) == []
    spoken = [call for call in api.calls if call.method not in {"getUpdates", "setMyCommands"}]
    assert {call.arguments.get("chat_id") for call in spoken} == {str(ADA)}
    assert not api.made("answerCallbackQuery")


@pytest.mark.usefixtures("bot")
async def test_a_stranger_is_logged_once(
    api: BotApi, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(3):
        api.say("/echo HUSH", user=STRANGER)
    assert await heard(api, stage) == []
    assert "HUSH" not in caplog.text
    told = [record.message for record in caplog.records if record.levelno > logging.INFO]
    assert told == ["ignored: user 666 in chat 666 is not listed in TELEGRAM_CHAT_ID"]


async def test_an_empty_list_admits_nobody(api: BotApi, stage: Stage, database: Path) -> None:
    async with on_air(api, stage, database, listed=()):
        await api.confirmed(api.say("/echo A"))
        assert await api.silence()
    assert stage.asked == []


ADA_ASKS = {
    "a listed user in a listed group": ({ADA, GROUP}, "/echo A", True),
    "this bot by its name": ({ADA, GROUP}, "/echo@assistantbot A", True),
    "another bot": ({ADA, GROUP}, "/echo@OtherBot A", False),
    "nobody: small talk": ({ADA, GROUP}, "echo A", False),
    "in a group that is not listed": ({ADA}, "/echo A", False),
    "while another group is listed": ({ADA, OTHER_GROUP}, "/echo A", False),
}


async def test_what_is_about_an_account_is_answered_in_private_only(
    api: BotApi, stage: Stage, database: Path
) -> None:
    refusal = "/secret is for the owner alone: ask in a private chat."
    async with on_air(api, stage, database, listed={ADA, GROUP}):
        api.say("/secret A", **in_group())
        assert (await api.next_message()).text.startswith(refusal)
        api.say("/echo A", **in_group())
        shown = await api.next_message()
        for line in ("secret A", "/secret A"):
            api.press(replace(shown, buttons=((("Again", line),),)), line)
            assert (await api.next_message()).text.startswith(refusal)
        api.say("/secret B")
        assert (await api.next_message()).chat == ADA
    assert stage.asked == ["echo A", "secret B"]


@pytest.mark.parametrize("case", ADA_ASKS)
async def test_in_a_group_ada_asks(api: BotApi, stage: Stage, database: Path, case: str) -> None:
    listed, text, is_heard = ADA_ASKS[case]
    async with on_air(api, stage, database, listed=listed):
        api.say(text, **in_group())
        assert await heard(api, stage) == (["echo A"] if is_heard else [])


async def test_a_stranger_in_a_listed_group_hears_nothing(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database, listed={ADA, GROUP}):
        api.say("/echo A", user=STRANGER, **in_group())
        assert await heard(api, stage) == []


async def test_an_answer_in_a_group_replies_to_its_question_in_its_topic(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database, listed={ADA, GROUP}):
        topic = {"message_thread_id": 55, "is_topic_message": True}
        api.say("/hold A", message_id=44, **topic, **in_group())
        await stage.until_asked("hold A")
        stage.released["A"].set()
        answer = await api.next_message()
    assert (answer.chat, answer.topic, answer.replies_to) == (GROUP, 55, 44)
    assert api.made("sendChatAction")[0]["message_thread_id"] == "55"


async def test_an_answer_stays_in_its_topic_however_it_is_written(
    api: BotApi, stage: Stage, database: Path
) -> None:
    topic = {"message_thread_id": 55, "is_topic_message": True}
    async with on_air(api, stage, database, listed={ADA, GROUP}):
        api.say("/hold A", **topic, **in_group())
        await stage.until_asked("hold A")
        stage.progress["A"]("waiting: OKX")
        first = await api.next_message()
        del api.shown[first.chat, first.message_id]
        stage.released["A"].set()
        anew = await api.next_message()
        del api.shown[anew.chat, anew.message_id]
        api.press(anew, "hold A")
        pressed = await api.next_message()
    assert [first.topic, anew.topic, pressed.topic] == [55, 55, 55]
    assert first.message_id < anew.message_id < pressed.message_id


async def test_a_question_that_was_deleted_is_answered(
    api: BotApi, stage: Stage, database: Path
) -> None:
    api.deleted.add(44)
    async with on_air(api, stage, database, listed={ADA, GROUP}):
        api.say("/echo A", message_id=44, **in_group())
        answer = await api.next_message()
    assert (answer.text, answer.replies_to) == ("echo A no. 1", None)


async def test_the_thread_of_a_reply_is_no_topic(api: BotApi, stage: Stage, database: Path) -> None:
    async with on_air(api, stage, database, listed={ADA, GROUP}):
        api.say("/echo A", message_thread_id=55, **in_group())
        assert (await api.next_message()).topic is None


async def test_a_stranger_cannot_press_a_button_in_a_listed_group(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database, listed={ADA, GROUP}):
        api.say("/echo A", **in_group())
        shown = await api.next_message()
        api.press(shown, "echo A", user=STRANGER)
        assert await heard(api, stage) == ["echo A"]
    assert not api.made("answerCallbackQuery")
