"""/volume: the last closed bar of a coin on every venue against what is usual, and the next one."""

from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.calculators.volume import SD_PER_MAD
from crypto_assistant.grammar import Args, Command, Parameters
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Timeframe
from crypto_assistant.subjects.bars.baselines import BARS, DAYS, FEWEST
from crypto_assistant.subjects.keyboard import keyboard
from crypto_assistant.subjects.volume.answer import Volume, run
from crypto_assistant.subjects.volume.compact import compact, title
from crypto_assistant.subjects.volume.details import details

EXPLAINS = f"""\
The last closed bar of the timeframe on each venue, in plain coins and USD (as the venue sends them;
USDT and USDC count as dollars): the last bar that has closed by the clocks of all venues asked; a
venue that does not have it yet shows n/a.

RVOL, relative volume, 1 where it is as usual, always with what it is measured against:
- RVOL 7d = its volume / the median of the bars at the same time of day (UTC) on the {DAYS} days
before.
- RVOL {BARS}, where one of the seven is missing or their median is 0: / the median of the {BARS}
closed bars before it, or as many as there are, whose number is printed; below {FEWEST}: n/a.
- all: the volumes of each of those times summed over the venues that have the bar and all seven
days, then the median; where no venue has all seven, over those that have {FEWEST} of the {BARS}
bars, at the times that all of them have. Who is in the sum is named where it is not everybody.

Now: the bar that is forming, and how much of it has passed. pace = volume so far / elapsed
share of the bar, from 10 % on; its RVOL is the pace against the same kind of baseline (the bars of
the same time on 7 days, or the {BARS} closed bars before it).

buy: what takers bought of the volume; all: over the venues that tell it.
- Binance: from its candles.
- OKX: its taker statistics, from 5m on (spot: 5m and 1h only, all pairs of the coin together, used
only where they are within 10 % of its candles).
- Bybit publishes no such history: only where its last 1000 trades (spot: 60) reach back over all of
the bar.

Details:
- usual: the median that RVOL is measured against.
- z {BARS}, robust: (ln volume - median) / ({SD_PER_MAD} * MAD) over ln of the {BARS} closed bars
before with a volume above 0; n/a where MAD is 0 or there are fewer than {FEWEST} bars.
- now: the same on each venue.
- the spot markets.

Markets: USDT perps; BTC/USDC asks for USDC perps, BTC/USD for coin-margined (coin-M) ones; spot
where there are no perps. The JSON also says `spike` = RVOL - 1 and its level: ELEVATED from 0.5,
MODERATE from 1.5, HIGH from 3, EXTREME from 5."""
PARAMETERS = Parameters(
    symbol=True,
    timeframe=Timeframe.M15,
    venue=True,
    choices=(("", "tradfi"),),
    details=True,
)


def render(answer: Volume, args: Args, view: v.View) -> v.Page:
    coin = Coin(answer.coin, answer.quote, answer.tradfi)
    blocks: list[v.Html] = []
    for kind, found in answer.markets.items():
        blocks.append(compact(kind, answer, view))
        blocks += details(found, view) if args.details else ()
    return v.Page(
        tuple(filter(None, blocks)),
        keyboard(replace(args, symbol=coin.symbol), PARAMETERS, ("price", "analysis", "oi", "cvd")),
        heading=title(answer),
        footer=view.provenance(answer.provenance),
    )


COMMAND = Command(
    name="volume",
    summary="the last bar against its usual",
    example="/volume ETH 1h",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
)
