"""The world's prices as exact decimals, many at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.noise import Floats

Ask = tuple[Market, int]
Prices = Mapping[tuple[str, str, int], Decimal]


def prices(lookup: Callable[[Market, Sequence[int]], Floats], asks: Iterable[Ask]) -> Prices:
    """By kind, symbol and time (ms): each market is looked up once for all its times."""
    times: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    markets: dict[tuple[str, str], Market] = {}
    for market, time in asks:
        times[market.kind, market.symbol].add(time)
        markets[market.kind, market.symbol] = market
    return {
        (*name, time): printed(markets[name], price)
        for name, wanted in times.items()
        for time, price in _looked_up(lookup, markets[name], sorted(wanted))
    }


def printed(market: Market, price: float) -> Decimal:
    """The decimal that the venue prints."""
    return Decimal(f"{price:.{market.price_decimals}f}")


def _looked_up(
    lookup: Callable[[Market, Sequence[int]], Floats], market: Market, times: list[int]
) -> Iterable[tuple[int, float]]:
    return zip(times, lookup(market, times).tolist(), strict=True)
