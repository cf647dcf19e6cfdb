"""What a user chooses holds for that user, for lines that leave it open, and over a restart."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crypto_assistant.models import Timeframe
from crypto_assistant.state.store import Store
from crypto_assistant.users import NEUTRAL, Users
from tests.clock import clock
from tests.floor import Floor, floor

ADA, BOB = 7, 8


async def said(floor: Floor, line: str, user: int | None = ADA, *, pressed: bool = False) -> str:
    return (await floor.front.reply(line, user=user, pressed=pressed)).text


async def test_each_choice_is_one_users_alone() -> None:
    async with floor() as stage:
        await stage.open()
        for line in ("zone asia/kolkata", "coin eth", "timeframe 4h", "details"):
            await said(stage, f"/settings {line}")
        assert await said(stage, "/settings") == (
            "<b>Settings</b>\nTimes: Asia/Kolkata\nPictures: dark\nCoin: ETH\n"
            "Timeframe: 4h\nFirst: details\n"
            "Any other: /help settings"
        )
        assert stage.front.desk.users.of(BOB) == NEUTRAL
        mine, theirs = await said(stage, "/volume"), await said(stage, "/volume", BOB)
        assert "ETH volume 4h" in mine
        assert "IST" in mine
        assert "spot" in mine
        assert "BTC volume 15m" in theirs
        assert "UTC" in theirs
        assert "spot" not in theirs


async def test_a_line_and_a_button_say_what_they_mean_whoever_asks() -> None:
    async with floor() as stage:
        await stage.open()
        for line in ("coin eth", "timeframe 4h", "details", "zone Asia/Kolkata"):
            await said(stage, f"/settings {line}")
        typed = await said(stage, "/volume sol 5m compact")
        assert "SOL volume 5m" in typed
        assert "spot" not in typed
        pressed = await said(stage, "volume BTC 15m", pressed=True)
        assert "BTC volume 15m" in pressed
        assert "spot" not in pressed
        assert "IST" in pressed
        sheet = await stage.front.reply("/volume", user=ADA)
        lines = {button.label: button.line for row in sheet.buttons for button in row}
        assert lines["Compact"] == "volume ETH 4h"
        assert lines["Refresh"] == "volume ETH 4h details"


async def test_each_choice_is_taken_back() -> None:
    async with floor() as stage:
        await stage.open()
        for line in ("zone UTC", "coin eth", "timeframe 4h", "details"):
            await said(stage, f"/settings {line}")
        for line in ("zone none", "coin btc", "timeframe NONE", "compact"):
            await said(stage, f"/settings {line}")
        assert stage.front.desk.users.of(ADA) == NEUTRAL


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("zone Mars/Olympus", "There is no zone Mars/Olympus"),
        ("zone ../../etc/passwd", "There is no zone ../../etc/passwd"),
        ("timeframe 7m", "There is no timeframe 7m"),
        ("coin btcc", "No venue lists BTCC"),
        ("coin", "After coin comes what you choose."),
        ("tz UTC", "There is no setting tz"),
        ("details please", "After details comes what you choose."),
    ],
)
async def test_what_cannot_be_chosen_is_said_and_changes_nothing(line: str, why: str) -> None:
    async with floor() as stage:
        await stage.open()
        assert why in await said(stage, f"/settings {line}")
        assert stage.front.desk.users.of(ADA) == NEUTRAL


async def test_whoever_is_not_named_has_nothing_to_choose() -> None:
    async with floor() as stage:
        await stage.open()
        assert "settings are for people" in await said(stage, "/settings coin eth", None)
        assert "BTC volume 15m" in await said(stage, "/volume", None)


async def test_every_button_chooses_what_it_says() -> None:
    async with floor() as stage:
        await stage.open()
        sheet = await stage.front.reply("/settings", user=ADA)
        for button in [button for row in sheet.buttons[:-1] for button in row]:
            pressed = await stage.front.reply(button.line, user=ADA, pressed=True)
            assert pressed.answer, button.line
            marked = [one.label for row in pressed.buttons for one in row if "•" in one.label]
            assert f"• {button.label.removeprefix('• ')}" in marked


async def test_what_was_chosen_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    for name, text in {"zone": "Europe/Berlin", "timeframe": "1h", "watched": "ETH SOL"}.items():
        async with Store.opened(path, clock) as store:
            await users_of(store).choose(ADA, name, text)
    async with Store.opened(path, clock) as store:
        users = users_of(store)
        await users.load()
        chosen = users.of(ADA)
    assert chosen.zone == ZoneInfo("Europe/Berlin")
    assert (chosen.timeframe, chosen.watched) == (Timeframe.H1, ("ETH", "SOL"))


async def test_what_this_version_does_not_know_is_as_if_not_chosen(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    rows = [(ADA, "zone", "Mars/Olympus"), (ADA, "timeframe", "7m"), (ADA, "hat", "red")]
    async with Store.opened(path, clock) as store:
        await store.write(lambda db: db.executemany("INSERT INTO settings VALUES (?,?,?)", rows))
        users = users_of(store)
        await users.load()
        assert users.of(ADA) == NEUTRAL


async def test_what_cannot_be_kept_is_said_and_does_not_hold(tmp_path: Path) -> None:
    async with floor() as stage, Store.opened(tmp_path / "live.db", clock) as store:
        await stage.open()
        stage.front.desk.users = users_of(store)
        await store.write(lambda db: db.execute("DROP TABLE settings"))
        assert "Settings cannot be kept now: no such table" in await said(
            stage, "/settings details"
        )
        assert stage.front.desk.users.of(ADA) == NEUTRAL


def users_of(store: Store) -> Users:
    async def opened() -> Store:
        return store

    return Users(opened)
