"""/balance and /positions over the simulated accounts: to the cent what their books say."""

from collections import defaultdict
from decimal import Decimal
from math import fsum
from typing import Any

import pytest

from crypto_assistant.sandbox import Fault
from crypto_assistant.sandbox.account.events import Holding
from tests.clock import NOW
from tests.floor import VENUES, Floor, differences
from tests.truth import Truth

CENT = 0.005
WALLETS = {
    "binance": ("spot", "funding", "usdm", "coinm"),
    "bybit": ("unified", "funding"),
    "okx": ("trading", "funding"),
}


def price(truth: Truth, venue: str, coin: str) -> float | None:
    """The mid of the venue's USDT market."""
    if coin in {"USDT", "USD"}:
        return 1.0
    for market in truth.markets:
        if (market.venue, market.kind, market.base, market.quote) == (venue, "spot", coin, "USDT"):
            quote = truth.quote(market)
            return (quote.bid + quote.ask) / 2
    return None


def equity(market: Floor, venue: Any, wallet: str) -> dict[str, float]:
    """By coin, unrealised PnL included."""
    book = market.sandbox.account(venue).book
    coins: defaultdict[str, Decimal] = defaultdict(Decimal)
    for part in (book.balances(wallet, NOW), book.unrealised(wallet, NOW)):
        for coin, amount in part.items():
            coins[coin] += amount
    return {coin: float(amount) for coin, amount in coins.items() if amount}


@pytest.mark.parametrize("venue", VENUES)
async def test_every_wallet_is_what_the_books_say(market: Floor, truth: Truth, venue: str) -> None:
    found = (await market.ask("/balance"))["venues"][venue]
    assert tuple(found["wallets"]) == WALLETS[venue]
    for wallet, purse in found["wallets"].items():
        coins = equity(market, venue, wallet)
        assert purse["coins"].keys() == coins.keys()
        worth = []
        for coin, held in purse["coins"].items():
            each = price(truth, venue, coin)
            assert held["coins"] == pytest.approx(coins[coin], abs=1e-7)
            if each is None:
                assert (coin, held["usd"]) == ("NOPRICE", None)
            else:
                assert held["usd"] == pytest.approx(coins[coin] * each, abs=CENT)
                worth.append(coins[coin] * each)
        assert purse["equity_usd"] == pytest.approx(fsum(worth), abs=CENT)


async def test_the_total_is_that_of_the_wallets_that_are_shown(market: Floor) -> None:
    found = await market.ask("/balance")
    purses = [
        purse["equity_usd"]
        for venue in found["venues"].values()
        for purse in venue["wallets"].values()
    ]
    assert found["total"]["equity_usd"] == pytest.approx(fsum(purses), abs=1e-6)
    assert found["total"]["venues"] == list(VENUES)
    assert found["total"]["unvalued_coins"] == {"NOPRICE": list(VENUES)}


def side(holding: Holding) -> str:
    return "long" if holding.size > 0 else "short"


def margin(holding: Holding) -> Decimal:
    """Binance tells what a position asks for at its mark price, whatever was put in."""
    if holding.market.venue == "binance":
        return holding.value / holding.leverage
    return holding.margin


def entry(holding: Holding) -> Decimal:
    """Bybit pays the profit of USDC contracts out every eight hours: it counts from there."""
    if holding.market.venue == "bybit" and holding.coin == "USDC":
        return holding.mark - holding.unrealised / holding.size
    return holding.entry


@pytest.mark.parametrize("venue", VENUES)
async def test_every_position_is_what_the_books_say(
    market: Floor, truth: Truth, venue: Any
) -> None:
    found = (await market.ask("/positions"))["positions"]
    rows = {(row["symbol"], row["side"]): row for row in found if row["venue"] == venue}
    held = market.sandbox.account(venue).book.holdings(NOW)
    assert rows.keys() == {(one.market.symbol, side(one)) for one in held}
    for one in held:
        row = rows[one.market.symbol, side(one)]
        inverse, each = one.market.kind == "inverse", one.market.multiplier
        settle = price(truth, venue, one.coin)
        assert settle
        native = abs(float(one.size)) * one.market.unit
        usd = native if inverse else native * float(one.mark)
        assert row["usd"] == pytest.approx(usd, abs=CENT)
        assert row["coins"] == pytest.approx(usd / float(one.mark) * each, rel=1e-9)
        assert row["entry_price"] == pytest.approx(float(entry(one)) / each, rel=1e-6)
        assert row["unrealised_usd"] == pytest.approx(float(one.unrealised) * settle, abs=CENT)
        assert row["margin_usd"] == pytest.approx(float(margin(one)) * settle, abs=CENT)
        assert row["leverage"] == one.leverage
        assert row["isolated"] == one.isolated
        if one.liquidation is None:
            assert (row["liquidation_price"], row["endless"]) == (None, True)
        else:
            away = float(one.liquidation / one.mark) - 1
            assert row["liquidation_fraction"] == pytest.approx(away, abs=1e-4)


async def test_nets_are_over_all_venues_that_hold_the_coin(market: Floor) -> None:
    found = await market.ask("/positions BTC")
    assert {row["venue"] for row in found["positions"]} == set(VENUES)
    coins = [row["coins"] * (1 if row["side"] == "long" else -1) for row in found["positions"]]
    assert found["nets"]["BTC"]["coins"] == pytest.approx(fsum(coins))
    assert found["nets"]["BTC"]["positions"] == len(coins)


@pytest.mark.parametrize("venue", VENUES)
async def test_a_venue_that_is_down_takes_nothing_from_the_others(
    market: Floor, venue: str
) -> None:
    wallets, opened = await market.ask("/balance"), await market.ask("/positions")
    await market.pass_time()
    market.sandbox.faults = [Fault(venue, "http", 503)]
    others = [other for other in VENUES if other != venue]

    found = await market.ask("/balance")
    assert (found["failed"], found["answered"]) == ({venue: "HTTP 503"}, others)
    for other in others:
        assert differences(found["venues"][other], wallets["venues"][other]) == {}
    equity = fsum(wallets["venues"][other]["equity_usd"] for other in others)
    assert found["total"]["equity_usd"] == pytest.approx(equity)
    assert found["total"]["venues"] == others

    found = await market.ask("/positions")
    assert (found["failed"], found["whole_venues"]) == ({venue: "HTTP 503"}, others)
    rest = [row for row in opened["positions"] if row["venue"] != venue]
    assert differences(found["positions"], rest) == {}
    assert found["totals"]["gross_usd"] == pytest.approx(fsum(row["usd"] for row in rest))


@pytest.mark.parametrize("line", ["/balance", "/positions"])
async def test_a_key_that_is_refused_takes_nothing_from_the_others(
    market: Floor, line: str
) -> None:
    market.sandbox.owners["bybit"].secret = "another"
    market.sandbox.owners["okx"].permissions = {"read", "withdraw"}
    found = await market.ask(line)
    assert (found["asked"], found["answered"]) == (list(VENUES), ["binance"])
    assert found["failed"].keys() == {"bybit", "okx"}
    assert found["failed"]["bybit"].startswith("refused: ")
    assert found["failed"]["okx"].startswith("key refused: it may withdraw")
    assert not market.gets("okx")["/api/v5/account/balance"]
    assert not market.gets("okx")["/api/v5/account/positions"]


async def test_an_empty_account_is_flat_and_has_nothing(market: Floor) -> None:
    for owner in market.sandbox.owners.values():
        owner.standing = "empty"
    assert (await market.ask("/balance"))["total"]["equity_usd"] == 0
    found = await market.ask("/positions")
    assert (found["positions"], found["flat_venues"]) == ([], list(VENUES))


async def test_futures_that_the_key_may_not_read_are_missing_and_the_rest_stands(
    market: Floor,
) -> None:
    market.sandbox.owners["binance"].standing = "no_futures"
    found = await market.ask("/balance")
    assert found["venues"]["binance"]["missing_wallets"] == ["usdm", "coinm"]
    assert found["venues"]["binance"]["wallets"]["spot"]["equity_usd"] > 0
    assert "may not read futures" in found["failed"]["binance"]
    found = await market.ask("/positions")
    assert found["flat_venues"] == []
    assert found["whole_venues"] == ["bybit", "okx"]
