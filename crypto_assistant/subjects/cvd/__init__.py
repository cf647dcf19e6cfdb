"""/cvd: what takers bought less what they sold, spot and perps apart, venue by venue."""

from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.calculators.cvd import ABSORBED_ATR, ABSORBED_SHARE, CERTAIN, LEADING_SHARE
from crypto_assistant.grammar import Args, Command, Parameters
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Timeframe
from crypto_assistant.subjects.bars.trend import WARM_UP
from crypto_assistant.subjects.cvd.answer import Cvd, run
from crypto_assistant.subjects.cvd.compact import compact
from crypto_assistant.subjects.cvd.details import details
from crypto_assistant.subjects.cvd.flows import NEWEST
from crypto_assistant.subjects.keyboard import keyboard

EXPLAINS = f"""\
CVD, the cumulative volume delta: what takers bought less what they sold, summed over a window. It
is counted by the exchanges' own data about takers, never guessed from the colour of candles.

Rows and columns:
- 1h, 4h, 24h: windows that all end at the same boundary of five minutes, which is printed: the last
one up to which every venue has told its bars, at most one before the last by the clock.
- 96×1h: the last 96 closed bars of the timeframe (96×15m: a day, 96×1h: four days), in Details 96b;
where it ends at another time, that is printed, too.
- Since: what came after the windows, over the venues that tell the bar that is forming.
- spot, linear (USDT and USDC perps together), coin-M (coin-margined perps): counted apart; perps
are the last two together, dated futures in none. BTC/USDC asks for the USDC markets, BTC/USD for
coin-M perps and the USDT spot market. Coins are plain coins: 1000PEPE counts as 1000 PEPE.
- % vol: delta / volume, in USD.
- % OI: delta / open interest now, in USD, as in /oi.
- px: the primary market (the perp of the venue with the highest 24h turnover), close to close over
the same windows.

Who is in the sums stands below them, row by row where they differ. A sum holds only the markets
that tell all of its window. What is told in part stands beside the sums with its part (37 of
60 min); it is never added and never scaled up. Where a window has no sum at all it stands on the
first page, else in Details.

Sources:
- Binance: candles, which tell takers apart, in all timeframes.
- OKX: statistics of taker volume in bars of 5m and longer (1m, 3m: n/a); coins and USD are
converted at the average price of the same bar. Those of spot (5m, 15m, 1h) cover all pairs of the
coin: they are used only where bought + sold is within 10 % of the volume of its candles, else n/a.
- Bybit publishes no history of takers, only its last trades: 1000 of perps, 60 of spot.

Labels:
- Spot-led: over 1h the delta of spot is at least {v.percents(LEADING_SHARE)} of its volume and at
least twice that share of the perps, with the same sign. Perp-led: the reverse.
- Absorption: over 1h the delta of the perps is at least {v.percents(ABSORBED_SHARE)} of their
volume while the price moved less than {ABSORBED_ATR} ATR(14) of 1h (Wilder, closed bars, after
{WARM_UP} of warm-up).
- Divergence: over the last {NEWEST} closed bars of the timeframe the mean log return of the price
and the mean delta of all perps in USD have opposite signs, each more than two standard errors from
0: |mean| / (sd / sqrt({NEWEST})) > {v.plain(CERTAIN)}. Bullish: takers buy while the price falls;
bearish: they sell while it rises."""

PARAMETERS = Parameters(
    symbol=True,
    timeframe=Timeframe.H1,
    venue=True,
    choices=(("", "tradfi"),),
    details=True,
)


def render(answer: Cvd, args: Args, view: v.View) -> v.Page:
    symbol = Coin(answer.coin, answer.quote).symbol
    blocks = [compact(answer, view)]
    if args.details and answer.kinds:
        blocks += details(answer, view)
    buttons = keyboard(
        replace(args, symbol=symbol, page=1), PARAMETERS, ("price", "analysis", "oi", "volume")
    )
    return v.Page(tuple(filter(None, blocks)), buttons, footer=view.provenance(answer.provenance))


COMMAND = Command(
    name="cvd",
    summary="what takers bought less sold",
    example="/cvd ETH 15m",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
)
