"""Binance: spot, USD-M and COIN-M over REST.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api
https://developers.binance.com/docs/derivatives
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar

from crypto_assistant.errors import ExchangeError, NotListed, Unsupported
from crypto_assistant.exchanges import payments, sound
from crypto_assistant.exchanges.base import LIVE, Account, Practice, Used, used
from crypto_assistant.exchanges.binance import now, series
from crypto_assistant.exchanges.binance.account import BinanceAccount
from crypto_assistant.exchanges.binance.envelope import unwrap
from crypto_assistant.exchanges.binance.listed import Listed
from crypto_assistant.exchanges.binance.reads import READS
from crypto_assistant.exchanges.binance.retold import Retold
from crypto_assistant.exchanges.binance.statistics import Statistics
from crypto_assistant.exchanges.binance.windows import Window, bars_weight, most_bars
from crypto_assistant.exchanges.pages import paged
from crypto_assistant.exchanges.payload import Table, moment
from crypto_assistant.models import (
    Candles,
    Family,
    Funding,
    FundingHistory,
    Fundings,
    Instrument,
    Instruments,
    LongShorts,
    Mark,
    Marks,
    OpenInterest,
    OpenInterestHistory,
    OpenInterests,
    TakerVolumes,
    Ticker,
    Tickers,
    Timeframe,
    Trades,
)
from crypto_assistant.net.api import Api
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.door import Door
from crypto_assistant.net.limiter import Budget, Limiter
from crypto_assistant.net.request import Dialect, Reads
from crypto_assistant.net.signed import Key, VenueClock
from crypto_assistant.net.venue_time import VenueTime

# Bans "scale in duration for repeat offenders, from 2 minutes to 3 days".
DIALECT = Dialect(unwrap, READS, longest_ban=3 * 86_400)
PREFIX = {Family.SPOT: "/api/v3", Family.LINEAR: "/fapi/v1", Family.INVERSE: "/dapi/v1"}
HOSTS = {Family.SPOT: "spot", Family.LINEAR: "USD-M", Family.INVERSE: "COIN-M"}


class Binance:
    """Sizes are coins on spot and USD-M, contracts of a fixed USD amount on COIN-M."""

    name: ClassVar[str] = "binance"
    title: ClassVar[str] = "Binance"
    short: ClassVar[str] = "BIN"
    lent: ClassVar[str] = "LD"
    addresses: ClassVar[Mapping[str, str]] = {
        "BINANCE_SPOT_URL": "https://api.binance.com",
        "BINANCE_USDM_URL": "https://fapi.binance.com",
        "BINANCE_COINM_URL": "https://dapi.binance.com",
    }
    reads: ClassVar[Reads] = READS
    credentials: ClassVar[tuple[str, ...]] = ("BINANCE_API_KEY", "BINANCE_SECRET_KEY")
    practice: ClassVar[Practice | None] = Practice(
        "BINANCE_TESTNET",
        {
            "testnet": {
                "BINANCE_SPOT_URL": "https://testnet.binance.vision",
                "BINANCE_USDM_URL": "https://testnet.binancefuture.com",
                "BINANCE_COINM_URL": "https://testnet.binancefuture.com",
            },
            "demo": {
                "BINANCE_SPOT_URL": "https://demo-api.binance.com",
                "BINANCE_USDM_URL": "https://demo-fapi.binance.com",
                "BINANCE_COINM_URL": "https://demo-dapi.binance.com",
            },
        },
    )

    def __init__(self, door: Door, urls: Mapping[str, str]) -> None:
        self.limiter = Limiter(door.clock_ms)
        self._host_ms = door.clock_ms
        self._time = time = VenueTime(door.clock_ms)
        self._spot = spot = Budget(6000, 60, "X-MBX-USED-WEIGHT-1M")
        # One counter for both futures hosts since 2026-06-30.
        self._futures = futures = Budget(2400, 60, "X-MBX-USED-WEIGHT-1M")
        self._funding_info = Budget(500, 300)
        self._apis = {
            Family.SPOT: Api(
                door, urls["BINANCE_SPOT_URL"], self.limiter, spot, DIALECT, time=time
            ),
            Family.LINEAR: Api(
                door, urls["BINANCE_USDM_URL"], self.limiter, futures, DIALECT, time=time
            ),
            Family.INVERSE: Api(
                door, urls["BINANCE_COINM_URL"], self.limiter, futures, DIALECT, time=time
            ),
        }
        self.hosts: Mapping[str, Api] = {HOSTS[family]: api for family, api in self._apis.items()}
        self._statistics = Statistics(self._apis, self._contract_type, self.candles, time.now_ms)
        self.retold = Retold(self._apis, PREFIX, self._statistics)

    @property
    def used(self) -> Mapping[str, Used]:
        return {"spot": used(self._spot), "futures": used(self._futures)}

    def account(self, key: Key, environment: str = LIVE) -> Account:
        clock = VenueClock(self.clock_ms, self._host_ms)
        return BinanceAccount(self._apis, key, clock, environment)

    async def clock_ms(self) -> int:
        return await self._apis[Family.SPOT].get(
            "/api/v3/time",
            lifetime=Lifetime.MOMENT,
            parse=lambda payload, _: moment(payload.get("serverTime")),
        )

    async def instruments(self, family: Family) -> Instruments:
        return (await self._listed(family)).instruments

    async def tickers(self, listed: Instruments) -> Tickers:
        weight = 80 if listed.family is Family.SPOT else 40
        names = now.STATISTICS + now.BOOK
        statistics = await self._all(listed.family, "/ticker/24hr", names, weight)
        return now.tickers(statistics, statistics, listed)

    async def ticker(self, instrument: Instrument) -> Ticker:
        if instrument.family is Family.SPOT:
            statistics = book = await self._one(
                instrument, "/ticker/24hr", now.STATISTICS + now.BOOK, weight=2
            )
        else:  # Their 24 h statistics carry no bid and ask.
            statistics, book = await asyncio.gather(
                self._one(instrument, "/ticker/24hr", now.STATISTICS),
                self._one(instrument, "/ticker/bookTicker", now.BOOK, weight=2),
            )
        listed = Instruments.one(instrument, statistics.received_ms)
        return now.tickers(statistics, book, listed)[0]

    async def candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> Candles:
        bars = await paged(
            limit,
            most_bars(instrument.family, timeframe),
            timeframe.ms,
            partial(self._bars, instrument, timeframe),
            end_ms=end_ms,
            now_ms=self._time.now_ms(),
        )
        return sound.candles(bars)

    async def taker_volumes(
        self, instrument: Instrument, timeframe: Timeframe, limit: int
    ) -> TakerVolumes:
        return series.taker_volumes(await self.candles(instrument, timeframe, limit))

    async def trades(self, instrument: Instrument) -> Trades:
        return await self._apis[instrument.family].get(
            PREFIX[instrument.family] + "/aggTrades",
            [("symbol", instrument.symbol), ("limit", series.MOST_TRADES)],
            weight=4 if instrument.family is Family.SPOT else 20,
            lifetime=Lifetime.INDICATOR,
            variant=instrument,
            parse=lambda payload, ms: sound.trades(series.trades(payload, instrument, ms)),
        )

    async def fundings(self, listed: Instruments) -> Fundings:
        premiums, hours = await asyncio.gather(
            self._premiums(listed.family), self._funding_hours(listed.family)
        )
        return now.fundings(premiums, hours, listed)

    async def funding(self, instrument: Instrument) -> Funding:
        premium, hours = await asyncio.gather(
            self._premium(instrument), self._funding_hours(instrument.family)
        )
        return now.fundings(premium, hours, Instruments.one(instrument, premium.received_ms))[0]

    async def funding_history(self, instrument: Instrument, limit: int) -> FundingHistory:
        linear = instrument.family is Family.LINEAR
        return await self._apis[instrument.family].get(
            PREFIX[instrument.family] + "/fundingRate",
            [("symbol", instrument.symbol), ("limit", limit)],
            budget=self._funding_info if linear else None,
            lifetime=Lifetime.INDICATOR,
            variant=instrument,
            parse=lambda payload, ms: payments.history(
                now.regular(payload), instrument, ms, time="fundingTime", rate="fundingRate"
            ),
        )

    async def marks(self, listed: Instruments) -> Marks:
        return now.marks(await self._premiums(listed.family), listed)

    async def mark(self, instrument: Instrument) -> Mark:
        premium = await self._premium(instrument)
        return now.marks(premium, Instruments.one(instrument, premium.received_ms))[0]

    async def open_interests(self, listed: Instruments) -> OpenInterests:
        raise Unsupported("open interest is told market by market")

    async def open_interest(
        self, instrument: Instrument, mark: float | None = None
    ) -> OpenInterest:
        """Sent in coins, by COIN-M in contracts of USD: the other one is at the mark price."""
        sent = self._one(
            instrument, "/openInterest", now.OPEN_INTEREST, lifetime=Lifetime.INDICATOR
        )
        table, mark = await asyncio.gather(sent, self._mark(instrument, mark))
        one = now.open_interests(table, Instruments.one(instrument, table.received_ms))[0]
        return sound.open_interest(one.valued(mark))

    async def open_interest_history(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> OpenInterestHistory:
        statistics = self._statistics
        return sound.open_interest_history(
            await statistics.open_interest_history(instrument, timeframe, limit, end_ms)
        )

    async def long_shorts(self, instrument: Instrument) -> LongShorts:
        return sound.long_shorts(await self._statistics.long_shorts(instrument))

    async def _listed(self, family: Family) -> Listed:
        spot = family is Family.SPOT
        return await self._apis[family].get(
            PREFIX[family] + "/exchangeInfo",
            # Without leveraged tokens, delisted markets and the permission sets of each market.
            [("permissions", "SPOT"), ("showPermissionSets", "false"), ("symbolStatus", "TRADING")]
            if spot
            else (),
            weight=20 if spot else 1,
            lifetime=Lifetime.INSTRUMENTS,
            parse=lambda payload, received_ms: Listed.read(payload, family, received_ms),
        )

    async def _bars(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None
    ) -> Candles:
        window = Window(limit, timeframe.ms, end_ms, self._time.now_ms())
        return await self._apis[instrument.family].get(
            PREFIX[instrument.family] + "/klines",
            [("symbol", instrument.symbol), ("interval", timeframe.value), *window.query],
            weight=bars_weight(instrument.family, limit),
            lifetime=window.lifetime,
            variant=instrument,
            parse=lambda payload, ms: series.bars(
                window.answered(payload),
                instrument,
                timeframe,
                ms,
                past_ms=self._time.past_ms(),
                newest=end_ms is None,
            ),
        )

    async def _contract_type(self, instrument: Instrument) -> str:
        """What COIN-M calls a perp, or a dated future for as long as it is listed."""
        if instrument.expires_ms is None:
            return "PERPETUAL"
        dated = (await self._listed(instrument.family)).contract_type
        if instrument.symbol not in dated:
            raise NotListed(instrument.symbol)
        return dated[instrument.symbol]

    async def _mark(self, instrument: Instrument, known: float | None) -> float | None:
        """None where it does not come: what is sent stands without it."""
        with suppress(ExchangeError):
            return known or (await self.mark(instrument)).mark
        return None

    async def _premium(self, instrument: Instrument) -> Table:
        weight = 10 if instrument.family is Family.INVERSE else 1
        return await self._one(instrument, "/premiumIndex", now.PREMIUM, weight=weight)

    async def _premiums(self, family: Family) -> Table:
        return await self._all(family, "/premiumIndex", now.PREMIUM, weight=10)

    async def _funding_hours(self, family: Family) -> now.Intervals:
        """Hundreds of USD-M perps are not paid every eight hours; on COIN-M it may be none."""
        return await self._apis[family].get(
            PREFIX[family] + "/fundingInfo",
            budget=self._funding_info,
            lifetime=Lifetime.INSTRUMENTS,
            parse=lambda payload, _: now.Intervals.read(payload, none=family is Family.INVERSE),
        )

    async def _all(self, family: Family, path: str, names: Sequence[str], weight: float) -> Table:
        return await self._apis[family].get(
            PREFIX[family] + path,
            weight=weight,
            lifetime=Lifetime.RANKING,
            parse=lambda body, ms: Table.read(body, ms, "symbol", names),
        )

    async def _one(
        self,
        instrument: Instrument,
        path: str,
        names: Sequence[str],
        *,
        weight: float = 1,
        lifetime: Lifetime = Lifetime.PRICE,
    ) -> Table:
        """A market's numbers; the futures hosts differ in whether one row comes in a list."""
        return await self._apis[instrument.family].get(
            PREFIX[instrument.family] + path,
            [("symbol", instrument.symbol)],
            weight=weight,
            lifetime=lifetime,
            parse=lambda body, ms: Table.read(
                body if isinstance(body, list) else [body], ms, "symbol", names
            ),
        )
