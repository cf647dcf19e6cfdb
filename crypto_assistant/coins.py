"""One coin over all its markets: which is the primary one, and what they add up to."""

from collections.abc import Collection, Iterable, Mapping
from math import isnan
from typing import NamedTuple

from crypto_assistant.listings import DOLLARS
from crypto_assistant.models import Family, Instrument, Tickers

SAME_COIN = 0.10
"""A market further than this from the primary one trades another coin of the same name."""


class Market(NamedTuple):
    """One row of a bulk answer; `price_usd` and `turnover_usd` at the quote's price in USDT."""

    tickers: Tickers
    row: int
    price_usd: float
    turnover_usd: float

    @property
    def family(self) -> Family:
        return self.tickers.instruments.family

    @property
    def symbol(self) -> str:
        return self.tickers.instruments.symbols[self.row]

    @property
    def venue(self) -> str:
        return self.tickers.instruments.venue

    @property
    def quote(self) -> str:
        return self.tickers.instruments.quotes[self.row]

    @property
    def instrument(self) -> Instrument:
        return self.tickers.instruments[self.row]


def is_same_coin(price: float, primary: float) -> bool:
    return abs(price / primary - 1) <= SAME_COIN


def by_coin(
    answers: Iterable[Tickers], *, tradfi: bool, without: Collection[str]
) -> dict[str, list[Market]]:
    """The markets of each coin, the primary one first and other coins of that name left out.

    The primary market is the USDT market with the highest turnover; a coin that has no market in
    dollars at all has none and is left out.
    """
    coins: dict[str, list[Market]] = {}
    for tickers in answers:
        for coin, market in _markets(tickers, tradfi):
            if coin not in without:
                coins.setdefault(coin, []).append(market)
    sorted_coins = {coin: _primary_first(markets) for coin, markets in coins.items()}
    return {
        coin: [m for m in markets if is_same_coin(m.price_usd, markets[0].price_usd)]
        for coin, markets in sorted_coins.items()
        if markets[0].quote in DOLLARS
    }


def _primary_first(markets: list[Market]) -> list[Market]:
    return sorted(
        markets, key=lambda m: (m.quote != "USDT", m.quote not in DOLLARS, -m.turnover_usd)
    )


def _markets(tickers: Tickers, tradfi: bool) -> Iterable[tuple[str, Market]]:
    listed = tickers.instruments
    rates = usd_rates(tickers)
    rows = zip(
        listed.coins,
        listed.quotes,
        listed.tradfi.tolist(),
        tickers.last.tolist(),
        tickers.turnover_24h.tolist(),
        strict=True,
    )
    for row, (coin, quote, other, last, turnover) in enumerate(rows):
        rate = rates.get(quote)
        if other == tradfi and rate and not isnan(last) and not isnan(turnover):
            yield coin, Market(tickers, row, last * rate, turnover * rate)


def usd_rates(tickers: Tickers) -> Mapping[str, float]:
    """What one unit of each quote is worth: its own USDT price; USD, USDC and USDT count alike."""
    listed = tickers.instruments
    rates = {}
    for coin, quote, last in zip(listed.coins, listed.quotes, tickers.last.tolist(), strict=True):
        if quote == "USDT" and last > 0:
            rates[coin] = last
        elif coin == "USDT" and last > 0:
            rates.setdefault(quote, 1 / last)
    return rates | dict.fromkeys(DOLLARS, 1.0)
