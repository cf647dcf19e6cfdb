"""What /chart asks, and what it found: columns that a picture is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Progress, coin_round
from crypto_assistant.models import Funding, Provenance, Timeframe
from crypto_assistant.subjects.bars.primary import Primary
from crypto_assistant.subjects.chart import bars, interest, own, takers
from crypto_assistant.subjects.chart.bars import BARS, Bars
from crypto_assistant.subjects.chart.interest import InterestLines
from crypto_assistant.subjects.chart.own import Held
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
    funding: Funding | None
    held: tuple[Held, ...]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Chart]) -> Chart:
    round = await coin_round(args, desk)
    coin, timeframe = round.coin, args.timeframe or Timeframe.M15
    panes = PANES[args.choices[0]]
    primary = Primary(round, round.primaries(), bars.asking(round, timeframe))
    cvd = takers.question(round, timeframe) if "cvd" in panes else dict
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
            funding=None,
            held=owned(),
            provenance=round.provenance(),
        )

    await primary.settle(lambda: None, spare=desk.timing.attempt)
    return build()
