"""/volscan: the coins whose last bar stands out of their 96 bars before, over the whole market."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import LEAST_PERCENTAGE, Args, Command, Parameters, Progress
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Provenance, Timeframe
from crypto_assistant.net.limiter import sharing
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.bars.baselines import BARS, FEWEST
from crypto_assistant.subjects.keyboard import Row, coins, keyboard
from crypto_assistant.subjects.scan.answer import GIVE_UP, Scan, scan
from crypto_assistant.subjects.scan.spikes import LEAST_BAR_USD, LEAST_TURNOVER_USD, Spike
from crypto_assistant.subjects.scan.tally import TOP
from crypto_assistant.subjects.watch.answer import Lines
from crypto_assistant.subjects.watch.answer import Row as Lately


def _millions(usd: float) -> str:
    return f"${v.plain(usd / 1e6)}M"


def _thousands(usd: float) -> str:
    return f"${v.plain(usd / 1e3)}K"


EXPLAINS = f"""\
RVOL {BARS} = volume of the last closed bar / median of the {BARS} closed bars before it; the ten
highest from the threshold on.

In any order; the first number is the threshold, the second how many coins to scan, the most traded
ones first (all):
- 3x, 3: three times as much as usual (the default)
- 200%, 200: as much above usual, which is 3x; a bare number counts so from {LEAST_PERCENTAGE} on

Which coins: every one that has a USDT perp, each on the venue where that has the highest 24h
turnover.
- Its USDT perps turn over at least {_millions(LEAST_TURNOVER_USD)} in 24h over all venues (tickers
at most 10 minutes old).
- Its bar is worth at least {_thousands(LEAST_BAR_USD)}; smaller ones are left out.
- No stocks, no stablecoins; another coin under the same name is left out, and so are coins with
fewer than {FEWEST} bars or a median of 0.

Columns:
- RVOL: as above
- bar $: turnover of the bar
- bar: its close / open - 1
- B%: the part of it that takers bought (Binance: from its candles; OKX: its taker statistics, from
5m on; Bybit: only where its last 1000 trades reach back over all of the bar)

Details: last price, its change over 24 h and that of open interest over 1 h, as in /watch.

At most half of each venue's limit is used, so that other questions are not held up. A venue that
fails {GIVE_UP} times in a row is not asked further. A coin whose venue failed is scanned on the
next one that lists it, and has failed where none is left. A bar counts from 2 s after its end on;
one that is not there yet is asked for again until 8 s after it. After 60 s the answer is what has
arrived. It is good until the next bar closes and comes from memory until then; what failed is asked
for again, and so is a venue whose lists or tickers were missing.

The JSON tells RVOL - 1 as `spike`."""

THRESHOLD = 3.0
MOST_PERCENT = 100_000.0
THRESHOLDS = (2.0, 3.0, 5.0)
MOST_THRESHOLDS = 2
PART_OF_LIMITS = 0.5
LONGEST_NAME = 8
PARAMETERS = Parameters(timeframe=Timeframe.M15, numbers=("THRESHOLD", "N"), details=True)


@dataclass(frozen=True, slots=True)
class VolScan:
    """`coins` = scanned + without a baseline + failed + those still to come.

    `highest`: the highest spike, whatever the threshold. `coins_with_small_bars`: left out, though
    their bars stand out. `held_until_ms`: of the venues that are
    waited for, those that want to be asked nothing until then. `lately`: the coins of `rows` now,
    as /watch tells them; None without details.
    """

    timeframe: Timeframe
    threshold_fraction: float
    least_turnover_24h_usd: float
    least_bar_usd: float
    bar_open_ms: int
    valid_until_ms: int
    coins: int
    coins_by_venue: Mapping[str, int]
    coins_scanned: int
    coins_without_baseline: int
    coins_failed: int
    coins_below_turnover: int
    coins_above_threshold: int
    coins_with_small_bars: int
    rows: tuple[Spike, ...]
    highest: Spike | None
    held_until_ms: Mapping[str, int]
    lately: tuple[Lately, ...] | None
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[VolScan]) -> VolScan:
    threshold, most = _numbers(args.numbers)
    timeframe = args.timeframe or Timeframe.M15
    listings = await desk.listings()

    def build(found: Scan, lines: Lines | None = None) -> VolScan:
        ranked = found.ranked
        above = [spike for spike in ranked if spike.spike_fraction >= threshold]
        small = [
            spike
            for spike in found.spikes.values()
            if spike.is_small and spike.spike_fraction >= threshold
        ]
        return VolScan(
            timeframe=timeframe,
            threshold_fraction=threshold,
            least_turnover_24h_usd=LEAST_TURNOVER_USD,
            least_bar_usd=LEAST_BAR_USD,
            bar_open_ms=found.at_ms,
            valid_until_ms=found.valid_until_ms,
            coins=len(found.coins),
            coins_by_venue=found.coins_by_venue,
            coins_scanned=len(found.spikes),
            coins_without_baseline=len(found.without_baseline),
            coins_failed=len(found.failures),
            coins_below_turnover=found.below_turnover,
            coins_above_threshold=len(above),
            coins_with_small_bars=len(small),
            rows=tuple(above[:TOP]),
            highest=ranked[0] if ranked else None,
            held_until_ms=found.held_until_ms,
            lately=lines.rows() if lines else None,
            provenance=_joined(found.provenance(), lines.provenance() if lines else None),
        )

    with sharing(PART_OF_LIMITS):
        found = await scan(desk, listings, timeframe, most, lambda part: progress(build(part)))
    answer = build(found)
    if not args.details:
        return answer
    shown = [Coin(row.coin) for row in answer.rows]
    lines = Lines(desk, [CoinRound(desk, listings, desk.exchanges, coin) for coin in shown])
    await lines.settle(lambda: progress(build(found, lines)))
    return build(found, lines)


def _joined(scanned: Provenance, now: Provenance | None) -> Provenance:
    """The bars' and, where there are any, that of the coins now, whose age counts."""
    if now is None or not now.asked:
        return scanned
    whys = ((venue, (scanned.failed.get(venue), now.failed.get(venue))) for venue in now.asked)
    return replace(
        now,
        answered=tuple(v for v in now.asked if v in {*scanned.answered, *now.answered}),
        failed={venue: "; ".join(filter(None, said)) for venue, said in whys if any(said)},
    )


def _numbers(numbers: tuple[float, ...]) -> tuple[float, int | None]:
    """The threshold as a fraction above usual, and how many coins."""
    threshold = numbers[0] if numbers else THRESHOLD
    if threshold > MOST_PERCENT:
        raise UsageError(
            f"The threshold is at most {v.plain(MOST_PERCENT)} %, not {v.plain(threshold)}."
        )
    most = numbers[1] if len(numbers) > 1 else None
    if most is not None and (most < 1 or most % 1):
        raise UsageError(f"How many coins is a whole number from 1 on, not {v.plain(most)}.")
    above = threshold - 1 if threshold < LEAST_PERCENTAGE else threshold / 100
    return above, None if most is None else int(most)


def render(answer: VolScan, args: Args, view: v.View) -> v.Page:
    closed = view.minute(answer.bar_open_ms + answer.timeframe.ms)
    shown = [
        v.bold(f"RVOL {BARS}, {answer.timeframe}, bar to {closed}"),
        v.escape(f"From {_least(answer)}, bars of {_thousands(answer.least_bar_usd)} and more"),
        *([_table(answer.rows)] if answer.rows else []),
        *([_now(answer.lately)] if answer.lately else []),
        *(v.flowing(parts) for parts in _notes(answer, view)),
    ]
    return v.Page((v.lines(shown),), _buttons(answer, args), footer=_provenance(answer, view))


def _least(answer: VolScan) -> str:
    return f"{v.plain(1 + answer.threshold_fraction)}x"


def _table(spikes: Sequence[Spike]) -> v.Html:
    rows = [
        [
            v.cut(row.coin, LONGEST_NAME),
            v.times(1 + row.spike_fraction),
            v.scaled(row.turnover_usd),
            v.short_percent(row.change_fraction),
            v.part(row.buy_fraction).removesuffix("%"),
        ]
        for row in spikes
    ]
    return v.table(["", "RVOL", "bar $", "bar", "B%"], rows)


def _now(rows: Sequence[Lately]) -> v.Html:
    """What the coins do beside that bar."""
    cells = [
        [
            v.cut(row.coin, LONGEST_NAME),
            v.short_price(row.last_price, row.tick_size),
            v.short_percent(row.change_24h_fraction),
            v.short_percent(row.oi_change_1h_fraction),
        ]
        for row in rows
    ]
    return v.table(["", "last", "24h", "OI1h"], cells)


def _notes(answer: VolScan, view: v.View) -> Iterator[Sequence[str]]:
    done = answer.coins_scanned + answer.coins_without_baseline + answer.coins_failed
    if done < answer.coins:
        yield [v.progress(done, answer.coins)]
    elif not answer.coins_scanned:
        yield ["Nothing was scanned."]
    elif not answer.rows:
        yield [f"No coin reaches {_least(answer)}."]
    if answer.highest and not answer.rows:
        yield [f"Highest: {answer.highest.coin} {v.times(1 + answer.highest.spike_fraction)}"]
    yield [text for count, text in _counts(answer) if count]
    yield [f"Next bar {view.minute(answer.valid_until_ms)}"]


def _counts(answer: VolScan) -> Iterator[tuple[int, str]]:
    """What was scanned and what was not; of nobody there is nothing to say."""
    above, least = answer.coins_above_threshold, _millions(answer.least_turnover_24h_usd)
    yield above > len(answer.rows), f"{len(answer.rows)} of {above} shown"
    yield 1, f"Scanned {answer.coins_scanned} of {answer.coins}"
    small, young = answer.coins_with_small_bars, answer.coins_without_baseline
    yield small, f"{small} smaller left out"
    yield young, f"{young} too new or hardly traded"
    yield answer.coins_failed, f"{answer.coins_failed} failed"
    yield answer.coins_below_turnover, f"{answer.coins_below_turnover} below {least} a day"


def _provenance(answer: VolScan, view: v.View) -> v.Html:
    """With the reason why a venue keeps the reader waiting, where it is known."""
    known = answer.provenance
    held = {
        venue: f"{view.venue(venue)} (rate-limited until {view.clock(until_ms)})"
        for venue, until_ms in answer.held_until_ms.items()
    }
    if not held:
        return view.provenance(known)
    waiting = ", ".join(held.get(venue, view.venue(venue)) for venue in known.waiting)
    rest = view.provenance(replace(known, waiting=()))
    return v.lines([rest, v.escape(f"waiting: {waiting}")])


def _buttons(answer: VolScan, args: Args) -> tuple[Row, ...]:
    """The other thresholds, timeframes, and the coins shown."""
    rest, asked = args.numbers[1:], replace(args, page=1)
    thresholds = [
        v.Button(f"{v.plain(least)}x", asked.line(numbers=(least, *rest)))
        for least in THRESHOLDS
        if least != 1 + answer.threshold_fraction
    ][:MOST_THRESHOLDS]
    first, *others = keyboard(asked, PARAMETERS)
    found = coins([row.coin for row in answer.rows], asked, "analysis")
    return (*first, *thresholds), *others, *found


COMMAND = Command(
    name="volscan",
    summary="coins whose volume stands out",
    example="/volscan 3x 1h 100",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    scans=True,
)
