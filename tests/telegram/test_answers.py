"""What a chat shows after a message or a pressed button."""

import asyncio
import logging
import re
from dataclasses import replace
from typing import Any

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.journal import request
from crypto_assistant.models import Provenance
from tests.botapi import TOKEN, BotApi, Shown
from tests.telegram.stage import NOBODY, Stage

pytestmark = pytest.mark.usefixtures("bot")


async def asked(api: BotApi, text: str) -> Shown:
    api.say(text)
    return await api.next_message()


async def test_a_question_is_answered_by_a_message_with_buttons_that_repeat_it(api: BotApi) -> None:
    answer = await asked(api, "/echo btc")
    assert (answer.chat, answer.text, answer.edited) == (7, "echo BTC no. 1", False)
    assert answer.lines == ["echo BTC"], "a line of more than 64 bytes makes no button"


async def test_in_private_a_slash_is_not_needed(api: BotApi) -> None:
    assert (await asked(api, "echo btc")).text == "echo BTC no. 1"


async def test_typing_is_shown_while_the_answer_is_awaited(api: BotApi, stage: Stage) -> None:
    api.say("/hold A")
    assert (await api.called("sendChatAction"))["action"] == "typing"
    assert not api.made("sendMessage")
    stage.released["A"].set()
    assert (await api.next_message()).text == "hold A is whole"


async def test_an_answer_comes_without_typing_too(api: BotApi) -> None:
    api.fail("sendChatAction", 502)
    assert (await asked(api, "/echo A")).text == "echo A no. 1"


async def test_a_mistake_is_answered_with_the_usage(api: BotApi) -> None:
    assert "There is no command /nonsense." in (await asked(api, "/nonsense")).text


async def test_an_incomplete_answer_is_edited_until_it_is_whole(api: BotApi, stage: Stage) -> None:
    api.say("/hold A")
    await stage.until_asked("hold A")
    stage.progress["A"]("waiting: OKX, Bybit")
    first = await api.next_message()
    stage.progress["A"]("waiting: OKX")
    second = await api.next_message()
    stage.released["A"].set()
    whole = await api.next_message()
    assert [first.text, second.text] == ["waiting: OKX, Bybit", "waiting: OKX"]
    assert (whole.text, whole.edited) == ("hold A is whole", True)
    assert first.message_id == second.message_id == whole.message_id


async def test_a_message_is_edited_at_most_once_a_second(api: BotApi, stage: Stage) -> None:
    api.say("/hold A")
    await stage.until_asked("hold A")
    began = monotonic()
    for number in range(100):
        stage.progress["A"](f"{number} of 99")
        await asyncio.sleep(0.05)
    assert 2 <= len(api.made("editMessageText")) <= monotonic() - began
    stage.released["A"].set()
    while (last := await api.next_message()).text != "hold A is whole":
        pass
    assert last.edited


async def test_an_incomplete_answer_that_cannot_be_shown_costs_nothing(
    api: BotApi, stage: Stage
) -> None:
    api.fail("sendMessage", 502)
    api.say("/hold A")
    await stage.until_asked("hold A")
    stage.progress["A"]("waiting: OKX")
    await api.called("sendMessage")
    stage.released["A"].set()
    assert (await api.next_message()).text == "hold A is whole"


async def test_a_slow_command_does_not_delay_another(api: BotApi, stage: Stage) -> None:
    api.say("/hold A")
    await stage.until_asked("hold A")
    assert (await asked(api, "/echo B")).text == "echo B no. 2"


async def test_a_button_changes_its_own_message(api: BotApi) -> None:
    first = await asked(api, "/echo A")
    api.press(first, "echo A")
    second = await api.next_message()
    assert (second.text, second.edited) == ("echo A no. 2", True)
    assert second.message_id == first.message_id
    await api.called("answerCallbackQuery")


async def test_a_press_is_confirmed_before_its_answer_is_there(api: BotApi, stage: Stage) -> None:
    stage.released["A"].set()
    first = await asked(api, "/hold A")
    stage.released["A"].clear()
    api.press(first, "hold A")
    await api.called("answerCallbackQuery")
    assert not api.made("editMessageText")


async def test_a_press_too_old_to_be_confirmed_is_answered_all_the_same(api: BotApi) -> None:
    first = await asked(api, "/echo A")
    api.fail("answerCallbackQuery", 400, description="Bad Request: query is too old")
    api.press(first, "echo A")
    assert (await api.next_message()).text == "echo A no. 2"


async def test_a_newer_press_cancels_the_older(api: BotApi, stage: Stage) -> None:
    first = await asked(api, "/echo A")
    both = Shown(first.chat, first.message_id, first.html, ((("1", "hold A"), ("2", "echo B")),))
    api.press(both, "hold A")
    await stage.until_asked("hold A")
    api.press(both, "echo B")
    assert (await api.next_message()).text == "echo B no. 3"
    assert stage.cancelled == ["A"]
    stage.released["A"].set()
    assert await api.silence()


async def test_an_older_answer_on_its_way_never_overwrites_a_newer_one(
    api: BotApi, stage: Stage
) -> None:
    first = await asked(api, "/echo A")
    arrives = api.hold("editMessageText")
    api.press(first, "echo A")
    await api.called("editMessageText")
    for presses in (2, 3):
        api.press(first, "echo A")
        await api.called("answerCallbackQuery", times=presses)
    assert await api.silence()
    arrives.set()
    assert (await api.next_message()).text == "echo A no. 2"
    assert (await api.next_message()).text == f"echo A no. {len(stage.asked)}"
    assert await api.silence()


async def test_an_unchanged_answer_is_a_success(
    api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    first = await asked(api, "/hostile")
    api.press(first, "hostile")
    await api.called("editMessageText")
    assert await api.silence()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_deleted_message_is_answered_anew(api: BotApi) -> None:
    first = await asked(api, "/echo A")
    del api.shown[first.chat, first.message_id]
    api.press(first, "echo A")
    anew = await api.next_message()
    assert (anew.text, anew.edited) == ("echo A no. 2", False)


async def test_text_from_elsewhere_is_escaped(api: BotApi) -> None:
    assert (await asked(api, "/hostile")).text == "<b>&<script>COIN</b"


async def test_what_telegram_cannot_read_is_replaced_by_an_apology(
    api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await asked(api, "/unbalanced")
    assert answer.text == "Something went wrong here; it is in the log."
    assert "can't parse entities" in caplog.text


async def test_a_bug_beside_the_command_is_logged_and_told_as_well(
    api: BotApi, bot: None, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await asked(api, "/unsendable")
    assert answer.text == "Something went wrong here; it is in the log."
    assert "a bug beside the answer to '/unsendable'" in caplog.text


async def test_a_bug_is_logged_and_tells_the_reader_nothing(
    api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await asked(api, "/bug BTC")
    assert answer.text == "Something went wrong here; it is in the log."
    assert "RuntimeError: internal detail of BTC" in caplog.text
    assert (await asked(api, "/echo A")).text == "echo A no. 1"


async def test_telegrams_order_to_wait_is_obeyed(api: BotApi) -> None:
    api.fail("sendMessage", 429, description="Too Many Requests", retry_after=8)
    began = monotonic()
    assert (await asked(api, "/echo A")).text == "echo A no. 1"
    assert monotonic() - began == pytest.approx(8)
    assert len(api.made("sendMessage")) == 2


async def test_an_answer_is_not_sent_after_a_long_wait_but_asked_for_again(
    api: BotApi, stage: Stage
) -> None:
    api.fail("sendMessage", 429, description="Too Many Requests", retry_after=32)
    began = monotonic()
    assert (await asked(api, "/echo A")).text == "echo A no. 2"
    assert monotonic() - began >= 32


async def test_an_answer_is_asked_for_again_if_its_first_sign_made_it_wait_for_long(
    api: BotApi, stage: Stage
) -> None:
    api.fail("sendMessage", 429, description="Too Many Requests", retry_after=32)
    api.say("/hold A")
    await stage.until_asked("hold A")
    stage.progress["A"]("waiting: OKX")
    await api.called("sendMessage")
    stage.released["A"].set()
    assert (await api.next_message()).text == "hold A is whole"
    assert stage.asked == ["hold A", "hold A"]


async def test_ten_questions_at_once_are_answered_within_telegrams_limit(api: BotApi) -> None:
    api.limited = True
    for number in range(10):
        api.say(f"/echo A{number}")
    texts = {(await api.next_message()).text.split(" no.")[0] for _ in range(10)}
    assert texts == {f"echo A{number}" for number in range(10)}


@pytest.mark.parametrize(("status", "seconds"), [(0, None), (502, None), (429, 1), (429, None)])
async def test_an_answer_survives_a_failing_network(
    api: BotApi, status: int, seconds: int | None
) -> None:
    api.fail("sendMessage", status, times=2, retry_after=seconds)
    assert (await asked(api, "/echo A")).text == "echo A no. 1"


@pytest.mark.parametrize(
    "body", ["<html>", "", '{"ok": true}', '{"ok": true, "result": 5}', '{"ok": true, "result": [']
)
async def test_what_was_accepted_is_not_sent_again_whatever_is_said_of_it(
    api: BotApi, body: str
) -> None:
    api.fail("sendMessage", 200, body=body)
    api.say("/echo A")
    await api.called("sendMessage")
    assert await api.silence(60)
    assert len(api.made("sendMessage")) == 1
    assert (await asked(api, "/echo B")).text == "echo B no. 2"


@pytest.mark.parametrize("seconds", ["0", "-5", '"soon"', "null", "[]", "1e-400", '"nan"'])
async def test_an_order_to_wait_for_no_time_is_neither_obeyed_nor_the_end(
    api: BotApi, seconds: str
) -> None:
    body = f'{{"ok": false, "description": "x", "parameters": {{"retry_after": {seconds}}}}}'
    for status in (429, 429, 429):
        api.fail("sendMessage", status, body=body)
    began = monotonic()
    assert (await asked(api, "/echo A")).text == "echo A no. 1"
    assert monotonic() - began > 3


@pytest.mark.parametrize("seconds", ["100000", "1e9", "1e400", '"inf"', "9" * 400])
async def test_an_order_to_wait_for_long_is_asked_again_within_the_hour(
    api: BotApi, seconds: str
) -> None:
    body = f'{{"ok": false, "description": "x", "parameters": {{"retry_after": {seconds}}}}}'
    api.fail("sendMessage", 429, body=body)
    api.say("/echo A")
    assert (await api.next_message(3700)).text.startswith("echo A no. ")


async def test_the_token_is_in_no_log_line(
    api: BotApi, caplog: pytest.LogCaptureFixture, stage: Stage
) -> None:
    caplog.set_level(logging.DEBUG)
    leaking = f"no such page: /bot{TOKEN}/sendMessage"
    api.fail("sendMessage", 400, description=leaking)
    api.fail("sendMessage", 0)
    api.fail("sendMessage", 502, description=leaking)
    api.fail("sendMessage", 404, body=leaking)
    api.fail("getUpdates", 0)
    api.fail("getUpdates", 404, body=leaking)
    api.fail("getUpdates", 500, description=leaking)
    api.fail("getUpdates", 409, description=leaking)
    api.fail("sendChatAction", 400, description=leaking)
    assert (await asked(api, "/echo A")).text == "Something went wrong here; it is in the log."
    assert (await asked(api, "/bug A")).text == "Something went wrong here; it is in the log."
    assert "no such page" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN.partition(":")[2] not in caplog.text


VENUES = ("binance", "bybit", "okx")
PARTLY = replace(
    NOBODY, asked=VENUES, answered=("binance", "okx"), failed={"bybit": "no answer in 8 s"}
)


async def told(caplog: pytest.LogCaptureFixture, asked: str) -> str:
    """What the log says, once it does, of a question, after the seconds that it took."""
    async with asyncio.timeout(600):
        while True:
            for line in caplog.messages:
                if found := re.fullmatch(rf"{re.escape(asked)}: \d+\.\d\d s(; )?(.*)", line):
                    return found[2]
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        (NOBODY, ""),
        (replace(NOBODY, asked=VENUES, answered=VENUES), "Binance, Bybit, OKX"),
        (PARTLY, "Binance, OKX; Bybit: no answer in 8 s"),
        (replace(PARTLY, answered=()), "Bybit: no answer in 8 s"),
    ],
)
async def test_the_log_says_of_each_question_what_came_of_it(
    api: BotApi, stage: Stage, caplog: pytest.LogCaptureFixture, known: Provenance, outcome: str
) -> None:
    caplog.set_level(logging.INFO)
    stage.known = known
    api.press(await asked(api, "/echo  a"), "echo A")
    await api.next_message()
    assert await told(caplog, "/echo a") == outcome
    assert await told(caplog, "/echo A") == outcome
    assert len(caplog.messages) == 2


@pytest.mark.parametrize(
    ("line", "named", "outcome"),
    [
        ("/echo A B", "/echo A B", "refused as a mistake"),
        ("/echo@AssistantBot A B", "/echo@AssistantBot A B", "refused as a mistake"),
        ("good morning", "no command", "refused as a mistake"),
        ("/bug A", "/bug A", "a bug"),
    ],
)
async def test_the_log_says_why_a_question_is_not_answered(
    api: BotApi, caplog: pytest.LogCaptureFixture, line: str, named: str, outcome: str
) -> None:
    caplog.set_level(logging.DEBUG)
    await asked(api, line)
    assert await told(caplog, named) == outcome
    assert "morning" not in caplog.text


async def test_the_log_says_that_an_answer_is_not_sent(
    api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    api.flooded[7] = 32
    api.say("/echo A")
    outcome = await told(caplog, "/echo A")
    assert caplog.records[-1].levelno == logging.WARNING
    assert outcome.startswith("unsent, it will be asked again: TelegramRetryAfter: ")


async def test_the_number_of_the_request_goes_all_the_way(
    api: BotApi, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    numbers: list[str] = []

    class Note(logging.Filter):
        def filter(self, _: logging.LogRecord) -> bool:
            numbers.append(request.get())
            return True

    with caplog.filtering(Note()):
        question = api.say("/echo a")
        press = api.press(await api.next_message(), "echo A")
        await api.next_message()
        for line in ("/echo a", "/echo A"):
            await told(caplog, line)
    assert stage.numbers == numbers == [str(question), str(press)]


NO_PLACE: dict[str, dict[str, Any]] = {
    "TelegramForbiddenError: Forbidden: bot was blocked by the user": {"status": 403},
    "TelegramForbiddenError: Forbidden: bot was kicked from the supergroup chat": {"status": 403},
    "TelegramBadRequest: Bad Request: chat not found": {"status": 400},
    "TelegramBadRequest: Bad Request: message thread not found": {"status": 400},
    "TelegramBadRequest: Bad Request: TOPIC_CLOSED": {"status": 400},
    "TelegramBadRequest: Bad Request: not enough rights to send text messages": {"status": 400},
    "TelegramMigrateToChat: The group has been migrated to a supergroup with id -1005 from 7": {
        "status": 400,
        "parameters": {"migrate_to_chat_id": -1005},
    },
}


@pytest.mark.parametrize("why", NO_PLACE)
async def test_where_nothing_can_be_sent_it_is_told_once_and_not_tried_again(
    api: BotApi, stage: Stage, caplog: pytest.LogCaptureFixture, why: str
) -> None:
    caplog.set_level(logging.INFO)
    api.fail("sendMessage", description=why.partition(": ")[2], **NO_PLACE[why])
    api.say("/echo A")
    outcome = await told(caplog, "/echo A")
    assert outcome.startswith(f"refused for good by Telegram: {why}")
    assert await api.silence()
    assert stage.asked == ["echo A"]
    assert (len(api.made("sendMessage")), len(caplog.messages)) == (1, 1)


async def test_a_group_that_has_another_id_now_is_named(
    api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    api.say("", migrate_to_chat_id=-1005)
    await asked(api, "/echo A")
    assert caplog.messages == ["group 7 is supergroup -1005 now: TELEGRAM_CHAT_ID must name that"]


async def test_an_incomplete_answer_that_is_deleted_is_followed_by_the_whole_one(
    api: BotApi, stage: Stage
) -> None:
    api.say("/hold A")
    await stage.until_asked("hold A")
    stage.progress["A"]("waiting: OKX")
    first = await api.next_message()
    del api.shown[first.chat, first.message_id]
    stage.released["A"].set()
    whole = await api.next_message()
    assert (whole.text, whole.edited) == ("hold A is whole", False)
