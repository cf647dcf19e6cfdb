"""/chart: one coin's bars with what takers did and who holds below them, as a picture."""

from collections.abc import Iterator
from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.charts.figure import MOST_OWN, Figure
from crypto_assistant.grammar import Args, Command, Parameters
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Timeframe
from crypto_assistant.subjects.chart.answer import PANES, Chart, run
from crypto_assistant.subjects.chart.bars import BARS, LONGEST_WITH_VWAP
from crypto_assistant.subjects.chart.figure import figure
from crypto_assistant.subjects.keyboard import Row, choice, timeframes

FILE = "file"
LONGEST_LINE = 200
"""Letters of what a venue says, of which a caption has room for a few lines."""

EXPLAINS = f"""\
The last {BARS} bars of the primary market with their volume, the forming one the last. Times are in
your zone; a gap in the data is a gap in the line.

Over the bars:
- VWAP: of the UTC day so far, (high + low + close) / 3 of 1m bars weighted with volume, up to
{LONGEST_WITH_VWAP} bars
- yesterday's high and low: of the UTC day before
- the tag: last price, and the time until the bar closes
- L and S: your own entries and liquidation prices, in a private chat alone: one averaged line per
side and venue, the nearest {MOST_OWN}; an arrow where one is off the scale

Below, by the word asked for:
- cvd (the default): CVD and OI. CVD starts at 0 on the left and ends with the 96 bars of /cvd:
spot, and all perps together, each over the venues that are named
- oi: OI of each venue, one upon the other, and funding. OI is in coins over USDT and USDC perps (of
BTC/USD in USD over coin-M ones), over the span that all named venues tell, up to now
- funding: funding and CVD. Of the primary market: paid as steps, the running one hollow
- volume: CVD alone, with more room for bars and volume

"/oi BTC chart" asks for /chart BTC oi, and so with price, analysis, volume and cvd.

file: the same picture as a file, with all of its pixels."""


def render(answer: Chart, args: Args, view: v.View) -> v.Page:
    coin = Coin(answer.coin, answer.quote, answer.tradfi)
    text = v.lines([v.bold(f"{coin.symbol} {answer.timeframe}"), *map(v.escape, _lacking(answer))])
    known = answer.provenance
    short = replace(known, failed={name: why[:LONGEST_LINE] for name, why in known.failed.items()})
    return v.Page((text,), _buttons(answer, args), footer=view.provenance(short))


def _lacking(answer: Chart) -> Iterator[str]:
    """What was asked for and is not drawn."""
    if answer.bars is None:
        yield "No bars came."
    if "cvd" in answer.panes and not answer.cvd:
        yield f"No venue tells its takers over {BARS} bars."
    if {"oi", "oi_venues"} & {*answer.panes} and answer.interest is None:
        yield "No venue tells its open interest over time."


def drawn(answer: Chart, args: Args, view: v.View) -> Figure | None:
    """None where nothing has come that could be."""
    parts = answer.bars, answer.cvd, answer.interest
    return figure(answer, view) if any(part for part in parts) else None


def _buttons(answer: Chart, args: Args) -> tuple[Row, ...]:
    pane, *rest = args.choices
    if FILE in rest:
        return ()
    symbol = Coin(answer.coin, answer.quote).symbol
    asked = replace(args, symbol=symbol, timeframe=answer.timeframe)

    def line(word: str) -> str:
        return asked.line(choices=(word, *rest))

    file = asked.line(choices=(*args.choices[:-1], FILE))
    return (
        (v.Button("Refresh", asked.line()), v.Button("File", file)),
        *timeframes(asked, PARAMETERS),
        choice(tuple(PANES), pane, line),
    )


PARAMETERS = Parameters(
    symbol=True,
    timeframe=Timeframe.M15,
    venue=True,
    choices=(tuple(PANES), ("", "tradfi"), ("", FILE)),
)
COMMAND = Command(
    name="chart",
    summary="a picture: bars, CVD, OI",
    example="/chart BTC 1h oi",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    figure=drawn,
    as_file=lambda args: FILE in args.choices,
)
