"""One coin over all its markets: which is the primary one, and what they add up to."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from math import isnan
from typing import NamedTuple

from crypto_assistant.listings.lists import DOLLARS, Listings
from crypto_assistant.models import Family, Instrument, Tickers

SAME_COIN = 0.10
"""A market further than this from the primary one trades another coin of the same name."""


Name = tuple[str, Family, str]
"""A coin's markets by their venue, their family and the name of the coin."""


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
    def name(self) -> Name:
        return self.venue, self.family, self.tickers.instruments.coins[self.row]

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


class Markets(NamedTuple):
    """A coin's markets, the primary one first; apart those of another coin of that name."""

    same: list[Market]
    apart: list[Market]


def by_coin(
    answers: Iterable[Tickers],
    *,
    tradfi: bool,
    without: Collection[str] = (),
    others: Collection[Name] = (),
) -> dict[str, Markets]:
    """The markets of each coin.

    The primary market is the USDT market with the highest turnover; a coin that has no market in
    dollars is left out. `others` are known to be other coins than their names say.
    """
    coins: dict[str, list[Market]] = {}
    for tickers in answers:
        for coin, market in _markets(tickers, tradfi):
            if coin not in without:
                coins.setdefault(coin, []).append(market)
    parted = {coin: _parted(markets, others) for coin, markets in coins.items()}
    return {coin: markets for coin, markets in parted.items() if markets.same}


def _parted(markets: list[Market], others: Collection[Name]) -> Markets:
    ranked = sorted((m for m in markets if m.name not in others), key=_rank)
    if not ranked or ranked[0].quote not in DOLLARS:
        return Markets([], markets)
    primary = ranked[0].price_usd
    same = [market for market in ranked if is_same_coin(market.price_usd, primary)]
    if len(same) == len(markets):
        return Markets(same, [])
    return Markets(same, [market for market in markets if market not in same])


def _rank(market: Market) -> tuple[bool, bool, float]:
    return market.quote != "USDT", market.quote not in DOLLARS, -market.turnover_usd


@lru_cache(maxsize=1)
def other_coins(listings: Listings) -> frozenset[Name]:
    """The markets of another coin under a taken name, by the kept tickers.

    Who is who does not change while the venue of the primary market is away.
    """
    answers = listings.tickers.values()
    coins = [*by_coin(answers, tradfi=False).values(), *by_coin(answers, tradfi=True).values()]
    same = {market.name for markets in coins for market in markets.same}
    return frozenset(market.name for markets in coins for market in markets.apart) - same


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
