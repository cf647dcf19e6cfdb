"""What only makes sense on one market: asked of the primary one, of the next where that fails."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from crypto_assistant.errors import Unreachable
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.models import Candles, Dated, Instrument, Timeframe
from crypto_assistant.round import Round

SPARE = 2
"""Bars that may begin between the question and its answer, or because clocks differ."""
PATIENCE_MS = 60_000
"""How late a bar may begin at its venue."""

R = TypeVar("R")
T = TypeVar("T", bound=Dated)

Build = Callable[[], R | None]
"""What has arrived of one market; None where nothing has."""


class Primary(Generic[R]):
    """A reading of the first of `markets` that answers."""

    def __init__(
        self, round: Round, markets: Sequence[Instrument], ask: Callable[[Instrument], Build[R]]
    ) -> None:
        self._round = round
        self._left = list(markets)
        self._ask = ask
        self._build: Build[R] = lambda: None
        self._settled: R | None = None
        self.ask_next()

    def __call__(self) -> R | None:
        return self._build() if self._settled is None else self._settled

    @property
    def has_next(self) -> bool:
        """Whether there is a market that was not asked yet."""
        return bool(self._left)

    def ask_next(self) -> bool:
        """Notes the questions to the next market where the last one, settled, said nothing."""
        self._settled = self._build()
        if self._settled is not None or not self._left:
            return False
        self._build = self._ask(self._left.pop(0))
        return True

    async def settle(
        self, report: Callable[[], None], *, spare: float, patience: float | None = None
    ) -> None:
        """Settles the round, see `settle`."""
        await settle(self._round, [self], report, spare=spare, patience=patience)


async def settle(
    round: Round,
    readings: Sequence[Primary[Any]],
    report: Callable[[], None],
    *,
    spare: float,
    patience: float | None = None,
) -> None:
    """Settles the round; has the next market asked of readings whose last one said nothing.

    `spare`: seconds kept for each next one. `patience`: for questions of many requests.
    """
    asked = len(readings)
    while asked:
        kept = spare if any(one.has_next for one in readings) else 0.0
        await round.settle(report, spare=kept, patience=patience)
        asked = sum(one.ask_next() for one in readings)


def question(
    round: Round,
    market: Instrument,
    part: str,
    ask: Callable[[Exchange], Awaitable[T]],
    *,
    past: bool = False,
) -> Callable[[], T | None]:
    """One question about one market to its venue."""
    answers = round.ask(part, ask, [market.venue], past=past)
    return lambda: answers.get(market.venue)


def candles(
    round: Round, market: Instrument, timeframe: Timeframe, bars: int, part: str = ""
) -> Callable[[], Candles | None]:
    """The newest `bars` and SPARE more, the one that is forming included, back to a gap."""

    async def newest(exchange: Exchange) -> Candles:
        found = await exchange.candles(market, timeframe, bars + SPARE)
        return _current(found, round.desk.there_ms(exchange.name, found.received_ms)).tail

    return question(round, market, part or f"{timeframe} candles", newest)


def _current(bars: Candles, came_ms: int) -> Candles:
    """Raises Unreachable where they end so long before they came that they say nothing of now."""
    if not len(bars):
        return bars
    late_ms = came_ms - int(bars.open_ms[-1])
    if late_ms > 2 * bars.timeframe.ms + PATIENCE_MS:
        end = datetime.fromtimestamp(int(bars.open_ms[-1]) / 1000, UTC)
        raise Unreachable(f"candles of {bars.timeframe} end at {end:%d %b %H:%M} UTC")
    return bars
