"""What /cvd asks, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Progress, coin_round
from crypto_assistant.listings import segments
from crypto_assistant.models import Provenance, Timeframe
from crypto_assistant.subjects.bars.primary import Primary
from crypto_assistant.subjects.cvd import flows, taker_signals
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.cvd.flows import BarDeltas, KindFlows
from crypto_assistant.subjects.cvd.taker_signals import TakerSignals

WINDOWS = ("1h", "4h", "24h")


@dataclass(frozen=True, slots=True)
class Cvd:
    """`kinds`, `linear`, `perps`, `bars`: as in flows.Flows; `since`: "spot", "perps"."""

    coin: str
    quote: str
    tradfi: bool
    end_ms: int
    kinds: Mapping[str, KindFlows]
    linear: Mapping[str, Sum]
    perps: Mapping[str, Sum]
    since: Mapping[str, Sum]
    bars: BarDeltas | None
    reading: TakerSignals
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Cvd]) -> Cvd:
    round = await coin_round(args, desk)
    coin, timeframe = round.coin, args.timeframe or Timeframe.H1
    takers = flows.question(
        round,
        segments.every(coin),
        windows=WINDOWS,
        timeframe=timeframe,
        interest=True,
    )
    round.name_absent(segments.every(coin))
    prices = Primary(
        round,
        round.primaries(),
        lambda market: taker_signals.question(round, market, timeframe),
    )

    def build() -> Cvd:
        found = takers()
        return Cvd(
            coin=coin.name,
            quote=coin.quote,
            tradfi=coin.tradfi,
            end_ms=found.end_ms,
            kinds=found.kinds,
            linear=found.linear,
            perps=found.perps,
            since=flows.sums_since(found.kinds),
            bars=found.bars,
            reading=taker_signals.signals(found, prices()),
            provenance=round.provenance(),
        )

    await prices.settle(lambda: progress(build()), spare=desk.timing.attempt)
    return build()
