"""Whether an account adds up: what it holds now, against a snapshot and all that happened since."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from crypto_assistant.ledger import Snapshot
from crypto_assistant.models import Balance, Entry, Flow
from crypto_assistant.subjects.account.pnl.derivatives import Usd

LEAST_FLAGGED_USD = 0.01
FLAGGED_FRACTION = 1e-4
"""A residual above a cent and above one basis point of equity is flagged."""

Equity = tuple[float, float]
"""Of a coin over all wallets, in coins: all of it, and what of it is unrealised."""
NOTHING = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Equity of the margined wallets now, from what it was: the parts add up to `now_usd`.

    Since the snapshot of `since_ms`; coins valued at their price now, `revaluation_usd` being what
    the price of those held then has changed. `unpriced`: coins left out, for want of a price.
    """

    since_ms: int
    opening_usd: float
    realised_usd: float
    fees_usd: float
    funding_usd: float
    other_usd: float
    unrealised_change_usd: float
    transfers_usd: float
    revaluation_usd: float
    residual_usd: float
    now_usd: float
    flagged: bool
    unpriced: tuple[str, ...]


def reconciled(
    opening: Snapshot, entries: Iterable[Entry], balances: Iterable[Balance], usd: Usd
) -> Reconciliation | None:
    """What became of the opening equity; `entries` are all of those since the snapshot.

    None where a wallet does not tell its unrealised PnL.
    """
    before = _equities((row.coin, row.coins, row.unrealised) for row in opening.rows)
    now = _equities((h.coin, h.coins, h.unrealised) for b in balances for h in b.holdings)
    if before is None or now is None:
        return None
    prices = {row.coin: row.usd_per_coin for row in opening.rows}
    changes = _changes(entries)
    lines, unpriced = [], []
    for coin in sorted({*before, *now, *changes}):
        price, price_then = usd(coin), prices.get(coin, usd(coin))
        if price is None or price_then is None:
            unpriced.append(coin)
            continue
        held, held_now = before.get(coin, NOTHING), now.get(coin, NOTHING)
        lines.append(_line(held, held_now, changes.get(coin, {}), price, price_then))
    return _added_up(opening.taken_ms, lines, tuple(unpriced))


@dataclass(frozen=True, slots=True)
class _Line:
    """One coin's part, in USD."""

    opening: float
    flows: Mapping[Flow, float]
    unrealised_change: float
    revaluation: float
    now: float


def _line(
    held: Equity,
    held_now: Equity,
    changes: Mapping[Flow, float],
    price: float,
    price_then: float,
) -> _Line:
    return _Line(
        opening=held[0] * price_then,
        flows={flow: coins * price for flow, coins in changes.items()},
        unrealised_change=(held_now[1] - held[1]) * price,
        revaluation=held[0] * (price - price_then),
        now=held_now[0] * price,
    )


def _added_up(since_ms: int, lines: Sequence[_Line], unpriced: tuple[str, ...]) -> Reconciliation:
    def of(*wanted: Flow) -> float:
        return fsum(line.flows.get(flow, 0.0) for line in lines for flow in wanted)

    opening, now = fsum(line.opening for line in lines), fsum(line.now for line in lines)
    parts = {
        "realised_usd": of(Flow.REALISED),
        "fees_usd": of(Flow.FEE),
        "funding_usd": of(Flow.FUNDING),
        "other_usd": of(Flow.REBATE, Flow.LIQUIDATION, Flow.SPOT, Flow.OTHER),
        "unrealised_change_usd": fsum(line.unrealised_change for line in lines),
        "transfers_usd": of(Flow.TRANSFER),
        "revaluation_usd": fsum(line.revaluation for line in lines),
    }
    residual = fsum((now, -opening, *(-part for part in parts.values())))
    return Reconciliation(
        since_ms=since_ms,
        opening_usd=opening,
        **parts,
        residual_usd=residual,
        now_usd=now,
        flagged=abs(residual) > max(LEAST_FLAGGED_USD, FLAGGED_FRACTION * abs(now)),
        unpriced=unpriced,
    )


def _changes(entries: Iterable[Entry]) -> dict[str, dict[Flow, float]]:
    """By coin and reason, in coins."""
    found: dict[str, dict[Flow, list[float]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        found[entry.coin][entry.flow].append(entry.coins)
    return {
        coin: {flow: fsum(coins) for flow, coins in flows.items()} for coin, flows in found.items()
    }


def _equities(rows: Iterable[tuple[str, float, float | None]]) -> dict[str, Equity] | None:
    """By coin; None where one does not tell what of it is unrealised."""
    found: dict[str, Equity] = {}
    for coin, coins, unrealised in rows:
        if unrealised is None:
            return None
        equity, before = found.get(coin, NOTHING)
        found[coin] = (equity + coins, before + unrealised)
    return found
