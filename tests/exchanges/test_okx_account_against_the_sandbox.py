"""OKX's adapter reads from the simulated venue what is true of the account there."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from math import fsum

import aiohttp
import pytest

from crypto_assistant.errors import Refused
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.exchanges.okx.account import OkxAccount
from crypto_assistant.models import Entry, Family, Find, Flow, Instrument, Side, Wallet
from crypto_assistant.net.door import Door
from crypto_assistant.net.signed import Key
from crypto_assistant.sandbox import KEYS, Sandbox, World
from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Event, Fill, Move, Payment
from crypto_assistant.sandbox.account.owner import owners
from tests.exchanges.simulated import NOW

DAY = 86_400_000
KEY = Key(KEYS["OKX_API_KEY"], KEYS["OKX_SECRET_KEY"], KEYS["OKX_PASSPHRASE"])


@dataclass(frozen=True)
class Simulated:
    """The venue, its account as the adapter reads it, and the truth of it."""

    sandbox: Sandbox
    okx: Okx
    account: OkxAccount

    @property
    def book(self) -> Book:
        return self.sandbox.account("okx").book

    def events(self, start_ms: int, end_ms: int) -> list[Event]:
        """Those that the trading account has part in."""
        events = self.book.events(start_ms, min(end_ms, NOW))
        return [one for one in events if not isinstance(one, Move) or one.wallet == "trading"]

    async def find(self) -> Find:
        listed = {family: await self.okx.instruments(family) for family in Family}

        def find(family: Family, symbol: str) -> Instrument | None:
            row = listed[family].row.get(symbol)
            return None if row is None else listed[family][row]

        return find


@pytest.fixture(scope="module")
def played(world: World) -> Sandbox:
    """Each request finds a fresh window of every limit."""
    return Sandbox(world, clock=lambda: NOW, monotonic=count(step=700).__next__)


@pytest.fixture
async def simulated(played: Sandbox) -> AsyncIterator[Simulated]:
    sandbox, played.owners = played, owners()
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        okx = Okx(Door(session, clock_ms=lambda: NOW), urls)
        yield Simulated(sandbox, okx, okx.account(KEY))


def of_coin(entries: Sequence[Entry], *flows: Flow) -> dict[str, float]:
    """What came into the account, by coin."""
    amounts = defaultdict(list)
    for entry in entries:
        if entry.flow in flows:
            amounts[entry.coin].append(entry.coins)
    return {coin: fsum(some) for coin, some in amounts.items()}


def nonzero(amounts: dict[str, float]) -> dict[str, float]:
    return {coin: amount for coin, amount in amounts.items() if abs(amount) > 1e-12}


def true_flows(events: list[Event]) -> dict[Flow, dict[str, float]]:
    """What the events brought into the account, by reason and coin; spot trades apart."""
    sums: dict[Flow, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for event in events:
        if isinstance(event, Payment):
            sums[Flow.FUNDING][event.coin] += event.amount
        elif isinstance(event, Move):
            flow = Flow.OTHER if event.kind == "interest" else Flow.TRANSFER
            sums[flow][event.coin] += event.amount
        elif event.market.kind != "spot":
            sums[Flow.REALISED][event.coin] += event.realised
            # What is paid for a trade that liquidates is what it costs besides.
            liquidated = event.cause == "liquidation"
            sums[Flow.LIQUIDATION if liquidated else Flow.FEE][event.fee_coin] -= event.fee
            if event.penalty:
                sums[Flow.LIQUIDATION][event.coin] -= event.penalty
    return {
        flow: nonzero({coin: float(amount) for coin, amount in coins.items()})
        for flow, coins in sums.items()
    }


async def test_permissions_and_the_number_of_the_account(simulated: Simulated) -> None:
    found = await simulated.account.permissions()
    assert (found.uid, found.powers, found.withdraws) == (str(simulated.book.uid), (), False)
    simulated.sandbox.owners["okx"].permissions |= {"trade", "withdraw"}
    found = await simulated.account.permissions()
    assert (set(found.powers), found.withdraws) == ({"trade", "withdraw"}, True)


async def test_wallets_hold_what_is_in_them(simulated: Simulated) -> None:
    for wallet in (Wallet.TRADING, Wallet.FUNDING):
        balance = await simulated.account.balance(wallet)
        cash = simulated.book.balances(wallet.value, NOW)
        open_pnl = simulated.book.unrealised(wallet.value, NOW)
        held = {one.coin: one.coins for one in balance.holdings}
        true = {coin: cash.get(coin, 0) + open_pnl.get(coin, 0) for coin in {*cash, *open_pnl}}
        assert held == pytest.approx({coin: float(sum_) for coin, sum_ in true.items() if sum_})
        unrealised = {one.coin: one.unrealised for one in balance.holdings if one.unrealised}
        assert unrealised == pytest.approx({coin: float(pnl) for coin, pnl in open_pnl.items()})


async def test_positions_are_those_that_are_open(simulated: Simulated) -> None:
    find, true = await simulated.find(), simulated.book.holdings(NOW)
    found = [
        one
        for family in simulated.account.families
        for one in (await simulated.account.positions(family, find)).positions
    ]
    assert len(found) == len(true) >= 2
    by_leg = {(one.symbol, one.side): one for one in found}
    for holding in true:
        side = Side.LONG if holding.size > 0 else Side.SHORT
        one = by_leg[holding.market.symbol, side]
        assert one.contracts == float(abs(holding.size))
        assert one.entry == pytest.approx(float(holding.entry))
        assert one.mark == pytest.approx(float(holding.mark))
        assert one.unrealised == pytest.approx(float(holding.unrealised))
        assert (one.isolated, one.leverage) == (holding.isolated, holding.leverage)
        assert one.margin == pytest.approx(float(holding.margin))
        assert one.settle == holding.coin
        value = one.coins if one.family is Family.INVERSE else one.usd
        assert value == pytest.approx(float(holding.value))
        assert one.hedged is (holding.leg != "net")
        known = holding.liquidation
        assert one.liquidation == (None if known is None else pytest.approx(float(known)))


@pytest.mark.parametrize(("first", "last"), [(44, 37), (9, 0)])
async def test_the_log_says_why_the_account_changed(
    simulated: Simulated, first: int, last: int
) -> None:
    start, end = NOW - first * DAY, NOW - last * DAY
    entries = (await simulated.account.log(start, end)).entries
    assert len({(entry.key, entry.flow) for entry in entries}) == len(entries)
    true = true_flows(simulated.events(start, end))
    assert (Flow.LIQUIDATION in true) is (first == 44)
    assert true.keys() >= {Flow.REALISED, Flow.FEE, Flow.FUNDING}
    for flow in {*Flow} - {Flow.SPOT}:
        assert nonzero(of_coin(entries, flow)) == pytest.approx(true.get(flow, {})), flow
    then, now = (simulated.book.balances("trading", time - 1) for time in (start, end))
    change = {coin: float(cash - then.get(coin, 0)) for coin, cash in now.items()}
    assert of_coin(entries, *Flow) == pytest.approx(nonzero(change))


async def test_fills_are_all_trades_of_the_market(simulated: Simulated) -> None:
    find = await simulated.find()
    start = NOW - 20 * DAY
    fills = [one for one in simulated.events(start, NOW) if isinstance(one, Fill)]
    markets = {one.market.symbol: one.market for one in fills}
    assert len(markets) >= 4
    for symbol, market in markets.items():
        instrument = find(Family(market.kind), symbol)
        assert instrument
        found = await simulated.account.fills(instrument, start, NOW)
        mine = [one for one in fills if one.market.symbol == symbol]
        assert found.time_ms.tolist() == [one.time for one in mine]
        signed = [float(one.size if one.side == "buy" else -one.size) for one in mine]
        assert found.size.tolist() == pytest.approx([s * instrument.contract for s in signed])
        assert found.price.tolist() == pytest.approx([float(one.price) for one in mine])
        legs = {"net": 0, "long": 1, "short": -1}
        assert found.leg.tolist() == [legs[one.leg] for one in mine]


async def test_an_account_may_be_empty_or_full(simulated: Simulated) -> None:
    owner, find = simulated.sandbox.owners["okx"], await simulated.find()
    owner.extra_positions = 500
    full = [
        await simulated.account.positions(family, find) for family in simulated.account.families
    ]
    assert sum(len(one.positions) for one in full) == len(simulated.book.holdings(NOW)) > 40
    owner.standing = "empty"
    for wallet in simulated.account.wallets:
        assert (await simulated.account.balance(wallet)).holdings == ()
    assert (await simulated.account.log(NOW - 10 * DAY, NOW)).entries == ()
    for family in simulated.account.families:
        assert (await simulated.account.positions(family, find)).positions == ()


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (Key("unknown", KEY.secret, KEY.passphrase), "501"),
        (Key(KEY.name, "other", KEY.passphrase), "50113"),
        (Key(KEY.name, KEY.secret, "other"), "50105"),
    ],
)
async def test_a_wrong_key_is_refused(simulated: Simulated, key: Key, code: str) -> None:
    with pytest.raises(Refused) as refused:
        await simulated.okx.account(key).permissions()
    assert refused.value.code.startswith(code)
