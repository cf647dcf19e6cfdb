"""Updates are fetched for ever, none is lost, and none is answered twice."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import ConfigError
from crypto_assistant.state.database import Timing as DatabaseTiming
from crypto_assistant.state.store import Store
from crypto_assistant.telegram.answers import MOST_AT_ONCE
from crypto_assistant.telegram.patience import Timing
from crypto_assistant.telegram.poll import FULL_BATCH
from crypto_assistant.telegram.session import LARGEST_BODY
from tests.botapi import BotApi, chat_of, message_from
from tests.clock import NOW, clock
from tests.state.lives import left, left_in
from tests.telegram.stage import ADA, Stage, on_air

TIMING = Timing()

MALFORMED: list[Any] = [
    {"message": {"text": "/echo A"}},
    {"message": "no object"},
    {"callback_query": {"id": 5}},
    {"message": {**message_from(ADA, 1, "/echo A"), "date": "yesterday"}},
    "no update",
    None,
    ["no", "update"],
]


@pytest.mark.parametrize("malformed", MALFORMED)
async def test_a_malformed_update_is_skipped_and_the_next_one_answered(
    api: BotApi,
    stage: Stage,
    database: Path,
    malformed: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    api.deliver(malformed)
    good = api.say("/echo B")
    async with on_air(api, stage, database):
        assert (await api.next_message()).text == "echo B no. 1"
        await api.confirmed(good)
    assert "is malformed" in caplog.text
    assert await left_in(database) == []


async def test_updates_without_ids_are_not_fetched_in_a_hot_loop(
    api: BotApi, stage: Stage, database: Path
) -> None:
    api.deliver("no update")
    async with on_air(api, stage, database):
        began = monotonic()
        await api.called("getUpdates", times=5)
        assert monotonic() - began >= 3 * TIMING.pause


@pytest.mark.parametrize("nobodys", [2**63, 2**63 + 5, -1, True, "5", None])
async def test_an_update_without_a_usable_id_is_named_once_and_delays_nobody(
    api: BotApi,
    stage: Stage,
    database: Path,
    nobodys: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    api.stuck = {"update_id": nobodys, "message": message_from(ADA, 1, "/echo A")}
    async with on_air(api, stage, database):
        for number, line in enumerate(("echo B", "echo C"), 1):
            api.say(f"/{line}")
            assert (await api.next_message()).text == f"{line} no. {number}"
        await api.called("getUpdates", times=len(api.made("getUpdates")) + 3)
    assert [line for line in caplog.messages if "malformed" in line] == [
        "an update is malformed: no usable id; all such are skipped"
    ]
    assert await left_in(database) == []


async def test_only_the_kinds_that_are_answered_are_asked_for(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        asked = await api.called("getUpdates")
    assert asked["allowed_updates"] == ["message", "callback_query"]


@pytest.mark.parametrize("status", [401, 404])
async def test_a_refused_token_ends_the_program(
    api: BotApi, stage: Stage, database: Path, status: int
) -> None:
    api.fail("getUpdates", status, description="Unauthorized")
    with pytest.raises(ConfigError, match=r"^TELEGRAM_BOT_TOKEN is refused by Telegram$"):
        async with on_air(api, stage, database):
            pass


async def test_the_token_of_another_bot_is_refused(
    api: BotApi, stage: Stage, database: Path
) -> None:
    with pytest.raises(ConfigError, match="TELEGRAM_BOT_TOKEN") as caught:
        async with on_air(api, stage, database, token="999:another"):
            pass
    assert "another" not in str(caught.value)


async def test_a_token_of_another_shape_is_refused_without_asking(
    api: BotApi, stage: Stage, database: Path
) -> None:
    with pytest.raises(ConfigError, match="TELEGRAM_BOT_TOKEN") as caught:
        async with on_air(api, stage, database, token="secret"):
            pass
    assert "secret" not in str(caught.value)
    assert not api.calls


async def test_another_poller_is_named_once_and_outlasted(
    api: BotApi, stage: Stage, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api.fail("getUpdates", 409, times=3, description="Conflict: terminated by other")
    api.say("/echo A")
    async with on_air(api, stage, database):
        assert (await api.next_message()).text == "echo A no. 1"
    named = [line for line in caplog.messages if "another program polls with this token" in line]
    assert len(named) == 1
    assert "updates arrive again" in caplog.messages


@pytest.mark.parametrize(
    "failure",
    [
        {"status": 0},
        {"status": 502},
        {"status": 400, "description": "Bad Request: whatever"},
        {"status": 200, "body": "<html>"},
        {"status": 200, "body": '{"ok": true, "result": {}}'},
        {"status": 200, "body": '{"ok": true, "result": ['},
        {"status": 200, "body": '{"ok": true}'},
        {"status": 403, "description": "Forbidden"},
        {"status": 400, "body": '{"ok": false}'},
        {"status": 200, "cut": True},
    ],
)
async def test_polling_survives(
    api: BotApi, stage: Stage, database: Path, failure: dict[str, Any]
) -> None:
    api.fail("getUpdates", times=3, **failure)
    api.say("/echo A")
    async with on_air(api, stage, database):
        assert (await api.next_message()).text == "echo A no. 1"


UNREADABLE: dict[str, dict[str, Any]] = {
    "no answer in 10 s": {"trickle": 1.0},
    "an answer too large to read": {"size": LARGEST_BODY + 1},
    "an answer too large to read ": {"body": "[" + "{}," * 200_000 + "{}]"},
    "the answer was cut short": {"cut": True},
    "an answer without a result": {"body": '{"ok": true}'},
}


@pytest.mark.parametrize("told", UNREADABLE)
async def test_a_body_that_cannot_be_read_is_named(
    api: BotApi, stage: Stage, database: Path, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    api.fail("getUpdates", 200, **UNREADABLE[told])
    api.say("/echo A")
    async with on_air(api, stage, database):
        assert (await api.next_message()).text == "echo A no. 1"
    assert f"no updates: TelegramNetworkError: {told.strip()}; trying" in caplog.text


async def test_the_largest_batch_is_read(api: BotApi, stage: Stage, database: Path) -> None:
    """Nobody can keep the others' questions from being fetched by what he sends."""
    longest = message_from(666, 1, 4096 * "\u0416")
    longest["entities"] = [{"type": "bold", "offset": i, "length": 1} for i in range(100)]
    reply = {"message": {**longest, "reply_to_message": longest}}
    updates = [{"update_id": number, **reply} for number in range(1, 100)]
    updates.append({"update_id": 100, "message": message_from(ADA, 2, "/echo A")})
    body = json.dumps({"ok": True, "result": updates})
    assert LARGEST_BODY / 4 < len(body) < LARGEST_BODY / 2
    api.fail("getUpdates", 200, body=body)
    async with on_air(api, stage, database):
        assert (await api.next_message()).text == "echo A no. 1"


async def test_polling_waits_as_long_as_telegram_says(
    api: BotApi, stage: Stage, database: Path
) -> None:
    api.fail("getUpdates", 429, retry_after=10)
    began = monotonic()
    async with on_air(api, stage, database):
        await api.called("getUpdates", times=2)
    assert monotonic() - began == pytest.approx(10)


async def test_readiness_does_not_wait_for_telegram(
    api: BotApi, stage: Stage, database: Path
) -> None:
    api.fail("getUpdates", 502, times=1000)
    async with on_air(api, stage, database) as serving:
        assert not serving.done()


async def test_the_menu_lists_the_commands(api: BotApi, stage: Stage, database: Path) -> None:
    api.fail("setMyCommands", 502)
    async with on_air(api, stage, database):
        menu = await api.called("setMyCommands", times=2)
    assert menu["commands"][0] == {"command": "echo", "description": "Plays echo"}


async def test_a_menu_that_telegram_refuses_stops_nothing(
    api: BotApi, stage: Stage, database: Path
) -> None:
    api.fail("setMyCommands", 400, description="Bad Request: BOT_COMMAND_INVALID")
    async with on_air(api, stage, database):
        api.say("/echo A")
        assert (await api.next_message()).text == "echo A no. 1"


async def test_an_update_that_arrives_twice_is_answered_once(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        update = {"update_id": 5000, "message": message_from(ADA, 1, "/echo A")}
        api.deliver(update)
        await api.next_message()
        api.deliver({"update_id": 5001, "message": message_from(ADA, 2, "/echo B")})
        api.deliver(update)
        assert (await api.next_message()).text == "echo B no. 2"
        assert await api.silence()


async def test_a_question_is_in_the_inbox_before_telegram_forgets_it(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        await api.confirmed(api.say("/hold A"))
        assert [b"/hold A" in body for body in await left_in(database)] == [True]


async def test_a_restart_answers_what_was_left(api: BotApi, stage: Stage, database: Path) -> None:
    async with on_air(api, stage, database):
        update = api.say("/hold A")
        await stage.until_asked("hold A")
        await api.confirmed(update)
    assert stage.cancelled == ["A"]
    stage.released["A"].set()
    async with on_air(api, stage, database):
        assert (await api.next_message()).text == "hold A is whole"
        assert await api.silence()
    assert await left_in(database) == []


async def test_a_restart_asks_again_rather_than_send_an_old_answer(
    api: BotApi, stage: Stage, database: Path
) -> None:
    api.fail("sendMessage", 0, times=1000)
    async with on_air(api, stage, database):
        api.say("/echo A")
        await api.called("sendMessage")
    api.recover("sendMessage")
    async with on_air(api, stage, database):
        assert (await api.next_message()).text == f"echo A no. {len(stage.asked)}"
    assert len(stage.asked) >= 2


async def test_polling_starts_whatever_is_left_and_cannot_be_sent(
    api: BotApi, stage: Stage, database: Path
) -> None:
    api.fail("sendMessage", 502, times=10_000)
    left = {i: {"update_id": i, "message": message_from(ADA, i, "/echo A")} for i in range(1, 101)}
    async with Store.opened(database, clock) as store:
        await store.keep({i: orjson.dumps(update) for i, update in left.items()}, 1)
    async with on_air(api, stage, database):
        await api.called("getUpdates")


async def test_a_restart_passes_the_gate_again(api: BotApi, stage: Stage, database: Path) -> None:
    async with on_air(api, stage, database):
        update = api.say("/hold A")
        await stage.until_asked("hold A")
        await api.confirmed(update)
    async with on_air(api, stage, database, listed={8}):
        assert await api.silence()
    assert await left_in(database) == []
    assert stage.asked == ["hold A"]


async def test_a_restart_repeats_a_press_in_its_message(
    api: BotApi, stage: Stage, database: Path
) -> None:
    stage.released["A"].set()
    async with on_air(api, stage, database):
        api.say("/hold A")
        shown = await api.next_message()
        stage.released["A"].clear()
        update = api.press(shown, "hold A")
        await stage.until_asked("hold A", times=2)
        await api.confirmed(update)
    api.shown[shown.chat, shown.message_id] = replace(shown, html="waiting: OKX")
    stage.released["A"].set()
    async with on_air(api, stage, database):
        again = await api.next_message()
    assert (again.message_id, again.edited) == (shown.message_id, True)


async def test_a_restart_does_not_repeat_a_press_that_a_newer_one_replaced(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        api.say("/echo A")
        shown = await api.next_message()
        both = replace(shown, buttons=((("1", "hold A"), ("2", "echo B")),))
        api.press(both, "hold A")
        await stage.until_asked("hold A")
        api.press(both, "echo B")
        await api.next_message()
    assert await left_in(database) == []


async def test_of_three_presses_at_once_the_newest_stands_and_none_is_left(
    api: BotApi, stage: Stage, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_air(api, stage, database):
        api.say("/echo A")
        shown = await api.next_message()
        both = replace(shown, buttons=((("1", "echo A"), ("2", "echo B"), ("3", "echo C")),))
        arrives = api.hold("editMessageText")
        api.press(both, "echo A")
        await api.called("editMessageText")
        for presses, line in enumerate(("echo B", "echo C"), 2):
            api.press(both, line)
            await api.called("answerCallbackQuery", times=presses)
        assert await api.silence()
        arrives.set()
        assert (await api.next_message()).text == "echo A no. 2"
        assert (await api.next_message()).text == "echo C no. 3"
    assert "a bug" not in caplog.text
    assert await left_in(database) == []


async def test_an_answer_under_way_is_sent_before_a_stop(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database) as serving:
        await api.confirmed(api.say("/hold A"))
        await stage.until_asked("hold A")
        serving.cancel()
        stage.released["A"].set()
        assert (await api.next_message()).text == "hold A is whole"
    assert await left_in(database) == []


async def test_after_an_outage_the_command_runs_again(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        api.fail("sendMessage", 502, times=1000)
        api.say("/echo A")
        await stage.until_asked("echo A", times=2)
        api.recover("sendMessage")
        assert (await api.next_message()).text == f"echo A no. {len(stage.asked)}"


async def test_questions_asked_long_before_the_start_are_summed_up(
    api: BotApi, stage: Stage, database: Path
) -> None:
    old = NOW // 1000 - 121
    for line in ("/echo <A>", "/echo b", "echo  b", "/echo c"):
        api.say(line, date=old)
    api.say("/echo NEW", date=old + 2)
    async with on_air(api, stage, database):
        shown = {(message := await api.next_message()).text: message for _ in range(2)}
        assert "echo NEW no. 1" in shown
        (summary,) = (message for message in shown.values() if "away" in message.text)
        expected = "While I was away you asked:\n/echo <A>\n/echo b\n/echo c"
        assert summary.text == expected
        assert summary.lines == ["/echo <A>", "/echo b", "/echo c"]
        api.press(summary, "/echo b")
        answer = await api.next_message()
    assert (answer.text, answer.edited) == ("echo B no. 2", False), "the other buttons stay"
    assert await left_in(database) == []


async def test_a_question_that_three_lives_ended_badly_with_is_summed_up_and_asked_by_nobody(
    api: BotApi, stage: Stage, database: Path
) -> None:
    update = {"update_id": 1, "message": message_from(ADA, 1, "/echo A")}
    async with Store.opened(database, clock) as store:
        await store.keep({1: orjson.dumps(update)}, 1)
    for _ in range(3):
        with suppress(ZeroDivisionError):
            async with Store.opened(database, clock) as store:
                await store.left()
                raise ZeroDivisionError
    async with on_air(api, stage, database):
        summary = await api.next_message()
        assert summary.text == "While I was away you asked:\n/echo A"
        assert await api.silence()
    assert stage.asked == []
    async with Store.opened(database, clock) as store:
        assert await left(store) == ([], [])


async def test_a_clock_that_is_wrong_makes_no_question_late(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        await api.called("getUpdates", times=2)
        api.say("/echo A", date=NOW // 1000 - 121)
        assert (await api.next_message()).text == "echo A no. 1"


async def test_questions_of_an_outage_are_summed_up(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        await api.called("getUpdates", times=2)
        api.fail("getUpdates", 502)
        outage = api.hold("getUpdates")
        api.deliver("ends the long poll")
        await api.called("getUpdates", times=4)
        api.say("/echo A", date=NOW // 1000 - 121)
        outage.set()
        assert (await api.next_message()).text == "While I was away you asked:\n/echo A"
    assert stage.asked == []


async def test_strangers_and_small_talk_are_not_summed_up(
    api: BotApi, stage: Stage, database: Path
) -> None:
    old = NOW // 1000 - 121
    api.say("/echo A", user=666, date=old)
    last = api.say("good morning", date=old, chat=chat_of(-1007))
    async with on_air(api, stage, database, listed={ADA, -1007}):
        await api.confirmed(last)
        assert await api.silence()
    assert await left_in(database) == []


async def test_a_broken_inbox_is_named_and_the_question_answered(
    api: BotApi, stage: Stage, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_air(api, stage, database):
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("DROP TABLE inbox")
        api.say("/echo A")
        assert (await api.next_message()).text == "echo A no. 1"
    assert f"the database {database}: it fails: no such table: inbox; until" in caplog.text
    assert any(record.levelno == logging.ERROR for record in caplog.records)


@contextmanager
def refusing(database: Path, change: str) -> Iterator[None]:
    """While it lasts, the disk takes no such change of the inbox."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            f"CREATE TRIGGER refused BEFORE {change} ON inbox BEGIN"
            " SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
        yield
        connection.execute("DROP TRIGGER refused")


@pytest.mark.parametrize("change", ["INSERT", "DELETE"])
async def test_a_full_disk_is_told_once_and_questions_are_answered(
    api: BotApi, stage: Stage, database: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_air(api, stage, database):
        with refusing(database, change):
            for number in range(1, 4):
                update = api.say("/echo A")
                assert (await api.next_message()).text == f"echo A no. {number}"
                await api.confirmed(update)
        api.say("/echo A")
        assert (await api.next_message()).text == "echo A no. 4"
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [
        ("ERROR", None),
        ("WARNING", None),
    ]
    assert "it fails: database or disk is full; until it works again" in caplog.messages[0]
    assert caplog.messages[1] == f"the database {database} works again"
    assert await left_in(database) == [], "what could not be taken out is taken out later"


async def test_what_cannot_be_taken_out_of_the_inbox_is_not_answered_twice(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        with refusing(database, "DELETE"):
            update = {"update_id": 5000, "message": message_from(ADA, 1, "/echo A")}
            api.deliver(update)
            await api.next_message()
            api.deliver(update)
            api.deliver({"update_id": 5001, "message": message_from(ADA, 2, "/echo B")})
            assert (await api.next_message()).text == "echo B no. 2"
            assert await api.silence()


async def test_an_inbox_that_cannot_be_read_keeps_nobody_from_asking(
    api: BotApi, stage: Stage, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_air(api, stage, database):
        await api.confirmed(api.say("/hold A"))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE inbox RENAME TO elsewhere")
        async with on_air(api, stage, database):
            api.say("/echo B")
            assert (await api.next_message()).text == "echo B no. 2"
        connection.execute("ALTER TABLE elsewhere RENAME TO inbox")
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"], "and at the end"
    assert len(await left_in(database)) == 1, "the next start has it"


async def test_what_was_left_in_a_database_that_opens_late_is_asked_then(
    api: BotApi, stage: Stage, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    update = {"update_id": 1, "message": message_from(ADA, 1, "/echo A")}
    async with Store.opened(database, clock) as store:
        await store.keep({1: orjson.dumps(update)}, 1)
    with closing(sqlite3.connect(database)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        async with on_air(api, stage, database, patience=DatabaseTiming(busy=0.01)):
            api.say("/echo B")
            assert (await api.next_message()).text == "echo B no. 1"
            other.close()
            await asyncio.sleep(DatabaseTiming().retry)
            api.say("/echo C")
            assert {(await api.next_message()).text[:6] for _ in range(2)} == {"echo A", "echo C"}
            assert await api.silence()
    assert "it cannot be opened: database is locked" in caplog.messages[0]
    assert await left_in(database) == []


@pytest.mark.parametrize("lives", [0, 3])
async def test_what_is_left_and_cannot_be_read_is_named_and_forgotten(
    api: BotApi, stage: Stage, database: Path, lives: int, caplog: pytest.LogCaptureFixture
) -> None:
    rows = {5: b"no JSON", 6: b"[]", 7: b'{"update_id": 7, "message": {"text": "/echo A"}}'}
    good = {"update_id": 8, "message": message_from(ADA, 1, "/echo B")}
    async with Store.opened(database, clock) as store:
        await store.keep(rows | {8: orjson.dumps(good)}, 1)
    for _ in range(lives):
        with suppress(ZeroDivisionError):
            async with Store.opened(database, clock) as store:
                await store.left()
                raise ZeroDivisionError
    caplog.clear()
    async with on_air(api, stage, database):
        assert "echo B" in (await api.next_message()).text
    named = [line for line in caplog.messages if line.startswith("update")]
    assert [line.split(" is malformed")[0] for line in named] == [
        "update 5",
        "update 6",
        "update 7",
    ]
    async with Store.opened(database, clock) as store:
        assert await left(store) == ([], [])


class Unreadable(frozenset[int]):
    """A list of users in which nobody can be looked up."""

    def __contains__(self, user: object) -> bool:
        raise ZeroDivisionError


async def test_a_question_that_meets_a_bug_is_not_asked_for_ever(
    api: BotApi, stage: Stage, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_air(api, stage, database, listed=Unreadable()):
        await api.confirmed(api.say("/echo A"))
        assert await api.silence()
    assert [line for line in caplog.messages if "a bug" in line] == [
        "a bug in the Telegram front: the question is given up"
    ]
    assert await left_in(database) == []


async def test_what_only_memory_has_stays_with_telegram_until_it_is_answered(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        with refusing(database, "INSERT"):
            first, polls = api.say("/hold A"), len(api.made("getUpdates"))
            await stage.until_asked("hold A")
            api.say("/echo B")
            assert (await api.next_message()).text == "echo B no. 2"
            await api.called("getUpdates", times=polls + 5)
            assert all(int(asked.get("offset", 0)) <= first for asked in api.made("getUpdates"))
            stage.released["A"].set()
            assert (await api.next_message()).text == "hold A is whole"
            await api.confirmed(first)
            assert await api.silence()


async def test_a_disk_that_takes_it_again_lets_telegram_forget(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        with refusing(database, "INSERT"):
            update = api.say("/hold A")
            await stage.until_asked("hold A")
        await api.confirmed(update)
    assert len(await left_in(database)) == 1


async def test_a_full_batch_that_only_memory_has_holds_up_nobody(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        with refusing(database, "INSERT"):
            updates = [api.say("/hold A") for _ in range(FULL_BATCH)]
            await api.confirmed(updates[-1])


@pytest.mark.parametrize("failure", [{"status": 502}, {"status": 200, "trickle": 1.0}])
async def test_however_many_answers_are_unsent_updates_are_fetched(
    api: BotApi, stage: Stage, database: Path, failure: dict[str, Any]
) -> None:
    api.fail("sendMessage", times=10_000, **failure)
    async with on_air(api, stage, database):
        for _ in range(70):
            api.say("/echo A")
        await stage.until_asked("echo A", times=70)
        await api.confirmed(api.say("/echo B"))


async def test_no_more_questions_are_worked_out_at_once_than_the_host_can_bear(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        updates = [api.say("/hold A") for _ in range(MOST_AT_ONCE + 3)]
        await api.confirmed(updates[-1])
        await stage.until_asked("hold A", times=MOST_AT_ONCE)
        assert await api.silence()
        assert len(stage.asked) == MOST_AT_ONCE
        stage.released["A"].set()
        for _ in updates:
            await api.next_message()
    assert len(stage.asked) == len(updates)


async def test_a_chat_that_must_wait_delays_no_other(
    api: BotApi, stage: Stage, database: Path
) -> None:
    api.flooded[ADA] = 10_000
    async with on_air(api, stage, database, listed={ADA, 8}):
        for _ in range(70):
            api.say("/echo A")
        await api.called("sendMessage", times=70)
        api.say("/echo B", user=8)
        assert (await api.next_message()).text == "echo B no. 71"


async def revoked(api: BotApi, stage: Stage, database: Path, status: int) -> None:
    async with on_air(api, stage, database) as serving:
        api.say("/echo A")
        await api.next_message()
        api.fail("sendMessage", status, times=1000, description="Unauthorized")
        api.say("/echo B")
        await api.called("sendMessage", times=3)
        api.fail("getUpdates", status, times=1000, description="Unauthorized")
        await asyncio.wait({serving})


@pytest.mark.parametrize("status", [401, 404])
async def test_a_token_that_is_revoked_after_days_ends_the_program_and_loses_nothing(
    api: BotApi, stage: Stage, database: Path, status: int
) -> None:
    with pytest.raises(ConfigError, match=r"^TELEGRAM_BOT_TOKEN is refused by Telegram$"):
        await revoked(api, stage, database, status)
    assert [b"/echo B" in body for body in await left_in(database)] == [True]


async def test_an_outage_is_told_once_whatever_it_looks_like_from_one_try_to_the_next(
    api: BotApi, stage: Stage, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for status in (502, 0, 504, 0):
        api.fail("getUpdates", status)
    api.say("/echo A")
    async with on_air(api, stage, database):
        await api.next_message()
    told = [line for line in caplog.messages if "trying again" in line]
    assert [line.split(": ")[1:3] for line in told] == [
        ["TelegramServerError", "HTTP 502; trying again until it works"],
        ["TelegramNetworkError", "the connection broke; trying again until it works"],
    ]
    assert caplog.messages.count("updates arrive again") == 1


async def test_two_programs_that_interrupt_each_other_are_named_once(
    api: BotApi, stage: Stage, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_air(api, stage, database):
        for line in ("echo A", "echo B", "echo C"):
            api.fail("getUpdates", 409, description="Conflict: terminated by other")
            api.say(f"/{line}")
            assert (await api.next_message()).text.startswith(line)
    assert caplog.text.count("another program polls with this token") == 1
    assert caplog.messages.count("updates arrive again") == 1


NOWHERE = {
    "the host's name is not known": "https://nobody.invalid",
    "no connection": "http://127.0.0.1:9",
    "no secure connection (TLS)": "https://127.0.0.1:{port}",
}


@pytest.mark.parametrize("told", NOWHERE)
async def test_what_is_wrong_on_the_way_is_named(
    api: BotApi, stage: Stage, database: Path, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    pulses: list[tuple[str, float]] = []
    url = NOWHERE[told].format(port=api.port)
    async with on_air(
        api, stage, database, api_url=url, on_polled=lambda *pulse: pulses.append(pulse)
    ):
        pass
    assert pulses[0][0] == f"TelegramNetworkError: {told}"
    assert f"no updates: TelegramNetworkError: {told}; trying again" in caplog.text


async def test_whoever_watches_is_told_how_long_telegram_makes_us_wait(
    api: BotApi, stage: Stage, database: Path
) -> None:
    pulses: list[tuple[str, float]] = []
    api.fail("getUpdates", 429, retry_after=300)
    async with on_air(api, stage, database, on_polled=lambda *pulse: pulses.append(pulse)):
        await api.called("getUpdates", times=2)
        api.say("/echo A")
        await api.next_message()
    (failure, pause), (recovered, _) = pulses[:2]
    assert failure.startswith("TelegramRetryAfter: ")
    assert pause == 300
    assert recovered == ""


async def test_what_was_left_long_ago_is_asked_again_and_not_summed_up(
    api: BotApi, stage: Stage, database: Path
) -> None:
    old = {**message_from(ADA, 1, "/echo A"), "date": NOW // 1000 - 7200}
    async with Store.opened(database, clock) as store:
        await store.keep({5: orjson.dumps({"update_id": 5, "message": old})}, 1)
    async with on_air(api, stage, database):
        assert (await api.next_message()).text == "echo A no. 1"


async def test_questions_are_summed_up_in_their_topics(
    api: BotApi, stage: Stage, database: Path
) -> None:
    asked: dict[str, Any] = {"date": NOW // 1000 - 121, "chat": chat_of(-1007)}
    for topic in (55, 66):
        api.say(f"/echo T{topic}", **asked, message_thread_id=topic, is_topic_message=True)
    async with on_air(api, stage, database, listed={ADA, -1007}):
        summaries = [await api.next_message() for _ in range(2)]
        assert {shown.topic: shown.lines for shown in summaries} == {
            55: ["/echo T55"],
            66: ["/echo T66"],
        }
        api.press(summaries[0], summaries[0].lines[0])
        answer = await api.next_message()
    assert (answer.chat, answer.topic) == (-1007, summaries[0].topic)


def line(number: int, text: str) -> str:
    return json.dumps({"update_id": number, "message": message_from(ADA, number, text)})


REFUSED = {
    "half a character": r'{"update_id": 2, "message": {"text": "\ud83d"}}',
    "no number": '{"update_id": 2, "message": NaN}',
    "an endless number": '{"update_id": 2, "message": 1e400}',
    "minus infinity": '{"update_id": 2, "message": -Infinity}',
    "many digits": f'{{"update_id": 2, "message": {"9" * 5000}}}',
    "deep": f'{{"update_id": 2, "x": {"[" * 5000}{"]" * 5000}}}',
    "deeper than is kept": f'{{"update_id": 2, "x": {"[" * 300}{"]" * 300}}}',
    "deep in objects": f'{{"update_id": 2, "x": {"{" + chr(34) + "a" + chr(34) + ":"}1{"}"}}}',
    "no value": '{"update_id": 2, "message": }',
    "a bracket too many": '{"update_id": 2, "message": ]}',
    "another kind": '{"update_id": 2, "poll_of_tomorrow": {}}',
    "nothing": '{"update_id": 2}',
    "a late year": line(2, "/echo X").replace(str(NOW // 1000), "999999999999999"),
    "a number of a chat": line(2, "/echo X").replace('"chat"', '"chat": 5, "chats"'),
}


@pytest.mark.parametrize("bad", REFUSED)
async def test_what_cannot_be_read_is_passed_by_and_told_once_and_the_rest_is_answered(
    api: BotApi, stage: Stage, database: Path, bad: str, caplog: pytest.LogCaptureFixture
) -> None:
    updates = [line(1, "/echo A"), REFUSED[bad], line(3, "/echo B")]
    api.fail("getUpdates", 200, body=f'{{"ok": true, "result": [{", ".join(updates)}]}}')
    async with on_air(api, stage, database):
        texts = {(await api.next_message()).text[:6] for _ in range(2)}
        await api.confirmed(3)
    assert texts == {"echo A", "echo B"}
    assert [line.split()[:2] for line in caplog.messages] == [["update", "2"]]
    assert await left_in(database) == []


async def test_a_command_with_half_a_character_is_answered(
    api: BotApi, stage: Stage, database: Path
) -> None:
    body = line(1, "/echo A").replace("/echo A", r"/echo A\ud83d")
    api.fail("getUpdates", 200, body=f'{{"ok": true, "result": [{body}]}}')
    async with on_air(api, stage, database):
        assert (await api.next_message()).text
        await api.confirmed(1)
    assert await left_in(database) == []


@pytest.mark.parametrize("seconds", [-5, 0, 100_000, 1e9])
async def test_an_order_to_wait_neither_spins_nor_deafens_the_poll(
    api: BotApi, stage: Stage, database: Path, seconds: float
) -> None:
    pulses: list[tuple[str, float]] = []
    body = json.dumps({"ok": False, "description": "x", "parameters": {"retry_after": seconds}})
    api.fail("getUpdates", 429, times=3, body=body)
    async with on_air(api, stage, database, on_polled=lambda *pulse: pulses.append(pulse)):
        await api.called("getUpdates", times=4, seconds=4 * 3600)
    assert all(1 <= pause <= 3600 for failure, pause in pulses if failure)


async def test_of_more_updates_than_were_asked_for_the_rest_stays_with_telegram(
    api: BotApi, stage: Stage, database: Path
) -> None:
    updates = ", ".join(line(n, "/echo A") for n in range(1, 2 * FULL_BATCH))
    api.fail("getUpdates", 200, body=f'{{"ok": true, "result": [{updates}]}}')
    async with on_air(api, stage, database):
        await api.called("getUpdates", times=2)
        await stage.until_asked("echo A", times=FULL_BATCH)
    assert int(api.made("getUpdates")[1]["offset"]) == FULL_BATCH + 1
    assert len(stage.asked) == FULL_BATCH


@pytest.mark.real
async def test_a_database_that_another_program_holds_delays_no_answer(
    api: BotApi, stage: Stage, database: Path
) -> None:
    async with on_air(api, stage, database):
        api.say("/echo A")
        await api.next_message()
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            began = monotonic()
            for number in (2, 3, 4):
                api.say("/echo A")
                assert (await api.next_message(5)).text == f"echo A no. {number}"
            took = monotonic() - began
            other.execute("ROLLBACK")
    assert took < 3 * DatabaseTiming().busy
    assert await left_in(database) == []
