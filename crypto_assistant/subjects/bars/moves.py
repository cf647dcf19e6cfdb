"""What the price of one market did over each window, beside its usual range."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

from crypto_assistant.models import Candles, Instrument, Timeframe, known
from crypto_assistant.round import Round
from crypto_assistant.subjects.bars import trend
from crypto_assistant.subjects.bars.primary import Build, candles
from crypto_assistant.subjects.bars.windows import STEP, WINDOWS, Windows, start


@dataclass(frozen=True, slots=True)
class Move:
    """`then_price`: the close of the five-minute bar that ended nearest to the window's start.

    `atr_14_price`: of closed bars as long as the window.
    """

    then_price: float | None
    change_price: float | None
    change_fraction: float | None
    atr_14_price: float | None


@dataclass(frozen=True, slots=True)
class Moves:
    """One market; prices are None where its candles did not arrive or do not reach back."""

    venue: str
    symbol: str
    tick_size: float
    last_price: float | None
    windows: Mapping[str, Move]


def question(round: Round, market: Instrument, windows: Windows = WINDOWS) -> Build[Moves]:
    """None while nothing of the market has arrived."""
    bars = max(window.ms for window in windows.values()) // STEP.ms + 3
    prices = candles(round, market, STEP, bars)
    ranges = {name: trend.indicators(round, market, window) for name, window in windows.items()}

    def build() -> Moves | None:
        closes, atrs = prices(), {name: reply() for name, reply in ranges.items()}
        if closes is None and not any(atrs.values()):
            return None
        return Moves(
            venue=market.venue,
            symbol=market.symbol,
            tick_size=market.tick,
            last_price=known(_last(closes)),
            windows={
                name: _move(closes, atrs[name], window, round.now_ms)
                for name, window in windows.items()
            },
        )

    return build


def change(candles: Candles | None, window: Timeframe, now_ms: int) -> float | None:
    """A fraction: the last price against that of the window's start."""
    return known(_last(candles) / _then(candles, window, now_ms) - 1)


def _move(
    candles: Candles | None, range_: trend.Indicators | None, window: Timeframe, now_ms: int
) -> Move:
    last, then = _last(candles), _then(candles, window, now_ms)
    return Move(
        then_price=known(then),
        change_price=known(last - then),
        change_fraction=change(candles, window, now_ms),
        atr_14_price=range_.atr_14_price if range_ else None,
    )


def _last(candles: Candles | None) -> float:
    return nan if candles is None or not len(candles) else float(candles.close[-1])


def _then(candles: Candles | None, window: Timeframe, now_ms: int) -> float:
    if candles is None:
        return nan
    ended_ms = candles.open_ms[candles.closed] + STEP.ms
    row = start(ended_ms, window, now_ms)
    return nan if row is None else float(candles.close[candles.closed][row])
