"""Takers' volumes in both units, by the average price of each bar of the same market."""

from dataclasses import replace

import numpy as np

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges.payload import price
from crypto_assistant.models import Candles, Family, Floats, TakerVolumes

TOLERANCE = 0.10
"""The statistics of a coin count all its pairs, the candles only one."""


def within(takers: TakerVolumes, first_ms: int, end_ms: int) -> TakerVolumes:
    """The bars that open from `first_ms` on and before `end_ms`."""
    kept = (takers.open_ms >= first_ms) & (takers.open_ms < end_ms)
    return replace(
        takers,
        open_ms=takers.open_ms[kept],
        bought=takers.bought[kept],
        sold=takers.sold[kept],
        bought_turnover=takers.bought_turnover[kept],
        sold_turnover=takers.sold_turnover[kept],
        closed=takers.closed[kept],
    )


def priced(takers: TakerVolumes, bars: Candles) -> TakerVolumes:
    """The same with the unit that the venue does not tell; NaN where it sent no candle.

    As old as before: the candles have closed and never change, however long they were kept.
    """
    average = _average(takers, bars)
    bought, sold = takers.bought, takers.sold
    bought_turnover, sold_turnover = takers.bought_turnover, takers.sold_turnover
    if takers.instrument.family is Family.INVERSE:
        bought, sold = (_times(part, 1 / average) for part in (bought_turnover, sold_turnover))
    else:
        bought_turnover, sold_turnover = (_times(part, average) for part in (bought, sold))
    return replace(
        takers,
        bought=bought,
        sold=sold,
        bought_turnover=bought_turnover,
        sold_turnover=sold_turnover,
        since_ms=int(takers.open_ms[0]),
    )


def in_coins(takers: TakerVolumes, bars: Candles) -> TakerVolumes:
    """The same where they agree with the candles' coins; the unit is not documented."""
    counted, taken = _at(takers, bars, bars.volume), takers.bought + takers.sold
    both = ~np.isnan(counted + taken)
    if not counted[both].any():
        raise Unsupported("sent no candles to check its spot statistics with")
    off = abs(taken[both].sum() / counted[both].sum() - 1)
    if off > TOLERANCE:
        raise Unsupported(f"its spot statistics differ by {100 * off:.0f} % from its candles")
    return takers


def _average(takers: TakerVolumes, bars: Candles) -> Floats:
    """The price at which one coin changed hands on average, in each of the takers' bars."""
    none = np.full(len(bars), np.nan)
    average = np.divide(bars.turnover, bars.volume, out=none, where=bars.volume > 0)
    return price(_at(takers, bars, average))


def _at(takers: TakerVolumes, bars: Candles, column: Floats) -> Floats:
    """A column of candles aligned with the takers' bars, NaN where there is no candle."""
    aligned = np.full(len(takers), np.nan)
    _, here, there = np.intersect1d(takers.open_ms, bars.open_ms, return_indices=True)
    aligned[here] = column[there]
    return aligned


def _times(amount: Floats, factor: Floats) -> Floats:
    """Nothing is worth nothing at any price, known or not."""
    return np.where(amount == 0, 0.0, amount * factor)
