"""The picture of an answer of /chart."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from crypto_assistant import view as v
from crypto_assistant.charts.figure import Figure, Level, Line, Pane, Prices
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Family
from crypto_assistant.subjects.chart.answer import Chart
from crypto_assistant.subjects.chart.bars import BARS, Bars
from crypto_assistant.subjects.chart.interest import InterestLines
from crypto_assistant.subjects.chart.own import Held
from crypto_assistant.subjects.chart.payments import Payments

KINDS = {Family.SPOT: "spot", Family.LINEAR: "perp", Family.INVERSE: "coin-M perp"}
FEWEST = 12
"""Bars that there is room for, however few there are."""
TAKERS = {"spot": "second", "perps": "first"}
"""By kind of market, the colour of its CVD."""
ROLES = ("first", "second", "third")


def figure(answer: Chart, view: v.View) -> Figure:
    """Of whatever has come; what has not is named by the answer's text."""
    bars, step_ms = answer.bars, answer.timeframe.ms
    known = answer.provenance
    end_ms = known.time_ms if bars is None else int(bars.candles.open_ms[-1]) + step_ms
    start_ms = end_ms - BARS * step_ms
    if bars:  # A coin that was listed an hour ago has room for its few bars.
        first_ms = int(bars.candles.open_ms[0])
        start_ms = max(start_ms, min(first_ms, end_ms - FEWEST * step_ms))
    return Figure(
        title=_title(answer, view),
        subtitle=_subtitle(answer, view),
        start_ms=start_ms,
        end_ms=end_ms,
        prices=_prices(bars, _levels(answer, bars), known.time_ms) if bars else None,
        panes=tuple(_panes(answer, view)),
        zone=view.zone,
        simulated=known.simulated,
    )


def _title(answer: Chart, view: v.View) -> str:
    symbol = Coin(answer.coin, answer.quote, answer.tradfi).symbol
    if answer.bars is None:
        return f"{symbol} {answer.timeframe}"
    market = answer.bars.candles.instrument
    kind = KINDS[market.family]
    return f"{symbol} {market.quote} {kind} · {view.venue(market.venue)} · {answer.timeframe}"


def _subtitle(answer: Chart, view: v.View) -> str:
    known = answer.provenance
    words = [view.clock(known.time_ms)]
    if known.oldest_ms is not None:
        words.append(f"{v.duration(known.time_ms - known.oldest_ms)} old")
    return " · ".join(words)


def _prices(bars: Bars, levels: Sequence[Level], now_ms: int) -> Prices:
    found, step_ms = bars.candles, bars.candles.timeframe.ms
    return Prices(
        open_ms=found.open_ms,
        step_ms=step_ms,
        open=found.open,
        high=found.high,
        low=found.low,
        close=found.close,
        volume=found.volume,
        vwap=bars.vwap,
        tick=found.instrument.tick,
        last=bars.last,
        closes_in_ms=int(found.open_ms[-1]) + step_ms - now_ms,
        levels=levels,
        vwap_name="VWAP since 00:00 UTC",
    )


def _levels(answer: Chart, bars: Bars) -> Sequence[Level]:
    """Yesterday's extremes, then the owner's entries and liquidation prices, the nearest first."""
    day = bars.yesterday
    named = {"high": day.high_price, "low": day.low_price} if day else {}
    past = [Level(f"yesterday's {name}", price) for name, price in named.items() if price]
    own = [level for held in answer.held for level in _own(answer.coin, held)]
    own.sort(key=lambda level: (level.role == "liquidation", _away(level, bars)))
    return *past, *own


def _away(level: Level, bars: Bars) -> float:
    last = float(bars.candles.close[-1]) if bars.last is None else bars.last
    return abs(level.price / last - 1)


def _own(coin: str, held: Held) -> Iterator[Level]:
    side = "L" if held.coins > 0 else "S"
    size = f"{side} {v.scaled(abs(held.coins))} {coin}"
    if held.entry_price is not None:
        price = v.short_price(held.entry_price, None)
        yield Level(f"{size} @ {price}", held.entry_price, held.side)
    if held.liquidation_price is not None:
        price = v.short_price(held.liquidation_price, None)
        yield Level(f"{side} liq {price}", held.liquidation_price, "liquidation")


def _panes(answer: Chart, view: v.View) -> Iterator[Pane]:
    for name in answer.panes:
        if name == "cvd" and answer.cvd:
            yield _cvd(answer, view)
        elif name == "oi" and answer.interest:
            yield _interest(answer, answer.interest, view)
        elif name == "oi_venues" and answer.interest:
            yield _by_venue(answer.interest, view)
        elif name == "funding" and answer.funding:
            yield _funding(answer.funding, view)


def _cvd(answer: Chart, view: v.View) -> Pane:
    shorts = {name: _shorts(cvd.venues, view) for name, cvd in answer.cvd.items()}
    alike = len({*map(tuple, shorts.values())}) == 1
    lines = [
        Line(
            " ".join([name, v.flow(float(cvd.usd[-1])), *([] if alike else shorts[name])]),
            cvd.time_ms,
            cvd.usd,
            TAKERS[name],
        )
        for name, cvd in answer.cvd.items()
    ]
    over = next(iter(shorts.values())) if alike else []
    return Pane(" ".join([f"CVD {BARS} bars", *over]), lines, from_zero=True)


def _shorts(venues: Mapping[str, Sequence[str]], view: v.View) -> list[str]:
    there = {venue for kind in venues.values() for venue in kind}
    return [view.short(venue) for venue in view.titles if venue in there]


def _interest(answer: Chart, found: InterestLines, view: v.View) -> Pane:
    total = found.total
    now = (
        v.money(float(total[-1])) if found.in_usd else f"{v.scaled(float(total[-1]))} {answer.coin}"
    )
    line = Line(now, found.time_ms, total, "third")
    kinds = "coin-M" if found.in_usd else "without coin-M"
    return Pane(" ".join([f"OI {kinds}", *_shorts({"": [*found.venues]}, view)]), [line])


def _by_venue(found: InterestLines, view: v.View) -> Pane:
    """One upon the other, the lowest first."""
    lines = [
        Line(
            f"{view.short(venue)} {v.scaled(float(found.venues[venue][-1]))}",
            found.time_ms,
            found.venues[venue],
            ROLES[number % len(ROLES)],
            "area",
        )
        for number, venue in enumerate(one for one in view.titles if one in found.venues)
    ]
    unit = "USD, coin-M" if found.in_usd else "coins, without coin-M"
    return Pane(f"OI {unit}", lines)


def _funding(found: Payments, view: v.View) -> Pane:
    """What is paid at a time was earned up to it: a step stands on the hours before."""
    paid, running = found.paid, found.running
    market = paid.instrument if paid else running.instrument if running else None
    times = [*(paid.time_ms.tolist() if paid else ())]
    rates = [*(paid.rate.tolist() if paid else ())]
    last = v.rate(rates[-1]) if rates else v.NOTHING
    name = f"paid {last}"
    hollow_from_ms = None
    if running and running.rate is not None and times and running.next_ms:
        times, rates = [*times, running.next_ms], [*rates, running.rate]
        hollow_from_ms = times[-2]
        name += f" · runs {v.rate(running.rate)}"
    # Each step from the payment before to its own; of the first one nobody knows when it began.
    line = Line(
        name,
        np.array(times[:-1], np.int64),
        np.array(rates[1:], float),
        "first",
        "steps",
        hollow_from_ms,
    )
    venue = view.venue(market.venue) if market else ""
    return Pane(f"Funding % {venue}", [line], percent=True, from_zero=True)
