"""/start and /help: the way in."""

from typing import Any

import pytest

from crypto_assistant.commands import COMMANDS
from crypto_assistant.desk import Desk
from crypto_assistant.front import Front
from crypto_assistant.grammar import Command, parse
from crypto_assistant.net.door import Timing
from crypto_assistant.subjects.account import balance, pnl, positions
from crypto_assistant.view import Button, View
from tests.clock import clock
from tests.venues import VENUES


def front() -> Front:
    return Front(COMMANDS, Desk((), timing=Timing(), clock_ms=clock), View({}))


async def buttons(line: str) -> list[Button]:
    sheet = await front().reply(line)
    return [button for row in sheet.buttons for button in row]


async def test_start_says_who_may_ask_and_names_every_command() -> None:
    sheet = await front().reply("/start")
    text = sheet.text
    assert sheet.answer
    assert sheet.answer.provenance.asked == ()
    assert "only the people and groups that its owner listed" in text
    for command in COMMANDS:
        assert f"/{command.name}" in text


@pytest.mark.parametrize("line", ["/start", "/help", "/help price"])
async def test_every_button_is_a_line_that_is_understood(line: str) -> None:
    for button in await buttons(line):
        parse(button.line, COMMANDS, VENUES)


async def test_help_has_a_line_for_each_command_in_three_groups() -> None:
    text = (await front().reply("/help")).text
    groups = {part.split("\n")[0]: part for part in text.split("<b>")[1:]}
    named = {f"/{one.name} {one.summary}": one for one in COMMANDS}
    for line, command in named.items():
        group = "This bot" if command.about_itself else "The market"
        assert f"\n{line}\n" in groups[f"{'Your account' if line in ACCOUNT else group}</b>"]


ACCOUNT = {
    f"/{one.name} {one.summary}" for one in (balance.COMMAND, positions.COMMAND, pnl.COMMAND)
}


async def test_buttons_of_help_run_the_commands() -> None:
    lines = {button.label: button.line for button in await buttons("/help")}
    assert lines.keys() == {one.name for one in COMMANDS} - {"start", "help"}
    assert lines["price"] == "price ETH"


async def test_help_of_a_command_leads_back_and_to_a_try() -> None:
    assert await buttons("/help price") == [
        Button("‹ Back", "help"),
        Button("Try", "price ETH"),
    ]


async def test_points_of_an_explanation_stand_on_lines_of_their_own() -> None:
    text = (await front().reply("/help price")).text
    assert "\nA row a venue:\n• bp: how far its mid is" in text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
async def test_help_of_a_command_shows_its_usage_and_explains_it(command: Command[Any]) -> None:
    for name in (command.name, command.name.upper()):
        text = (await front().reply(f"/help {name}")).text
        assert f"<b>/{command.name}</b>" in text
        assert command.explains.split(":")[0].split(".")[0][:40].replace("\n", " ") in text


async def test_help_takes_a_command_with_its_slash() -> None:
    assert await front().reply("/help /price") == await front().reply("/help price")


async def test_help_of_a_command_that_does_not_exist_names_the_nearest() -> None:
    sheet = await front().reply("/help prise")
    assert "There is no command /prise. Did you mean /price?" in sheet.text
    assert sheet.answer is None
    assert "/help [COMMAND]" in sheet.text
