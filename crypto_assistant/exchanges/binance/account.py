"""The owner's account at Binance: spot and funding wallets, USD-M, COIN-M.

https://developers.binance.com/docs/wallet
https://developers.binance.com/docs/derivatives
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeVar

from crypto_assistant.errors import NotRead, Refused, Unsupported
from crypto_assistant.exchanges.base import LIVE
from crypto_assistant.exchanges.binance import income, positions, user_trades, wallets
from crypto_assistant.exchanges.binance.halving import MOST_ROWS, Page, R, Window, whole
from crypto_assistant.exchanges.binance.permissions import Powers
from crypto_assistant.exchanges.binance.signing import sign
from crypto_assistant.exchanges.binance.user_trades import Trade
from crypto_assistant.exchanges.payload import uid
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
    Positions,
    Wallet,
)
from crypto_assistant.net.api import Api
from crypto_assistant.net.limiter import Budget
from crypto_assistant.net.request import Query
from crypto_assistant.net.signed import Key, SignedApi, VenueClock

T = TypeVar("T")

LINEAR, INVERSE = Family.LINEAR, Family.INVERSE
INCOME = {LINEAR: "/fapi/v1/income", INVERSE: "/dapi/v1/income"}
INCOME_WEIGHT = {LINEAR: 30, INVERSE: 20}
USER_TRADES = {LINEAR: "/fapi/v1/userTrades", INVERSE: "/dapi/v1/userTrades"}

NOT_ALLOWED = "-2015"
NO_FUTURES = (
    "the key may not read futures, or lapsed: no futures account, one opened after the key was "
    "made, or portfolio margin"
)


class BinanceAccount:
    """The wallets of one key; one without futures still tells spot and funding."""

    venue = "binance"
    margined: ClassVar[tuple[Wallet, ...]] = (Wallet.USDM, Wallet.COINM)
    unread: ClassVar[tuple[str, ...]] = ("locked Earn", "margin", "options", "bots")
    families: ClassVar[tuple[Family, ...]] = (LINEAR, INVERSE)
    log_window_ms: ClassVar[int] = 7 * DAY_MS
    log_reach_ms: ClassVar[int] = 89 * DAY_MS

    def __init__(
        self, apis: Mapping[Family, Api], key: Key, clock: VenueClock, environment: str
    ) -> None:
        self.environment = environment
        self.clock = clock
        signed = partial(sign, key)
        self._apis = {family: SignedApi(api, signed, clock) for family, api in apis.items()}
        # Each path of the wallet's interface has a limit of its own.
        self._restrictions = Budget(12_000, 60, "X-SAPI-USED-IP-WEIGHT-1M")
        self._funding_asset = Budget(12_000, 60, "X-SAPI-USED-IP-WEIGHT-1M")

    @property
    def wallets(self) -> tuple[Wallet, ...]:
        """Play money has no funding wallet."""
        real = (Wallet.FUNDING,) if self.environment == LIVE else ()
        return (Wallet.SPOT, *real, *self.margined)

    async def permissions(self) -> Permissions:
        """Play money has an owner, but nothing tells what its keys may do."""
        if self.environment != LIVE:
            owner, received_ms = await self._owner()
            return Permissions(owner, powers=(), withdraws=False, received_ms=received_ms)
        powers = await self._powers()
        # Nothing else is asked with a key that may withdraw.
        owner = "" if powers.withdraws else (await self._owner())[0]
        return Permissions(owner, *powers)

    async def balance(self, wallet: Wallet) -> Balance:
        match wallet:
            case Wallet.SPOT:
                return await self._spot(wallets.spot)
            case Wallet.FUNDING:
                return await self._funding()
            case Wallet.USDM:
                return await self._equity(wallet, LINEAR, "/fapi/v3/account")
            case Wallet.COINM:
                return await self._equity(wallet, INVERSE, "/dapi/v1/account")
        raise Unsupported(f"there is no {wallet} wallet")

    async def positions(self, family: Family, find: Find) -> Positions:
        if family is INVERSE:
            return await self._futures(
                family,
                "/dapi/v1/positionRisk",
                weight=2,
                parse=lambda payload, ms: positions.inverse(payload, find, ms),
            )
        found, settings = await asyncio.gather(
            self._futures(
                family,
                "/fapi/v3/positionRisk",
                weight=5,
                parse=lambda payload, ms: positions.linear(payload, find, ms),
            ),
            self._futures(family, "/fapi/v1/symbolConfig", weight=5, parse=positions.Settings.read),
        )
        return settings.applied(found)

    async def log(self, start_ms: int, end_ms: int) -> AccountLog:
        windows = [(start_ms, end_ms)]
        usdm, coinm = await asyncio.gather(
            *(whole(partial(self._income, family), windows) for family in INCOME)
        )
        pages = [*usdm, *coinm]
        entries = sorted(income.lines(pages), key=lambda entry: entry.time_ms)
        received_ms = min((page.received_ms for page in pages), default=end_ms)
        return AccountLog(start_ms, end_ms, tuple(entries), received_ms)

    def settled(self, instrument: Instrument) -> str:
        return ""

    async def fills(self, instrument: Instrument, start_ms: int, end_ms: int) -> Fills:
        if instrument.family not in USER_TRADES:
            raise Unsupported("spot trades are not read")
        start_ms = max(start_ms, await self.clock.now_ms() - user_trades.KEPT_MS)
        windows = user_trades.windows(start_ms, end_ms)
        pages = await whole(partial(self._trades, instrument), windows)
        return user_trades.fills(instrument, start_ms, end_ms, pages)

    async def _owner(self) -> tuple[str, int]:
        return await self._spot(lambda account, ms: (uid(account.get("uid")), ms))

    async def _powers(self) -> Powers:
        return await self._apis[Family.SPOT].read(
            "/sapi/v1/account/apiRestrictions", budget=self._restrictions, parse=Powers.read
        )

    async def _spot(self, parse: Callable[[Any, int], T]) -> T:
        query = [("omitZeroBalances", "true")]
        return await self._apis[Family.SPOT].read("/api/v3/account", query, weight=20, parse=parse)

    async def _funding(self) -> Balance:
        return await self._apis[Family.SPOT].read(
            "/sapi/v1/asset/get-funding-asset",
            method="POST",
            budget=self._funding_asset,
            parse=wallets.funding,
        )

    async def _equity(self, wallet: Wallet, family: Family, path: str) -> Balance:
        return await self._futures(family, path, weight=5, parse=partial(wallets.margined, wallet))

    async def _income(self, family: Family, window: Window) -> Page[Entry]:
        return await self._rows(
            family,
            INCOME[family],
            window,
            weight=INCOME_WEIGHT[family],
            row=partial(income.entry, family=family),
        )

    async def _trades(self, instrument: Instrument, window: Window) -> Page[Trade]:
        return await self._rows(
            instrument.family,
            USER_TRADES[instrument.family],
            window,
            [("symbol", instrument.symbol)],
            weight=5,
            row=partial(user_trades.trade, instrument=instrument),
        )

    async def _rows(
        self,
        family: Family,
        path: str,
        window: Window,
        query: Query = (),
        *,
        weight: float,
        row: Callable[[Mapping[str, Any]], R],
    ) -> Page[R]:
        """Both ends belong to what the venue is asked for."""
        start_ms, end_ms = window
        within = [("startTime", start_ms), ("endTime", end_ms - 1), ("limit", MOST_ROWS)]
        return await self._futures(
            family,
            path,
            [*query, *within],
            weight=weight,
            parse=lambda payload, ms: Page.read(payload, window, ms, row),
        )

    async def _futures(
        self,
        family: Family,
        path: str,
        query: Query = (),
        *,
        weight: float,
        parse: Callable[[Any, int], T],
    ) -> T:
        """The key itself is known to be good: what it may do was read with it before."""
        try:
            return await self._apis[family].read(path, query, weight=weight, parse=parse)
        except Refused as error:
            if error.code != NOT_ALLOWED:
                raise
            raise NotRead(NO_FUTURES) from error
