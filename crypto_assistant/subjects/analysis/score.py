"""Five signs of where price, takers and open interest point, added up."""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto_assistant.subjects.bars.technicals import Technicals
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.cvd.flows import Flows
from crypto_assistant.subjects.open_interest.totals import Quadrant

WINDOW = "4h"
QUADRANTS = {"new longs": 1, "new shorts": -1, "shorts out": 0, "longs out": 0, "small": 0}
"""Positions that are opened point somewhere; those that are closed do not."""


@dataclass(frozen=True, slots=True)
class Component:
    """`sign`: -1, 0 or +1; None where something that it takes is not known.

    `input` against `reference`: a price against an average; for takers a delta in USD against 0.
    """

    sign: int | None
    input: float | str | None
    reference: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """`sum` of the signs that are known, `known` of them; None where none is."""

    sum: int | None
    known: int
    components: Mapping[str, Component]


def score(outlook: Technicals | None, flows: Flows, quadrant: Quadrant | None) -> Score:
    indicators = outlook.indicators if outlook else None
    today = outlook.today if outlook else None
    spot = flows.kinds["spot"].sums if "spot" in flows.kinds else {}
    components = {
        "ema_50": _against(
            indicators.close_price if indicators else None,
            indicators.ema_50_price if indicators else None,
        ),
        "vwap": _against(
            indicators.close_price if indicators else None, today.vwap_price if today else None
        ),
        "spot_cvd_4h": _takers(spot.get(WINDOW)),
        "perp_cvd_4h": _takers(flows.perps.get(WINDOW)),
        "oi_quadrant_4h": _positions(quadrant.name if quadrant else None),
    }
    signs = [part.sign for part in components.values() if part.sign is not None]
    return Score(sum(signs) if signs else None, len(signs), components)


def _against(price: float | None, average: float | None) -> Component:
    sign = None if price is None or average is None else (price > average) - (price < average)
    return Component(sign, price, average)


def _takers(flows: Sum | None) -> Component:
    delta = flows.delta_usd if flows else None
    return Component(None if delta is None else (delta > 0) - (delta < 0), delta)


def _positions(quadrant: str | None) -> Component:
    return Component(None if quadrant is None else QUADRANTS[quadrant], quadrant)
