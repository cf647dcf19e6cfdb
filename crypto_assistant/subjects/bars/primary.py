"""What only makes sense on one market: asked of the primary one, of the next where that fails."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from crypto_assistant.desk import Dated, Wave
from crypto_assistant.errors import Unreachable
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.models import Candles, Instrument, Timeframe

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
        self, wave: Wave, markets: Sequence[Instrument], ask: Callable[[Instrument], Build[R]]
    ) -> None:
        self._wave = wave
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

    async def settle(self, report: Callable[[], None], *, spare: float) -> None:
        """Settles the wave, see `settle`."""
        await settle(self._wave, [self], report, spare=spare)


async def settle(
    wave: Wave, readings: Sequence[Primary[Any]], report: Callable[[], None], *, spare: float
) -> None:
    """Settles the wave; has the next market asked of readings whose last one said nothing.

    `spare`: seconds kept for each next one.
    """
    asked = len(readings)
    while asked:
        await wave.settle(report, spare=spare if any(one.has_next for one in readings) else 0.0)
        asked = sum(one.ask_next() for one in readings)


def ask(
    wave: Wave,
    market: Instrument,
    part: str,
    question: Callable[[Exchange], Awaitable[T]],
) -> Callable[[], T | None]:
    """One question about one market to its venue."""
    answers = wave.ask(part, question, [market.venue])
    return lambda: answers.get(market.venue)


def ask_candles(
    wave: Wave, market: Instrument, timeframe: Timeframe, bars: int, part: str = ""
) -> Callable[[], Candles | None]:
    """The newest `bars` and SPARE more, the one that is forming included, back to a gap."""

    async def question(exchange: Exchange) -> Candles:
        return _current(await exchange.candles(market, timeframe, bars + SPARE)).tail

    return ask(wave, market, part or f"{timeframe} candles", question)


def _current(candles: Candles) -> Candles:
    """Raises Unreachable where they end so long ago that they say nothing of now."""
    if not len(candles):
        return candles
    late_ms = candles.received_ms - int(candles.open_ms[-1])
    if late_ms > 2 * candles.timeframe.ms + PATIENCE_MS:
        end = datetime.fromtimestamp(int(candles.open_ms[-1]) / 1000, UTC)
        raise Unreachable(f"candles of {candles.timeframe} end at {end:%d %b %H:%M} UTC")
    return candles
