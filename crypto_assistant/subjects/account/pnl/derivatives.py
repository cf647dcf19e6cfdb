"""What derivatives brought and cost in a window, and what is open of them now."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from crypto_assistant.ledger import Snapshot
from crypto_assistant.models import Entry, Flow, Position, total

Usd = Callable[[str], float | None]
"""What one coin is worth in USD at the venue now; None where nothing tells it."""

DERIVATIVES = (Flow.REALISED, Flow.FEE, Flow.FUNDING, Flow.REBATE, Flow.LIQUIDATION)
PARTS = ("realised_usd", "fees_usd", "funding_usd", "rebates_usd", "liquidation_usd")
PROMPT_MS = 3_600_000
"""A snapshot taken later than this after the window's start is not what it opened with."""


@dataclass(frozen=True, slots=True)
class Flows:
    """What came (+) and went (-), coins valued at their price now; None where one has none.

    `unpriced_coins`: what came of coins that have no price, in coins.
    """

    realised_usd: float | None
    fees_usd: float | None
    funding_usd: float | None
    rebates_usd: float | None
    liquidation_usd: float | None
    sum_usd: float | None
    unpriced_coins: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Open:
    """The open positions; None where one of them does not tell, or cannot be valued."""

    unrealised_usd: float | None
    margin_usd: float | None
    on_margin_fraction: float | None


def flows(entries: Iterable[Entry], usd: Usd) -> Flows:
    """The flows of derivatives among the entries; the others are left out."""
    amounts: dict[tuple[Flow, str], list[float]] = defaultdict(list)
    for entry in entries:
        amounts[entry.flow, entry.coin].append(entry.coins)
    worth: dict[Flow, list[float | None]] = {flow: [] for flow in DERIVATIVES}
    unpriced: dict[str, list[float]] = defaultdict(list)
    for (flow, coin), coins in amounts.items():
        if flow in worth:
            worth[flow].append(_worth(fsum(coins), coin, usd))
            if usd(coin) is None:
                unpriced[coin] += coins
    left = {coin: fsum(coins) for coin, coins in unpriced.items()}
    return _flows([_whole(parts) for parts in worth.values()], left)


def open_now(positions: Iterable[Position], usd: Usd) -> Open:
    """Unrealised PnL and margin of all of them."""
    positions = tuple(positions)
    unrealised = _whole(_worth(p.unrealised, p.settle, usd) for p in positions)
    margin = _whole(_worth(p.margin, p.settle, usd) for p in positions)
    return _open(unrealised, margin)


def flow_usd(entries: Iterable[Entry], flow: Flow, usd: Usd) -> float | None:
    """What came and went for one reason; None where a coin of it has no price."""
    return _whole(_worth(entry.coins, entry.coin, usd) for entry in entries if entry.flow is flow)


def summed_flows(flows: Iterable[Flows]) -> Flows | None:
    """Those of several venues together; None of none."""
    flows = tuple(flows)
    if not flows:
        return None
    unpriced: dict[str, float] = defaultdict(float)
    for one in flows:
        for coin, coins in one.unpriced_coins.items():
            unpriced[coin] += coins
    return _flows([_whole(getattr(one, part) for one in flows) for part in PARTS], unpriced)


def summed_open(opened: Iterable[Open]) -> Open | None:
    """Those of several venues together; None of none."""
    opened = tuple(opened)
    unrealised = _whole(one.unrealised_usd for one in opened)
    return _open(unrealised, _whole(one.margin_usd for one in opened)) if opened else None


def opening_usd(opening: Snapshot | None, start_ms: int) -> float | None:
    """Equity at the window's start, of what had a price; None where no snapshot was taken then."""
    if opening is None or opening.taken_ms - start_ms > PROMPT_MS:
        return None
    prices = {row.coin: row.usd_per_coin for row in opening.rows}
    worth = [_worth(row.coins, row.coin, prices.get) for row in opening.rows]
    return total(worth) if worth else 0.0


def _flows(parts: Sequence[float | None], unpriced: Mapping[str, float]) -> Flows:
    realised, fees, funding, rebates, liquidation = parts
    return Flows(realised, fees, funding, rebates, liquidation, _whole(parts), dict(unpriced))


def _open(unrealised: float | None, margin: float | None) -> Open:
    on_margin = unrealised / margin if unrealised is not None and margin else None
    return Open(unrealised, margin, on_margin)


def _worth(amount: float | None, coin: str, usd: Usd) -> float | None:
    price = usd(coin)
    return None if amount is None or price is None else amount * price


def _whole(values: Iterable[float | None]) -> float | None:
    """The sum, where nothing of it is missing."""
    values = tuple(values)
    return None if None in values else fsum(value for value in values if value is not None)
