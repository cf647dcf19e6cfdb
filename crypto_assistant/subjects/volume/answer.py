"""What /volume asks, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Progress, coin_round
from crypto_assistant.listings import segments
from crypto_assistant.models import Provenance, Timeframe
from crypto_assistant.subjects.bars.baselines import closed_ms
from crypto_assistant.subjects.volume import volumes
from crypto_assistant.subjects.volume.volumes import Volumes


@dataclass(frozen=True, slots=True)
class Volume:
    """`markets`: by kind (`usdt`, `usdc`, `coin_margined`, `spot`), spot where asked for."""

    coin: str
    quote: str
    tradfi: bool
    timeframe: Timeframe
    bar_open_ms: int
    markets: Mapping[str, Volumes]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Volume]) -> Volume:
    round = await coin_round(args, desk)
    coin = round.coin
    timeframe = args.timeframe or Timeframe.M15
    wanted = [volumes.segment(round)]
    if args.details and wanted[0].name != "spot":
        wanted.append(segments.spot(coin))
    reads = {kind.name: volumes.question(round, kind, timeframe) for kind in wanted}
    round.name_absent(wanted)

    def build() -> Volume:
        return Volume(
            coin=coin.name,
            quote=coin.quote,
            tradfi=coin.tradfi,
            timeframe=timeframe,
            bar_open_ms=closed_ms(timeframe, round.past_ms),
            markets={kind: read() for kind, read in reads.items()},
            provenance=round.provenance(),
        )

    await round.settle(lambda: progress(build()))
    return build()
