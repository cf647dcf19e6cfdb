"""What coins are worth in dollars at one venue, by the prices of its own spot markets."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import fsum

import numpy as np

from crypto_assistant.desk import Desk, Wave
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings import Listings, bare
from crypto_assistant.models import Family, Tickers

Name = tuple[str, float]
"""A plain coin, and how many of it the venue's name means: 1000SATS is 1000 SATS."""

DOLLARS = ("USDT", "USD")
"""What is a dollar each, whatever it trades at."""


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per coin, for coins as the venue's wallets call them."""

    by_name: Mapping[Name, float]

    def usd(self, coin: str) -> float | None:
        """Of one coin; None for what has no price in a dollar coin."""
        if coin in DOLLARS:
            return 1.0
        as_called = self.by_name.get((coin, 1.0))
        return self.by_name.get(bare(coin)) if as_called is None else as_called


NO_PRICES = Prices({})
"""Of a venue that told none: only dollars have their worth."""


def ask(desk: Desk, wave: Wave, listings: Listings) -> Callable[[], Mapping[str, Prices]]:
    """Asks the venues of the wave for all spot prices at once.

    Not where the owner's key is refused: prices alone are no answer about an account.
    """

    async def question(exchange: Exchange) -> Tickers:
        with desk.question(desk.timing.answer):
            await desk.accounts[exchange.name].account()
            return await exchange.tickers(listings.listed(exchange.name, Family.SPOT))

    told = wave.ask("spot prices", question)
    return lambda: {venue: prices(tickers) for venue, tickers in told.items()}


def prices(tickers: Tickers) -> Prices:
    """COIN/USDT, else COIN/USDC at what USDC is worth, else COIN/USD; mids, else last prices."""
    quoted = _quoted(tickers)
    usdt, usdc, usd = (quoted.get(quote, {}) for quote in ("USDT", "USDC", "USD"))
    dollar = usdt.get(("USDC", 1.0), usd.get(("USDC", 1.0)))
    through_usdc = {name: mid * dollar for name, mid in usdc.items()} if dollar else {}
    return Prices({**usd, **through_usdc, **usdt})


def whole(values: Iterable[float | None]) -> float | None:
    """The sum, where there is something and nothing of it is missing."""
    parts = list(values)
    known = [part for part in parts if part is not None]
    return fsum(known) if known and len(known) == len(parts) else None


def _quoted(tickers: Tickers) -> dict[str, dict[Name, float]]:
    """By quote and name, what one unit of that name costs."""
    listed = tickers.instruments
    mids = (tickers.bid + tickers.ask) / 2
    each = np.where(np.isnan(mids), tickers.last, mids) * listed.multiplier
    found: dict[str, dict[Name, float]] = {}
    columns = (listed.coins, listed.quotes, listed.multiplier.tolist(), each.tolist())
    for coin, quote, multiplier, price in zip(*columns, strict=True):
        if price > 0:
            found.setdefault(quote, {})[coin, multiplier] = price
    return found
