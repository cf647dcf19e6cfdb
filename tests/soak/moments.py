"""What was true of the simulated market over a stretch of seconds."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from crypto_assistant.sandbox import Sandbox
from crypto_assistant.sandbox.catalog import Kind, Market, Venue
from tests.soak.printed import Range
from tests.truth import Truth

VENUES: Final[tuple[Venue, ...]] = ("binance", "bybit", "okx")
SLACK: Final = 8.0
"""Seconds before the oldest datum arrived in which the venue may have made it: answers that were
delayed on purpose, and a busy machine."""
KEPT: Final = 240
TENTH: Final = 0.1
MOST_OPTIONAL: Final = 13

Figure = Callable[[Truth, Market], float]


@dataclass
class Chronicle:
    """The truth of each second, worked out once."""

    sandbox: Sandbox

    def __post_init__(self) -> None:
        self._seconds: OrderedDict[int, Truth] = OrderedDict()

    def at(self, second: int) -> Truth:
        if second not in self._seconds:
            self._seconds[second] = Truth(self.sandbox.world, second * 1000)
            if len(self._seconds) > KEPT:
                self._seconds.popitem(last=False)
        return self._seconds[second]

    def stretch(self, time_ms: int, age: float) -> "Stretch":
        """From the oldest datum of an answer that was put together at `time_ms` (a full second)."""
        last = time_ms // 1000
        seconds = range(int(last - age - SLACK), last + 2)
        return Stretch(self.sandbox, tuple(map(self.at, seconds)))


@dataclass(frozen=True)
class Stretch:
    """Ascending truths, a second apart: what is printed was so in one of them."""

    sandbox: Sandbox
    truths: Sequence[Truth]

    @property
    def first_ms(self) -> int:
        return self.truths[0].now

    @property
    def last_ms(self) -> int:
        return self.truths[-1].now

    def find(self, venue: str, kind: Kind, coin: str, quote: str) -> Market | None:
        return self.truths[-1].find(venue, kind, coin, quote)

    def named(self, coin: str) -> list[Market]:
        """Every market of a ticker, dated ones apart."""
        truth = self.truths[-1]
        return [market for market in truth.markets if truth.ticker(market) == coin]

    def values(self, market: Market, figure: Figure) -> list[float]:
        return [figure(truth, market) for truth in self.truths]

    def range(self, market: Market, figure: Figure) -> Range:
        values = self.values(market, figure)
        if figure is interest_usd and (market.venue, market.kind) == ("binance", "linear"):
            # Its mark price comes apart from it, and may be of another moment.
            marks = self.values(market, mark_price)
            values = [truth.interest(market)[0] * mark for truth in self.truths for mark in marks]
        return Range(min(values), max(values))

    def ranked(self, markets: Iterable[Market]) -> list[Market]:
        """By turnover in USD, the largest first."""
        truth = self.truths[-1]
        return sorted(markets, key=lambda m: -truth.turnover(m) * worth(truth, m))


def worth(truth: Truth, market: Market) -> float:
    """USD that one unit of what the market is quoted in is worth there."""
    if market.quote in {"USDT", "USDC", "USD"}:
        return 1.0
    found = truth.find(market.venue, "spot", market.quote, "USDT")
    return truth.quote(found).last if found else 1.0


def last_price(truth: Truth, market: Market) -> float:
    return truth.quote(market).last / market.multiplier


def mid_price(truth: Truth, market: Market) -> float:
    quote = truth.quote(market)
    return (quote.bid + quote.ask) / 2 / market.multiplier


def high(truth: Truth, market: Market) -> float:
    return truth.quote(market).high / market.multiplier


def low(truth: Truth, market: Market) -> float:
    return truth.quote(market).low / market.multiplier


def change(truth: Truth, market: Market) -> float:
    return truth.change(market)


def turnover(truth: Truth, market: Market) -> float:
    return truth.turnover(market) * worth(truth, market)


def mark_price(truth: Truth, market: Market) -> float:
    return truth.mark_and_index(market)[0] / market.multiplier


def interest_usd(truth: Truth, market: Market) -> float:
    return truth.interest(market)[1]


def interest_coins(truth: Truth, market: Market) -> float:
    return truth.interest(market)[0]


def funding(truth: Truth, market: Market) -> float:
    return truth.quote(market).funding


def is_other(truth: Truth, market: Market) -> bool:
    """Another coin of that name, by its price against that of the most traded market."""
    named = [m for m in truth.markets if truth.ticker(m) == truth.ticker(market)]
    dollars = [m for m in named if m.quote == "USDT"] or named
    first = max(dollars, key=truth.turnover)
    prices = [last_price(truth, m) * worth(truth, m) for m in (market, first)]
    return abs(prices[0] / prices[1] - 1) > TENTH


def sums(required: Sequence[Range], optional: Sequence[Range]) -> Iterable[Range]:
    """Every sum of all that is required and of some that is optional; of very many, what all of
    them lie between."""
    if len(optional) > MOST_OPTIONAL:
        low = sum(min(0.0, part.low) for part in optional)
        required, optional = [
            *required, Range(low, sum(max(0.0, part.high) for part in optional)),
        ], []  # fmt: skip
    for chosen in product((False, True), repeat=len(optional)):
        total = Range(0.0, 0.0)
        for part in (*required, *(p for p, is_in in zip(optional, chosen, strict=True) if is_in)):
            total = total + part
        yield total
