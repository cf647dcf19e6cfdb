"""/analysis: price, volume, takers, open interest, indicators and levels of a coin on one page."""

from collections.abc import Iterator
from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.grammar import Args, Command, Parameters
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Timeframe
from crypto_assistant.subjects.analysis.answer import Analysis, run
from crypto_assistant.subjects.analysis.compact import compact, title
from crypto_assistant.subjects.analysis.details import details
from crypto_assistant.subjects.keyboard import keyboard

EXPLAINS = """\
Everything about a coin on one page; each part has a command of its own that explains its numbers:
/help price, /help volume, /help cvd, /help oi.

Primary market: the USDT perp with the highest 24h turnover (spot where no venue has a perp), named
in the first line. The price, the indicators, averages and levels are its alone. If it fails, the
next venue's takes its place; a VENUE overrides. 15m: the last price against the open of the minute
that began nearest to 15 minutes ago.

trend, of closed bars of the timeframe:
- EMA20, 50, 200: the last close against the average, in percent. They are seeded with a plain mean
and n/a until 300 bars beyond their length are there, EMA 200 until 1000 are.
- VWAP since 00:00 UTC: the last price against it, in percent. Of 1m bars, (high + low + close) / 3
weighted with volume, the forming bar included.
- RSI: RSI(14), Wilder's, after 300 bars of warm-up.
- BB: where the close is between the Bollinger bands, 0 on the lower and 1 on the upper one; 20
closes, 2 population standard deviations.

flow: CVD over 4h of spot and of all perps in USD, and in percent of their volume.

OI: change over 4h and its reading. fund: of all perps, as if paid for 8 h, and per year.

vol:
- RVOL: of the last closed bar of the timeframe, USDT perps (spot where there are none).
- ATR: ATR(14), Wilder's, of closed bars after 300 of warm-up, in percent of the last close.
- day: realised volatility, the standard deviation (n - 1) of the last 96 log returns of 15m times
sqrt(96); per year times sqrt(365).

Levels: the two nearest above and below the last price among POC, VAH, VAL of both days ("y." is
yesterday, UTC), yesterday's high and low, VWAP and EMA 200; "away" is the level against the last
price. The volume profile is of 1m bars, each bar's volume spread evenly over its range, in 100
equal rows over the day's range. POC is the middle of the most traded row (of equal ones the nearest
to the middle of the range, then the lower); VAL to VAH, the value area, grows from it by the larger
neighbour, of equal ones the lower, until it holds 70 % of the volume.

Below: who is in a sum, where somebody who trades the coin is not, or only with a part of his
markets. In CVD that is mostly Bybit, which tells only its last trades, and at spot OKX where its
statistics, of all pairs of the coin, do not fit the market.

Details:
- signs: one each for the last close above EMA 50, above VWAP, a positive CVD of 4h in spot, the
same in perps, and new longs over 4h; minus one each for the opposite, new shorts. shorts out, longs
out and small count 0. What is not known is not counted: +2 of 4.
- "close": the last close against each line; EMA 50 of 1h, 4h, 1d, too, each with the last close of
its own bars.
- both days, the volume on each venue, each perp's open interest, CVD of each kind of market."""

PARAMETERS = Parameters(
    symbol=True,
    timeframe=Timeframe.M15,
    venue=True,
    choices=(("", "tradfi"),),
    details=True,
)


def render(answer: Analysis, args: Args, view: v.View) -> v.Page:
    coin = Coin(answer.coin, answer.quote, answer.tradfi)
    blocks: list[v.Html] = []
    if answer.provenance.answered:
        blocks = [compact(answer, view), *(details(answer, view) if args.details else ())]
    blocks.append(v.lines(map(v.escape, _apart(answer, view))))
    buttons = keyboard(
        replace(args, symbol=coin.symbol, page=1), PARAMETERS, ("price", "oi", "cvd", "volume")
    )
    heading, footer = title(answer, coin, view), view.provenance(answer.provenance)
    return v.Page(tuple(filter(None, blocks)), buttons, heading, footer)


def _apart(answer: Analysis, view: v.View) -> Iterator[str]:
    """The venues where another coin goes by that name."""
    for venue in view.titles:
        markets = answer.price.venues.get(venue)
        quotes = [market for market in (markets.perp, markets.spot) if market] if markets else []
        listed = any(venue in kind.apart_venues for kind in answer.takers.kinds.values())
        if listed or any(market.other_coin for market in quotes):
            yield f"{view.venue(venue)} {answer.coin}: another coin? Not counted"


COMMAND = Command(
    name="analysis",
    summary="all of it on one page",
    example="/analysis ETH 1h",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
)
