"""What /analysis must say: its own part worked out bar by bar, the others as their commands do."""

from collections.abc import Collection, Mapping

from tests.floor import VENUES
from tests.truth import Fields, Truth, price
from tests.truths import oi as positions
from tests.truths.cvd import flows, there
from tests.truths.oi import oi
from tests.truths.outlook import SHORT, indicators, outlook, primary
from tests.truths.volume import volume

WINDOW = "4h"
TRENDS = ("1h", "4h", "1d")
ABOUT = (
    "asked",
    "answered",
    "failed",
    "waiting",
    "unlisted",
    "simulated",
    "time_ms",
    "oldest_ms",
    "clock_ahead_seconds",
)
QUADRANTS = {"new longs": 1, "new shorts": -1}


def analysis(
    truth: Truth,
    coin: str,
    quote: str = "USDT",
    *,
    timeframe: str = "15m",
    asked: Collection[str] = VENUES,
    failed: Mapping[str, str] | None = None,
    unknown: Collection[str] = (),
    details: bool = False,
) -> Fields:
    """The whole of /analysis where the venues in `failed` said nothing."""
    market = primary(truth, coin, quote, asked=asked, failed=failed or ())
    seen = outlook(market, timeframe) if market else None
    longer = {name: indicators(market, name, SHORT) for name in TRENDS} if market else {}
    trends = {name: told for name, told in longer.items() if told} or None if details else None
    quotes = price(truth, coin, quote, asked=asked, failed=failed)
    found = there(truth, coin, quote, asked=asked, failed=failed, unknown=unknown)
    takers = flows(truth, found)
    perps = any(kind != "spot" for kind, _ in found.listed)
    held = oi(truth, coin, quote, asked=asked, failed=failed) if perps else {"venues": {}}
    moved = positions.moves(truth, market) if market else None
    interest = in_window(positions.added_up(held["venues"], moved, quote))
    bars = volume(truth, coin, quote, timeframe=timeframe, asked=asked, failed=failed)
    return {
        "coin": coin,
        "quote": quote,
        "tradfi": False,
        "timeframe": timeframe,
        "bar_open_ms": bars["bar_open_ms"],
        "price": {name: quotes[name] for name in QUOTES},
        "volume": bars["markets"],
        "takers": takers,
        "open_interest": interest,
        "primary": seen,
        "trends": trends,
        "score": score(seen, takers, interest["quadrants"][WINDOW]),
    } | {name: quotes[name] for name in ABOUT}


QUOTES = ("primary_venue", "venues", "totals", "basis", "spread")


def in_window(whole: Fields) -> Fields:
    """What /oi says of four hours."""
    moved = whole["primary"]
    return {
        "venues": {
            venue: {
                segment: market | {"changes": {WINDOW: market["changes"][WINDOW]}}
                for segment, market in markets.items()
            }
            for venue, markets in whole["venues"].items()
        },
        "totals": whole["totals"],
        "changes": {WINDOW: whole["windows"][WINDOW]},
        "moves": moved and moved | {"windows": {WINDOW: moved["windows"][WINDOW]}},
        "quadrants": {WINDOW: whole["quadrants"][WINDOW]},
    }


def score(seen: Fields | None, takers: Fields, quadrant: Fields) -> Fields:
    """Whatever is not known is left out of the sum."""
    seen = seen or {"indicators": None, "now": None, "today": None}
    told, today = seen["indicators"] or {}, seen["today"] or {}
    spot = takers["kinds"]["spot"]["sums"][WINDOW] if "spot" in takers["kinds"] else {}
    components = {
        "ema_50": against(told.get("close_price"), told.get("ema_50_price")),
        "vwap": against(told.get("close_price"), today.get("vwap_price")),
        "spot_cvd_4h": above_zero(spot.get("delta_usd")),
        "perp_cvd_4h": above_zero(takers["perps"][WINDOW]["delta_usd"]),
        "oi_quadrant_4h": {
            "sign": quadrant["name"] and QUADRANTS.get(quadrant["name"], 0),
            "input": quadrant["name"],
            "reference": None,
        },
    }
    signs = [part["sign"] for part in components.values() if part["sign"] is not None]
    return {"sum": sum(signs) if signs else None, "known": len(signs), "components": components}


def against(price: float | None, average: float | None) -> Fields:
    sign = _sign(price - average) if price is not None and average is not None else None
    return {"sign": sign, "input": price, "reference": average}


def above_zero(delta: float | None) -> Fields:
    return {"sign": None if delta is None else _sign(delta), "input": delta, "reference": None}


def _sign(difference: float) -> int:
    return 1 if difference > 0 else -1 if difference < 0 else 0
