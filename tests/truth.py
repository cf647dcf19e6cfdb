"""What /price and /top10 must say, worked out from the simulated market and not from its faces.

Where an exchange prints fewer decimals than the market has, the truth is rounded as printed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from math import fsum
from operator import itemgetter
from statistics import median
from typing import Any, Final

from crypto_assistant.sandbox import World
from crypto_assistant.sandbox.catalog import Kind, Market, Venue
from crypto_assistant.sandbox.tape import Quote
from tests.clock import NOW
from tests.floor import VENUES

Fields = dict[str, Any]

MONEY: Final = {"USDT", "USD", "USDC", "FDUSD", "DAI", "EUR"}
DOLLARS: Final = {"USDT", "USDC", "USD"}
KINDS: Final[tuple[Kind, ...]] = ("spot", "linear", "inverse")


OF_OTHERS: Final = (
    "all_perps",
    "other_perps",
    "unsummed_perps",
    "uncompared_perps",
    "oi_windows",
    "changes_15m_fraction",
)
"""What /price tells as /oi and the bars of a market do: held against those."""


def known_by(venues: Collection[str], failed: Mapping[str, str] | None = None) -> Fields:
    """The part of an answer that says who was asked and who answered.

    In `failed` without a reason: who had nothing to be asked for.
    """
    failed = failed or {}
    answered = [venue for venue in venues if venue not in failed]
    return {
        "asked": list(venues),
        "answered": answered,
        "failed": {venue: why for venue, why in failed.items() if why},
        "waiting": [],
        "unlisted": [venue for venue in failed if failed[venue].startswith("does not list")],
        "simulated": False,
        "time_ms": NOW,
        "oldest_ms": NOW if answered else None,
        "clock_ahead_seconds": {},
    }


class Truth:
    """Every market that trades, and its figures at a moment, in the program's units."""

    def __init__(self, world: World, now: int = NOW) -> None:
        self._world = world
        self.now = now
        self._quotes = {
            (venue, kind): world.quotes(venue, kind, now)
            for venue, kind in {(m.venue, m.kind) for m in world.markets}
        }
        trade = (m for m in world.markets if m.closed is None and m.category != "trial")
        self.markets = [m for m in trade if m.expires is None]

    def quote(self, market: Market) -> Quote:
        return self._quotes[market.venue, market.kind][market.symbol]

    def ticker(self, market: Market) -> str:
        return self._world.coins[market.coin].ticker

    def find(self, venue: str, kind: Kind, coin: str, quote: str) -> Market | None:
        wanted = venue, kind, coin, quote
        found = (m for m in self.markets if (m.venue, m.kind, self.ticker(m), m.quote) == wanted)
        return next(found, None)

    def change(self, market: Market) -> float:
        """Binance prints three decimals of a percent, Bybit six of a fraction."""
        quote = self.quote(market)
        change = quote.last / quote.open - 1
        digits = {"binance": 5, "bybit": 6, "okx": 15}
        return round(change, digits[market.venue])

    def turnover(self, market: Market) -> float:
        """In quote currency. OKX tells none of linear perps: their coins at the last price."""
        quote = self.quote(market)
        if market.kind == "inverse":
            return quote.volume * market.unit
        if market.kind == "linear" and market.venue == "okx":
            return quote.coins * quote.last / market.multiplier
        return quote.turnover

    def funding_8h(self, market: Market) -> float:
        assert market.interval
        return self.quote(market).funding * 8 / market.interval

    def mark_and_index(self, market: Market) -> tuple[float, float]:
        """Of one unit of the base. Binance prints eight decimals whatever the tick."""
        quote = self.quote(market)
        if market.venue == "binance":
            return round(quote.mark_price, 8), round(quote.index_price, 8)
        return quote.mark_price, quote.index_price

    def interest(self, market: Market) -> tuple[float, float]:
        """Coins and USD. Of inverse perps Bybit prints four decimals of the coins."""
        quote, (mark, _) = self.quote(market), self.mark_and_index(market)
        if market.kind == "linear":
            coins = quote.open_interest_coins
            return coins, coins * mark / market.multiplier
        usd = quote.open_interest * market.unit
        return round(usd / mark, 4 if market.venue == "bybit" else 16), usd

    def is_its_coin(self, market: Market, venues: Collection[str] = VENUES) -> bool:
        """Within a tenth of the middle of the venues' prices; of two venues, of the markets'."""
        prices: dict[str, list[float]] = {}
        for one in self.markets:
            named = self.ticker(one) == self.ticker(market) and one.category == market.category
            if named and one.venue in venues and one.quote in DOLLARS and not one.expires:
                prices.setdefault(one.venue, []).append(self.quote(one).last / one.multiplier)
        voices = sorted(map(median, prices.values()))
        if len(voices) < 3:
            voices = sorted(price for each in prices.values() for price in each)
        if not voices:
            return False
        low, high = voices[(len(voices) - 1) // 2], voices[len(voices) // 2]
        price = self.quote(market).last / market.multiplier
        if market.quote not in DOLLARS:
            price *= _worth(self, market.venue, market.quote)
        return high <= 1.1 * low and abs(price / ((low + high) / 2) - 1) <= 0.1

    def spot(self, market: Market) -> Fields:
        quote, each = self.quote(market), market.multiplier
        return {
            "symbol": market.symbol,
            "last_price": quote.last / each,
            "mid_price": (quote.bid + quote.ask) / 2 / each,
            "tick_size": float(market.tick) / each,
            "change_24h_fraction": self.change(market),
            "high_24h_price": quote.high / each,
            "low_24h_price": quote.low / each,
            "volume_24h_coins": quote.coins,
            "turnover_24h_usd": self.turnover(market),
            "other_coin": False,
        }

    def perp(self, market: Market) -> Fields:
        quote, (mark, index) = self.quote(market), self.mark_and_index(market)
        coins, usd = self.interest(market)
        return {
            **self.spot(market),
            "mark_price": mark / market.multiplier,
            "index_price": index / market.multiplier,
            "oi_coins": coins,
            "oi_usd": usd,
            "funding_fraction": quote.funding,
            "funding_hours": market.interval,
            "funding_8h_fraction": self.funding_8h(market),
            "next_funding_ms": quote.next_funding,
        }

    def venues(self, coin: str, quote: str, asked: Collection[str]) -> dict[str, Fields]:
        """The coin's perp and spot market on each venue."""
        kind: Kind = "inverse" if quote == "USD" else "linear"
        found = {}
        for venue in asked:
            perp = self.find(venue, kind, coin, quote)
            spot = self.find(venue, "spot", coin, "USDT" if quote == "USD" else quote)
            found[venue] = {
                "perp": self.perp(perp) if perp else None,
                "spot": self.spot(spot) if spot else None,
            }
        return found

    def ranked(self, part: str, coin: str, quote: str) -> list[str]:
        """Venues by the turnover that the last bulk tickers showed."""
        venues = self.venues(coin, quote, VENUES)
        there = {v: markets[part] for v, markets in venues.items() if markets[part]}
        return sorted(there, key=lambda venue: -there[venue]["turnover_24h_usd"])


def price(
    truth: Truth,
    coin: str,
    quote: str = "USDT",
    *,
    asked: Collection[str] = VENUES,
    failed: Mapping[str, str] | None = None,
    tradfi: bool = False,
) -> Fields:
    """The whole of /price where the venues in `failed` said nothing."""
    venues = truth.venues(coin, quote, asked)
    name = coin if quote == "USDT" else f"{coin}/{quote}"
    unlisted = [venue for venue, markets in venues.items() if not any(markets.values())]
    failed = dict.fromkeys(unlisted, f"does not list {name}") | dict(failed or {})
    venues = {venue: markets for venue, markets in venues.items() if venue not in failed}
    return added_up(truth, coin, quote, venues, tradfi) | known_by(asked, failed)


def added_up(
    truth: Truth, coin: str, quote: str, venues: Mapping[str, Fields], tradfi: bool = False
) -> Fields:
    """What /price makes of the venues' figures, whichever of them are missing."""
    perps, spots = (
        {v: venues[v][part] for v in truth.ranked(part, coin, quote) if venues.get(v, {}).get(part)}
        for part in ("perp", "spot")
    )
    known: dict[tuple[str, str], Market] = {(m.venue, m.symbol): m for m in truth.markets}
    _tell_apart(
        [*perps.items(), *spots.items()],
        lambda venue, fields: truth.is_its_coin(known[venue, fields["symbol"]]),
    )
    perps, spots = _same(perps), _same(spots)
    return {
        "coin": coin,
        "quote": quote,
        "tradfi": tradfi,
        "primary_venue": _first_priced(perps or spots),
        "venues": venues,
        "totals": _totals(perps),
        "basis": _basis(perps, spots),
        "spread": _spread(perps or spots),
        **dict.fromkeys(OF_OTHERS, ...),
        "details": None,
    }


def _first_priced(markets: Mapping[str, Fields]) -> str | None:
    prices = ("last_price", "mid_price", "mark_price")
    told = [venue for venue, market in markets.items() if any(map(market.get, prices))]
    return next((venue for venue in told if markets[venue]["last_price"]), next(iter(told), None))


def _tell_apart(
    markets: Sequence[tuple[str, Fields]], is_known: Callable[[str, Fields], bool]
) -> None:
    """By the middle of the venues' prices; of two venues, of all their markets'."""
    prices = {id(m): m["last_price"] or m["mid_price"] or m.get("mark_price") for _, m in markets}
    of_venue: dict[str, list[float]] = {}
    for venue, market in markets:
        if (price := prices[id(market)]) and is_known(venue, market):
            of_venue.setdefault(venue, []).append(price)
    voices = sorted(map(median, of_venue.values()))
    if len(voices) < 3:
        voices = sorted(price for each in of_venue.values() for price in each)
    for venue, market in markets:
        price = prices[id(market)]
        low, high = (voices[(len(voices) - 1) // 2], voices[len(voices) // 2]) if voices else (0, 0)
        agreed = high <= 1.1 * low and price and abs(price / ((low + high) / 2) - 1) <= 0.1
        market["other_coin"] = bool(price and not agreed) or not is_known(venue, market)


def _same(markets: Mapping[str, Fields]) -> dict[str, Fields]:
    return {venue: fields for venue, fields in markets.items() if not fields["other_coin"]}


def _totals(perps: Mapping[str, Fields]) -> Fields:
    totals: Fields = {}
    for name in ("oi_usd", "oi_coins", "turnover_24h_usd"):
        parts = {venue: perp[name] for venue, perp in perps.items() if perp[name] is not None}
        totals[name] = fsum(parts.values()) if parts else None
        totals[f"{name}_venues"] = list(parts)
    return totals


def _basis(perps: Mapping[str, Fields], spots: Mapping[str, Fields]) -> Fields | None:
    perp_mids = [(venue, perp["mid_price"]) for venue, perp in perps.items() if perp["mid_price"]]
    mids = {venue: spot["mid_price"] for venue, spot in spots.items() if spot["mid_price"]}
    if not perp_mids or not mids:
        return None
    venue, mid = perp_mids[0]
    spot_venue = venue if venue in mids else next(iter(mids))
    return {"perp_venue": venue, "spot_venue": spot_venue, "fraction": mid / mids[spot_venue] - 1}


def _spread(markets: Mapping[str, Fields]) -> Fields | None:
    mids = [(m["mid_price"], venue) for venue, m in markets.items() if m["mid_price"]]
    if len(mids) < 2:
        return None
    low, high = min(mids, key=itemgetter(0)), max(mids, key=itemgetter(0))
    return {"high_venue": high[1], "low_venue": low[1], "fraction": high[0] / low[0] - 1}


def top(
    truth: Truth,
    market: str,
    order: str,
    *,
    asked: Collection[str] = VENUES,
    failed: Mapping[str, str] | None = None,
    unknown: Collection[str] = (),
) -> Fields:
    """The whole of /top10 where the venues in `failed` said nothing.

    The lists of the `unknown` ones never came: each of them may list any coin.
    """
    there = [venue for venue in asked if venue not in (failed or {})]
    least = {"spot": 1e6}.get(market, 1e7) if order in {"gainers", "losers", "funding"} else None
    rows = []
    for coin, (same, apart) in _coins(truth, market, {*VENUES} - {*unknown}).items():
        markets = [valued for valued in same if valued[0].venue in there]
        if markets:
            row = _row(truth, coin, markets)
            listing = {m.venue for m, _ in same if m.venue in asked} | set(unknown)
            others = {m.venue for m, _ in apart if m.venue in there}
            rows.append(row | {"venues": sorted(listing), "apart_venues": sorted(others)})
    rows = [row for row in rows if row["turnover_24h_usd"] >= (least or 0)]
    return {
        "market": market,
        "order": order,
        "least_turnover_usd": least,
        "rows": _ordered(rows, order),
        "one_by_one_venues": ["binance"] if order == "oi" and "binance" in there else [],
    } | known_by(asked, failed)


def _ordered(rows: list[Fields], order: str) -> list[Fields]:
    by = {"volume": "turnover_24h_usd", "oi": "oi_usd", "funding": "funding_8h_fraction"}
    name = by.get(order, "change_24h_fraction")
    rows = sorted(rows, key=lambda row: row[name], reverse=order != "losers")
    return rows[:5] + rows[5:][-5:] if order == "funding" else rows[:10]


Valued = tuple[Market, float]
"""A market and what one unit of its quote is worth in USD."""


def _coins(
    truth: Truth, market: str, venues: Collection[str]
) -> dict[str, tuple[list[Valued], list[Valued]]]:
    coins: dict[str, list[Valued]] = {}
    for m in truth.markets:
        wanted = (m.kind == "spot") == (market == "spot")
        wanted &= (m.category != "crypto") == (market == "tradfi")
        if wanted and truth.ticker(m) not in MONEY:
            coins.setdefault(truth.ticker(m), []).append((m, _worth(truth, m.venue, m.quote)))
    return {coin: _one_coin(truth, markets, venues) for coin, markets in coins.items()}


def _worth(truth: Truth, venue: Venue, quote: str) -> float:
    market = None if quote in DOLLARS else truth.find(venue, "spot", quote, "USDT")
    return truth.quote(market).last if market else 1.0


def _one_coin(
    truth: Truth, markets: list[Valued], venues: Collection[str]
) -> tuple[list[Valued], list[Valued]]:
    """The primary market first; apart those that trade another coin of that name."""
    markets = sorted(markets, key=lambda m: (m[0].quote != "USDT", -truth.turnover(m[0]) * m[1]))

    same = [m for m in markets if truth.is_its_coin(m[0], venues)]
    return same, [m for m in markets if m not in same]


def _row(truth: Truth, coin: str, markets: Sequence[Valued]) -> Fields:
    primary = markets[0][0]
    figures = truth.spot(primary)
    venues = sorted({market.venue for market, _ in markets})
    perps = [market for market, _ in markets if market.kind != "spot"]
    return {
        "coin": coin,
        "primary_venue": primary.venue,
        "symbol": primary.symbol,
        "tick_size": figures["tick_size"],
        "last_price": figures["last_price"],
        "change_24h_fraction": figures["change_24h_fraction"],
        "turnover_24h_usd": fsum(truth.turnover(m) * worth for m, worth in markets),
        "turnover_venues": venues,
        "oi_usd": fsum(truth.interest(perp)[1] for perp in perps) if perps else None,
        "oi_venues": venues if perps else [],
        "funding_8h_fraction": truth.funding_8h(primary) if perps else None,
        "funding_venue": primary.venue if perps else None,
        "funding_hours": primary.interval if perps else None,
    }
