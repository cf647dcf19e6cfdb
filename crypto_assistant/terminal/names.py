"""The names of coins, found by how they begin: ten thousand of them within a key's time."""

from bisect import bisect_left
from collections.abc import Mapping
from heapq import nlargest

from crypto_assistant.listings.lists import Listings

FUZZY = 200
"""Names that are looked through letter by letter."""
LAST = "\U0010ffff"


class Names:
    """Names with what they weigh: the heaviest of those that fit are told first."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._sorted = sorted(weights)
        self._weights = weights

    def starting(self, prefix: str, most: int) -> list[str]:
        first, last = (bisect_left(self._sorted, end) for end in (prefix, prefix + LAST))
        return nlargest(most, self._sorted[first:last], key=self._weights.__getitem__)

    def near(self, word: str, most: int) -> list[str]:
        """Those that begin so; where there are none, those with its letters in its order."""
        if found := self.starting(word, most):
            return found
        return [name for name in self.starting(word[:1], FUZZY) if _holds(name, word)][:most]


def coins(known: Listings) -> Names:
    """Every coin that is listed, by the largest turnover of one of its markets in 24 h."""
    weights = {coin: 0.0 for listed in known.instruments.values() for coin in listed.coins}
    for tickers in known.tickers.values():
        turnovers = zip(tickers.instruments.coins, tickers.turnover_24h.tolist(), strict=True)
        for coin, turnover in turnovers:
            if turnover > weights.get(coin, turnover):  # What is n/a is not.
                weights[coin] = turnover
    return Names(weights)


def _holds(name: str, word: str) -> bool:
    letters = iter(name)
    return all(letter in letters for letter in word)
