"""Takers against the price: divergence, absorption, and whether spot or the perps lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crypto_assistant.calculators import cvd
from crypto_assistant.models import Candles, Floats, Instrument, Timeframe, known
from crypto_assistant.round import Round
from crypto_assistant.subjects.bars import primary, trend
from crypto_assistant.subjects.bars.primary import Build
from crypto_assistant.subjects.bars.trend import Indicators
from crypto_assistant.subjects.bars.windows import STEP, WINDOWS
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.cvd.flows import NEWEST, BarDeltas, Flows

HOUR = "1h"
SPARE = 4
"""Candles: the closes on both sides of each bar, the one that is forming, one of a late end."""
BARS = NEWEST + SPARE
CHANGES = ("1h", "4h", "24h")
ROWS = WINDOWS["24h"].ms // STEP.ms + SPARE
NONE = "none"
DIVERGENCE = {1.0: "bullish", -1.0: "bearish", 0.0: NONE}


@dataclass(frozen=True, slots=True)
class TakerSignals:
    """Over the hour that ends with the windows, the divergence over the newest 20 bars.

    `price_changes_fraction`: over each of the windows of takers. The price is that of the primary
    market. "none": looked for and not found; None: not known.
    """

    primary_venue: str | None
    primary_symbol: str | None
    price_change_1h_fraction: float | None
    price_changes_fraction: Mapping[str, float | None]
    atr_14_1h_fraction: float | None
    led_by: str | None
    absorption: bool | None
    divergence: str | None


class Prices(NamedTuple):
    """What has arrived of the primary market."""

    market: Instrument
    rows: Candles | None
    bars: Candles | None
    hours: Indicators | None


def question(round: Round, market: Instrument, timeframe: Timeframe) -> Build[Prices]:
    """Closes around the windows and of the newest bars, and the average range of an hour."""
    rows = primary.candles(round, market, STEP, ROWS)
    bars = rows if timeframe is STEP else _bars(round, market, timeframe)
    hours = trend.indicators(round, market, WINDOWS[HOUR])

    def build() -> Prices | None:
        prices = Prices(market, rows(), bars(), hours())
        return prices if any(part is not None for part in prices[1:]) else None

    return build


def signals(flows: Flows, prices: Prices | None) -> TakerSignals:
    """`flows`: with the window of an hour, and bars of the timeframe of `prices`."""
    spot = _share(flows.kinds["spot"].sums if "spot" in flows.kinds else {})
    perps = _share(flows.perps)
    rows = prices.rows if prices else None
    changes = {window: _change(rows, window, flows.end_ms) for window in CHANGES}
    change = changes[HOUR]
    atr = prices.hours.atr_14_fraction if prices and prices.hours else None
    return TakerSignals(
        primary_venue=prices.market.venue if prices else None,
        primary_symbol=prices.market.symbol if prices else None,
        price_change_1h_fraction=change,
        price_changes_fraction=changes,
        atr_14_1h_fraction=atr,
        led_by=None if spot is None or perps is None else cvd.leads(spot, perps) or NONE,
        absorption=None
        if perps is None or change is None or atr is None
        else cvd.absorbs(perps, change, atr),
        divergence=_divergence(flows.bars, prices.bars if prices else None),
    )


def _bars(round: Round, market: Instrument, timeframe: Timeframe) -> Build[Candles]:
    # Those of an hour are asked for anyway, for the average range: the same question goes out once.
    bars = trend.BARS + 1 if timeframe is WINDOWS[HOUR] else BARS
    return primary.candles(round, market, timeframe, bars)


def _share(sums: Mapping[str, Sum]) -> float | None:
    return sums[HOUR].delta_volume_fraction if HOUR in sums else None


def _change(candles: Candles | None, window: str, end_ms: int) -> float | None:
    """From the close at the window's start to the close at its end."""
    if candles is None:
        return None
    closes = _closes(candles, end_ms, WINDOWS[window].ms // STEP.ms + 1)
    return None if closes is None else known(closes[-1] / closes[0] - 1)


def _divergence(bars: BarDeltas | None, candles: Candles | None) -> str | None:
    if bars is None or candles is None:
        return None
    closes = _closes(candles, bars.end_ms, NEWEST + 1)
    if closes is None:
        return None
    return DIVERGENCE.get(cvd.divergence(closes, np.array(bars.perps_delta_usd), NEWEST))


def _closes(candles: Candles, end_ms: int, count: int) -> Floats | None:
    """The closes of the last `count` candles before the end; None where one is missing."""
    first_ms = end_ms - count * candles.timeframe.ms
    rows = (candles.open_ms >= first_ms) & (candles.open_ms < end_ms) & candles.closed
    return candles.close[rows] if np.count_nonzero(rows) == count else None
