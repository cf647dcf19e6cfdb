"""An account at a venue whose log the tests write: what it was asked for, and where it fails."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import ExchangeError, Unsupported
from crypto_assistant.exchanges.base import LIVE
from crypto_assistant.ledger import Book
from crypto_assistant.models import (
    AccountLog,
    Balance,
    Entry,
    Family,
    Fills,
    Find,
    Flow,
    Instrument,
    Permissions,
    Positions,
    Wallet,
)
from crypto_assistant.net.signed import VenueClock

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 20_000 * DAY + 15 * HOUR
BOOK = Book("binance", LIVE, "1001")


def quiet(_done: int, _total: int) -> None:
    """Who asks for a ledger without a bar that grows."""


def line(
    key: str, time_ms: int, coins: float = -1.5, flow: Flow = Flow.FEE, coin: str = "USDT"
) -> Entry:
    return Entry(key, flow, time_ms, Family.LINEAR, "BTCUSDT", coin, coins)


class SetClock(VenueClock):
    """The venue's time as the test sets it, and as it goes on from then."""

    def __init__(self, ms: int) -> None:
        self.ms = ms

    @property
    def ms(self) -> int:
        return self._set_ms + round(1000 * monotonic())

    @ms.setter
    def ms(self, ms: int) -> None:
        self._set_ms = ms - round(1000 * monotonic())

    async def now_ms(self) -> int:
        return self.ms


@dataclass
class PlayedAccount:
    """`late`: when a line appears that is not there from its own time on."""

    lines: list[Entry] = field(default_factory=list)
    late: dict[str, int] = field(default_factory=dict)
    fails: Callable[[int, int], ExchangeError | None] = lambda _start, _end: None
    clock: VenueClock = field(default_factory=lambda: SetClock(NOW))
    asked: list[tuple[int, int]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is clear, nothing is answered."""

    venue: str = BOOK.venue
    environment: str = BOOK.environment
    wallets: ClassVar[tuple[Wallet, ...]] = ()
    margined: ClassVar[tuple[Wallet, ...]] = ()
    unread: ClassVar[tuple[str, ...]] = ()
    families: ClassVar[tuple[Family, ...]] = ()
    log_window_ms: ClassVar[int] = DAY
    log_reach_ms: ClassVar[int] = 90 * DAY

    def __post_init__(self) -> None:
        self.open.set()

    async def log(self, start_ms: int, end_ms: int) -> AccountLog:
        self.asked.append((start_ms, end_ms))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            await self.open.wait()
            if error := self.fails(start_ms, end_ms):
                raise error
            return AccountLog(start_ms, end_ms, await self._told(start_ms, end_ms), NOW)
        finally:
            self.at_once -= 1

    async def _told(self, start_ms: int, end_ms: int) -> tuple[Entry, ...]:
        now_ms = await self.clock.now_ms()
        seen = [e for e in self.lines if self.late.get(e.key, e.time_ms) <= now_ms]
        return tuple(e for e in seen if start_ms <= e.time_ms < end_ms)

    async def permissions(self) -> Permissions:
        raise Unsupported("nothing but a log")

    async def balance(self, wallet: Wallet) -> Balance:
        raise Unsupported("nothing but a log")

    async def positions(self, family: Family, find: Find) -> Positions:
        raise Unsupported("nothing but a log")

    def settled(self, instrument: Instrument) -> str:
        raise NotImplementedError

    async def fills(self, instrument: Instrument, start_ms: int, end_ms: int) -> Fills:
        raise Unsupported("nothing but a log")
