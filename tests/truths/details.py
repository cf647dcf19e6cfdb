"""What the details of /price must say, worked out from the simulated market."""

from collections.abc import Collection, Mapping

from tests.floor import VENUES
from tests.truth import Fields, Truth, price
from tests.truths.cvd import flows, there
from tests.truths.outlook import SHORT, indicators, named, now, primary, today

QUARTER = 15 * 60_000
WINDOWS = {"15m": QUARTER, "24h": 96 * QUARTER}
PERPS = {"USDT": "usdt", "USDC": "usdc", "USD": "coin_margined"}


def details(
    truth: Truth,
    coin: str,
    quote: str = "USDT",
    *,
    asked: Collection[str] = VENUES,
    failed: Mapping[str, str] | None = None,
    unknown: Collection[str] = (),
) -> Fields:
    """The whole of /price with its details where the venues in `failed` said nothing."""
    market = primary(truth, coin, quote, asked=asked, failed=failed or ())
    found = there(
        truth,
        coin,
        quote,
        segments=["spot", PERPS[quote]],
        asked=asked,
        failed=failed,
        unknown=unknown,
    )
    lately = None
    if market:
        frames = {name: indicators(market, name, SHORT) for name in ("15m", "1h")}
        lately = named(market) | {
            "now": now(market),
            "today": today(market),
            "indicators": {name: told for name, told in frames.items() if told},
        }
    return price(truth, coin, quote, asked=asked, failed=failed) | {
        "details": {"primary": lately, "takers": flows(truth, found, windows=WINDOWS)}
    }
