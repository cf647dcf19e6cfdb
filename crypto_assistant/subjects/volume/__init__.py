"""/volume: the last closed bar of a coin on every venue against what is usual, and the next one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from crypto_assistant import view as v
from crypto_assistant.calculators.volume import SD_PER_MAD, SOONEST_PACE
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Command, Parameters, Progress, coin_round
from crypto_assistant.listings import segments
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Provenance, Timeframe
from crypto_assistant.subjects.bars.baselines import BARS, DAYS, closed_ms
from crypto_assistant.subjects.keyboard import keyboard
from crypto_assistant.subjects.volume import volumes
from crypto_assistant.subjects.volume.volumes import Bar, Forming, Volumes

EXPLAINS = f"""\
The last closed bar of the timeframe on each venue, in plain coins and USD (as the venue sends them;
USDT and USDC count as dollars). Which bar that is, our clock says for all venues alike; a venue
that does not have it yet shows n/a.

RVOL = its volume / the median of the bars at the same time of day (UTC) on the {DAYS} days before.
Where one of the seven is missing or their median is 0: of the 96 closed bars before it, or as many
as there are, which is printed; below 20: n/a.

spike = RVOL - 1. ELEVATED from +50 %, MODERATE from +150 %, HIGH from +300 %, EXTREME from +500 %.

z, robust: (ln volume - median) / ({SD_PER_MAD} * MAD) over ln of the {BARS} closed bars before with
a volume above 0; n/a where MAD is 0 or there are fewer than 20 bars.

all: the volumes of each of those times summed over the venues that have the bar and all seven days,
then the median; where no venue has all seven, over those that have 20 of the 96 bars, at the times
that all of them have. Who is in the sum is named where it is not everybody.

Forming: the bar that is not closed. pace = volume so far / elapsed share of the bar, from 10 %
elapsed on; its RVOL is the pace against the same kind of baseline (the bars of the same time on 7
days, or the 96 closed bars before it).

buy: what takers bought of the volume. Binance: from its candles. OKX: its taker statistics, from 5m
on (spot: 5m and 1h only, all pairs of the coin together, used only where they are within 10 % of
its candles). Bybit publishes no such history: only where its last 1000 trades (spot: 60) reach back
over all of the bar. all: over the venues that tell it.

Markets: USDT perps; BTC/USDC asks for USDC perps, BTC/USD for coin-margined ones; spot where there
are no perps. Details: usual volume, the forming bar on each venue, and the spot markets."""

TITLES = {
    "spot": "spot",
    "usdt": "USDT perps",
    "usdc": "USDC perps",
    "coin_margined": "coin-margined perps",
}
PARAMETERS = Parameters(
    symbol=True,
    timeframe=Timeframe.M15,
    venue=True,
    choices=(("", "tradfi"),),
    details=True,
)


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
            bar_open_ms=closed_ms(timeframe, round.now_ms),
            markets={kind: read() for kind, read in reads.items()},
            provenance=round.provenance(),
        )

    await round.settle(lambda: progress(build()))
    return build()


def render(answer: Volume, args: Args, view: v.View) -> v.Page:
    coin = Coin(answer.coin, answer.quote, answer.tradfi)
    blocks = [
        v.lines(_block(kind, found, answer, args, view)) for kind, found in answer.markets.items()
    ]
    return v.Page(
        tuple(filter(None, blocks)),
        keyboard(replace(args, symbol=coin.symbol), PARAMETERS),
        heading=v.bold(f"{coin.symbol} volume {answer.timeframe}"),
        footer=view.provenance(answer.provenance),
    )


def _block(kind: str, found: Volumes, answer: Volume, args: Args, view: v.View) -> Iterator[v.Html]:
    bars = {view.short(venue): market.bar for venue, market in found.venues.items()}
    forming = {view.short(venue): market.forming for venue, market in found.venues.items()}
    if found.total and len(bars) > 1:
        bars["all"], forming["all"] = found.total.bar, found.total.forming
    if bars:
        closed = view.clock(answer.bar_open_ms + answer.timeframe.ms)
        yield v.escape(f"{TITLES[kind]}, bar closed {closed}")
        yield from _bars(bars)
    if bars and args.details:
        yield from _usual(bars)
        yield from _forming(forming)
    for line in _notes(found, answer.coin, view):
        yield v.escape(line)


def _bars(bars: Mapping[str, Bar]) -> list[v.Html]:
    rows = [
        [
            name,
            v.scaled(bar.volume_coins),
            v.scaled(bar.turnover_usd),
            v.decimal(bar.rvol, 2),
            v.percent(bar.spike_fraction),
            v.part(bar.buy_fraction),
        ]
        for name, bar in bars.items()
    ]
    return v.tables(["", "coins", "$", "RVOL", "spike", "buy"], rows)


def _usual(bars: Mapping[str, Bar]) -> list[v.Html]:
    rows = [
        [
            name,
            v.scaled(bar.usual_coins),
            {"slot": "7 days", None: v.NOTHING}.get(bar.baseline, f"{bar.baseline_bars} bars"),
            v.signed(bar.robust_z, 2),
            v.NOTHING if bar.level is None else bar.level.lower() or "-",
        ]
        for name, bar in bars.items()
    ]
    return v.tables(["", "usual", "of", "z", "level"], rows)


def _forming(forming: Mapping[str, Forming | None]) -> list[v.Html]:
    rows = [
        [
            name,
            v.scaled(bar.volume_coins),
            v.scaled(bar.turnover_usd),
            v.scaled(bar.pace_coins),
            v.decimal(bar.rvol, 2),
            v.part(bar.elapsed_fraction),
        ]
        for name, bar in forming.items()
        if bar
    ]
    return v.tables(["now", "coins", "$", "pace", "RVOL", "bar"], rows) if rows else []


def _notes(found: Volumes, coin: str, view: v.View) -> Iterator[str]:
    if found.total:
        bar, names = found.total.bar, found.total.venues
        every = "all" if len(names) == len(found.venues) else view.venues(names)
        z = v.signed(bar.robust_z, 2)
        over = f" of {every}" if len(found.venues) > 1 else ""
        spike = f"{v.percent(bar.spike_fraction)} {bar.level or ''}".rstrip()
        yield f"Spike{over}: {spike} · z {z}"
        if forming := found.total.forming:
            yield f"Forming, {v.part(forming.elapsed_fraction)} elapsed: {_pace(forming, coin)}"
    yield from _baselines({name: market.bar for name, market in found.venues.items()}, view)
    if found.apart_venues:
        yield f"{coin} on {view.venues(found.apart_venues)}: another coin? Not counted"


def _pace(forming: Forming, coin: str) -> str:
    if forming.pace_coins is None:
        return f"pace from {v.decimal(SOONEST_PACE * 100, 0)} % on"
    return f"pace {v.scaled(forming.pace_coins)} {coin} · RVOL {v.decimal(forming.rvol, 2)}"


def _baselines(bars: Mapping[str, Bar], view: v.View) -> Iterator[str]:
    """What the bars are measured against: said once where it is the same for all."""
    kinds: dict[str, list[str]] = {}
    for venue, bar in bars.items():
        kinds.setdefault(_baseline(bar), []).append(venue)
    for kind, venues in kinds.items():
        yield f"Usual: {kind}" + (f" ({view.venues(venues)})" if len(kinds) > 1 else "")


def _baseline(bar: Bar) -> str:
    if bar.baseline == "slot":
        return "the same bar on 7 days"
    there = f"{bar.baseline_bars} of " if bar.baseline_bars < BARS else ""
    return f"{'' if bar.baseline else 'n/a, '}{there}{BARS} bars before"


COMMAND = Command(
    name="volume",
    summary="the last bar's volume against what is usual at its time of day",
    example="/volume ETH 1h",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
)
