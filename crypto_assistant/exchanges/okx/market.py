"""OKX v5: spot, perps and futures margined in dollar coins or in the coin over REST.

https://www.okx.com/docs-v5/en/
"""

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges import payments, sound
from crypto_assistant.exchanges.base import LIVE, Belief, Practice, Used
from crypto_assistant.exchanges.okx import listed as lists
from crypto_assistant.exchanges.okx import now, series
from crypto_assistant.exchanges.okx.account import OkxAccount
from crypto_assistant.exchanges.okx.limits import (
    CANDLES,
    FUNDING,
    INDEX,
    INSTRUMENTS,
    MARK,
    OLD_CANDLES,
    OPEN_INTEREST,
    PAID,
    READS,
    TICKER,
    TICKERS,
    TIME,
    TRADES,
)
from crypto_assistant.exchanges.okx.periods import BARS, window_lifetime
from crypto_assistant.exchanges.okx.retold import Retold
from crypto_assistant.exchanges.okx.source import Source
from crypto_assistant.exchanges.okx.statistics import Statistics
from crypto_assistant.exchanges.okx.takers import in_coins, priced
from crypto_assistant.exchanges.pages import paged
from crypto_assistant.exchanges.payload import Table, moment, rows
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
from crypto_assistant.net.limiter import Limiter
from crypto_assistant.net.request import Query, Reads
from crypto_assistant.net.signed import Key, VenueClock

MOST_CANDLES = 300
NEW_CANDLES = 1440
"""Bars of each length that the path of the newest ones reaches back."""
MOST_TRADES = 500
SETTLING_MS = 5_000
"""How late a venue may say that a bar is closed."""


class Okx:
    """Sizes are coins on spot and contracts elsewhere; both families of perps come together.

    Some perps come with the dated futures: the bulk answers of those are asked for, too.
    """

    name: ClassVar[str] = "okx"
    title: ClassVar[str] = "OKX"
    short: ClassVar[str] = "OKX"
    lent: ClassVar[str] = ""
    addresses: ClassVar[Mapping[str, str]] = {"OKX_URL": "https://www.okx.com"}
    reads: ClassVar[Reads] = READS
    credentials: ClassVar[tuple[str, ...]] = ("OKX_API_KEY", "OKX_SECRET_KEY", "OKX_PASSPHRASE")
    practice: ClassVar[Practice | None] = Practice("OKX_DEMO", {"demo": {}})
    hosts: Mapping[str, Api]

    def __init__(self, door: Door, urls: Mapping[str, str]) -> None:
        self.limiter = Limiter(door.clock_ms)
        self._source = Source(door, urls["OKX_URL"], self.limiter)
        self.hosts = {"all": self._source.api}
        self._statistics = Statistics(self._source)
        self.retold = Retold(self._source, self._statistics)

    @property
    def used(self) -> Mapping[str, Used]:
        return self._source.used

    @property
    def beliefs(self) -> Mapping[str, Belief]:
        return dict(sorted(self._statistics.beliefs.found.items()))

    def account(self, key: Key, environment: str = LIVE) -> OkxAccount:
        clock = VenueClock(self.clock_ms, self._source.host_ms)
        return OkxAccount(self._source, key, clock, environment)

    async def clock_ms(self) -> int:
        return await self._source.get(
            TIME,
            lifetime=Lifetime.MOMENT,
            parse=lambda data, _: moment(data[0]["ts"]),
        )

    async def instruments(self, family: Family) -> Instruments:
        if family is Family.SPOT:
            return (await self._listed("SPOT"))[family]
        swaps, futures = await asyncio.gather(self._listed("SWAP"), self._listed("FUTURES"))
        return lists.together(swaps[family], futures[family])

    async def tickers(self, listed: Instruments) -> Tickers:
        found = await self._source.tables(
            TICKERS, now.kinds(listed), now.TICKER_FIELDS, Lifetime.RANKING
        )
        return now.tickers(found, listed)

    async def ticker(self, instrument: Instrument) -> Ticker:
        query = [("instId", instrument.symbol)]
        table = await self._source.table(TICKER, query, now.TICKER_FIELDS)
        return now.tickers(table, Instruments.one(instrument, table.received_ms))[0]

    async def candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> Candles:
        step, now_ms = timeframe.ms, self._source.time.now_ms()
        # The last bar that opens before the end is the last before the next one's opening.
        end_ms = None if end_ms is None else -(-end_ms // step) * step

        async def page(count: int, end_ms: int | None) -> Candles:
            return await self._candles(instrument, timeframe, count, end_ms, now_ms)

        bars = await paged(limit, MOST_CANDLES, step, page, end_ms=end_ms, now_ms=now_ms)
        return sound.candles(bars)

    async def taker_volumes(
        self, instrument: Instrument, timeframe: Timeframe, limit: int
    ) -> TakerVolumes:
        """Of spot, all pairs of the coin together. Bars that have ended."""
        if not self._statistics.tells_takers(instrument, timeframe):
            raise Unsupported(f"publishes no takers of {instrument.family} in bars of {timeframe}")
        end_ms = self._source.time.now_ms() // timeframe.ms * timeframe.ms
        takers, bars = await asyncio.gather(
            self._statistics.takers(instrument, timeframe, limit, end_ms),
            self.candles(instrument, timeframe, limit, end_ms),
        )
        if not len(takers):
            raise Unsupported(f"sent no statistics of takers of {instrument.symbol}")
        spot = instrument.family is Family.SPOT
        return sound.taker_volumes(priced(in_coins(takers, bars) if spot else takers, bars))

    async def trades(self, instrument: Instrument) -> Trades:
        return await self._source.get(
            TRADES,
            [("instId", instrument.symbol), ("limit", MOST_TRADES)],
            variant=instrument,
            parse=lambda data, ms: sound.trades(series.trades(data, instrument, MOST_TRADES, ms)),
        )

    async def fundings(self, listed: Instruments) -> Fundings:
        return now.fundings(await self._funding("ANY", Lifetime.RANKING), listed)

    async def funding(self, instrument: Instrument) -> Funding:
        table = await self._funding(instrument.symbol, Lifetime.PRICE)
        return now.fundings(table, Instruments.one(instrument, table.received_ms))[0]

    async def funding_history(self, instrument: Instrument, limit: int) -> FundingHistory:
        # `fundingRate` is what was foretold.
        return await self._source.get(
            PAID,
            [("instId", instrument.symbol), ("limit", limit)],
            lifetime=Lifetime.INDICATOR,
            variant=instrument,
            parse=lambda data, ms: payments.history(
                rows(data), instrument, ms, time="fundingTime", rate="realizedRate"
            ),
        )

    async def marks(self, listed: Instruments) -> Marks:
        """The venue tells indices by quote currency: one request for each that is listed."""
        quotes = sorted({now.index(symbol).partition("-")[2] for symbol in listed.symbols})
        by_quote = [[("quoteCcy", quote)] for quote in quotes]
        marks, indices = await asyncio.gather(
            self._source.tables(MARK, now.kinds(listed), ["markPx"], Lifetime.RANKING),
            self._source.tables(INDEX, by_quote, ["idxPx"], Lifetime.RANKING),
        )
        return now.marks(marks, indices, listed)

    async def mark(self, instrument: Instrument) -> Mark:
        mark, index = await asyncio.gather(
            self._source.table(MARK, _alone(instrument), ["markPx"]),
            self._source.table(INDEX, [("instId", now.index(instrument.symbol))], ["idxPx"]),
        )
        return now.marks(mark, index, Instruments.one(instrument, mark.received_ms))[0]

    async def open_interests(self, listed: Instruments) -> OpenInterests:
        found = await self._source.tables(
            OPEN_INTEREST, now.kinds(listed), now.OPEN_INTEREST_FIELDS, Lifetime.RANKING
        )
        return now.open_interests(found, listed)

    async def open_interest(
        self, instrument: Instrument, mark: float | None = None
    ) -> OpenInterest:
        found = await self._source.table(
            OPEN_INTEREST, _alone(instrument), now.OPEN_INTEREST_FIELDS, Lifetime.INDICATOR
        )
        return now.open_interests(found, Instruments.one(instrument, found.received_ms))[0]

    async def open_interest_history(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> OpenInterestHistory:
        end_ms = self._source.time.now_ms() if end_ms is None else end_ms
        whole_ms = end_ms // timeframe.ms * timeframe.ms
        statistics = self._statistics
        return sound.open_interest_history(
            await statistics.open_interests(instrument, timeframe, limit, whole_ms)
        )

    async def long_shorts(self, instrument: Instrument) -> LongShorts:
        return sound.long_shorts(await self._statistics.long_shorts(instrument))

    async def _listed(self, kind: str) -> dict[Family, Instruments]:
        return await self._source.get(
            INSTRUMENTS,
            [("instType", kind)],
            lifetime=Lifetime.INSTRUMENTS,
            parse=lists.futures if kind == "FUTURES" else lists.instruments,
        )

    async def _candles(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        count: int,
        end_ms: int | None,
        now_ms: int,
    ) -> Candles:
        """One page; "after" is the opening of the bar behind its last."""
        first_ms = (end_ms or now_ms) - count * timeframe.ms
        # A bar less: the venue's clock may be ahead.
        new = first_ms > now_ms - (NEW_CANDLES - 1) * timeframe.ms
        after = [] if end_ms is None else [("after", end_ms)]
        return await self._source.get(
            CANDLES if new else OLD_CANDLES,
            [
                *(("instId", instrument.symbol), ("bar", BARS[timeframe]), ("limit", count)),
                *after,
            ],
            lifetime=window_lifetime(end_ms, now_ms - SETTLING_MS),
            variant=instrument,
            parse=lambda data, ms: series.bars(
                data,
                instrument,
                timeframe,
                ms,
                past_ms=self._source.time.past_ms(),
                newest=end_ms is None,
            ),
        )

    async def _funding(self, symbol: str, lifetime: Lifetime) -> Table:
        return await self._source.table(FUNDING, [("instId", symbol)], now.FUNDING_FIELDS, lifetime)


def _alone(instrument: Instrument) -> Query:
    """One market of those of its kind."""
    kind = now.kind(instrument.family, instrument.symbol)
    return [("instType", kind), ("instId", instrument.symbol)]
