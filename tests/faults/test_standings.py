"""Accounts that are empty or crowded, and what nobody can value: no failure, and no gap."""

import re
from math import fsum
from typing import Any

import pytest

from tests.faults.accounts import LINES, expected, healthy, moved, turn
from tests.faults.matrix import TITLES, venues
from tests.faults.relay import relay
from tests.faults.remainder import LOG, WALLETS
from tests.floor import VENUES, differences, floor

pytestmark = pytest.mark.usefixtures("whole")


async def test_a_coin_without_a_price_is_listed_and_in_no_sum() -> None:
    async with floor() as market:
        await market.open()
        sheet = await market.front.reply("/balance details")
        found = await market.ask("/balance")
    assert "without a price: 16,277 NOPRICE\n" in sheet.text
    assert re.search(r"NOPRICE +12,500 +n/a", sheet.text)
    assert found["total"]["unvalued_coins"] == {"NOPRICE": list(VENUES)}
    spot = found["venues"]["binance"]["wallets"]["spot"]
    valued = [held["usd"] for held in spot["coins"].values() if held["usd"] is not None]
    assert len(valued) == len(spot["coins"]) - 1
    assert spot["equity_usd"] == pytest.approx(fsum(valued))


@venues
async def test_an_empty_account_is_empty_and_no_failure(venue: str) -> None:
    async with floor() as market:
        await market.open()
        turn(market, venue, standing="empty")
        balance = await market.ask("/balance")
        positions = await market.front.reply("/positions")
        pnl = await market.ask("/pnl today")
    others = expected("/balance", {}, {(venue, wallet) for wallet in WALLETS[venue]})
    assert (balance["failed"], balance["total"]["venues"]) == ({}, list(VENUES))
    assert balance["venues"][venue]["equity_usd"] == 0.0
    assert balance["total"]["equity_usd"] == pytest.approx(others["total"]["equity_usd"])
    assert f"Flat: {TITLES[venue]}\n" in positions.text
    one = pnl["venues"][venue]
    assert (pnl["failed"], one["flows"]["sum_usd"], one["coins"]) == ({}, 0.0, [])
    rest = expected("/pnl today", {}, {(venue, LOG)})
    assert differences(pnl["total"]["flows"], rest["total"]["flows"]) == {}


async def test_three_empty_accounts_are_one_line_each() -> None:
    async with floor() as market:
        await market.open()
        for venue in VENUES:
            turn(market, venue, standing="empty")
        texts = [(await market.front.reply(line)).text for line in LINES]
    assert texts[1].startswith("<b>Balance $0.00</b>\n")
    assert texts[2].startswith("<b>No open positions on Binance, Bybit, OKX</b>")
    assert re.search(r"all +0\.00 +0\.00 +0\.00", texts[0])


async def test_five_hundred_positions_are_five_hundred() -> None:
    """Of markets that are on no list the venue's own figures stand; pages fit into messages."""

    def crowd(target: str, answer: Any) -> Any:
        if not target.startswith("/fapi/v3/positionRisk"):
            return answer
        strangers = [{**answer[0], "symbol": f"NEW{i}USDT"} for i in range(500 - len(answer))]
        return [*answer, *strangers]

    whole = healthy("/positions")
    async with (
        floor() as market,
        relay(market.urls["BINANCE_USDM_URL"], crowd) as url,
        moved(market, urls={"BINANCE_USDM_URL": url}) as there,
    ):
        found = await there.ask("/positions")
        last = await there.front.reply("/positions details page 99")
    known = [row for row in found["positions"] if row["coin"]]
    for row in (*known, *whole["positions"]):
        row.pop("liquidation_atr_1h")  # Of the twenty largest only.
    assert differences(known, whole["positions"]) == {}
    mine = [row for row in found["positions"] if (row["venue"], row["family"]) == BINANCE_LINEAR]
    assert len(mine) == 500
    assert found["totals"]["positions"] == len(found["positions"])
    assert found["totals"]["gross_usd"] == pytest.approx(
        fsum(row["usd"] for row in found["positions"])
    )
    assert [button.label for button in last.buttons[-1]] == ["‹"]


BINANCE_LINEAR = ("binance", "linear")
