"""Which markets the lines of an account log and the open positions are about."""

import re
from collections.abc import Iterable

from crypto_assistant.listings.lists import Listings
from crypto_assistant.listings.names import bare
from crypto_assistant.models import Entry, Family, Instrument, Position

CONTRACTS = (Family.LINEAR, Family.INVERSE)
CALLED = re.compile(r"(.+?)(?:-?(?:USDT|USDC|USD|PERP)(?:[HMUZ]\d\d)?)?(?:[-_].*)?")
"""A coin, what it is quoted in, its kind or its delivery: BTCUSDT, BTC-USD-SWAP, BTCUSDZ26."""


class Markets:
    """Those of one venue; the lists know what trades now, names have to do for what is gone."""

    def __init__(self, venue: str, listings: Listings) -> None:
        self._venue = venue
        self._listings = listings
        self._coins: dict[tuple[Family, str], str] = {}

    def find(self, family: Family, symbol: str) -> Instrument | None:
        return self._listings.called(self._venue, family, symbol)

    def coin_of(self, about: Entry | Position) -> str:
        """The plain coin; "" where a line is about no market."""
        if about.family is None or not about.symbol:
            return ""
        place = about.family, about.symbol
        if place not in self._coins:
            market = self.find(*place)
            self._coins[place] = market.coin if market else _named(about.symbol)
        return self._coins[place]

    def traded(
        self, coin: str, entries: Iterable[Entry], positions: Iterable[Position]
    ) -> list[Instrument]:
        """The contracts of the coin that any of them is about, of those that trade now."""
        about: list[Entry | Position] = [*entries, *positions]
        places = {(one.family, one.symbol) for one in about if self.coin_of(one) == coin}
        contracts = sorted((family, symbol) for family, symbol in places if family in CONTRACTS)
        found = (self.find(family, symbol) for family, symbol in contracts)
        return [market for market in found if market]


def _named(symbol: str) -> str:
    """The coin of a market that is on no list, by the market's name."""
    parts = CALLED.fullmatch(symbol)
    return bare(parts[1])[0] if parts else symbol
