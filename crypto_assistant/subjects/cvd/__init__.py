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

% vol = delta / volume, in USD. % OI = delta / open interest now, in USD, as in /oi; Binance's coins
are valued at the mark price. Bybit's open interest is one-sided.

Spot-led: over 1h the delta of spot is at least {v.percents(LEADING_SHARE)} of its volume and at
least twice that share of the perps, with the same sign. Perp-led: the reverse.

Absorption: over 1h the delta of the perps is at least {v.percents(ABSORBED_SHARE)} of their volume
while the price of the primary market moved less than {ABSORBED_ATR} ATR(14) of 1h (Wilder, closed
bars, after {WARM_UP} of warm-up).

Divergence: over the last {NEWEST} closed bars of the timeframe the mean log return of the primary
market and the mean delta of all perps in USD have opposite signs, each more than two standard
errors from 0: |mean| / (sd / sqrt({NEWEST})) > {v.plain(CERTAIN)}. Bullish: takers buy while the
price falls; bearish: they sell while it rises.

Primary market: the perp of the venue with the highest 24h turnover."""

PARAMETERS = Parameters(
    symbol=True,
    timeframe=Timeframe.H1,
    venue=True,
    choices=(("", "tradfi"),),
    details=True,
)


def render(answer: Cvd, args: Args, view: v.View) -> v.Page:
    coin = Coin(answer.coin, answer.quote)
    bars = f" {answer.bars.timeframe}" if answer.bars else ""
    heading = v.bold(f"{coin.symbol} CVD{bars} to {view.clock(answer.end_ms)}")
    shown = details(answer, view) if args.details else [compact(answer, view)]
    if not answer.kinds:
        asked = view.venues(answer.provenance.asked)
        heading = v.bold(f"{coin.symbol} CVD")
        shown = [v.escape(f"No market of it known on {asked}")]
    buttons = keyboard(replace(args, symbol=coin.symbol, page=1), PARAMETERS)
    return v.Page(
        tuple(filter(None, (heading, *shown))), buttons, footer=view.provenance(answer.provenance)
    )


COMMAND = Command(
    name="cvd",
    summary="what takers bought less what they sold, spot and perps",
    example="/cvd ETH 15m",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
)
