"""What is listed where: coins, their markets on each venue, their primary market, near names."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from crypto_assistant.errors import (
    ExchangeError,
    NotListed,
    UnknownCoin,
    Unreachable,
    UsageError,
)
from crypto_assistant.listings.names import SPOKEN, bare, nearest
from crypto_assistant.models import DOLLARS, Family, Instrument, Instruments, Tickers

Listing = tuple[str, Family]
"""A venue and one of its families of markets."""


@dataclass(frozen=True, slots=True)
class Coin:
    """What a trader asks about: a coin, the currency of its markets, and its class."""

    name: str
    quote: str = "USDT"
    tradfi: bool = False

    @property
    def perps(self) -> Family:
        """Coin-margined where the quote is the dollar itself."""
        return Family.INVERSE if self.quote == "USD" else Family.LINEAR

    @property
    def at_spot(self) -> "Coin":
        """The same for spot markets: a coin-margined perp goes with the USDT market."""
        return replace(self, quote="USDT") if self.quote == "USD" else self

    @property
    def symbol(self) -> str:
        """As it is written in a command line."""
        return self.name if self.quote == "USDT" else f"{self.name}/{self.quote}"


class _Key(NamedTuple):
    venue: str
    family: Family
    quote: str
    tradfi: bool


@dataclass(frozen=True, eq=False)
class Listings:
    """Every market that trades, the last bulk tickers, and what could not be loaded.

    `titles`: the venues by name, as they are shown. `dated`: futures with a delivery, which are
    not among `instruments`. `aged`: where the tickers are too old to tell a price or a turnover;
    who trades another coin, they tell for ever.
    """

    titles: Mapping[str, str]
    instruments: Mapping[Listing, Instruments] = field(default_factory=dict)
    tickers: Mapping[Listing, Tickers] = field(default_factory=dict)
    errors: Mapping[Listing, ExchangeError] = field(default_factory=dict)
    dated: Mapping[Listing, Instruments] = field(default_factory=dict)
    aged: frozenset[Listing] = frozenset()

    def listed(self, venue: str, family: Family) -> Instruments:
        """All markets of a venue's family; raises why they are not known."""
        if (venue, family) in self.instruments:
            return self.instruments[venue, family]
        raise self.errors.get((venue, family)) or Unreachable("listings not loaded")

    def market(self, venue: str, family: Family, coin: Coin) -> Instrument:
        """The coin's market; raises NotListed, or why the venue's list is not known."""
        row = self._row(venue, family, coin)
        if row is not None:
            return self.instruments[venue, family][row]
        if (venue, family) in self.errors:
            raise self.errors[venue, family]
        raise NotListed(coin.symbol, unread=self.unread(venue) > 0)

    def unread(self, venue: str) -> int:
        """Rows of the venue's lists that could not be read: one of them may be any coin's."""
        return sum(listed.unread for (name, _), listed in self.instruments.items() if name == venue)

    def called(self, venue: str, family: Family, symbol: str) -> Instrument | None:
        """The market that the venue calls so, perp, dated future or spot; None for no such."""
        for lists in (self.instruments, self.dated):
            listed = lists.get((venue, family))
            if listed is not None and symbol in listed.row:
                return listed[listed.row[symbol]]
        return None

    def may_list(self, venue: str, family: Family, coin: Coin) -> bool:
        """Whether the venue lists the market, or its list is not known."""
        return self._row(venue, family, coin) is not None or (venue, family) in self.errors

    def places(self, name: str, families: Collection[Family], tradfi: bool) -> set[Listing]:
        """Where a coin of that name is listed in whatever quote, or may be."""
        keys = self._rows.get(name, ())
        listed = {(key.venue, key.family) for key in keys if key.tradfi == tradfi}
        return {place for place in listed | self.errors.keys() if place[1] in families}

    def by_turnover(self, family: Family, coin: Coin) -> list[str]:
        """The venues that list the market, the one with the highest 24 h turnover first."""
        turnovers = {}
        for venue in self.titles:
            row = self._row(venue, family, coin)
            if row is not None:
                turnovers[venue] = self._turnover(venue, family, row)
        return sorted(turnovers, key=lambda venue: -turnovers[venue])

    def find(self, symbol: str, *, tradfi: bool = False) -> Coin:
        """The coin that a symbol names: BTC, BTCUSDT, BTC-USDT-SWAP, BTC/USDC, 1000PEPEUSDT ...

        What only tradfi lists is answered as that. Raises UsageError. While no list is known, the
        name is taken as it is written.
        """
        name, quote = self._split(symbol)
        if name not in self._rows:
            name = self._called(name) or bare(name)[0]
        coin = Coin(name, quote or "USDT", tradfi)
        if not self.instruments:
            return coin
        if not self._known(name, tradfi):
            if tradfi and self._known(name, tradfi=False):
                raise UsageError(f"{name}: leave out the word tradfi.")
            if not self._known(name, tradfi=True):
                raise self._unknown(name, tradfi)
            coin = replace(coin, tradfi=True)
        if self._listed(coin) or any(map(self._unsure, self.titles)):
            return coin
        others = [replace(coin, quote=other) for other in DOLLARS]
        listed = next(filter(self._listed, others), None)
        if quote or listed is None:
            raise UsageError(f"No venue lists {coin.name} in {coin.quote}.")
        return listed

    @cached_property
    def recent_tickers(self) -> Mapping[Listing, Tickers]:
        """Those that are not too old to rank markets by."""
        return {place: one for place, one in self.tickers.items() if place not in self.aged}

    @cached_property
    def money(self) -> frozenset[str]:
        """Stablecoins and fiat: whatever a venue quotes bitcoin in."""
        return frozenset(DOLLARS) | {key.quote for key in self._rows.get("BTC", {})}

    @cached_property
    def _rows(self) -> dict[str, dict[_Key, int]]:
        found: dict[str, dict[_Key, int]] = {}
        for (venue, family), listed in self.instruments.items():
            markets = zip(listed.coins, listed.quotes, listed.tradfi.tolist(), strict=True)
            for i, (coin, quote, tradfi) in enumerate(markets):
                found.setdefault(coin, {}).setdefault(_Key(venue, family, quote, tradfi), i)
        return found

    def _row(self, venue: str, family: Family, coin: Coin) -> int | None:
        key = _Key(venue, family, coin.quote, coin.tradfi)
        return self._rows.get(coin.name, {}).get(key)

    def _turnover(self, venue: str, family: Family, row: int) -> float:
        """Of the market in the list's row, by its symbol: the tickers may be of an older list."""
        tickers = self.recent_tickers.get((venue, family))
        symbol = self.instruments[venue, family].symbols[row]
        if tickers is None or symbol not in tickers.instruments.row:
            return 0.0
        return float(np.nan_to_num(tickers.turnover_24h[tickers.instruments.row[symbol]]))

    def _listed(self, coin: Coin) -> bool:
        return bool(self.by_turnover(coin.perps, coin) or self.by_turnover(Family.SPOT, coin))

    def _called(self, name: str) -> str | None:
        """The listed coin that people call so: bitcoin, gold."""
        return next((coin for coin in SPOKEN.get(name, ()) if coin in self._rows), None)

    def _known(self, name: str, tradfi: bool) -> bool:
        return any(key.tradfi == tradfi for key in self._rows.get(name, ()))

    def _split(self, symbol: str) -> tuple[str, str | None]:
        """The name and, where one is given, the quote."""
        first, _, second = symbol.upper().removesuffix(".P").partition(":")
        # BINANCE:BTCUSDT is how TradingView writes it, BTC/USDT:USDT how ccxt does.
        symbol = second if first.lower() in self.titles else first
        for listed in self.instruments.values():
            row = listed.row.get(symbol)
            if row is not None and symbol not in self._rows and listed.quotes[row] in DOLLARS:
                coin, quote = listed.coins[row], listed.quotes[row]
                # In USD, a coin's perps are those that are margined in the coin.
                if (listed.family, quote) == (Family.LINEAR, "USD"):
                    raise UsageError(f"{symbol} is in /top10 and /positions alone: ask for {coin}.")
                return coin, quote
        name, *rest = re.split(r"[-/_]", symbol)
        rest = [part for part in rest if part not in {"SWAP", "PERP"}]
        if rest:
            if rest[0] not in DOLLARS or len(rest) > 1:
                raise UsageError(f"Ask for markets in {', '.join(DOLLARS)}, not {symbol}.")
            return name, rest[0]
        if name not in self._rows:
            for quote in DOLLARS:
                if name.removesuffix(quote) not in {name, ""}:
                    return name.removesuffix(quote), quote
        return name, None

    def _unknown(self, name: str, tradfi: bool) -> UnknownCoin:
        near = tuple(nearest(name, (coin for coin in self._rows if self._known(coin, tradfi))))
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        sure = ", ".join(self.titles[venue] for venue in self.titles if not self._unsure(venue))
        doubts = "; ".join(self._doubts())
        if not doubts:
            return UnknownCoin(f"No venue lists {name}.{hint}", name, near)
        found = f"Not listed by {sure}" if sure else f"{name} is not on the lists that arrived"
        return UnknownCoin(f"{found}; {doubts}.{hint}", name, near)

    def _unsure(self, venue: str) -> bool:
        return self._is_silent(venue) or self.unread(venue) > 0

    def _is_silent(self, venue: str) -> bool:
        return any(place[0] == venue for place in self.errors)

    def _doubts(self) -> Iterator[str]:
        """Why a coin that is on no list may be listed all the same."""
        if silent := [title for venue, title in self.titles.items() if self._is_silent(venue)]:
            yield f"{', '.join(silent)} did not answer"
        for venue, title in self.titles.items():
            if unread := self.unread(venue):
                yield f"{unread} of {title}'s markets cannot be read"
