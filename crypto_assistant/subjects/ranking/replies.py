"""What the venues have said for a ranking, and the figures that it gives a market."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from crypto_assistant.errors import ExchangeError
from crypto_assistant.listings.coins import Market
from crypto_assistant.models import Family, Fundings, OpenInterests, Tickers, known


@dataclass(frozen=True, slots=True)
class OneByOne:
    """Open interest in USD of the markets that were asked one by one.

    `failure`: why some of them are missing that the venue lists.
    """

    usd: Mapping[tuple[Family, str], float]
    received_ms: int
    failure: ExchangeError | None = None


class Paid(NamedTuple):
    """Funding per 8 h, whose it is, and every how many hours it is paid."""

    venue: str | None = None
    rate_8h: float | None = None
    hours: float | None = None


@dataclass(slots=True)
class Replies:
    """What has arrived, by family and by venue."""

    tickers: dict[Family, Mapping[str, Tickers]] = field(default_factory=dict)
    fundings: dict[Family, Mapping[str, Fundings]] = field(default_factory=dict)
    interests: dict[Family, Mapping[str, OpenInterests]] = field(default_factory=dict)
    one_by_one: dict[str, OneByOne] = field(default_factory=dict)
    one_by_one_in_part: dict[str, OneByOne] = field(default_factory=dict)

    def funding(self, markets: Sequence[Market]) -> Paid:
        """Of the first of the markets whose venue has told its rate."""
        for market in markets:
            told = self.fundings.get(market.family, {}).get(market.venue)
            rate = known(told.rate_8h[market.row]) if told else None
            if told and rate is not None:
                return Paid(market.venue, rate, known(told.hours[market.row]))
        return Paid()

    def unpriced(self, coin: str, *, tradfi: bool) -> set[str]:
        """The venues with a market of the coin that was traded for nobody knows how much."""
        return {
            tickers.instruments.venue
            for by_venue in self.tickers.values()
            for tickers in by_venue.values()
            for row in np.flatnonzero(np.isnan(tickers.last * tickers.turnover_24h))
            if tickers.instruments.coins[row] == coin
            and tickers.instruments.tradfi[row] == tradfi
            and tickers.turnover_24h[row] != 0
        }

    def oi_usd(self, market: Market) -> float | None:
        bulk = self.interests.get(market.family, {}).get(market.venue)
        if bulk:
            return known(bulk.usd[market.row])
        found = self.one_by_one.get(market.venue) or self.one_by_one_in_part.get(market.venue)
        return found.usd.get((market.family, market.symbol)) if found else None
