"""What derivatives brought and cost in a window, and what is open of them now."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    """What came (+) and went (-), coins valued at their price now; None where none has one.

    `unpriced_coins`: what came of coins that have no price, in coins; it is in no sum.
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
    """The open positions; None where one of them does not tell, or none can be valued.

    `unpriced_coins`: unrealised of those that are settled in coins without a price, in coins.
    """

    unrealised_usd: float | None
    margin_usd: float | None
    on_margin_fraction: float | None
    unpriced_coins: Mapping[str, float] = field(default_factory=dict)


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
    return _flows([_rest(parts) for parts in worth.values()], left)


def open_now(positions: Iterable[Position], usd: Usd) -> Open:
    """Unrealised PnL and margin of all of them that can be valued."""
    positions = tuple(positions)
    priced = [p for p in positions if usd(p.settle) is not None]
    if positions and not priced:
        return Open(None, None, None, _unpriced(positions, usd))
    unrealised = _whole(_worth(p.unrealised, p.settle, usd) for p in priced)
    margin = _whole(_worth(p.margin, p.settle, usd) for p in priced)
    return _open(unrealised, margin, _unpriced(positions, usd))


def flow_usd(entries: Iterable[Entry], flow: Flow, usd: Usd) -> float | None:
    """What came and went for one reason; None where a coin of it has no price."""
    return _whole(_worth(entry.coins, entry.coin, usd) for entry in entries if entry.flow is flow)


def summed_flows(flows: Iterable[Flows]) -> Flows | None:
    """Those of several venues together; None of none."""
    flows = tuple(flows)
    if not flows:
        return None
    unpriced = _together(one.unpriced_coins for one in flows)
    return _flows([_rest(getattr(one, part) for one in flows) for part in PARTS], unpriced)


def summed_open(opened: Iterable[Open]) -> Open | None:
    """Those of several venues together; None of none."""
    opened = tuple(opened)
    if not opened:
        return None
    unpriced = _together(one.unpriced_coins for one in opened)
    if not (valued := [one for one in opened if not _is_unpriced(one)]):
        return Open(None, None, None, unpriced)
    unrealised = _whole(one.unrealised_usd for one in valued)
    return _open(unrealised, _whole(one.margin_usd for one in valued), unpriced)


def opening_usd(opening: Snapshot | None, start_ms: int) -> float | None:
    """Equity at the window's start, of what had a price; None where no snapshot was taken then."""
    if opening is None or opening.taken_ms - start_ms > PROMPT_MS:
        return None
    return equity_usd(opening)


def equity_usd(taken: Snapshot) -> float | None:
    """At the prices of then, of what had one; None where nothing had."""
    prices = {row.coin: row.usd_per_coin for row in taken.rows}
    worth = [_worth(row.coins, row.coin, prices.get) for row in taken.rows]
    return total(worth) if worth else 0.0


def _flows(parts: Sequence[float | None], unpriced: Mapping[str, float]) -> Flows:
    realised, fees, funding, rebates, liquidation = parts
    return Flows(realised, fees, funding, rebates, liquidation, _rest(parts), unpriced)


def _open(unrealised: float | None, margin: float | None, unpriced: Mapping[str, float]) -> Open:
    on_margin = unrealised / margin if unrealised is not None and margin else None
    return Open(unrealised, margin, on_margin, unpriced)


def _unpriced(positions: Iterable[Position], usd: Usd) -> dict[str, float]:
    return _together(
        {p.settle: p.unrealised}
        for p in positions
        if p.unrealised is not None and usd(p.settle) is None
    )


def _is_unpriced(one: Open) -> bool:
    """Whether nothing is open at a venue but what has no price."""
    return one.unrealised_usd is None and bool(one.unpriced_coins)


def _together(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    coins: dict[str, float] = defaultdict(float)
    for part in parts:
        for coin, amount in part.items():
            coins[coin] += amount
    return dict(coins)


def _worth(amount: float | None, coin: str, usd: Usd) -> float | None:
    price = usd(coin)
    return None if amount is None or price is None else amount * price


def _rest(values: Iterable[float | None]) -> float | None:
    """The sum of those that can be valued; None where there are some, but none can."""
    values = tuple(values)
    return total(values) if values else 0.0


def _whole(values: Iterable[float | None]) -> float | None:
    """The sum, where nothing of it is missing."""
    values = tuple(values)
    return None if None in values else fsum(value for value in values if value is not None)
