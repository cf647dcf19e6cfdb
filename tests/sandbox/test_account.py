"""The truth of the simulated accounts: what happened, what is held, what lies where."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest

from crypto_assistant.sandbox import World
from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.book import book as shared_book
from crypto_assistant.sandbox.account.events import Event, Fill, Holding, Move, Payment
from crypto_assistant.sandbox.account.habits import wallet_of
from crypto_assistant.sandbox.catalog import DAY, HOUR, MINUTE, Market, Venue
from tests.sandbox.conftest import NOW

VENUES: tuple[Venue, ...] = ("binance", "bybit", "okx")
WALLETS = {
    "binance": ("spot", "funding", "usdm", "coinm"),
    "bybit": ("unified", "funding"),
    "okx": ("trading", "funding"),
}
MARGINED = {"usdm", "coinm", "unified", "trading"}
STARTED = NOW // DAY * DAY - 100 * DAY
ZERO = Decimal(0)
Purse = tuple[str, str]


@pytest.fixture(scope="module", params=VENUES)
def venue(request: pytest.FixtureRequest) -> Venue:
    found: Venue = request.param
    return found


@pytest.fixture(scope="module")
def book(world: World, venue: Venue) -> Book:
    return shared_book(world, venue, STARTED, extra=0, idle=False)


@pytest.fixture(scope="module")
def events(book: Book) -> list[Event]:
    return book.events(STARTED, NOW)


@pytest.fixture(scope="module")
def fills(events: list[Event]) -> list[Fill]:
    return [event for event in events if isinstance(event, Fill)]


@pytest.fixture(scope="module")
def trades(fills: list[Fill]) -> list[Fill]:
    return [fill for fill in fills if fill.market.kind != "spot"]


def moments(count: int, start: int = STARTED) -> list[int]:
    random = Random(5)  # noqa: S311
    return sorted(random.randrange(start, NOW) for _ in range(count))


def flows(event: Event) -> Iterator[tuple[Purse, Decimal]]:
    """What each event changes, stated anew."""
    if isinstance(event, Move):
        yield (event.wallet, event.coin), event.amount
        return
    wallet = wallet_of(event.market)
    if isinstance(event, Payment):
        yield (wallet, event.coin), event.amount
        yield (wallet, event.coin), event.settled
        return
    yield (wallet, event.coin), event.realised
    yield (wallet, event.coin), -event.penalty
    yield (wallet, event.fee_coin), -event.fee
    if event.market.kind == "spot":
        sign = 1 if event.side == "buy" else -1
        yield (wallet, event.market.base), sign * event.size
        yield (wallet, event.market.quote), -sign * event.size * event.price


class Wealth:
    """What an account has at a time: cash and unrealised profit by wallet and coin."""

    def __init__(self, book: Book, venue: str, time: int) -> None:
        self.time = time
        self.cash = _purses({wallet: book.balances(wallet, time) for wallet in WALLETS[venue]})
        self.unrealised = _purses(
            {wallet: book.unrealised(wallet, time) for wallet in WALLETS[venue]}
        )

    @property
    def equity(self) -> dict[Purse, Decimal]:
        return {
            purse: self.cash[purse] + self.unrealised[purse]
            for purse in {*self.cash, *self.unrealised}
        }


def signed(fill: Fill) -> Decimal:
    return fill.size if fill.side == "buy" else -fill.size


def worth(market: Market, size: Decimal, price: Decimal) -> Decimal:
    """In the settle coin, signed so that it rises with the price for a long; nothing rounded."""
    notional = size * Decimal(str(market.unit))
    return -notional / price if market.kind == "inverse" else notional * price


def test_equity_changes_by_what_happened_and_by_unrealised_profit(book: Book, venue: Venue) -> None:
    states = [Wealth(book, venue, time) for time in moments(6)]
    for then, now in pairwise(states):
        expected = defaultdict(Decimal, then.equity)
        for event in book.events(then.time + 1, now.time + 1):
            for purse, amount in flows(event):
                expected[purse] += amount
        for purse in {*then.unrealised, *now.unrealised}:
            expected[purse] += now.unrealised[purse] - then.unrealised[purse]
        assert now.equity == expected
        assert then.equity != now.equity


def test_an_account_begins_with_nothing(book: Book, venue: Venue) -> None:
    assert not Wealth(book, venue, STARTED).equity
    assert not book.events(0, STARTED + MINUTE)
    assert not book.holdings(STARTED)


def test_positions_are_the_sum_of_their_trades(book: Book, trades: list[Fill]) -> None:
    for time in moments(6):
        sizes: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        for fill in trades:
            if fill.time <= time:
                sizes[fill.market.kind, fill.market.symbol, fill.leg] += signed(fill)
                assert fill.position == sizes[fill.market.kind, fill.market.symbol, fill.leg]
        held = {(h.market.kind, h.market.symbol, h.leg): h.size for h in book.holdings(time)}
        assert held == {leg: size for leg, size in sizes.items() if size}


def test_profit_realised_and_unrealised_is_cash_flow_plus_value(
    book: Book, events: list[Event], trades: list[Fill]
) -> None:
    holdings = {(h.market.symbol, h.leg): h for h in book.holdings(NOW - 1)}
    for market, leg in {(fill.market, fill.leg) for fill in trades}:
        own = [fill for fill in trades if (fill.market, fill.leg) == (market, leg)]
        made = sum((fill.realised for fill in own), ZERO)
        made += sum(
            event.settled
            for event in events
            if isinstance(event, Payment) and (event.market, event.leg) == (market, leg)
        )
        flow = -sum((worth(market, signed(fill), fill.price) for fill in own), ZERO)
        if held := holdings.get((market.symbol, leg)):
            made += held.unrealised
            flow += worth(market, held.size, held.mark)
        # A coin has eight decimals, which what is divided by a price does not fit into.
        slack = Decimal("1e-8") * 3 * len(own) if market.kind == "inverse" else ZERO
        assert abs(made - flow) <= slack


def test_profit_counts_from_the_average_price(trades: list[Fill]) -> None:
    for market, leg in {(fill.market, fill.leg) for fill in trades}:
        if (market.venue, market.settle) == ("bybit", "USDC"):
            continue  # settled every eight hours: profit counts from there
        size = cost = ZERO
        for fill in (f for f in trades if (f.market, f.leg) == (market, leg)):
            closed = fill.closed.copy_sign(size)
            gone = cost * closed / size if closed else ZERO
            assert abs(worth(market, closed, fill.price) - gone - fill.realised) < Decimal("2e-6")
            opened = signed(fill) + closed
            cost += worth(market, opened, fill.price) - gone
            size += signed(fill)


def test_a_window_may_be_split_anywhere(book: Book) -> None:
    start, *middle, end = moments(9)
    parts = [*zip([start, *middle], [*middle, end], strict=True)]
    assert [e for part in parts for e in book.events(*part)] == book.events(start, end)


def test_an_account_does_not_depend_on_when_it_is_asked(
    world: World, venue: Venue, book: Book, events: list[Event]
) -> None:
    slow = Book(world, venue, STARTED)
    for time in range(STARTED, NOW, 30 * DAY):
        slow.holdings(time)
        slow.events(time - DAY, time)
    assert slow.events(STARTED, NOW) == events
    assert slow.holdings(NOW) == book.holdings(NOW)
    assert slow.uid == book.uid


def test_history_goes_on(book: Book) -> None:
    later = book.events(NOW, NOW + 5 * DAY)
    assert len([event for event in later if isinstance(event, Fill)]) >= 12
    assert [event.time for event in later] == sorted(event.time for event in later)


def test_everything_has_a_number_of_its_own_in_the_order_of_time(events: list[Event]) -> None:
    numbers = [event.id for event in events]
    assert numbers == sorted(set(numbers))
    assert [event.time for event in events] == sorted(event.time for event in events)


def test_another_day_or_seed_is_another_account(world: World, venue: Venue, book: Book) -> None:
    assert Book(world, venue, STARTED).uid == book.uid
    assert Book(world, venue, STARTED + DAY).uid != book.uid
    assert Book(World(seed=8, now=NOW), venue, STARTED).uid != book.uid


def test_trades_are_made_at_prices_of_their_minute(world: World, fills: list[Fill]) -> None:
    for fill in fills[::97]:
        minute = fill.time // MINUTE * MINUTE
        bars = world.bars(fill.market, [minute, minute + MINUTE], NOW)
        assert bars.low[0] <= float(fill.price) <= bars.high[0]


def test_funding_is_paid_by_whom_it_is_due_at_every_payment(
    world: World, events: list[Event]
) -> None:
    payments = [event for event in events if isinstance(event, Payment)]
    for payment in payments[::41]:
        rate = Decimal(repr(world.funding(payment.market, payment.time)))
        value = worth(payment.market, payment.size, payment.mark)
        paid = abs(value).copy_sign(payment.size) * rate
        assert abs(payment.amount + paid) <= Decimal("0.5e-8")
        assert float(payment.mark) == world.marks(payment.market, [payment.time])[0]
    leg = payments[0].market, payments[0].leg
    expected, size, due = [], ZERO, STARTED
    own = [e for e in events if isinstance(e, Fill) and (e.market, e.leg) == leg]
    for fill in own:
        while due < fill.time:
            expected += [(due, size)] if size else []
            due += (leg[0].interval or 0) * HOUR
        size += signed(fill)
    found = [(p.time, p.size) for p in payments if (p.market, p.leg) == leg]
    assert found[: len(expected)] == expected


def test_usdc_perpetuals_of_bybit_pay_profit_out_with_each_funding(
    venue: Venue, events: list[Event], book: Book
) -> None:
    settled = [event for event in events if isinstance(event, Payment) and event.settled]
    markets = {payment.market.symbol for payment in settled}
    assert markets == ({"BTCPERP"} if venue == "bybit" else set())
    if settled:
        last = settled[-1]
        traded = [e for e in events if isinstance(e, Fill) and e.market == last.market]
        assert traded[-1].time < last.time  # nothing since: profit counts from that mark
        (held,) = (h for h in book.holdings(NOW - 1) if h.market == last.market)
        assert held.unrealised == worth(last.market, held.size, held.mark - last.mark)


def test_one_small_position_was_liquidated(book: Book, fills: list[Fill], venue: Venue) -> None:
    (end,) = (fill for fill in fills if fill.cause == "liquidation")
    assert 39 <= (NOW - end.time) / DAY <= 41
    assert end.closed == end.size
    assert end.realised < 0 < end.penalty
    assert (end.fee > 0) == (venue == "binance")
    (before,) = (h for h in book.holdings(end.time - 1) if h.market == end.market)
    assert before.isolated == (venue != "bybit")
    assert before.size == -signed(end)
    assert end.market not in {h.market for h in book.holdings(end.time)}


def test_positions_are_always_open_and_liquidated_on_their_losing_side(book: Book) -> None:
    prices = 0
    for time in moments(5, NOW - 20 * DAY):
        holdings = book.holdings(time)
        assert len(holdings) >= 2
        for held in holdings:
            if held.liquidation is not None:
                prices += 1
                assert (held.liquidation < held.mark) == (held.size > 0)
                assert held.liquidation > 0
    assert prices > 10


def test_holdings_are_at_the_marks_that_the_market_shows(world: World, book: Book) -> None:
    for held in book.holdings(NOW):
        assert float(held.mark) == world.quote(held.market, NOW).mark_price
        rounding = Decimal("1e-6") if held.market.kind == "linear" else Decimal("1e-8")
        if (held.market.venue, held.market.settle) != ("bybit", "USDC"):
            made = worth(held.market, held.size, held.mark) - worth(
                held.market, held.size, held.entry
            )
            assert abs(made - held.unrealised) < rounding
        bears = held.entry if held.isolated else held.mark
        margin = abs(worth(held.market, held.size, bears)) / held.leverage
        assert abs(held.margin - margin) < Decimal("1e-6")


def test_an_isolated_position_is_liquidated_when_its_own_margin_is_used_up(book: Book) -> None:
    for held in book.holdings(NOW):
        if held.isolated:
            assert held.liquidation is not None
            lost = worth(held.market, held.size, held.liquidation - held.mark) + held.unrealised
            left = held.margin + lost - held.maintenance
            assert abs(left) < held.value * Decimal("1e-4")


def test_a_position_tells_when_it_was_opened_and_touched(book: Book, trades: list[Fill]) -> None:
    for held in book.holdings(NOW):
        own = [f for f in trades if (f.market, f.leg) == (held.market, held.leg)]
        before = [ZERO, *(fill.position for fill in own)]
        began = [
            fill.time
            for fill, size in zip(own, before, strict=False)
            if fill.position and size * fill.position <= 0
        ]
        assert (held.opened, held.updated) == (began[-1], own[-1].time)


def test_fees_are_the_venues_rates(world: World, trades: list[Fill], venue: Venue) -> None:
    taker = {"binance": "0.0005", "bybit": "0.00055", "okx": "0.0005"}[venue]
    for fill in trades:
        if fill.maker or fill.cause == "liquidation":
            continue
        fee = abs(worth(fill.market, fill.size, fill.price)) * Decimal(taker)
        if fill.fee_coin == "BNB":
            bnb = world.market("binance", "spot", "BNBUSDT")
            assert bnb is not None
            fee *= Decimal("0.9") / Decimal(repr(float(world.prices(bnb, [fill.time])[0])))
        assert abs(fill.fee - fee) <= Decimal("1e-8")
    assert {fill.fee > 0 for fill in trades if fill.maker} == {venue != "okx"}


def test_accounts_hold_what_a_reader_can_stumble_over(
    venue: Venue, book: Book, trades: list[Fill], fills: list[Fill]
) -> None:
    symbols = {fill.market.symbol for fill in trades}
    coins = {fill.market.coin for fill in trades}
    assert {"BTC", "ETH", "PEPE"} <= coins
    assert {fill.market.kind for fill in trades} == {"linear", "inverse"}
    assert {fill.maker for fill in trades} == {True, False}
    assert any(0 < fill.closed < fill.size for fill in trades)  # through zero
    assert any(fill.closed and fill.position for fill in trades)  # in part
    if venue == "binance":
        assert {"1000PEPEUSDT", "SOLUSDC", "BTCUSD_PERP"} <= symbols
        both = Counter(h.market.symbol for h in book.holdings(NOW))
        assert both["BTCUSDT"] == 2
        assert {fill.fee_coin for fill in trades} >= {"USDT", "BNB", "BTC"}
    else:
        assert {fill.leg for fill in trades} == {"net"}
        assert any(fill.market.kind == "spot" for fill in fills)
    if venue == "bybit":
        assert {"BTCUSD", "ETHUSD", "BTCPERP", "1000PEPEUSDT"} <= symbols
    if venue != "bybit":
        assert {h.isolated for h in book.holdings(NOW)} == {True, False}


def test_money_came_went_and_lies_idle(venue: Venue, book: Book, events: list[Event]) -> None:
    moves = [event for event in events if isinstance(event, Move)]
    own = [move for move in moves if move.wallet in MARGINED and move.kind == "transfer"]
    assert own[0].time < STARTED + HOUR
    assert any(move.amount < 0 for move in own)
    assert sum(NOW - 7 * DAY < move.time < NOW // DAY * DAY for move in own) == 1
    assert sum(move.time > NOW // DAY * DAY for move in own) == 1
    assert sum(move.amount for move in moves if move.kind == "transfer") == 0
    assert any(move.kind == "rebate" for move in moves)
    idle = {coin: amount for w in WALLETS[venue] for coin, amount in book.balances(w, NOW).items()}
    assert idle["NOPRICE"] > 0
    assert book.balances("funding", NOW)["USDT"] > 0
    assert not any(
        amount < 0 for wallet in WALLETS[venue] for amount in book.balances(wallet, NOW).values()
    )


def test_some_days_are_busier_than_a_page(events: list[Event], fills: list[Fill]) -> None:
    days = Counter((fill.time - STARTED) // DAY for fill in fills)
    assert min(days[day] for day in range(100)) >= 3
    assert sum(count > 50 for count in days.values()) >= 10
    busiest, _ = days.most_common(1)[0]
    assert busiest >= 70  # of a hundred: in the last thirty


def test_nothing_happens_to_an_idle_account(world: World, venue: Venue, book: Book) -> None:
    idle = Book(world, venue, STARTED, idle=True)
    assert idle.uid == book.uid
    assert not idle.events(0, NOW)
    assert not idle.holdings(NOW)
    assert not Wealth(idle, venue, NOW).equity


def test_an_account_may_hold_hundreds_of_positions() -> None:
    book = Book(World(seed=7, now=NOW, extra=170), "binance", STARTED, extra=200)
    holdings = book.holdings(NOW)
    assert len({(held.market.symbol, held.leg) for held in holdings}) == len(holdings) >= 200
    assert {(held.leg, side(held)) for held in holdings if held.leg != "net"} == {
        ("long", "long"),
        ("short", "short"),
    }


def side(held: Holding) -> str:
    return "long" if held.size > 0 else "short"


def _purses(wallets: dict[str, dict[str, Decimal]]) -> defaultdict[Purse, Decimal]:
    return defaultdict(
        Decimal,
        {
            (wallet, coin): amount
            for wallet, coins in wallets.items()
            for coin, amount in coins.items()
        },
    )
