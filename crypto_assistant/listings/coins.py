"""One coin over all its markets: which is the primary one, and what they add up to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from math import isnan, nan
from statistics import median, median_high, median_low
from typing import NamedTuple

from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import DOLLARS, Family, Instrument, Tickers

SAME_COIN = 0.10
"""A market further than this from the median of its name trades another coin."""
FEWEST_VENUES = 3
"""From so many on each has one voice, however many markets it lists."""


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


def is_same_coin(price: float, reference: float) -> bool:
    return abs(price / reference - 1) <= SAME_COIN


def reference_price(prices: Mapping[str, Sequence[float]]) -> float:
    """The price by which markets of one name are told apart: their median, whatever was traded.

    `prices`: in dollars, by venue. NaN, which is like no price, where half of them say one thing
    and half another: neither is right by itself.
    """
    voices = [median(each) for each in prices.values()]
    if len(voices) < FEWEST_VENUES:
        voices = [price for each in prices.values() for price in each]
    low, high = median_low(voices), median_high(voices)
    return (low + high) / 2 if is_same_coin(high, low) else nan


class Markets(NamedTuple):
    """A coin's markets, the primary one first; apart those of another coin of that name.

    All of them are apart where they disagree and none is right by itself.
    """

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
    dollars, or whose markets disagree, is left out. `others` are known to be other coins than
    their names say.
    """
    parted = _by_coin(answers, tradfi=tradfi, without=without, others=others)
    return {coin: markets for coin, markets in parted.items() if markets.same}


def _by_coin(
    answers: Iterable[Tickers],
    *,
    tradfi: bool,
    without: Collection[str] = (),
    others: Collection[Name] = (),
) -> dict[str, Markets]:
    coins: dict[str, list[Market]] = {}
    for tickers in answers:
        for coin, market in _markets(tickers, tradfi):
            if coin not in without:
                coins.setdefault(coin, []).append(market)
    return {coin: _parted(markets, others) for coin, markets in coins.items()}


def _parted(markets: list[Market], others: Collection[Name]) -> Markets:
    """Without any where none is in dollars."""
    ranked = sorted((m for m in markets if m.name not in others), key=_rank)
    if not ranked or ranked[0].quote not in DOLLARS:
        return Markets([], [])
    prices: dict[str, list[float]] = {}
    for market in ranked:
        if market.quote in DOLLARS:
            prices.setdefault(market.venue, []).append(market.price_usd)
    reference = reference_price(prices)
    same = [market for market in ranked if is_same_coin(market.price_usd, reference)]
    if len(same) == len(markets):
        return Markets(same, [])
    return Markets(same, [market for market in markets if market not in same])


def _rank(market: Market) -> tuple[bool, bool, float]:
    return market.quote != "USDT", market.quote not in DOLLARS, -market.turnover_usd


def other_coins(listings: Listings) -> frozenset[Name]:
    """The markets that may be another coin's under a taken name, by the kept tickers.

    Who is who does not change while a venue is away.
    """
    proven, undecided = _apart(listings)
    return proven | undecided


def proven_others(listings: Listings) -> frozenset[Name]:
    """Those of them of which it is certain; of the rest, newer tickers of more venues may tell."""
    return _apart(listings)[0]


@lru_cache(maxsize=1)
def _apart(listings: Listings) -> tuple[frozenset[Name], frozenset[Name]]:
    answers = listings.tickers.values()
    coins = [
        markets for tradfi in (False, True) for markets in _by_coin(answers, tradfi=tradfi).values()
    ]
    same = {market.name for markets in coins for market in markets.same}
    proven, undecided = (
        {
            market.name
            for markets in coins
            if bool(markets.same) is decided
            for market in markets.apart
        }
        for decided in (True, False)
    )
    return frozenset(proven - same), frozenset(undecided - same)


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
