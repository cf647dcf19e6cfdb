"""/volscan: the coins whose last bar stands out of their 96 bars before, over the whole market."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import Args, Command, Parameters, Progress
from crypto_assistant.models import Provenance, Timeframe
from crypto_assistant.net.limiter import sharing
from crypto_assistant.subjects.bars.baselines import BARS, FEWEST
from crypto_assistant.subjects.keyboard import Row, choice, keyboard
from crypto_assistant.subjects.scan.answer import GIVE_UP, Scan, scan
from crypto_assistant.subjects.scan.spikes import LEAST_TURNOVER_USD, Spike
from crypto_assistant.subjects.scan.tally import TOP

EXPLAINS = f"""\
In any order; the first number is how far above usual in percent (200: RVOL 3x), the second how many
coins to scan, the most traded ones first (all).

Every coin that has a USDT perp, each on the venue where that has the highest 24h turnover, if its
USDT perps turn over at least ${v.plain(LEAST_TURNOVER_USD / 1e6)}M in 24h over all venues (tickers
at most 10 minutes old). No stocks, no stablecoins; another coin under the same name is left out.

RVOL {BARS} = volume of the last closed bar / median of the {BARS} closed bars before it. Skipped:
coins with fewer than {FEWEST} such bars or a median of 0. The JSON tells RVOL - 1 as `spike`.

The ten highest from the threshold on, else the highest of all. $: turnover of the bar; bar:
its close / open - 1; buy: what takers bought of it (Binance: from its candles; OKX: its taker
statistics, from 5m on; Bybit: only where its last 1000 trades reach back over all of the bar).

At most half of each venue's limit is used, so that other questions are not held up. A venue that
fails {GIVE_UP} times in a row is not asked further. A coin whose venue failed is scanned on the
next one that lists it, and has failed where none is left. A bar counts from 2 s after its end on;
one that is not there yet is asked for again until 8 s after it. After 60 s the answer is what has
arrived. It is good until the next bar closes and comes from memory until then; what failed is asked
for again, and so is a venue whose lists or tickers were missing."""

THRESHOLD_PERCENT = 200.0
MOST_PERCENT = 100_000.0
THRESHOLDS = ("50", "100", "200", "300", "500")
PART_OF_LIMITS = 0.5
PARAMETERS = Parameters(timeframe=Timeframe.M15, numbers=("THRESHOLD", "N"))


@dataclass(frozen=True, slots=True)
class VolScan:
    """`coins` = scanned + without a baseline + failed + those still to come.

    `highest`: the highest spike, whatever the threshold. `held_until_ms`: of the venues that are
    waited for, those that want to be asked nothing until then.
    """

    timeframe: Timeframe
    threshold_fraction: float
    least_turnover_24h_usd: float
    bar_open_ms: int
    valid_until_ms: int
    coins: int
    coins_by_venue: Mapping[str, int]
    coins_scanned: int
    coins_without_baseline: int
    coins_failed: int
    coins_below_turnover: int
    coins_above_threshold: int
    rows: tuple[Spike, ...]
    highest: Spike | None
    held_until_ms: Mapping[str, int]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[VolScan]) -> VolScan:
    threshold, most = _numbers(args.numbers)
    timeframe = args.timeframe or Timeframe.M15
    listings = await desk.listings()

    def build(found: Scan) -> VolScan:
        ranked = found.ranked
        above = [spike for spike in ranked if spike.spike_fraction >= threshold]
        return VolScan(
            timeframe=timeframe,
            threshold_fraction=threshold,
            least_turnover_24h_usd=LEAST_TURNOVER_USD,
            bar_open_ms=found.at_ms,
            valid_until_ms=found.valid_until_ms,
            coins=len(found.coins),
            coins_by_venue=found.coins_by_venue,
            coins_scanned=len(found.spikes),
            coins_without_baseline=len(found.without_baseline),
            coins_failed=len(found.failures),
            coins_below_turnover=found.below_turnover,
            coins_above_threshold=len(above),
            rows=tuple(above[:TOP]),
            highest=ranked[0] if ranked else None,
            held_until_ms=found.held_until_ms,
            provenance=found.provenance(),
        )

    with sharing(PART_OF_LIMITS):
        found = await scan(desk, listings, timeframe, most, lambda part: progress(build(part)))
    return build(found)


def _numbers(numbers: tuple[float, ...]) -> tuple[float, int | None]:
    """The threshold as a fraction, and how many coins."""
    threshold = numbers[0] if numbers else THRESHOLD_PERCENT
    if threshold > MOST_PERCENT:
        raise UsageError(
            f"The threshold is at most {v.plain(MOST_PERCENT)} %, not {v.plain(threshold)}."
        )
    most = numbers[1] if len(numbers) > 1 else None
    if most is not None and (most < 1 or most % 1):
        raise UsageError(f"How many coins is a whole number from 1 on, not {v.plain(most)}.")
    return threshold / 100, None if most is None else int(most)


def render(answer: VolScan, args: Args, view: v.View) -> v.Page:
    closed = view.clock(answer.bar_open_ms + answer.timeframe.ms)
    least = v.times(1 + answer.threshold_fraction)
    shown = [
        v.bold(f"Volume scan {answer.timeframe}, RVOL {BARS} from {least}"),
        v.escape(f"bar closed {closed}"),
        *_table(answer, view),
        *map(v.escape, _notes(answer, view)),
    ]
    return v.Page((v.lines(shown),), _buttons(answer, args), footer=_provenance(answer, view))


def _table(answer: VolScan, view: v.View) -> list[v.Html]:
    rows = [
        [
            f"{row.coin} {view.short(row.venue)}",
            v.times(1 + row.spike_fraction),
            v.scaled(row.turnover_usd),
            v.percent(row.change_fraction),
            v.part(row.buy_fraction),
        ]
        for row in answer.rows
    ]
    return v.tables(["", "RVOL", "$", "bar", "buy"], rows) if rows else []


def _notes(answer: VolScan, view: v.View) -> Iterator[str]:
    done = answer.coins_scanned + answer.coins_without_baseline + answer.coins_failed
    if done < answer.coins:
        yield v.progress(done, answer.coins)
    elif not answer.coins_scanned:
        yield "Nothing was scanned."
    elif not answer.rows:
        yield f"No coin of the {answer.coins_scanned} scanned ones reaches the threshold."
    elif answer.coins_above_threshold > len(answer.rows):
        yield f"{len(answer.rows)} of {answer.coins_above_threshold} coins above the threshold"
    if answer.highest and not answer.rows:
        highest = v.times(1 + answer.highest.spike_fraction)
        yield f"Highest: {answer.highest.coin} RVOL {BARS} {highest}"
    yield (
        f"Scanned {answer.coins_scanned} of {answer.coins} coins · "
        f"skipped {answer.coins_without_baseline} · failed {answer.coins_failed}"
    )
    counts = answer.coins_by_venue.items()
    yield " · ".join(f"{view.short(venue)} {count}" for venue, count in counts)
    least = v.money(answer.least_turnover_24h_usd)
    yield f"{answer.coins_below_turnover} more below {least} of 24h turnover"
    yield f"Valid until {view.clock(answer.valid_until_ms)}"


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
    rest = args.numbers[1:]
    current = v.plain(100 * answer.threshold_fraction)
    thresholds = choice(THRESHOLDS, current, lambda word: args.line(numbers=(float(word), *rest)))
    return (*keyboard(replace(args, page=1), PARAMETERS), thresholds)


COMMAND = Command(
    name="volscan",
    summary="the coins of the whole market whose last bar has the highest RVOL",
    example="/volscan 300 1h 100",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    scans=True,
)
