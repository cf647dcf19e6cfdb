"""What /volscan must say, worked out from the simulated market's minutes in plain loops."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from crypto_assistant.sandbox.catalog import Market
from tests.clock import NOW
from tests.floor import VENUES, world
from tests.truth import MONEY, Fields, Truth, known_by
from tests.truths.volume import LEVELS, MINUTES, bought_share, traded

LEAST: Final = 5e6
LEAST_BAR: Final = 250_000


@dataclass(frozen=True)
class Coin:
    """The market that is scanned, and the turnover of all that are the same coin."""

    name: str
    market: Market
    turnover: float
    others: list[Market]


def universe(truth: Truth, venues: Collection[str]) -> list[Coin]:
    """Every coin with USDT perps on these venues, the most traded one first."""
    names: dict[str, list[Market]] = {}
    for market in truth.markets:
        perp = market.kind == "linear" and market.quote == "USDT" and market.category == "crypto"
        if perp and market.venue in venues and truth.ticker(market) not in MONEY:
            names.setdefault(truth.ticker(market), []).append(market)
    coins = []
    for name, perps in names.items():
        if same := [perp for perp in perps if truth.is_its_coin(perp, venues)]:
            first, *others = sorted(same, key=truth.turnover, reverse=True)
            coins.append(Coin(name, first, sum(map(truth.turnover, same)), others))
    return sorted(coins, key=lambda coin: -coin.turnover)


def spike(coin: Coin, timeframe: str) -> Fields | None:
    """The coin's row; None where it has no baseline."""
    market, step = coin.market, MINUTES[timeframe] * 60_000
    at = NOW // step * step - step
    bars = traded(market, [at + n * step for n in range(-96, 2)])
    before = [bar.coins for time, bar in bars.items() if time < at]
    if len(before) < 20 or not median(before):
        return None
    found = bars[at].coins / median(before) - 1
    whole = world().bars(market, [at, at + step], NOW)
    return {
        "coin": coin.name,
        "venue": market.venue,
        "symbol": market.symbol,
        "turnover_24h_usd": coin.turnover,
        "volume_coins": bars[at].coins,
        "turnover_usd": bars[at].usd,
        "change_fraction": float(whole.close[0] / whole.open[0]) - 1,
        "spike_fraction": found,
        "level": next((name for least, name in LEVELS if found >= least), ""),
        "buy_fraction": bought_share(market, timeframe, at),
    }


def scan(
    truth: Truth,
    percent: float = 200,
    timeframe: str = "15m",
    most: int | None = None,
    *,
    failed: Mapping[str, str] | None = None,
    unknown: Collection[str] = (),
) -> Fields:
    """The whole of /volscan where the venues in `failed` said nothing.

    The lists of the `unknown` ones never came.
    """
    every = universe(truth, [venue for venue in VENUES if venue not in unknown])
    thick = [coin for coin in every if coin.turnover >= LEAST][:most]
    told = [
        replace(coin, market=there[0])
        for coin in thick
        if (there := [m for m in (coin.market, *coin.others) if m.venue not in (failed or {})])
    ]
    rows = [row for coin in told if (row := spike(coin, timeframe))]
    rows.sort(key=lambda row: -row["spike_fraction"])
    large = [row for row in rows if row["turnover_usd"] >= LEAST_BAR]
    above = [row for row in large if row["spike_fraction"] >= percent / 100]
    standing_out = sum(row["spike_fraction"] >= percent / 100 for row in rows)
    step = MINUTES[timeframe] * 60_000
    asked = {coin.market.venue for coin in thick} | set(unknown)
    return (
        {
            "timeframe": timeframe,
            "threshold_fraction": percent / 100,
            "least_turnover_24h_usd": LEAST,
            "least_bar_usd": LEAST_BAR,
            "bar_open_ms": NOW // step * step - step,
            "valid_until_ms": NOW // step * step + step,
            "coins": len(thick),
            "coins_by_venue": {
                venue: sum(coin.market.venue == venue for coin in thick) for venue in VENUES
            },
            "coins_scanned": len(rows),
            "coins_without_baseline": len(told) - len(rows),
            "coins_failed": len(thick) - len(told),
            "coins_below_turnover": sum(coin.turnover < LEAST for coin in every),
            "coins_above_threshold": len(above),
            "coins_with_small_bars": standing_out - len(above),
            "rows": above[:10],
            "highest": large[0] if large else None,
            "held_until_ms": {},
            "lately": None,
        }
        | known_by(
            [venue for venue in VENUES if venue in asked],
            {venue: why for venue, why in (failed or {}).items() if venue in asked},
        )
        | {"oldest_ms": None}
    )
