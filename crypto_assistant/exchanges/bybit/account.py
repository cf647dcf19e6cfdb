"""What the owner's key may read at Bybit: wallets, positions, log, trades.

https://bybit-exchange.github.io/docs/v5/intro
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.bybit import fills, limits, log, owner, positions, wallets
from crypto_assistant.exchanges.bybit.envelope import cursor
from crypto_assistant.exchanges.bybit.fills import Fill
from crypto_assistant.exchanges.bybit.signing import sign
from crypto_assistant.exchanges.payload import every
from crypto_assistant.models import (
    DAY_MS,
    AccountLog,
    Balance,
    Entry,
    Family,
    Fills,
    Find,
    Instrument,
    Permissions,
    Position,
    Positions,
    Wallet,
)
from crypto_assistant.net.api import Api
from crypto_assistant.net.limiter import Budget
from crypto_assistant.net.request import Query, target
from crypto_assistant.net.signed import Key, SignedApi, VenueClock

S = TypeVar("S")
T = TypeVar("T")
Read = Callable[[Mapping[str, Any]], list[T]]
"""What a row of a list says: nothing, one thing, or more."""

WEEK_MS = 7 * DAY_MS
"""The longest part of the log, and of the trades, that may be asked for at once."""
REACH_MS = 729 * DAY_MS
"""Two years less a day, so that nothing is asked for that is just too old."""

SETTLED_IN: Mapping[Family, tuple[str | None, ...]] = {
    Family.LINEAR: ("USDT", "USDC"),
    Family.INVERSE: (None,),
}
"""Positions are told for each of these coins apart; all inverse ones together."""

MOST_POSITIONS = 200
MOST_LINES = 50
MOST_FILLS = 100
"""Rows in one answer."""


class Page(NamedTuple, Generic[T]):
    """A part of a list, and where the next part begins ("": nowhere)."""

    found: list[T]
    cursor: str
    received_ms: int


class BybitAccount:
    """A unified account; one of 1.0 has an inverse wallet besides, which is not read."""

    venue: str = "bybit"
    wallets: ClassVar[tuple[Wallet, ...]] = (Wallet.UNIFIED, Wallet.FUNDING)
    margined: ClassVar[tuple[Wallet, ...]] = (Wallet.UNIFIED,)
    families: ClassVar[tuple[Family, ...]] = (Family.LINEAR, Family.INVERSE)
    log_window_ms: ClassVar[int] = WEEK_MS
    log_reach_ms: ClassVar[int] = REACH_MS

    def __init__(
        self, api: Api, address: Budget, clock: VenueClock, key: Key, environment: str
    ) -> None:
        """`address`: what all requests from this host are paid of."""
        self.clock = clock
        self.environment = environment
        self._api = SignedApi(api, partial(sign, key), clock)
        self._budgets = limits.budgets(address)
        self._inverse_apart = False

    @property
    def unread(self) -> tuple[str, ...]:
        """Where money may be that is not looked at."""
        apart = ("inverse account",) if self._inverse_apart else ()
        return (*apart, "Earn", "bots", "copy trading")

    async def permissions(self) -> Permissions:
        return await self._read(limits.KEY, parse=owner.permissions)

    async def balance(self, wallet: Wallet) -> Balance:
        if wallet is Wallet.FUNDING:
            whose = [("accountType", "FUND")]
            return await self._read(limits.FUNDING, whose, parse=wallets.funding)
        whose = [("accountType", "UNIFIED")]
        asked = self._read(limits.UNIFIED, whose, parse=wallets.unified)
        _, balance = await _both(self._standing(), asked)
        return balance

    async def positions(self, family: Family, find: Find) -> Positions:
        lists = (self._open(family, settle, find) for settle in SETTLED_IN[family])
        standing, pages = await _both(self._standing(), asyncio.gather(*lists))
        found = [position for page in pages for position in page.found]
        # One whose mark price moved while the pages came may stand on two of them.
        once = {(position.symbol, position.side): position for position in found}
        margined = tuple(positions.margined(position, standing) for position in once.values())
        received_ms = min(page.received_ms for page in pages)
        return sound.positions(Positions(self.venue, family, margined, received_ms))

    async def log(self, start_ms: int, end_ms: int) -> AccountLog:
        query = [("accountType", "UNIFIED"), *_window(start_ms, end_ms), ("limit", MOST_LINES)]
        page = await self._list(limits.LOG, query, log.entries)
        _check_times(page.found, start_ms, end_ms)
        entries = _in_order(page.found, start_ms, end_ms)
        return AccountLog(start_ms, end_ms, entries, page.received_ms)

    def settled(self, instrument: Instrument) -> str:
        return "every eight hours" if instrument.quote == "USDC" else ""

    async def fills(self, instrument: Instrument, start_ms: int, end_ms: int) -> Fills:
        now_ms = await self.clock.now_ms()
        start_ms = max(start_ms, now_ms - REACH_MS)
        weeks = (
            self._fills(instrument, week_ms, min(week_ms + WEEK_MS, end_ms))
            for week_ms in range(start_ms, end_ms, WEEK_MS)
        )
        hedged, pages = await _both(self._hedged(instrument), asyncio.gather(*weeks))
        return fills.fills(
            [fill for page in pages for fill in page.found],
            instrument,
            (start_ms, end_ms),
            hedged=hedged,
            received_ms=min((page.received_ms for page in pages), default=now_ms),
        )

    async def _standing(self) -> owner.Standing:
        standing = await self._read(limits.STANDING, parse=owner.standing)
        self._inverse_apart = standing.inverse_apart
        return standing

    async def _open(self, family: Family, settle: str | None, find: Find) -> Page[Position]:
        query = [
            ("category", family.value),
            *([("settleCoin", settle)] if settle else []),
            ("limit", MOST_POSITIONS),
        ]
        read = partial(positions.read, family=family, settle=settle, find=find)
        return await self._list(limits.POSITIONS, query, read)

    async def _hedged(self, instrument: Instrument) -> bool:
        """As the market is now: that changes only while nothing is open in it."""
        if instrument.family is Family.SPOT:
            return False
        page = await self._list(
            limits.POSITIONS, _market(instrument), lambda row: [positions.is_hedged(row)]
        )
        return any(page.found)

    async def _fills(self, instrument: Instrument, start_ms: int, end_ms: int) -> Page[Fill]:
        query = [*_market(instrument), *_window(start_ms, end_ms), ("limit", MOST_FILLS)]
        page = await self._list(limits.FILLS, query, fills.read)
        _check_times(page.found, start_ms, end_ms)
        return page

    async def _list(self, path: str, query: Query, read: Read[T]) -> Page[T]:
        """All pages as one: a short one may lead on, the last has no row or leads nowhere."""
        asked, parse = target(path, query), partial(_page, read=read)
        page = await self._read(asked, parse=parse)
        found, received_ms, followed = page.found, page.received_ms, set[str]()
        while page.cursor:
            if page.cursor in followed:
                raise Malformed("pages that lead back")
            followed.add(page.cursor)
            # The venue sends its cursors percent-encoded already.
            page = await self._read(f"{asked}&cursor={page.cursor}", parse=parse)
            found += page.found
        return Page(found, "", received_ms)

    async def _read(self, path: str, query: Query = (), *, parse: Callable[[Any, int], T]) -> T:
        budget = self._budgets[path.partition("?")[0]]
        return await self._api.read(path, query, parse=parse, budget=budget)


async def _both(first: Awaitable[S], second: Awaitable[T]) -> tuple[S, T]:
    """Both answers. Where both fail it is the first that says why."""
    one, other = await asyncio.gather(first, second, return_exceptions=True)
    if isinstance(one, BaseException):
        raise one
    if isinstance(other, BaseException):
        raise other
    return one, other


def _page(result: Any, received_ms: int, *, read: Read[T]) -> Page[T]:
    sent = every(result["list"]) if result["list"] != [] else []
    following = cursor(result["nextPageCursor"]) if sent else ""
    return Page([item for row in sent for item in read(row)], following, received_ms)


def _check_times(found: Iterable[Entry | Fill], start_ms: int, end_ms: int) -> None:
    """How a window's ends are counted is a millisecond; what is further out a sum would miss."""
    if not all(start_ms - 1 <= one.time_ms <= end_ms + 1 for one in found):
        raise Malformed("a row of another time than asked for")


def _in_order(found: list[Entry], start_ms: int, end_ms: int) -> tuple[Entry, ...]:
    """Each line once; the venue sends the newest first."""
    once = {(entry.key, entry.flow): entry for entry in reversed(found)}
    within = (entry for entry in once.values() if start_ms <= entry.time_ms < end_ms)
    return tuple(sorted(within, key=lambda entry: entry.time_ms))


def _window(start_ms: int, end_ms: int) -> Query:
    return [("startTime", start_ms), ("endTime", end_ms)]


def _market(instrument: Instrument) -> Query:
    return [("category", instrument.family.value), ("symbol", instrument.symbol)]
