"""Binance's account reads back what is true in the simulated one."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import count
from math import fsum
from typing import Literal

import aiohttp
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import Refused
from crypto_assistant.exchanges.base import Account, Exchange
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.models import Entry, Family, Find, Flow, Instrument, Side, Wallet
from crypto_assistant.net.door import Door
from crypto_assistant.net.signed import Key
from crypto_assistant.sandbox import KEYS, Owner, Sandbox, World
from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Fill, Holding, Payment
from tests.exchanges.simulated import NOW

DAY = 86_400_000
KEY = Key(KEYS["BINANCE_API_KEY"], KEYS["BINANCE_SECRET_KEY"])
PURSES = {
    Wallet.SPOT: "spot",
    Wallet.FUNDING: "funding",
    Wallet.USDM: "usdm",
    Wallet.COINM: "coinm",
}
PENNY = 1e-8
"""What a sum may be off by: the venue prints eight decimals."""


@pytest.fixture(scope="module")
def sandbox(world: World) -> Sandbox:
    """Whose limits are those of another minute with each request."""
    return Sandbox(world, clock=lambda: NOW, monotonic=partial(next, count(0.0, 60.0)))


@pytest.fixture
def owner(sandbox: Sandbox) -> Iterator[Owner]:
    """What a test turns, for as long as it runs."""
    known = sandbox.owners["binance"]
    sandbox.owners["binance"] = replace(known)
    yield sandbox.owners["binance"]
    sandbox.owners["binance"] = known


@pytest.fixture
def book(sandbox: Sandbox) -> Book:
    return sandbox.account("binance").book


@pytest.fixture
async def binance(sandbox: Sandbox) -> AsyncIterator[Binance]:
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        yield Binance(Door(session, clock_ms=lambda: NOW), urls)


@pytest.fixture
def account(binance: Binance) -> Account:
    return binance.account(KEY)


async def listed(exchange: Exchange, world: World) -> Find:
    """Every market by its plain coin."""
    markets: dict[tuple[Family, str], Instrument] = {}
    for kind in ("linear", "inverse"):
        lists = await exchange.instruments(Family(kind))
        for i, symbol in enumerate(lists.symbols):
            market = world.market("binance", kind, symbol)
            assert market
            named = replace(lists[i], multiplier=float(market.multiplier))
            markets[Family(kind), symbol] = named
    return lambda family, symbol: markets.get((family, symbol))


async def whole_log(account: Account, start_ms: int, end_ms: int) -> list[Entry]:
    found: list[Entry] = []
    for start in range(start_ms, end_ms, account.log_window_ms):
        log = await account.log(start, min(start + account.log_window_ms, end_ms))
        found.extend(log.entries)
    return found


def sums(entries: list[Entry]) -> dict[tuple[Flow, str], float]:
    amounts = defaultdict[tuple[Flow, str], list[float]](list)
    for entry in entries:
        amounts[entry.flow, entry.coin].append(entry.coins)
    return {name: fsum(parts) for name, parts in amounts.items()}


def true_sums(book: Book, start_ms: int, end_ms: int) -> dict[tuple[Flow, str], float]:
    amounts = defaultdict[tuple[Flow, str], Decimal](Decimal)
    for event in book.events(start_ms, end_ms):
        if isinstance(event, Payment):
            amounts[Flow.FUNDING, event.coin] += event.amount
        elif isinstance(event, Fill):
            if event.market.kind != "spot":
                amounts[Flow.REALISED, event.coin] += event.realised
                amounts[Flow.FEE, event.fee_coin] -= event.fee
                amounts[Flow.LIQUIDATION, event.coin] -= event.penalty
        elif event.wallet in {"usdm", "coinm"}:
            flow = Flow.REBATE if event.kind == "rebate" else Flow.TRANSFER
            amounts[flow, event.coin] += event.amount
    return {name: float(amount) for name, amount in amounts.items() if amount}


async def test_whose_key_it_is(account: Account, book: Book) -> None:
    told = await account.permissions()
    assert (told.uid, told.powers, told.withdraws) == (str(book.uid), (), False)


@pytest.mark.parametrize("wallet", PURSES)
async def test_wallets(account: Account, book: Book, wallet: Wallet) -> None:
    cash, unrealised = (
        book.balances(PURSES[wallet], NOW),
        book.unrealised(PURSES[wallet], NOW),
    )
    told = {holding.coin: holding for holding in (await account.balance(wallet)).holdings}
    assert set(told) == {coin for coin, amount in cash.items() if amount}
    for coin, holding in told.items():
        profit = unrealised.get(coin, Decimal(0))
        assert holding.coins == pytest.approx(float(cash[coin] + profit), abs=PENNY)
        assert holding.unrealised == pytest.approx(float(profit), abs=PENNY)


@pytest.mark.parametrize("family", [Family.LINEAR, Family.INVERSE])
async def test_positions(
    binance: Binance, account: Account, world: World, book: Book, family: Family
) -> None:
    true: dict[tuple[str, str], Holding] = {
        (holding.market.symbol, holding.leg): holding
        for holding in book.holdings(NOW)
        if holding.market.kind == family
    }
    told = (await account.positions(family, await listed(binance, world))).positions
    assert len(told) == len(true) > 0
    for one in told:
        leg = {Side.LONG: "long", Side.SHORT: "short"}[one.side] if one.hedged else "net"
        held = true[one.symbol, leg]
        market, size = held.market, float(abs(held.size))
        assert one.side is (Side.LONG if held.size > 0 else Side.SHORT)
        assert (one.contracts, one.settle) == (size, held.coin)
        assert (one.leverage, one.isolated) == (held.leverage, held.isolated)
        mark = float(held.mark) / market.multiplier
        assert one.mark == pytest.approx(mark)
        assert one.entry == pytest.approx(float(held.entry) / market.multiplier, rel=1e-6)
        usd = size * market.unit if family is Family.INVERSE else size * float(held.mark)
        assert one.usd == pytest.approx(usd)
        assert one.coins == pytest.approx(usd / mark)
        assert one.unrealised == pytest.approx(float(held.unrealised), abs=PENNY)
        # Of an isolated position, too: what was put in is something else.
        assert one.margin == pytest.approx(abs(float(held.value)) / held.leverage, abs=2 * PENNY)
        if held.liquidation is None:
            assert one.liquidation is None
        else:
            liquidation = float(held.liquidation) / market.multiplier
            assert one.liquidation == pytest.approx(liquidation, rel=1e-6)


@pytest.mark.parametrize("days", [1, 30, 89])
async def test_the_log_adds_up_to_what_happened(account: Account, book: Book, days: int) -> None:
    start = NOW - days * DAY
    entries = await whole_log(account, start, NOW + 1)
    told, true = sums(entries), true_sums(book, start, NOW + 1)
    assert {name for name, amount in told.items() if amount} == set(true)
    for name, amount in true.items():
        assert told[name] == pytest.approx(amount, abs=PENNY * len(entries)), name
    assert len({entry.key for entry in entries}) == len(entries)


async def test_a_log_in_days_is_the_log_of_a_month(account: Account) -> None:
    days = [
        entry
        for day in range(30, 0, -1)
        for entry in (await account.log(NOW - day * DAY, NOW - (day - 1) * DAY)).entries
    ]
    assert days == list((await account.log(NOW - 30 * DAY, NOW)).entries)
    assert len(days) > 1000


async def test_trades(binance: Binance, account: Account, world: World, book: Book) -> None:
    start, find = NOW - 89 * DAY, await listed(binance, world)
    true = defaultdict[tuple[str, str], list[Fill]](list)
    for event in book.events(start, NOW):
        if isinstance(event, Fill) and event.market.kind != "spot":
            true[event.market.kind, event.market.symbol].append(event)
    assert {kind for kind, _ in true} == {"linear", "inverse"}
    for (kind, symbol), fills in true.items():
        instrument = find(Family(kind), symbol)
        assert instrument
        told = await account.fills(instrument, start, NOW)
        fills.sort(key=lambda fill: (fill.time, fill.id))
        assert told.time_ms.tolist() == [fill.time for fill in fills]
        unit = instrument.contract if kind == "inverse" else instrument.multiplier
        signs = {"buy": 1, "sell": -1}
        sizes = [signs[fill.side] * float(fill.size) * unit for fill in fills]
        assert told.size.tolist() == pytest.approx(sizes)
        prices = [float(fill.price) / instrument.multiplier for fill in fills]
        assert told.price.tolist() == pytest.approx(prices)
        legs = {"net": 0, "long": 1, "short": -1}
        assert told.leg.tolist() == [legs[fill.leg] for fill in fills]


async def test_an_empty_account_is_empty(owner: Owner, account: Account) -> None:
    owner.standing = "empty"
    for wallet in account.wallets:
        assert (await account.balance(wallet)).holdings == ()
    for family in account.families:
        assert (await account.positions(family, lambda *_: None)).positions == ()
    assert (await account.log(NOW - 30 * DAY, NOW)).entries == ()


@pytest.mark.parametrize("standing", ["no_futures", "portfolio"])
async def test_a_key_without_futures_tells_the_rest(
    owner: Owner, account: Account, standing: Literal["no_futures", "portfolio"]
) -> None:
    owner.standing = standing
    assert (await account.permissions()).powers == ()
    assert (await account.balance(Wallet.SPOT)).holdings
    assert (await account.balance(Wallet.FUNDING)).holdings
    for wallet in account.margined:
        with pytest.raises(Refused, match="may not read futures"):
            await account.balance(wallet)
    with pytest.raises(Refused, match="may not read futures"):
        await account.log(NOW - DAY, NOW)


async def test_a_position_in_every_market(
    sandbox: Sandbox, owner: Owner, binance: Binance, account: Account, world: World
) -> None:
    owner.extra_positions = 500
    find = await listed(binance, world)
    told = [
        one
        for family in account.families
        for one in (await account.positions(family, find)).positions
    ]
    true = sandbox.account("binance").book.holdings(NOW)
    assert sorted(one.symbol for one in told) == sorted(held.market.symbol for held in true)
    assert len(told) > 40
    assert all(one.instrument and one.leverage for one in told)


@pytest.mark.parametrize(
    ("knob", "key"),
    [
        ("ip_allowed", KEY),
        ("expired", KEY),
        ("", replace(KEY, name="wrong")),
        ("", replace(KEY, secret="wrong")),
    ],
)
async def test_a_key_that_is_no_good_is_refused(
    owner: Owner, binance: Binance, knob: str, key: Key
) -> None:
    owner.ip_allowed, owner.expired = knob != "ip_allowed", knob == "expired"
    with pytest.raises(Refused) as caught:
        await binance.account(key).permissions()
    assert not any(secret in str(caught.value) for secret in (key.name, KEY.secret))


async def test_what_the_key_may_do(owner: Owner, account: Account) -> None:
    owner.permissions = {"read", "trade", "withdraw"}
    told = await account.permissions()
    assert told.withdraws
    assert "enableWithdrawals" in told.powers
    assert len(told.powers) > 1


async def test_clocks_an_hour_apart(world: World) -> None:
    ahead = Sandbox(world, lambda: NOW + 3_600_000, monotonic)
    async with ahead.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, clock_ms=lambda: NOW)
        account = Binance(door, urls).account(KEY)
        assert (await account.balance(Wallet.USDM)).holdings
        assert account.clock.ahead_seconds == 3600
