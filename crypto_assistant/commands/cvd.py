"""/cvd: what takers bought less what they sold, spot and perps apart, venue by venue."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crypto_assistant import view as v
from crypto_assistant.commands.base import Args, Command, Progress, Takes
from crypto_assistant.commands.keyboard import keyboard
from crypto_assistant.desk import Desk
from crypto_assistant.listings import Coin
from crypto_assistant.models import Provenance, Timeframe
from crypto_assistant.readings import flows, pressure, segments
from crypto_assistant.readings.flows import LAST_BARS, NEWEST, Bars, Kind, Market
from crypto_assistant.readings.pressure import HOUR, NONE, Pressure
from crypto_assistant.readings.primary import Primary
from crypto_assistant.readings.spans import Flow, Sum
from crypto_assistant.readings.takers import BARS
from crypto_assistant.readings.windows import WINDOWS as LENGTHS

EXPLAINS = """\
CVD, the cumulative volume delta: what takers bought less what they sold, summed over a window. It
is counted by the exchanges' own data about takers, never guessed from the colour of candles.

Windows: 1h, 4h, 24h, all ending at the same boundary of five minutes, which is printed: the last
one up to which every venue has told its bars, at most one before the last by the clock. What came
since stands apart in Details. 96×1h is the last 96 closed bars of the timeframe (96×15m: a day,
96×1h: four days), in Details 96b; where it ends at another time, that is printed, too.

Spot, USDT, USDC and coin-margined (coin-M) perps are counted apart, dated futures nowhere; linear
is USDT and USDC together. BTC/USDC asks for the USDC markets, BTC/USD for coin-M perps and the USDT
spot market. Coins are plain coins: 1000PEPE counts as 1000 PEPE.

Sources. Binance: candles, which tell takers apart, in all timeframes. OKX: statistics of taker
volume in bars of 5m and longer (1m, 3m: n/a); coins and USD are converted at the average price of
the same bar. Its statistics of spot (5m, 15m, 1h) cover all pairs of the coin: they are used only
where bought + sold is within 10 % of the volume of its candles, else n/a. Bybit publishes no
history of takers, only its last trades: 1000 of perps, 60 of spot.

A sum holds only the markets that tell all of its window; Venues says of how many of the venues
asked that is, window by window where they differ. What is told in part stands beside the sums with
its part (37 of 60 min); it is never added and never scaled up.

% vol = delta / volume, in USD. % OI = delta / open interest now, in USD; where a venue tells only
coins (Binance), they are valued at the average price of its newest bar. Bybit's open interest is
one-sided.

Spot-led: over 1h the delta of spot is at least 5 % of its volume and at least twice that share of
the perps, with the same sign. Perp-led: the reverse.

Absorption: over 1h the delta of the perps is at least 10 % of their volume while the price of the
primary market moved less than 0.25 ATR(14) of 1h (Wilder, closed bars, after 300 of warm-up).

Divergence: over the last 20 closed bars of the timeframe the mean log return of the primary market
and the mean delta of all perps in USD have opposite signs, each more than two standard errors from
0: |mean| / (sd / sqrt(20)) > 2. Bullish: takers buy while the price falls; bearish: they sell while
it rises.

Primary market: the perp of the venue with the highest 24h turnover."""

WINDOWS = ("1h", "4h", "24h")
SHORT = {**{name: name for name in WINDOWS}, LAST_BARS: f"{BARS}b"}
SPOT, LINEAR = "spot", ("usdt", "usdc")
TITLES = {SPOT: "spot", "usdt": "USDT", "usdc": "USDC", "coin_margined": "coin-M"}
LENGTHS_MS = {window: LENGTHS[window].ms for window in WINDOWS}
HEADER = ("", "USD", "coins", "% vol", "% OI")
TAKES = Takes(
    symbol=True,
    timeframe=Timeframe.H1,
    venue=True,
    choices=(("", "tradfi"),),
    details=True,
)
MINUTE_MS, HOUR_MS = Timeframe.M1.ms, Timeframe.H1.ms


@dataclass(frozen=True, slots=True)
class Cvd:
    """`kinds`, `linear`, `perps`, `bars`: as in flows.Flows."""

    coin: str
    quote: str
    tradfi: bool
    end_ms: int
    kinds: Mapping[str, Kind]
    linear: Mapping[str, Sum]
    perps: Mapping[str, Sum]
    bars: Bars | None
    reading: Pressure
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Cvd]) -> Cvd:
    listings = await desk.listings()
    coin = listings.find(args.symbol or "BTC", tradfi="tradfi" in args.choices)
    timeframe = args.timeframe or Timeframe.H1
    wave = desk.wave(args.venue)
    takers = flows.ask(
        wave,
        listings,
        segments.every(coin),
        desk.clock_ms(),
        windows=WINDOWS,
        timeframe=timeframe,
        interest=True,
    )
    segments.ask_absent(wave, listings, segments.every(coin))
    prices = Primary(
        wave,
        segments.primary(listings, coin, args.venue),
        lambda market: pressure.ask(wave, market, timeframe),
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
            bars=found.bars,
            reading=pressure.read(found, prices()),
            provenance=wave.provenance(),
        )

    await prices.settle(lambda: progress(build()), spare=desk.timing.attempt)
    return build()


def render(answer: Cvd, args: Args, view: v.View) -> v.Page:
    coin = Coin(answer.coin, answer.quote)
    bars = f" {answer.bars.timeframe}" if answer.bars else ""
    heading = v.bold(f"{coin.symbol} CVD{bars} to {view.clock(answer.end_ms)}")
    shown = _details(answer, view) if args.details else [_compact(answer, view)]
    if not answer.kinds:
        asked = view.venues(answer.provenance.asked)
        heading = v.bold(f"{coin.symbol} CVD")
        shown = [v.escape(f"No market of it known on {asked}")]
    buttons = keyboard(replace(args, symbol=coin.symbol, page=1), TAKES)
    return v.Page((*filter(None, (heading, *shown)), view.provenance(answer.provenance)), buttons)


def _compact(answer: Cvd, view: v.View) -> v.Html:
    windows = _windows(answer)
    rows = [
        [title, *(_amount(sums[window].delta_usd) for window in windows)]
        for title, _, sums in _rows(answer)
    ]
    table = v.tables(["USD", *windows.values()], rows)
    return v.lines([*table, *map(v.escape, _below(answer, view))])


def _windows(answer: Cvd) -> dict[str, str]:
    """The windows, and how the compact answer calls them."""
    windows = {window: window for window in WINDOWS}
    return windows | ({LAST_BARS: f"{BARS}×{answer.bars.timeframe}"} if answer.bars else {})


def _lengths_ms(answer: Cvd) -> dict[str, int]:
    last = {LAST_BARS: BARS * answer.bars.timeframe.ms} if answer.bars else {}
    return LENGTHS_MS | last


def _rows(answer: Cvd) -> Iterator[tuple[str, Sequence[str], Mapping[str, Sum]]]:
    """Spot, linear and coin-margined: title, kinds, sums. USDT stands for itself where alone."""
    linear = [name for name in answer.kinds if name in LINEAR]
    for name, kind in answer.kinds.items():
        if len(linear) < 2 or name not in linear:
            yield TITLES[name], [name], kind.sums
        elif name == linear[0]:
            yield "linear", linear, answer.linear


def _below(answer: Cvd, view: v.View) -> Iterator[str]:
    told = any(sums[LAST_BARS].delta_venues for _, _, sums in _rows(answer) if answer.bars)
    if answer.bars and told and answer.bars.end_ms != answer.end_ms:
        yield f"{_windows(answer)[LAST_BARS]} to {view.clock(answer.bars.end_ms)}"
    yield _over(answer)
    yield _shares(answer)
    for venue in view.titles:
        if parts := _not_summed(answer, venue):
            yield f"{view.venue(venue)}, not summed: {', '.join(parts)}"
    yield from _found(answer, view)
    yield from _apart(answer, view)


def _over(answer: Cvd) -> str:
    """Of how many venues each sum is: one number where it is the same for all windows."""
    parts: dict[str, list[str]] = {}
    for title, names, sums in _rows(answer):
        parts.setdefault(_counted(answer, names, sums), []).append(title)
    counted = [f"{'/'.join(titles)} {count}" for count, titles in parts.items()]
    return f"Venues: {'; '.join(counted)}"


def _counted(answer: Cvd, names: Sequence[str], sums: Mapping[str, Sum]) -> str:
    """`2/3`, or `1h 3/3, 4h/24h 2/3`."""
    asked = len(answer.provenance.asked)
    windows: dict[str, list[str]] = {}
    for window, title in _windows(answer).items():
        count = f"{len(_whole(answer, names, sums[window]))}/{asked}"
        windows.setdefault(count, []).append(title)
    if len(windows) == 1:
        return next(iter(windows))
    return ", ".join(f"{'/'.join(titles)} {count}" for count, titles in windows.items())


def _whole(answer: Cvd, names: Sequence[str], part: Sum) -> list[str]:
    """The venues all of whose markets of these kinds are in the sum."""
    there = {name: answer.kinds[name].venues for name in names}
    return [
        venue
        for venue in answer.provenance.asked
        if any(venue in markets for markets in there.values())
        and all(
            venue in part.delta_venues.get(name, ())
            for name, markets in there.items()
            if venue in markets
        )
    ]


def _shares(answer: Cvd) -> str:
    """What the labels rest on."""
    parts = []
    if answer.kinds.keys() - {SPOT}:
        held = answer.perps[HOUR].delta_oi_fraction
        parts.append(f"perps {_of_volume(answer.perps)}")
        parts += [] if held is None else [f"{v.percent(held)} of OI"]
    if spot := answer.kinds.get(SPOT):
        parts.append(f"spot {_of_volume(spot.sums)}")
    return f"{HOUR}: {', '.join(parts)}"


def _of_volume(sums: Mapping[str, Sum]) -> str:
    share = sums[HOUR].delta_volume_fraction
    return v.NOTHING if share is None else f"{v.percent(share)} of volume"


def _not_summed(answer: Cvd, venue: str) -> list[str]:
    """The venue's markets that tell nothing, or only a part of a window."""
    parts: dict[str, list[str]] = {}
    for name, kind in answer.kinds.items():
        if market := kind.venues.get(venue):
            part = _partial(market, _lengths_ms(answer)) or _untold(market, _windows(answer))
        else:
            part = v.NOTHING if venue in kind.unsupported_venues else ""
        if part:
            parts.setdefault(part, []).append(TITLES[name])
    return [f"{'/'.join(titles)} {part}" for part, titles in parts.items()]


def _partial(market: Market, lengths_ms: Mapping[str, int]) -> str:
    """Of the first window that is told in part only: how much, and what it tells."""
    for window, length_ms in lengths_ms.items():
        part = market.windows[window]
        if part and not part.complete:
            covered = _covered(part.covered_ms, length_ms)
            return covered if part.delta_usd is None else f"{v.flow(part.delta_usd)} in {covered}"
    return ""


def _untold(market: Market, windows: Mapping[str, str]) -> str:
    """The windows that the market tells nothing of."""
    titles = [title for window, title in windows.items() if market.windows[window] is None]
    return f"{'/'.join(titles)} {v.NOTHING}" if titles else ""


def _covered(part_ms: int, length_ms: int) -> str:
    """`37 of 60 min`; of more than a day in hours."""
    unit_ms, unit = (HOUR_MS, "h") if length_ms > LENGTHS_MS["24h"] else (MINUTE_MS, "min")
    some = v.duration(part_ms) if 0 < part_ms < unit_ms else str(part_ms // unit_ms)
    return f"{some} of {length_ms // unit_ms} {unit}"


def _found(answer: Cvd, view: v.View) -> Iterator[str]:
    """The labels that hold, with the market whose price they rest on."""
    reading = answer.reading
    if reading.led_by not in {None, NONE}:
        yield f"{str(reading.led_by).capitalize()} over {HOUR}"
    if reading.absorption:
        yield f"Absorption: {_price(reading, view)}"
    if answer.bars and reading.divergence not in {None, NONE}:
        bars = f"{NEWEST} bars of {answer.bars.timeframe}"
        yield f"{str(reading.divergence).capitalize()} divergence: {bars}, {_market(reading, view)}"


def _market(reading: Pressure, view: v.View) -> str:
    return f"{view.venue(reading.primary_venue or '')} {reading.primary_symbol}"


def _price(reading: Pressure, view: v.View) -> str:
    change, atr = reading.price_change_1h_fraction, reading.atr_14_1h_fraction
    moved = f"{_market(reading, view)} {v.percent(change)} over {HOUR}"
    return f"{moved}, ATR {v.percent(atr).lstrip('+')}"


def _apart(answer: Cvd, view: v.View) -> Iterator[str]:
    for venue in view.titles:
        titles = [TITLES[name] for name, kind in answer.kinds.items() if venue in kind.apart_venues]
        if titles:
            yield f"{view.venue(venue)} {', '.join(titles)}: another coin? Not counted"


def _details(answer: Cvd, view: v.View) -> Iterator[v.Html]:
    if (bars := answer.bars) and any(map(_names_bars, answer.kinds.values())):
        until = f"{BARS} bars of {bars.timeframe} to {view.clock(bars.end_ms)}"
        yield v.escape(f"{SHORT[LAST_BARS]}: {until}")
    for name, kind in answer.kinds.items():
        notes = map(v.escape, _notes(kind, _lengths_ms(answer), view))
        title = TITLES[name] if name == SPOT else f"{TITLES[name]} perps"
        yield v.lines([v.bold(title), *_table(_venue_rows(kind, view), name == SPOT), *notes])
    rows = _group_rows(answer)
    if rows and len(answer.kinds.keys() - {SPOT}) > 1:
        yield v.lines([v.bold("Linear and all perps"), *_table(rows)])
    yield v.lines(map(v.escape, [*_labels(answer, view), *_apart(answer, view)]))


def _names_bars(kind: Kind) -> bool:
    """Whether the last bars have a row, or a note that they are not there."""
    told = [market.windows[LAST_BARS] for market in kind.venues.values()]
    return any(part is None or part.complete for part in told)


def _table(rows: Sequence[Sequence[str]], spot: bool = False) -> list[v.Html]:
    """Nobody holds open interest in spot."""
    width = len(HEADER) - spot
    return v.tables(HEADER[:width], [row[:width] for row in rows]) if rows else []


def _venue_rows(kind: Kind, view: v.View) -> list[list[str]]:
    """Window by window, the venues that tell all of it and their sum."""
    rows = []
    for window, short in SHORT.items():
        told = {venue: market.windows[window] for venue, market in kind.venues.items()}
        whole = {venue: part for venue, part in told.items() if part and part.complete}
        rows += [_row(f"{short} {view.short(venue)}", part) for venue, part in whole.items()]
        if len(whole) > 1:
            rows.append(_row(f"{short} sum", kind.sums[window]))
    return rows


def _group_rows(answer: Cvd) -> list[list[str]]:
    groups = {"lin": answer.linear} if answer.kinds.keys() & set(LINEAR) else {}
    return [
        _row(f"{short} {name}", sums[window])
        for window, short in SHORT.items()
        for name, sums in {**groups, "all": answer.perps}.items()
        if sums[window].delta_venues
    ]


def _row(label: str, part: Flow | Sum) -> list[str]:
    amounts = _amount(part.delta_usd), _amount(part.delta_coins)
    shares = v.percent(part.delta_volume_fraction), v.percent(part.delta_oi_fraction)
    return [label, *amounts, *shares]


def _amount(size: float | None) -> str:
    """With its sign; the unit stands in the header."""
    return v.flow(size).replace("$", "")


def _notes(kind: Kind, lengths_ms: Mapping[str, int], view: v.View) -> Iterator[str]:
    """What the sums are not over, and what came after them."""
    for venue in kind.unsupported_venues:
        yield f"{view.venue(venue)}: n/a, no usable statistics of takers"
    for venue, market in kind.venues.items():
        if part := _partial(market, lengths_ms):
            yield f"{view.venue(venue)}, not summed: {part}"
    if lacking := [venue for venue, market in kind.venues.items() if not market.windows[LAST_BARS]]:
        yield f"{SHORT[LAST_BARS]} n/a: {view.venues(lacking)}"
    after = {venue: market.since for venue, market in kind.venues.items()}
    if told := [_after(view.short(venue), flow) for venue, flow in after.items() if flow]:
        yield f"Since then: {', '.join(told)}"


def _after(short: str, part: Flow) -> str:
    last = "" if part.complete else f" in its last {v.duration(part.covered_ms)}"
    return f"{short} {v.flow(part.delta_usd)}{last}"


def _labels(answer: Cvd, view: v.View) -> Iterator[str]:
    reading = answer.reading
    if {reading.led_by, reading.absorption, reading.divergence} != {None}:
        absorbed = {True: "yes", False: "no", None: v.NOTHING}[reading.absorption]
        yield f"{HOUR} led: {_label(reading.led_by)} · absorption: {absorbed}"
        yield f"Divergence over {NEWEST} bars: {_label(reading.divergence)}"
    if reading.primary_venue:
        yield _price(reading, view)


def _label(name: str | None) -> str:
    return v.NOTHING if name is None else name.replace(NONE, "no")


COMMAND = Command(
    name="cvd",
    summary="what takers bought less what they sold, spot and perps",
    example="/cvd ETH 15m",
    explains=EXPLAINS,
    run=run,
    render=render,
    takes=TAKES,
)
