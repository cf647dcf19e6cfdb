"""The owner's account on OKX: trading and funding wallets, positions, bills, trades.

https://www.okx.com/docs-v5/en/#trading-account-rest-api
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeVar

from crypto_assistant.exchanges.base import LIVE
from crypto_assistant.exchanges.okx import bills, wallets
from crypto_assistant.exchanges.okx.fills import fill, fills
from crypto_assistant.exchanges.okx.history import Kept, Page, between, joined, page
from crypto_assistant.exchanges.okx.limits import (
    BALANCE,
    BILLS,
    CONFIG,
    FILLS,
    FUNDING_BALANCES,
    OLD_BILLS,
    OLD_FILLS,
    POSITIONS,
)
from crypto_assistant.exchanges.okx.now import kind
from crypto_assistant.exchanges.okx.positions import positions
from crypto_assistant.exchanges.okx.signing import sign
from crypto_assistant.exchanges.okx.source import Source
from crypto_assistant.models import (
    DAY_MS,
    AccountLog,
    Balance,
    Family,
    Fills,
    Find,
    Instrument,
    Permissions,
    Positions,
    Wallet,
)
from crypto_assistant.net.request import Query
from crypto_assistant.net.signed import Key, VenueClock

T = TypeVar("T")

# The paths of what is new reach back for a day longer.
ALL_BILLS = Kept(BILLS, OLD_BILLS, 6 * DAY_MS)
ALL_FILLS = Kept(FILLS, OLD_FILLS, 2 * DAY_MS)


class OkxAccount:
    """What one key may read; the venue's log of three months is that of the trading account."""

    wallets: ClassVar[tuple[Wallet, ...]] = (Wallet.TRADING, Wallet.FUNDING)
    margined: ClassVar[tuple[Wallet, ...]] = (Wallet.TRADING,)
    unread: ClassVar[tuple[str, ...]] = ("Earn", "bots", "copy trading")
    families: ClassVar[tuple[Family, ...]] = (Family.LINEAR, Family.INVERSE)
    log_window_ms: ClassVar[int] = 30 * DAY_MS
    log_reach_ms: ClassVar[int] = 90 * DAY_MS

    def __init__(self, source: Source, key: Key, clock: VenueClock, environment: str) -> None:
        self.venue = "okx"
        self.environment = environment
        self.clock = clock
        self._source = source.signed(partial(sign, key, demo=environment != LIVE), clock)

    async def permissions(self) -> Permissions:
        return await self._source.read(CONFIG, parse=wallets.permissions)

    async def balance(self, wallet: Wallet) -> Balance:
        if wallet is Wallet.FUNDING:
            return await self._source.read(FUNDING_BALANCES, parse=wallets.funding)
        return await self._source.read(BALANCE, parse=wallets.trading)

    async def positions(self, family: Family, find: Find) -> Positions:
        return await self._source.read(
            POSITIONS, parse=lambda data, ms: positions(data, ms, family, find)
        )

    async def log(self, start_ms: int, end_ms: int) -> AccountLog:
        found = await self._history(ALL_BILLS, (), bills.entries, start_ms, end_ms)
        entries = tuple(entry for row in found.rows for entry in row.said)
        return AccountLog(start_ms, end_ms, entries, found.received_ms)

    def settled(self, instrument: Instrument) -> str:
        return "daily on cross margin" if instrument.expires_ms else ""

    async def fills(self, instrument: Instrument, start_ms: int, end_ms: int) -> Fills:
        inst_type = kind(instrument.family, instrument.symbol)
        market = [("instType", inst_type), ("instId", instrument.symbol)]
        found = await self._history(ALL_FILLS, market, fill, start_ms, end_ms)
        return fills(found, instrument, start_ms, end_ms)

    async def _history(
        self, kept: Kept, query: Query, read: Callable[[Any], T], start_ms: int, end_ms: int
    ) -> Page[T]:
        async def ask(path: str, window: Query) -> Page[T]:
            return await self._source.read(
                path, [*query, *window], parse=lambda data, ms: page(data, ms, read)
            )

        windows = kept.windows(start_ms, end_ms, await self.clock.now_ms())
        parts = (between(first, last, partial(ask, path)) for path, first, last in windows)
        return joined(await asyncio.gather(*parts))
