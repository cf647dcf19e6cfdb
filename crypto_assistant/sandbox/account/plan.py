"""What the owner means to do each day: a pure function of the world, the venue and the day."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import Final, Literal, NamedTuple

import numpy as np

from crypto_assistant.sandbox.account.habits import (
    AT_WORK,
    CASH,
    IDLE,
    TRADING,
    Habit,
    habits,
    occasional,
)
from crypto_assistant.sandbox.catalog import DAY, HOUR, MINUTE, Venue
from crypto_assistant.sandbox.noise import key, run, uniform
from crypto_assistant.sandbox.world import World

HISTORY: Final = 100  # days of history before the world's beginning
_BUSIEST: Final = {"binance": 900, "bybit": 160, "okx": 220}
_LIQUIDATION: Final = 60
_EXTRA: Final = 99


class Order(NamedTuple):
    """Bring a leg to a size. parts: fills that it takes; in_bnb: how its fees are paid."""

    time: int
    habit: Habit
    target: Decimal
    maker: bool
    parts: int
    in_bnb: bool
    cause: Literal["trade", "liquidation"] = "trade"


class Shift(NamedTuple):
    """Money that comes into a wallet."""

    time: int
    wallet: str
    coin: str
    amount: Decimal
    kind: Literal["transfer", "deposit", "rebate", "interest"]


@dataclass(frozen=True)
class Plan:
    """`extra` positions besides are opened once, on the day before the world's beginning."""

    world: World
    venue: Venue
    started: int
    extra: int = 0

    @cached_property
    def habits(self) -> list[Habit]:
        return habits(self.world, self.venue)

    @cached_property
    def besides(self) -> list[Habit]:
        return occasional(self.world, self.venue, self.extra)

    def orders(self, day: int) -> Iterator[Order]:
        """Of the day with this number; the first day has number 0."""
        if day == _LIQUIDATION:
            yield from self._liquidated(day)
        if day == _EXTRA:
            yield from self._occasional(day)
        yield from self._usual(day)

    def shifts(self, day: int) -> Iterator[Shift]:
        start, trading = self.started + day * DAY, TRADING[self.venue]
        if day == 0:
            yield from self._beginning(start)
        elif day % 5 == 0:
            amount = Decimal("250.25") * (-1 if day % 2 else 1)
            yield Shift(start + 5 * MINUTE, CASH[self.venue], "USDT", -amount, "transfer")
            yield Shift(start + 5 * MINUTE, trading, "USDT", amount, "transfer")
        if day % 10 == 7:
            wallet = "funding" if self.venue == "okx" else trading
            yield Shift(start + 2 * HOUR, wallet, "USDT", Decimal("1.23456789"), "rebate")
        if day % 10 == 4 and self.venue != "binance":
            yield Shift(start + HOUR, trading, "USDT", Decimal("-0.04128"), "interest")

    def _beginning(self, start: int) -> Iterator[Shift]:
        for wallet, coin, amount in IDLE[self.venue]:
            yield Shift(start + MINUTE, wallet, coin, Decimal(amount), "deposit")
        for wallet, coin, amount in AT_WORK[self.venue]:
            cash = CASH[self.venue]
            yield Shift(start + MINUTE, cash, coin, Decimal(amount), "deposit")
            yield Shift(start + 3 * MINUTE, cash, coin, -Decimal(amount), "transfer")
            yield Shift(start + 3 * MINUTE, wallet, coin, Decimal(amount), "transfer")

    def _usual(self, day: int) -> Iterator[Order]:
        """Three to twelve, now and then many more, evenly strewn from half past midnight on."""
        count = self._count(day)
        slot = (DAY - HOUR) // count
        luck = self._luck(day, "orders", 7 * count)
        bases = self._luck(day, "bases", len(self.habits))
        for n in range(count):
            at, which, much, flat, turn, maker, parts = luck[7 * n : 7 * n + 7]
            number = n if day == 0 and n < len(self._daily) else self._chosen(which)
            habit = self._daily[number]
            # On a busy day positions move by little.
            share = bases[number] + (much - bases[number]) * (0.1 if count > 100 else 1)
            time = self.started + day * DAY + HOUR // 2 + n * slot
            yield Order(
                time // MINUTE * MINUTE + int(at * 50_000),
                habit,
                _target(habit, share, flat, turn),
                maker < 0.4,
                1 + (parts < 0.3),
                self._in_bnb(day, habit),
            )

    @cached_property
    def _daily(self) -> list[Habit]:
        return [habit for habit in self.habits if habit.weight]

    def _chosen(self, luck: float) -> int:
        weights = list(accumulate(habit.weight for habit in self._daily))
        return next(n for n, weight in enumerate(weights) if luck * weights[-1] < weight)

    def _count(self, day: int) -> int:
        if day == 0:
            return len(self._daily) + 2
        if day % HISTORY == 85:
            return _BUSIEST[self.venue]
        return 60 if day % 9 == 4 else 3 + int(10 * self._luck(day, "count", 1)[0])

    def _in_bnb(self, day: int, habit: Habit) -> bool:
        """Ten days of every thirty."""
        return self.venue == "binance" and habit.market.kind == "linear" and day % 30 >= 20

    def _occasional(self, day: int) -> Iterator[Order]:
        start = self.started + day * DAY + 12 * HOUR
        for n, habit in enumerate(self.besides):
            target = -habit.most if n % 2 else habit.most
            yield Order(start + n * 1000, habit, target, False, 1, False)

    def _liquidated(self, day: int) -> Iterator[Order]:
        """A small position with too much leverage, on the side that the day will hurt first."""
        start = self.started + day * DAY
        once = [habit for habit in self.habits if not habit.weight]
        times = [start + n * MINUTE for n in range(20, 1420)]
        prices = self.world.prices(once[0].market, times)
        moved = np.abs(prices / prices[0] - 1)
        hurt = int(np.argmax(moved > min(0.015, float(moved.max()) * 0.99)))
        falls = prices[hurt] < prices[0]
        habit = next(h for h in once if h.leg != ("short" if falls else "long"))
        size = habit.most if falls else -habit.most
        yield Order(times[0] + 1_234, habit, size, False, 1, False)
        yield Order(times[hurt] + 567, habit, Decimal(0), False, 1, False, "liquidation")

    def _luck(self, day: int, name: str, count: int) -> list[float]:
        source = key(self.world.seed, "account", self.venue, name, str(self.started // DAY + day))
        luck: list[float] = uniform(np.array([source], np.uint64), run(0, count)).tolist()
        return luck


def _target(habit: Habit, share: float, flat: float, turn: float) -> Decimal:
    """A tenth of the most at least, or nothing; a net position of a future may be short."""
    if flat < 0.15 and not habit.steady:
        return Decimal(0)
    step = Decimal(habit.market.step)
    size = max(1, int(habit.most / step * Decimal(0.1 + 0.9 * share))) * step
    shorts = habit.market.kind != "spot" and turn < 0.2
    return -size if habit.leg == "short" or (habit.leg == "net" and shorts) else size
