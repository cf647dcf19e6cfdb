"""What /watch asks of each coin, and what it found."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import Args, Progress
from crypto_assistant.listings import segments
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Instrument, Provenance, Timeframe
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.bars import moves
from crypto_assistant.subjects.bars.primary import Build, Primary, candles, question
from crypto_assistant.subjects.bars.windows import STEP
from crypto_assistant.subjects.open_interest import perps, totals
from crypto_assistant.subjects.open_interest.totals import Key
from crypto_assistant.subjects.watch.chosen import chosen

HOUR = {"1h": Timeframe.H1}
MOST_REASONS = 3
"""Of a venue, why it lacks some of the coins."""


@dataclass(frozen=True, slots=True)
class Row:
    """A coin: price and changes of its primary market, and /oi's change and funding.

    `uncompared_perps`: those that are not in the change of open interest.
    """

    coin: str
    tick_size: float | None
    primary_venue: str | None
    last_price: float | None
    change_1h_fraction: float | None
    change_24h_fraction: float | None
    oi_change_1h_fraction: float | None
    funding_8h_fraction: float | None
    uncompared_perps: Sequence[Key]


@dataclass(frozen=True, slots=True)
class Board:
    """`kept`: whether it is the user's own list. `unknown`: of it, what nobody lists any more."""

    rows: tuple[Row, ...]
    kept: bool
    unknown: tuple[str, ...]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Board]) -> Board:
    listings = await desk.listings()
    symbols, kept = await chosen(args, desk, listings)
    coins, unknown = list[Coin](), list[str]()
    for symbol in symbols:
        try:
            coins.append(listings.find(symbol))
        except UsageError:
            unknown.append(symbol)
    exchanges = desk.named(args.venue)
    lines = Lines(desk, [CoinRound(desk, listings, exchanges, coin) for coin in coins])

    def build() -> Board:
        return Board(lines.rows(), kept, tuple(unknown), lines.provenance())

    await lines.settle(lambda: progress(build()))
    return build()


class Lines:
    """A question about each of several coins."""

    def __init__(self, desk: Desk, rounds: Sequence[CoinRound]) -> None:
        self._desk = desk
        self._lines = [_Line(round) for round in rounds]

    def rows(self) -> tuple[Row, ...]:
        return tuple(line.row() for line in self._lines)

    async def settle(self, report: Callable[[], None]) -> None:
        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                group.create_task(line.settle(report))

    def provenance(self) -> Provenance:
        """What all of it rests on; of a venue that failed, of which coins."""
        if not self._lines:
            return Provenance(simulated=self._desk.simulated, time_ms=self._desk.clock_ms())
        parts = {line.round.coin.name: line.round.provenance() for line in self._lines}
        first, every = next(iter(parts.values())), parts.values()
        return replace(
            first,
            answered=tuple(v for v in first.asked if any(v in part.answered for part in every)),
            failed={v: why for v in first.asked if (why := "; ".join(_why(v, parts)))},
            waiting=tuple(v for v in first.asked if any(v in part.waiting for part in every)),
            unlisted=tuple(v for v in first.asked if all(v in part.unlisted for part in every)),
            oldest_ms=min((p.oldest_ms for p in every if p.oldest_ms is not None), default=None),
        )


@dataclass(frozen=True, slots=True)
class _Lately:
    market: Instrument
    last: float | None
    change_1h: float | None
    change_24h: float | None


class _Line:
    """The questions about one coin."""

    def __init__(self, round: CoinRound) -> None:
        self.round = round
        self._held = perps.question(round, segments.perps(round.coin), HOUR)
        self._primary = Primary(round, round.primaries(), self._lately)

    async def settle(self, report: Callable[[], None]) -> None:
        timing = self.round.desk.timing
        patience = timing.scan - timing.attempt
        await self._primary.settle(report, spare=timing.attempt, patience=patience)

    def row(self) -> Row:
        coin, held, lately = self.round.coin, self._held(), self._primary()
        change = totals.changes(held, HOUR)["1h"]
        inverse = coin.quote == "USD"
        over = change.inverse_venues if inverse else change.linear_venues
        return Row(
            coin=coin.symbol,
            tick_size=lately.market.tick if lately else None,
            primary_venue=lately.market.venue if lately else None,
            last_price=lately.last if lately else None,
            change_1h_fraction=lately.change_1h if lately else None,
            change_24h_fraction=lately.change_24h if lately else None,
            oi_change_1h_fraction=(
                change.change_inverse_fraction if inverse else change.change_linear_fraction
            ),
            funding_8h_fraction=totals.totals(held).funding_8h_fraction,
            uncompared_perps=totals.lacking_perps(over, held, coin.perps),
        )

    def _lately(self, market: Instrument) -> Build[_Lately]:
        bars = candles(self.round, market, STEP, Timeframe.H1.ms // STEP.ms + 3)
        ticker = question(self.round, market, "price", lambda exchange: exchange.ticker(market))

        def build() -> _Lately | None:
            now, hour = ticker(), moves.change(bars(), Timeframe.H1, self.round.now_ms)
            if now is None and hour is None:
                return None
            return _Lately(
                market,
                now.last if now else None,
                hour,
                now.change_24h if now else None,
            )

        return build


def _why(venue: str, parts: Mapping[str, Provenance]) -> Iterator[str]:
    """Each reason once, with the coins that it concerns where those are not all."""
    reasons: dict[str, list[str]] = {}
    for coin, part in parts.items():
        if venue in part.failed:
            reasons.setdefault(part.failed[venue], []).append(coin)
    for why, lacking in [*reasons.items()][:MOST_REASONS]:
        yield why if len(lacking) == len(parts) else f"{' '.join(lacking)}: {why}"
    if len(reasons) > MOST_REASONS:
        yield f"and {len(reasons) - MOST_REASONS} more"
