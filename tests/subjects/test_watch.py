"""A row says of a coin what /price and /oi say of it, and a list is its user's own."""

from pathlib import Path
from typing import Any

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.sandbox import Fault
from crypto_assistant.state.store import Store
from tests.clock import clock
from tests.floor import Floor, floor, numbers
from tests.subjects.test_settings import ADA, BOB, said, users_of

MAJORS = (
    *("BTC", "ETH", "SOL", "XRP", "DOGE", "PEPE", "SUI", "ARB", "ADA", "LINK", "BNB", "LTC", "TRX"),
    *("SEI", "WIF", "ENA", "JUP", "W", "MOVE", "NOT", "ONDO", "TON"),
)
COINS = ("BTC", "ETH", "PEPE", "1INCH", "XAU", "BTC/USD", "SOL/USDC")


async def board(floor: Floor, line: str, user: int = ADA) -> Any:
    sheet = await floor.front.reply(line, user=user)
    assert sheet.answer is not None, sheet.text
    return numbers(sheet.answer)


async def test_every_number_is_that_of_price_and_oi() -> None:
    async with floor() as stage:
        await stage.open()
        for row in (await board(stage, f"/watch {' '.join(COINS)}"))["rows"]:
            price, oi = (
                await stage.ask(f"/price {row['coin']}"),
                await stage.ask(f"/oi {row['coin']}"),
            )
            primary = price["venues"][price["primary_venue"]]["perp"]
            hour = oi["quadrants"]["1h"]
            assert row == {
                "coin": row["coin"],
                "tick_size": primary["tick_size"],
                "primary_venue": price["primary_venue"],
                "last_price": primary["last_price"],
                "change_24h_fraction": primary["change_24h_fraction"],
                "change_1h_fraction": hour["price_change_fraction"],
                "oi_change_1h_fraction": hour["oi_change_fraction"],
                "funding_8h_fraction": oi["totals"]["funding_8h_fraction"],
                "uncompared_perps": price["uncompared_perps"]["1h"],
            }


async def test_a_list_is_its_users_own_and_grows_and_shrinks_by_lines() -> None:
    async with floor() as stage:
        await stage.open()

        def watched(user: int = ADA) -> tuple[str, ...]:
            return stage.front.desk.users.of(user).watched

        assert "Empty" in await said(stage, "/watch")
        await said(stage, "/watch btc eth BTCUSDT gold")
        assert watched() == ("BTC", "ETH", "XAU")
        await said(stage, "/watch sol -ether")
        assert watched() == ("BTC", "XAU", "SOL")
        assert [row["coin"] for row in (await board(stage, "/watch"))["rows"]] == [*watched()]
        assert "Empty" in await said(stage, "/watch", BOB)
        await said(stage, "/watch pepe", BOB)
        assert (watched(), watched(BOB)) == (("BTC", "XAU", "SOL"), ("PEPE",))
        await said(stage, "/watch -all")
        assert (watched(), watched(BOB)) == ((), ("PEPE",))


@pytest.mark.parametrize(
    "line",
    [
        "btc eth sol",
        "$btc, eth sol",
        "/price BTC ETH SOL",
        "price btc eth sol",
        "/watch only btc eth sol",
    ],
)
async def test_a_board_of_any_coins_keeps_nothing(line: str) -> None:
    async with floor() as stage:
        await stage.open()
        found = await board(stage, line.replace(",", ""))
        assert [row["coin"] for row in found["rows"]] == ["BTC", "ETH", "SOL"]
        assert stage.front.desk.users.of(ADA).watched == ()
        refresh = (await stage.front.reply(line.replace(",", ""))).buttons[0][0]
        assert (refresh.label, refresh.line) == ("Refresh", "watch only BTC ETH SOL")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("btcc", "No venue lists BTCC"),
        ("-doge", "DOGE is not on the watch list."),
        ("-nothing", "No venue lists NOTHING"),
        ("only", "After only come coins."),
        ("eth -", "No venue lists"),
        ("비트코인", "No venue lists"),
    ],
)
async def test_a_mistake_changes_nothing(line: str, why: str) -> None:
    async with floor() as stage:
        await stage.open()
        await said(stage, "/watch btc")
        assert why in await said(stage, f"/watch {line}")
        assert stage.front.desk.users.of(ADA).watched == ("BTC",)


async def test_what_nobody_lists_any_more_is_named_and_can_be_taken_away() -> None:
    async with floor() as stage:
        await stage.open()
        await stage.front.desk.users.choose(ADA, "watched", "BTC GONE")
        assert "Not listed now: GONE" in await said(stage, "/watch")
        assert "GONE" not in await said(stage, "/watch -gone")


async def test_twenty_coins_are_the_most_and_come_in_time() -> None:
    async with floor() as stage:
        await stage.open()
        listed = {
            coin for one in stage.front.desk.keeper.known.instruments.values() for coin in one.coins
        }
        names = [coin for coin in MAJORS if coin in listed][:20]
        began = monotonic()
        found = await board(stage, f"/watch {' '.join(names)}")
        assert len(names) == 20
        assert monotonic() - began < 2 * stage.front.desk.timing.answer
        assert [row["coin"] for row in found["rows"]] == names
        assert all(row["oi_change_1h_fraction"] is not None for row in found["rows"])
        assert found["failed"] == {}
        assert "At most 20 coins" in await said(stage, "/watch XAU")


async def test_a_venue_that_fails_is_named_once_and_its_part_is_told_missing() -> None:
    async with floor() as stage:
        await stage.open()
        stage.sandbox.faults = [Fault("okx", "http", 451)]
        shown = await said(stage, "/watch btc eth")
        assert shown.count("OKX") == 1
        assert "OKX: geo-blocked" in shown
        stage.sandbox.faults = [Fault("okx", "http", 503, "/api/v5/rubik/")]
        await stage.pass_time(400)
        shown = await said(stage, "/watch eth")
        assert "OI1h without all of OKX: BTC ETH" in shown


async def test_funding_that_is_high_either_way_is_named() -> None:
    async with floor() as stage:
        await stage.open()
        rows = (await board(stage, "/watch BTC ETH SOL PEPE DOGE XRP"))["rows"]
        shown = await said(stage, "/watch")
        for row in rows:
            named = f"{row['coin']} {row['funding_8h_fraction'] * 100:+.4f}" in shown
            assert named == (abs(row["funding_8h_fraction"]) >= 0.0003), row


async def test_who_is_not_named_and_a_list_that_cannot_be_kept_are_said(tmp_path: Path) -> None:
    async with floor() as stage, Store.opened(tmp_path / "live.db", clock) as store:
        await stage.open()
        assert "a watch list is somebody's" in await said(stage, "/watch btc", None)
        assert "Empty" in await said(stage, "/watch", None)
        stage.front.desk.users = users_of(store)
        await store.write(lambda db: db.execute("DROP TABLE settings"))
        assert "The watch list cannot be kept now: no such" in await said(stage, "/watch btc")
