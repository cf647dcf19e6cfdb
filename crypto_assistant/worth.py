"""What coins are worth in dollars at one venue, by the prices of its own spot markets."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import fsum

from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.lists import Listings
from crypto_assistant.listings.names import bare
from crypto_assistant.models import Family, Provenance, Tickers
from crypto_assistant.net import deadline
from crypto_assistant.round import Round

Name = tuple[str, float]
"""A plain coin, and how many of it the venue's name means: 1000SATS is 1000 SATS."""

AT_PAR = ("USDT", "USD", "BNFCR")
"""What is a dollar each, whatever it trades at; BNFCR are Binance's futures credits."""
OLDEST_MS = 600_000
"""How old the prices that came with the listings may be where a venue tells none now."""


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per coin, for coins as the venue's wallets call them.

    `lent`: what may come before the name of a coin. `received_ms`: None where nothing was told.
    """

    by_name: Mapping[Name, float]
    lent: str = ""
    received_ms: int | None = None

    def usd(self, coin: str) -> float | None:
        """Of one coin; None for what has no price in a dollar coin."""
        price = self._usd(coin)
        if price is None and self.lent and coin.startswith(self.lent):
            return self._usd(coin.removeprefix(self.lent))
        return price

    def _usd(self, coin: str) -> float | None:
        if coin in AT_PAR:
            return 1.0
        as_called = self.by_name.get((coin, 1.0))
        return self.by_name.get(bare(coin)) if as_called is None else as_called


NO_PRICES = Prices({})
"""Of a venue that told none: only dollars have their worth."""


def question(round: Round) -> Callable[[], Mapping[str, Prices]]:
    """Asks the venues of the round for all spot prices at once; those of the listings have to do
    for a venue that tells none.

    Not where the owner's key is refused: prices alone are no answer about an account.
    """

    async def spot_prices(exchange: Exchange) -> Tickers:
        desk = round.desk
        with deadline.question(desk.timing.answer):
            await desk.accounts[exchange.name].account()
            return await exchange.tickers(round.listings.listed(exchange.name, Family.SPOT))

    replies = round.ask("spot prices", spot_prices, aside=True)
    kept = _kept(round.listings, round.provenance())
    lent = {exchange.name: exchange.lent for exchange in round.desk.exchanges}
    return lambda: {v: prices(tickers, lent[v]) for v, tickers in (kept | replies).items()}


def dated(known: Provenance, priced: Mapping[str, Prices]) -> Provenance:
    """The provenance where prices that nobody asked for now were used, too."""
    received = (priced[venue].received_ms for venue in known.answered if venue in priced)
    ages = [ms for ms in (known.oldest_ms, *received) if ms is not None]
    return replace(known, oldest_ms=min(ages, default=None))


def prices(tickers: Tickers, lent: str = "") -> Prices:
    """COIN/USDT, else COIN/USDC at what USDC is worth, else COIN/USD; mids, else last prices."""
    quoted = _quoted(tickers)
    usdt, usdc, usd = (quoted.get(quote, {}) for quote in ("USDT", "USDC", "USD"))
    dollar = usdt.get(("USDC", 1.0), usd.get(("USDC", 1.0)))
    through_usdc = {name: mid * dollar for name, mid in usdc.items()} if dollar else {}
    return Prices({**usd, **through_usdc, **usdt}, lent, tickers.received_ms)


def whole(values: Iterable[float | None]) -> float | None:
    """The sum, where there is something and nothing of it is missing."""
    parts = list(values)
    known = [part for part in parts if part is not None]
    return fsum(known) if known and len(known) == len(parts) else None


def _kept(listings: Listings, known: Provenance) -> dict[str, Tickers]:
    """What came with the listings, of the venues that are asked."""
    found = {venue: listings.tickers.get((venue, Family.SPOT)) for venue in known.asked}
    since_ms = known.time_ms - OLDEST_MS
    return {
        venue: tickers
        for venue, tickers in found.items()
        if tickers and tickers.received_ms >= since_ms
    }


def _quoted(tickers: Tickers) -> dict[str, dict[Name, float]]:
    """By quote and name, what one unit of that name costs."""
    listed = tickers.instruments
    each = tickers.mid * listed.multiplier
    found: dict[str, dict[Name, float]] = {}
    columns = (listed.coins, listed.quotes, listed.multiplier.tolist(), each.tolist())
    for coin, quote, multiplier, price in zip(*columns, strict=True):
        if price > 0:
            found.setdefault(quote, {})[coin, multiplier] = price
    return found
