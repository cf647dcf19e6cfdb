"""How an account became what it is: plans carried out at the world's prices, day after day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_UP, Decimal
from functools import cached_property
from operator import attrgetter
from typing import Final, NamedTuple

from crypto_assistant.sandbox.account import fees
from crypto_assistant.sandbox.account.events import Event, Fill, Leg, Move, Payment
from crypto_assistant.sandbox.account.fees import Cost
from crypto_assistant.sandbox.account.habits import Habit
from crypto_assistant.sandbox.account.plan import Order, Plan, Shift
from crypto_assistant.sandbox.account.position import ZERO, Position, exact, value
from crypto_assistant.sandbox.account.prices import Ask, Prices, prices
from crypto_assistant.sandbox.catalog import DAY, HOUR, Market

LegName = tuple[str, str, Leg]
_FIRST_ID: Final = 4_000_000_000
_IDS: Final = 100_000  # a day


class Due(NamedTuple):
    """A moment at which a leg pays or receives funding."""

    time: int
    habit: Habit


class History:
    """events: everything that happened, oldest first. legs: each leg after each of its changes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._world = plan.world
        self._number = 0
        self.events: list[Event] = []
        self.legs: defaultdict[LegName, list[tuple[int, Position]]] = defaultdict(list)
        self.habits: dict[LegName, Habit] = {
            name_of(habit): habit for habit in (*plan.habits, *plan.besides)
        }

    def extend(self, days: range) -> None:
        """Lives through the days, which follow those lived through."""
        orders = [order for day in days for order in self._plan.orders(day)]
        shifts = [shift for day in days for shift in self._plan.shifts(day)]
        dues = list(self._dues(orders, days))
        paid = prices(self._world.prices, self._asks(orders))
        marks = prices(self._world.marks, ((due.habit.market, due.time) for due in dues))
        # At one moment funding is due before anything else happens.
        items: list[Due | Shift | Order] = [*dues, *shifts, *orders]
        for item in sorted(items, key=attrgetter("time")):
            self.events += self._lived(item, paid, marks)

    def _lived(self, item: Order | Shift | Due, paid: Prices, marks: Prices) -> Iterator[Event]:
        if isinstance(item, Order):
            yield from self._filled(item, paid)
        elif isinstance(item, Shift):
            yield Move(self._id(item.time), *item)
        else:
            market = item.habit.market
            yield from self._paid(item, marks[market.kind, market.symbol, item.time])

    def _asks(self, orders: Iterable[Order]) -> Iterator[Ask]:
        for order in orders:
            yield order.habit.market, order.time
            if order.in_bnb:
                yield self._bnb, order.time

    @cached_property
    def _bnb(self) -> Market:
        spot = self._world.listed("binance", "spot")
        return next(market for market in spot if market.symbol == "BNBUSDT")

    def _dues(self, orders: Iterable[Order], days: range) -> Iterator[Due]:
        """Of the legs that are held when the days begin, or may be since."""
        start, end = (self._plan.started + day * DAY for day in (days.start, days.stop))
        since = {name: start for name, habit in self.habits.items() if self._position(habit).size}
        for order in orders:
            since.setdefault(name_of(order.habit), order.time)
        for name, habit in self.habits.items():
            period = (habit.market.interval or 0) * HOUR
            if period and name in since:
                times = range(-(-since[name] // period) * period, end, period)
                yield from (Due(time, habit) for time in times)

    def _filled(self, order: Order, paid: Prices) -> Iterator[Fill]:
        market = order.habit.market
        wanted = order.target - self._position(order.habit).size
        if not wanted:
            return
        number, price = self._id(order.time), paid[market.kind, market.symbol, order.time]
        bnb = paid["spot", self._bnb.symbol, order.time] if order.in_bnb else None
        for signed in _parts(wanted, order.parts, Decimal(market.step)):
            cost = fees.cost(order, signed, price, bnb)
            yield self._fill(order, number, signed, price, cost)

    def _fill(self, order: Order, number: int, signed: Decimal, price: Decimal, cost: Cost) -> Fill:
        habit, market, time = order.habit, order.habit.market, order.time
        position, closed, realised = self._position(habit).traded(market, signed, price, time)
        self.legs[name_of(habit)].append((time, position))
        spot = market.kind == "spot"  # what is bought is money, not a position
        return Fill(
            id=self._id(time),
            order=number,
            time=time,
            market=market,
            side="buy" if signed > 0 else "sell",
            leg=habit.leg,
            price=price,
            size=abs(signed),
            closed=ZERO if spot else closed,
            realised=ZERO if spot else realised,
            coin=market.settle,
            fee=cost.fee,
            fee_coin=cost.coin,
            maker=order.maker,
            cause=order.cause,
            penalty=cost.penalty,
            position=ZERO if spot else position.size,
        )

    def _paid(self, due: Due, mark: Decimal) -> Iterator[Payment]:
        habit, market = due.habit, due.habit.market
        position, settled = self._position(habit), ZERO
        if not position.size:
            return
        if _settles(market):
            position, settled = position.settled(market, mark)
            self.legs[name_of(habit)].append((due.time, position))
        rate = Decimal(f"{self._world.funding(market, due.time):.8f}")
        # The worth of an inverse position is signed against its size.
        worth = abs(value(market, position.size, mark)).copy_sign(position.size)
        yield Payment(
            id=self._id(due.time),
            time=due.time,
            market=market,
            leg=habit.leg,
            size=position.size,
            mark=mark,
            rate=rate,
            amount=exact(-worth * rate),
            coin=market.settle,
            settled=settled,
        )

    def _position(self, habit: Habit) -> Position:
        changes = self.legs[name_of(habit)]
        return changes[-1][1] if changes else Position()

    def _id(self, time: int) -> int:
        """Ascending; those of a day do not depend on the days after it."""
        day = (time - self._plan.started) // DAY
        self._number = max(self._number + 1, _FIRST_ID + day * _IDS)
        return self._number


def name_of(habit: Habit) -> LegName:
    return habit.market.kind, habit.market.symbol, habit.leg


def _settles(market: Market) -> bool:
    """Bybit pays the profit of USDC perpetuals out with each funding."""
    return market.venue == "bybit" and market.settle == "USDC"


def _parts(wanted: Decimal, count: int, step: Decimal) -> list[Decimal]:
    """An order of more than a step may need two fills."""
    if count == 1 or abs(wanted) == step:
        return [wanted]
    first = (wanted * Decimal("0.4") / step).to_integral_value(ROUND_UP) * step
    return [first, wanted - first]
