"""One path of a venue that fails: its own numbers are missing, and nothing else is."""

from math import fsum
from typing import Any

import pytest

from crypto_assistant.sandbox import Fault
from tests.clock import clock
from tests.faults.accounts import healthy, moved, stray
from tests.faults.matrix import TITLES, venues
from tests.faults.remainder import LOG, Part
from tests.floor import VENUES, differences, floor

pytestmark = pytest.mark.usefixtures("whole")

WALLET_PATHS = [
    ("binance", "spot", "/api/v3/account", "spot wallet"),
    ("binance", "funding", "/sapi/v1/asset/get-funding-asset", "funding wallet"),
    ("binance", "usdm", "/fapi/v3/account", "USD-M wallet"),
    ("binance", "coinm", "/dapi/v1/account", "COIN-M wallet"),
    ("bybit", "unified", "/v5/account/wallet-balance", "unified wallet"),
    ("bybit", "funding", "/v5/asset/transfer/query-account-coins-balance", "funding wallet"),
    ("okx", "trading", "/api/v5/account/balance", "trading wallet"),
    ("okx", "funding", "/api/v5/asset/balances", "funding wallet"),
]


@pytest.mark.parametrize(("venue", "wallet", "path", "name"), WALLET_PATHS)
async def test_a_wallet_that_fails_is_named_and_missing_alone(
    venue: str, wallet: str, path: str, name: str
) -> None:
    async with floor() as market:
        await market.open()
        await market.front.desk.accounts[venue].permissions()
        market.sandbox.faults = [Fault(venue, "http", 500, path)]
        failed = {venue: f"{name}: HTTP 500"}
        assert await stray(market, "/balance", failed, {(venue, wallet)}) == {}


LINEAR, INVERSE = "linear positions", "inverse positions"
# Where all that a line asks of a venue fails, no part is named.
OTHERS: list[tuple[str, str, str, str, set[Part]]] = [
    ("binance", "/fapi/v3/positionRisk", "/positions", LINEAR, {("binance", "linear")}),
    ("binance", "/fapi/v1/symbolConfig", "/positions", LINEAR, {("binance", "linear")}),
    ("binance", "/dapi/v1/positionRisk", "/pnl today", INVERSE, {("binance", "inverse")}),
    ("bybit", "/v5/position/list", "/positions", "", {
        ("bybit", "linear"), ("bybit", "inverse"),
    }),
    ("binance", "/fapi/v1/income", "/pnl today", "account log", {("binance", LOG)}),
    ("binance", "/dapi/v1/income", "/pnl today", "account log", {("binance", LOG)}),
    ("bybit", "/v5/account/transaction-log", "/pnl today", "account log", {("bybit", LOG)}),
    ("okx", "/api/v5/account/bills", "/pnl today", "account log", {("okx", LOG)}),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "path", "line", "part", "lost"), OTHERS)
async def test_a_path_that_fails_takes_its_own_numbers_only(
    venue: str, path: str, line: str, part: str, lost: set[Part]
) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "http", 500, path)]
        why = f"{part}: HTTP 500" if part else "HTTP 500"
        assert await stray(market, line, {venue: why}, lost) == {}


SPOT_TICKERS = {
    "binance": "/api/v3/ticker/24hr",
    "bybit": "/v5/market/tickers",
    "okx": "/api/v5/market/tickers",
}


@venues
async def test_without_prices_of_now_those_that_came_with_the_listings_have_to_do(
    venue: str,
) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "http", 503, SPOT_TICKERS[venue])]
        failed = {venue: "spot prices: HTTP 503"}
        assert await stray(market, "/balance", failed, set()) == {}


@pytest.mark.parametrize(("later_ms", "kept"), [(600_000, True), (600_001, False)])
async def test_prices_that_are_older_than_ten_minutes_are_none(later_ms: int, kept: bool) -> None:
    host = [clock()]
    async with floor() as market, moved(market, host_ms=lambda: host[-1]) as there:
        host.append(host[0] + later_ms)
        market.sandbox.faults = [Fault("okx", "http", 503, SPOT_TICKERS["okx"])]
        found, opened = [await there.ask(line) for line in ("/balance", "/positions")]
    assert found["venues"]["okx"]["without_prices"] is not kept
    assert ("okx" in found["total"]["venues"]) is kept
    assert found["oldest_ms"] == opened["oldest_ms"] == host[0 if kept else 1]


@venues
async def test_without_prices_coins_are_listed_and_only_what_has_its_worth_is_summed(
    venue: str,
) -> None:
    """Dollars have theirs; Bybit and OKX say themselves what they reckon margined coins at."""
    whole = healthy("/balance")
    async with floor() as market:
        market.sandbox.faults = [Fault(venue, "http", 503, SPOT_TICKERS[venue])]
        await market.open()
        found = await market.ask("/balance")
        text = (await market.front.reply("/balance")).text
    assert found["failed"] == {venue: "spot prices: HTTP 503"}
    assert found["total"]["venues"] == [one for one in VENUES if one != venue]
    assert f"\nwithout {TITLES[venue]} prices\n" in text
    assert f" ({TITLES[venue]})" in text.partition("without a price: ")[2]
    mine, others = (answer["venues"].pop(venue) for answer in (found, whole))
    assert differences(found["venues"], whole["venues"]) == {}
    for wallet, purse in mine["wallets"].items():
        coins, priced = purse["coins"], others["wallets"][wallet]["coins"]
        assert _amounts(coins) == _amounts(priced)
        for coin, held in coins.items():
            own = wallet in {"unified", "trading"} and coin != "USDT"
            assert held["priced_by_venue"] is own
            if own or coin == "USDT":
                assert held["usd"] == pytest.approx(priced[coin]["usd"], rel=1e-3)
            else:
                assert held["usd"] is None
        known = [held["usd"] for held in coins.values() if held["usd"] is not None]
        assert purse["equity_usd"] == (pytest.approx(fsum(known)) if known else None)
    equities = [one["equity_usd"] for one in (mine, *found["venues"].values())]
    assert found["total"]["equity_usd"] == pytest.approx(fsum(equities))


def _amounts(coins: dict[str, Any]) -> dict[str, float]:
    return {coin: held["coins"] for coin, held in coins.items()}
