"""What a scan of one bar has found, what it has not, and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, replace

from crypto_assistant.desk import Desk
from crypto_assistant.errors import ExchangeError
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Candles, Family, Provenance, Timeframe
from crypto_assistant.net.cache import FIELD_BYTES
from crypto_assistant.subjects.scan.spikes import (
    LEAST_TURNOVER_USD,
    Coin,
    Spike,
    against_baseline,
    universe,
)
from crypto_assistant.wave import LONGEST_REASON

TOP = 10
USED = ("candles", "takers")
"""Of what a venue tells, as the parts of other answers are called."""


class Tally:
    """The coins of a scan, and what became of each; counted while it goes on."""

    def __init__(
        self, desk: Desk, listings: Listings, timeframe: Timeframe, at_ms: int, most: int | None
    ) -> None:
        self.timeframe = timeframe
        self.at_ms = at_ms
        self.coins: list[Coin] = []
        self.below_turnover = 0
        self.spikes: dict[str, Spike] = {}
        self.without_baseline: set[str] = set()
        self.failures: dict[str, ExchangeError] = {}
        self._desk = desk
        self._most = most
        self._silent: dict[str, str] = {}
        self._takers: dict[str, ExchangeError | None] = {}
        self._answered: set[str] = set()
        self._errors: dict[str, dict[str, ExchangeError]] = {}
        """By venue and coin: of those, too, that another venue has told since."""
        self._know(listings)

    @property
    def nbytes(self) -> int:
        """What it takes when all of it is found, about."""
        return len(self.coins) * FIELD_BYTES * len(fields(Spike))

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to ask for, of all venues."""
        return not self._silent and not self._left() and not any(self._takers.values())

    @property
    def valid_until_ms(self) -> int:
        return self.at_ms + 2 * self.timeframe.ms

    @property
    def ranked(self) -> list[Spike]:
        """The highest spike first, without bars that are too small."""
        large = [found for found in self.spikes.values() if not found.is_small]
        return sorted(large, key=lambda found: -found.spike_fraction)

    @property
    def coins_by_venue(self) -> dict[str, int]:
        """How many coins each venue is asked for."""
        counts = Counter(coin.market.venue for coin in self.coins)
        return {exchange.name: counts[exchange.name] for exchange in self._desk.exchanges}

    @property
    def held_until_ms(self) -> dict[str, int]:
        """Until when the venues that are waited for want to be asked nothing."""
        waiting = self._waiting()
        holds = {e.name: e.limiter.held_until_ms for e in self._desk.exchanges if e.name in waiting}
        return {venue: until_ms for venue, until_ms in holds.items() if until_ms is not None}

    def provenance(self) -> Provenance:
        """Who has said what up to now: of bars that are closed, which have no age."""
        there = {coin.market.venue for coin in self.coins} | self._silent.keys()
        venues = [exchange.name for exchange in self._desk.exchanges if exchange.name in there]
        return self._desk.provenance(venues, self._answered, self._waiting(), self._why, ())

    def _know(self, listings: Listings) -> None:
        """The coins by the tickers that are there; what was found on the same markets stays."""
        every = universe(listings)
        thick = [coin for coin in every if coin.turnover_24h_usd >= LEAST_TURNOVER_USD]
        before = {coin.name: coin.market for coin in self.coins}
        self.coins = thick[: self._most]
        self.below_turnover = len(every) - len(thick)
        self._silent = silent(listings)
        same = {coin.name: coin for coin in self.coins if before.get(coin.name) == coin.market}
        self.spikes = {
            name: replace(found, turnover_24h_usd=same[name].turnover_24h_usd)
            for name, found in self.spikes.items()
            if name in same
        }
        self.without_baseline &= same.keys()
        self._takers = {name: error for name, error in self._takers.items() if name in same}
        answered = {same[name].market.venue for name in self.without_baseline}
        answered |= {found.venue for found in self.spikes.values()}
        self._answered &= answered

    def _fail(self, coin: Coin, error: ExchangeError) -> None:
        self.failures[coin.name] = error
        self._errors.setdefault(coin.market.venue, {})[coin.name] = error

    def _is_open(self, coin: Coin) -> bool:
        """Whether nothing is known yet of the coin on its venue."""
        done = coin.name in self.spikes or coin.name in self.without_baseline
        return not done and coin.name not in self._errors.get(coin.market.venue, {})

    def _forget_failures(self) -> None:
        self.failures.clear()
        self._errors.clear()

    def _left(self) -> list[Coin]:
        return [
            coin
            for coin in self.coins
            if coin.name not in self.spikes and coin.name not in self.without_baseline
        ]

    def _waiting(self) -> set[str]:
        """The venues that are still to answer."""
        waiting = {coin.market.venue for coin in self._left() if coin.name not in self.failures}
        return waiting | {found.venue for found in self._without_takers()}

    def _without_takers(self) -> list[Spike]:
        """Those of the top ten whose takers are still to be asked for."""
        top = self.ranked[:TOP]
        return [f for f in top if f.buy_fraction is None and f.coin not in self._takers]

    def _note(self, coin: Coin, bars: Candles) -> None:
        found = against_baseline(coin, bars)
        if found is None:
            self.without_baseline.add(coin.name)
        else:
            self.spikes[coin.name] = found
        self.failures.pop(coin.name, None)
        self._answered.add(coin.market.venue)

    def _why(self, venue: str) -> str:
        """In words, why a venue's part is missing or not whole."""
        errors = self._errors.get(venue, {})
        coins = dict.fromkeys(coin.name for coin in self.coins if coin.market.venue == venue)
        coins |= dict.fromkeys(errors)
        parts = [self._silent[venue]] if venue in self._silent else []
        failures = _reasons(errors.values())
        if venue not in self._answered and len(failures) == 1:
            parts += failures
        else:
            parts += [f"{count} of {len(coins)} coins: {why}" for why, count in failures.items()]
        takers = [
            self._takers.get(name) for name, found in self.spikes.items() if found.venue == venue
        ]
        parts += [f"takers: {why}" for why in _reasons(takers)]
        if venue in self._answered:
            doubts = self._desk.audits.doubts(venue, USED)
            parts += [f"{what}: {why}" for what, why in doubts]
        return "; ".join(parts)


def silent(listings: Listings) -> dict[str, str]:
    """The venues whose coins are not known, and why."""
    places = {venue: (venue, Family.LINEAR) for venue in listings.titles}
    return {
        venue: str(listings.errors.get(place, "tickers not loaded"))[:LONGEST_REASON]
        for venue, place in places.items()
        if place not in listings.recent_tickers
    }


def _reasons(errors: Iterable[ExchangeError | None]) -> Counter[str]:
    return Counter(str(error)[:LONGEST_REASON] for error in errors if error)
