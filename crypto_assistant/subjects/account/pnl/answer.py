"""The numbers of /pnl: each venue's flows and open positions, their totals, the reconciliation."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from crypto_assistant.models import Entry, Flow, Position, Provenance, total
from crypto_assistant.subjects.account.environments import Environment, counted
from crypto_assistant.subjects.account.markets import Markets
from crypto_assistant.subjects.account.pnl import derivatives, fills
from crypto_assistant.subjects.account.pnl.daily import Daily, Told, daily
from crypto_assistant.subjects.account.pnl.derivatives import Flows, Open, Usd
from crypto_assistant.subjects.account.pnl.fills import TradesPnl
from crypto_assistant.subjects.account.pnl.log import LogWindow
from crypto_assistant.subjects.account.pnl.question import Reply
from crypto_assistant.subjects.account.pnl.reconciliation import Reconciliation, reconciled


class Lacks(StrEnum):
    """Why an account is not reconciled."""

    SNAPSHOT = "no snapshot of equity yet"
    SNAPSHOT_THEN = "no snapshot of equity in the window"
    LOG = "the log does not reach back to the snapshot"
    WALLET = "a wallet did not answer"
    UNREALISED = "a wallet does not tell its unrealised PnL"


@dataclass(frozen=True, slots=True)
class CoinPnl:
    """One coin's derivatives at one venue; `coin` "" is what belongs to no market."""

    coin: str
    flows: Flows
    open: Open | None


@dataclass(frozen=True, slots=True)
class VenuePnl:
    """One venue's derivatives; None is what did not arrive, cannot be valued or was not asked for.

    `log_since_ms`: from when on the log is told, the window's start unless the venue keeps less.
    `spot_usd`, `transfers_usd`, `other_usd`: what else changed the wallets, and is no PnL.
    `opening_equity_usd`: of the margined wallets at the window's start, by a snapshot of then.
    `snapshots_since_ms`: when the first of all was taken. `reconciliation_lacks`: why there is no
    reconciliation. `by_trades`: a second source of realised PnL, market by market.
    """

    log_since_ms: int | None = None
    flows: Flows | None = None
    coins: tuple[CoinPnl, ...] = ()
    open: Open | None = None
    spot_usd: float | None = None
    transfers_usd: float | None = None
    other_usd: float | None = None
    opening_equity_usd: float | None = None
    realised_on_opening_fraction: float | None = None
    reconciliation: Reconciliation | None = None
    reconciliation_lacks: Lacks | None = None
    snapshots_since_ms: int | None = None
    by_trades: tuple[TradesPnl, ...] | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Over the venues named, of those whose money is counted together; None over none.

    `open_venues`: those of which all open positions arrived.
    """

    venues: tuple[str, ...]
    flows: Flows | None
    open_venues: tuple[str, ...]
    open: Open | None
    opening_equity_usd: float | None
    realised_on_opening_fraction: float | None


@dataclass(frozen=True, slots=True)
class Pnl:
    """The answer; `parts_read` of `parts` of the logs have been read.

    `daily`: day by day, where a picture is asked for and there is something to draw.
    """

    window: str
    start_ms: int
    coin: str | None
    venues: Mapping[str, VenuePnl]
    total: Total
    accounts: Mapping[str, Environment]
    keyless: tuple[str, ...]
    parts_read: int
    parts: int
    provenance: Provenance
    daily: Daily | None = None


def venue_pnl(reply: Reply, coin: str | None) -> VenuePnl:
    """One venue's numbers; of one coin's markets alone where `coin` is given."""
    usd, logged, positions = reply.prices.usd, reply.logged, reply.positions
    if coin is not None and positions is not None:
        positions = tuple(one for one in positions if reply.markets.coin_of(one) == coin)
    opened = None if positions is None else derivatives.open_now(positions, usd)
    if logged is None:
        return VenuePnl(open=opened)
    entries = lines_of(reply, logged, coin)
    one = VenuePnl(
        log_since_ms=logged.complete_since_ms,
        flows=derivatives.flows(entries, usd),
        coins=_by_coin(entries, positions, reply.markets, usd),
        open=opened,
        by_trades=_by_trades(reply, entries),
    )
    return one if coin is not None else _of_wallets(one, reply, logged)


def lines_of(reply: Reply, logged: LogWindow, coin: str | None) -> list[Entry]:
    """Those of the log that are about one coin's markets, all where `coin` is None."""
    return [e for e in logged.entries if coin is None or reply.markets.coin_of(e) == coin]


def summed(venues: Mapping[str, VenuePnl], accounts: Mapping[str, Environment]) -> Total:
    """Over those whose money is counted together, as far as they have told."""
    ours = {venue: venues[venue] for venue in counted(accounts)}
    flows = {venue: one.flows for venue, one in ours.items() if one.flows}
    opened = {venue: one.open for venue, one in ours.items() if one.open}
    equities = [ours[venue].opening_equity_usd for venue in flows]
    equity = None if None in equities else total(equities)
    together = derivatives.summed_flows(flows.values())
    return Total(
        venues=tuple(flows),
        flows=together,
        open_venues=tuple(opened),
        open=derivatives.summed_open(opened.values()),
        opening_equity_usd=equity,
        realised_on_opening_fraction=_on_opening(together, equity),
    )


def day_by_day(answer: Pnl, replies: Mapping[str, Reply], zone: ZoneInfo | None) -> Daily | None:
    """The same sum in the owner's days, over the same venues; equity where no coin is asked for."""
    told = {
        venue: Told(
            entries=lines_of(replies[venue], logged, answer.coin),
            since_ms=logged.complete_since_ms,
            end_ms=logged.end_ms,
            usd=replies[venue].prices.usd,
            snapshots=() if answer.coin else logged.snapshots,
            now_usd=found.now_usd if (found := answer.venues[venue].reconciliation) else None,
        )
        for venue in answer.total.venues
        if (logged := replies[venue].logged)
    }
    return daily(told, answer.start_ms, zone)


def _of_wallets(one: VenuePnl, reply: Reply, logged: LogWindow) -> VenuePnl:
    """What is not about single coins' markets, but about the wallets as a whole."""
    usd, entries = reply.prices.usd, logged.entries
    equity = derivatives.opening_usd(logged.opening, logged.start_ms)
    found = _reconciled(reply, logged)
    return replace(
        one,
        spot_usd=derivatives.flow_usd(entries, Flow.SPOT, usd),
        transfers_usd=derivatives.flow_usd(entries, Flow.TRANSFER, usd),
        other_usd=derivatives.flow_usd(entries, Flow.OTHER, usd),
        opening_equity_usd=equity,
        realised_on_opening_fraction=_on_opening(one.flows, equity),
        reconciliation=None if isinstance(found, Lacks) else found,
        reconciliation_lacks=found if isinstance(found, Lacks) else None,
        snapshots_since_ms=logged.snapshots_since_ms,
    )


def _on_opening(flows: Flows | None, equity: float | None) -> float | None:
    if flows is None or flows.realised_usd is None or flows.unpriced_coins:
        return None
    if equity is None or equity <= 0:
        return None
    return flows.realised_usd / equity


def _reconciled(reply: Reply, logged: LogWindow) -> Reconciliation | Lacks:
    opening = logged.opening
    if opening is None:
        return Lacks.SNAPSHOT_THEN if logged.snapshots_since_ms else Lacks.SNAPSHOT
    if logged.complete_since_ms > opening.taken_ms:
        return Lacks.LOG
    if reply.balances is None:
        return Lacks.WALLET
    since = [entry for entry in logged.entries if entry.time_ms >= opening.taken_ms]
    found = reconciled(opening, since, reply.balances, reply.prices.usd)
    return Lacks.UNREALISED if found is None else found


def _by_trades(reply: Reply, entries: Sequence[Entry]) -> tuple[TradesPnl, ...] | None:
    if reply.traded is None or reply.positions is None:
        return None
    usd, settled = reply.prices.usd, reply.traded.settled
    return tuple(
        fills.trades_pnl(one, reply.positions, entries, usd, settled=settled[one.instrument])
        for one in reply.traded.markets
        if len(one.size)
    )


def _by_coin(
    entries: Sequence[Entry], positions: Sequence[Position] | None, markets: Markets, usd: Usd
) -> tuple[CoinPnl, ...]:
    """Largest sums first; without what is no PnL of derivatives."""
    logged: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.flow in derivatives.DERIVATIVES:
            logged[markets.coin_of(entry)].append(entry)
    opened: dict[str, list[Position]] = defaultdict(list)
    for position in positions or ():
        opened[markets.coin_of(position)].append(position)
    coins = [
        CoinPnl(
            coin,
            derivatives.flows(logged[coin], usd),
            None if positions is None else derivatives.open_now(opened[coin], usd),
        )
        for coin in {*logged, *opened}
    ]
    return tuple(sorted(coins, key=lambda one: (-abs(one.flows.sum_usd or 0.0), one.coin)))
