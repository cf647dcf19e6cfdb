"""The truth of one account: what happened, what is held, what lies in its wallets."""

from bisect import bisect_left, bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Final, TypeVar

from crypto_assistant.sandbox.account.events import Event, Holding, Move, Payment
from crypto_assistant.sandbox.account.habits import wallet_of
from crypto_assistant.sandbox.account.history import History
from crypto_assistant.sandbox.account.holdings import Purse, holdings
from crypto_assistant.sandbox.account.plan import Plan
from crypto_assistant.sandbox.account.position import ZERO
from crypto_assistant.sandbox.catalog import DAY, Venue
from crypto_assistant.sandbox.noise import key
from crypto_assistant.sandbox.world import World

T = TypeVar("T")
_MOMENTS: Final = 16  # at which what was held is remembered


class Book:
    """One account of one venue: a pure function of the world and of time.

    It begins at `started` (ms, the start of a day) and nothing ever happens in it where `idle`.
    wallets: "spot", "funding", "usdm", "coinm" (Binance), "unified", "funding" (Bybit), "trading",
    "funding" (OKX).
    """

    def __init__(
        self, world: World, venue: Venue, started: int, *, extra: int = 0, idle: bool = False
    ) -> None:
        self.started = started
        self.uid = 10**8 + key(world.seed, "account", venue, str(started)) % (9 * 10**8)
        self._world = world
        self._history = History(Plan(world, venue, started, extra))
        self._days = 0
        self._idle = idle
        self._times: list[int] = []
        self._cash: defaultdict[tuple[str, str], list[tuple[int, Decimal]]] = defaultdict(list)
        self._held: OrderedDict[int, list[Holding]] = OrderedDict()

    def events(self, start: int, end: int) -> list[Event]:
        """Ascending, start <= time < end."""
        self._reach(end - 1)
        first, last = bisect_left(self._times, start), bisect_left(self._times, end)
        return self._history.events[first:last]

    def balances(self, wallet: str, now: int) -> dict[str, Decimal]:
        """Cash by coin, without unrealised profit."""
        self._reach(now)
        known = {
            coin: _latest(totals, now)
            for (place, coin), totals in self._cash.items()
            if place == wallet
        }
        return {coin: total for coin, total in known.items() if total is not None}

    def unrealised(self, wallet: str, now: int) -> dict[str, Decimal]:
        """By coin, of positions that the wallet bears."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for holding in self.holdings(now):
            if wallet_of(holding.market) == wallet:
                sums[holding.coin] += holding.unrealised
        return dict(sums)

    def holdings(self, now: int) -> list[Holding]:
        """Open legs, at the marks of the second."""
        if now not in self._held:
            self._held[now] = self._marked(now)
            if len(self._held) > _MOMENTS:
                self._held.popitem(last=False)
        return list(self._held[now])

    def _marked(self, now: int) -> list[Holding]:
        self._reach(now)
        open_legs = [
            (self._history.habits[name], position)
            for name, changes in self._history.legs.items()
            if (position := _latest(changes, now)) and position.size and name[0] != "spot"
        ]
        cash = {purse: _latest(totals, now) or ZERO for purse, totals in self._cash.items()}
        return holdings(self._world, open_legs, cash, now)

    def _reach(self, time: int) -> None:
        """Lives through all days up to that of `time`."""
        days = range(self._days, 0 if self._idle else (time - self.started) // DAY + 1)
        if not days:
            return
        known, self._days = len(self._history.events), days.stop
        self._history.extend(days)
        for event in self._history.events[known:]:
            self._times.append(event.time)
            for purse, amount in changes(event):
                totals = self._cash[purse]
                totals.append((event.time, (totals[-1][1] if totals else ZERO) + amount))


@lru_cache(maxsize=24)
def book(world: World, venue: Venue, started: int, extra: int, idle: bool) -> Book:
    """The same for all who serve one world: its days are lived through once."""
    return Book(world, venue, started, extra=extra, idle=idle)


def changes(event: Event) -> Iterator[tuple[Purse, Decimal]]:
    """What an event does to the cash of each purse."""
    if isinstance(event, Move):
        yield (event.wallet, event.coin), event.amount
        return
    wallet = wallet_of(event.market)
    if isinstance(event, Payment):
        yield (wallet, event.coin), event.amount + event.settled
        return
    if event.market.kind == "spot":
        signed = event.size if event.side == "buy" else -event.size
        yield (wallet, event.market.base), signed
        yield (wallet, event.coin), -signed * event.price
    yield (wallet, event.coin), event.realised - event.penalty
    yield (wallet, event.fee_coin), -event.fee


def _latest(states: list[tuple[int, T]], now: int) -> T | None:
    """The state after the last change up to now."""
    number = bisect_right(states, now, key=itemgetter(0))
    return states[number - 1][1] if number else None
