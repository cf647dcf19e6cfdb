"""Bybit's adapter reads back what is true of the simulated account."""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from math import fsum

import aiohttp
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import NotRead, Refused
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.exchanges.bybit.account import BybitAccount
from crypto_assistant.models import Entry, Family, Find, Flow, Instrument, Side, Wallet
from crypto_assistant.net.door import Door
from crypto_assistant.net.signed import Key
from crypto_assistant.sandbox import KEYS, Sandbox, World
from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Fill, Move, Payment
from tests.exchanges.simulated import NOW

KEY = Key(KEYS["BYBIT_API_KEY"], KEYS["BYBIT_SECRET_KEY"])
SINCE = NOW - 45 * 86_400_000
"""Long enough for something of every kind to have happened."""

Sums = dict[tuple[Flow, str], float]


@pytest.fixture
def sandbox(world: World) -> Sandbox:
    return Sandbox(world, lambda: NOW, monotonic)


@pytest.fixture
async def bybit(sandbox: Sandbox) -> AsyncIterator[Bybit]:
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        yield Bybit(Door(session, clock_ms=lambda: NOW), urls)


@pytest.fixture
def account(bybit: Bybit) -> BybitAccount:
    return bybit.account(KEY)


@pytest.fixture
def book(sandbox: Sandbox) -> Book:
    return sandbox.account("bybit").book


async def listed(bybit: Bybit, world: World, family: Family) -> Find:
    """All markets of a family with their multipliers, as a list of lists would know them."""
    found = await bybit.instruments(family)

    def find(family: Family, symbol: str) -> Instrument | None:
        market = world.market("bybit", family.value, symbol)
        if market is None or symbol not in found.row:
            return None
        return replace(found[found.row[symbol]], multiplier=float(market.multiplier))

    return find


async def log(account: BybitAccount) -> list[Entry]:
    windows = range(SINCE, NOW + 1, account.log_window_ms)
    logs = [
        await account.log(start, min(start + account.log_window_ms, NOW + 1)) for start in windows
    ]
    return list(chain.from_iterable(log.entries for log in logs))


def sums(entries: list[Entry]) -> Sums:
    amounts: dict[tuple[Flow, str], list[float]] = defaultdict(list)
    for entry in entries:
        amounts[entry.flow, entry.coin].append(entry.coins)
    return {place: fsum(coins) for place, coins in amounts.items()}


def true_sums(book: Book) -> Sums:
    amounts: dict[tuple[Flow, str], Decimal] = defaultdict(Decimal)
    for event in book.events(SINCE, NOW + 1):
        for flow, coin, amount in parts(event):
            amounts[flow, coin] += amount
    return {place: float(amount) for place, amount in amounts.items() if amount}


def parts(event: Fill | Payment | Move) -> list[tuple[Flow, str, Decimal]]:
    if isinstance(event, Move):
        flow = {"rebate": Flow.REBATE, "interest": Flow.OTHER}.get(event.kind, Flow.TRANSFER)
        return [(flow, event.coin, event.amount)] if event.wallet == "unified" else []
    if isinstance(event, Payment):
        settled = (Flow.REALISED, event.coin, event.settled)
        return [settled, (Flow.FUNDING, event.coin, event.amount)]
    if event.market.kind == "spot":
        signed = event.size if event.side == "buy" else -event.size
        return [
            (Flow.SPOT, event.market.base, signed),
            (Flow.SPOT, event.coin, -signed * event.price),
            (Flow.SPOT, event.fee_coin, -event.fee),
        ]
    cost = Flow.LIQUIDATION if event.cause == "liquidation" else Flow.FEE
    return [
        (Flow.REALISED, event.coin, event.realised),
        (cost, event.fee_coin, -event.fee),
        (cost, event.coin, -event.penalty),
    ]


async def test_who_it_is(account: BybitAccount, book: Book, sandbox: Sandbox) -> None:
    assert (await account.permissions()).uid == str(book.uid)
    assert (await account.permissions()).powers == ()
    sandbox.owners["bybit"].permissions |= {"trade", "withdraw"}
    found = await account.permissions()
    assert found.withdraws
    assert found.powers


async def test_the_log_tells_every_flow_and_so_the_change_of_cash(
    account: BybitAccount, book: Book
) -> None:
    entries = await log(account)
    assert sums(entries) == pytest.approx(true_sums(book), rel=1e-9, abs=1e-9)
    assert {flow for flow, _ in sums(entries)} >= set(Flow) - {Flow.OTHER}
    assert len({(entry.key, entry.flow) for entry in entries}) == len(entries)
    then, now = book.balances("unified", SINCE - 1), book.balances("unified", NOW)
    for coin, cash in now.items():
        change = fsum(entry.coins for entry in entries if entry.coin == coin)
        assert change == pytest.approx(float(cash - then.get(coin, Decimal(0))), abs=1e-9)


async def test_wallets(account: BybitAccount, book: Book) -> None:
    for wallet, name in ((Wallet.UNIFIED, "unified"), (Wallet.FUNDING, "funding")):
        cash, unrealised = book.balances(name, NOW), book.unrealised(name, NOW)
        found = {h.coin: h for h in (await account.balance(wallet)).holdings}
        true = {coin: float(cash[coin] + unrealised.get(coin, 0)) for coin in cash if cash[coin]}
        assert {coin: h.coins for coin, h in found.items()} == pytest.approx(true, abs=1e-7)
        assert {coin: h.unrealised for coin, h in found.items()} == pytest.approx(
            {coin: float(unrealised.get(coin, 0)) for coin in found}, abs=1e-7
        )


@pytest.mark.parametrize(
    ("family", "extra"), [(Family.LINEAR, 0), (Family.INVERSE, 0), (Family.LINEAR, 500)]
)
async def test_positions(
    bybit: Bybit, world: World, sandbox: Sandbox, family: Family, extra: int
) -> None:
    sandbox.owners["bybit"].extra_positions = extra
    account, book = bybit.account(KEY), sandbox.account("bybit").book
    found = await account.positions(family, await listed(bybit, world, family))
    true = [held for held in book.holdings(NOW) if held.market.kind == family.value]
    assert len(found.positions) == len(true) > 0
    at = {(p.symbol, p.side): p for p in found.positions}
    for held in true:
        side = Side.LONG if held.size > 0 else Side.SHORT
        position = at[held.market.symbol, side]
        multiplier = held.market.multiplier
        assert position.contracts == float(abs(held.size))
        assert position.settle == held.coin
        entry = held.entry
        if held.coin == "USDC":  # Settled every eight hours, it counts its profit from there.
            entry = held.mark - held.unrealised / held.size
        assert position.entry == pytest.approx(float(entry) / multiplier, rel=1e-6)
        assert position.mark == pytest.approx(float(held.mark) / multiplier, rel=1e-6)
        assert (position.liquidation is None) == (held.liquidation is None) == position.endless
        assert position.leverage == held.leverage
        assert position.unrealised == pytest.approx(float(held.unrealised), abs=1e-7)
        assert position.usd == pytest.approx(
            float(held.value * (held.mark if family is Family.INVERSE else 1)), rel=1e-6
        )


async def test_fills(bybit: Bybit, world: World, book: Book) -> None:
    since = NOW - 20 * 86_400_000  # with the busiest day
    account, events = bybit.account(KEY), book.events(since, NOW)
    of: dict[tuple[Family, str], list[Fill]] = defaultdict(list)
    for event in events:
        if isinstance(event, Fill):
            of[Family(event.market.kind), event.market.symbol].append(event)
    assert {family for family, _ in of} == set(Family)
    for (family, symbol), true in of.items():
        market = (await listed(bybit, world, family))(family, symbol)
        assert market is not None
        found = await account.fills(market, since, NOW)
        unit = 1 if family is Family.INVERSE else market.multiplier
        signed = [float(e.size if e.side == "buy" else -e.size) * unit for e in true]
        assert found.time_ms.tolist() == [e.time for e in true]
        assert found.size.tolist() == pytest.approx(signed)
        assert found.price.tolist() == pytest.approx(
            [float(e.price) / market.multiplier for e in true]
        )


async def test_a_wrong_owner(account: BybitAccount, sandbox: Sandbox, bybit: Bybit) -> None:
    owner = sandbox.owners["bybit"]
    for wrong in (replace(KEY, name="stranger"), replace(KEY, secret="guess")):
        with pytest.raises(Refused):
            await bybit.account(wrong).permissions()
    for changed in (replace(owner, ip_allowed=False), replace(owner, expired=True)):
        sandbox.owners["bybit"] = changed
        with pytest.raises(Refused):
            await account.permissions()
    sandbox.owners["bybit"] = replace(owner, standing="classic")
    for asked in (account.balance(Wallet.UNIFIED), account.log(NOW - 1000, NOW)):
        with pytest.raises(NotRead, match="a classic account"):
            await asked
    sandbox.owners["bybit"] = replace(owner, standing="empty")
    assert (await account.balance(Wallet.UNIFIED)).holdings == ()
    assert (await account.log(NOW - 1000, NOW)).entries == ()
