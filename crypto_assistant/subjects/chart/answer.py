"""What /chart asks, and what it found: columns that a picture is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Progress, coin_round
from crypto_assistant.models import Provenance, Timeframe
from crypto_assistant.subjects.bars.primary import Primary, settle
from crypto_assistant.subjects.chart import bars, interest, own, payments, takers
from crypto_assistant.subjects.chart.bars import BARS, Bars
from crypto_assistant.subjects.chart.interest import InterestLines
from crypto_assistant.subjects.chart.own import Held
from crypto_assistant.subjects.chart.payments import Payments
from crypto_assistant.subjects.chart.takers import Cvd

PANES: Mapping[str, tuple[str, ...]] = {
    "cvd": ("cvd", "oi"),
    "oi": ("oi_venues", "funding"),
    "funding": ("funding", "cvd"),
    "volume": ("cvd",),
}
"""What stands below the candles, by the word asked for."""


@dataclass(frozen=True, slots=True)
class Chart:
    """`bars`: None where no venue told any. Of what was not asked for nothing is there."""

    coin: str
    quote: str
    tradfi: bool
    timeframe: Timeframe
    panes: tuple[str, ...]
    bars: Bars | None
    cvd: Mapping[str, Cvd]
    interest: InterestLines | None
    funding: Payments | None
    held: tuple[Held, ...]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Chart]) -> Chart:
    round = await coin_round(args, desk)
    coin, timeframe = round.coin, args.timeframe or Timeframe.M15
    panes = PANES[args.choices[0]]
    primary = Primary(round, round.primaries(), bars.asking(round, timeframe))
    perps = [market for market in round.primaries() if market.family is coin.perps]
    perps = perps if "funding" in panes else []
    cvd = takers.question(round, timeframe) if "cvd" in panes else dict
    funding = Primary(round, perps, lambda market: payments.asking(round, market))
    held = interest.question(round, timeframe, BARS) if {"oi", "oi_venues"} & {*panes} else None
    owned = own.question(round) if args.private and desk.accounts else tuple

    def build() -> Chart:
        return Chart(
            coin=coin.name,
            quote=coin.quote,
            tradfi=coin.tradfi,
            timeframe=timeframe,
            panes=panes,
            bars=primary(),
            cvd=cvd(),
            interest=held() if held else None,
            funding=funding(),
            held=owned(),
            provenance=round.provenance(),
        )

    await settle(round, [primary, funding], lambda: None, spare=desk.timing.attempt)
    return build()
