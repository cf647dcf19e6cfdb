"""/price: one coin on every venue now, its totals, its basis and the spread between venues."""

from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.grammar import Args, Command, Parameters
from crypto_assistant.listings.coins import SAME_COIN
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models.now import WIDEST_SPREAD
from crypto_assistant.subjects.bars.trend import WARM_UP
from crypto_assistant.subjects.keyboard import keyboard
from crypto_assistant.subjects.price.answer import Price, run
from crypto_assistant.subjects.price.compact import compact
from crypto_assistant.subjects.price.details import details

EXPLAINS = f"""\
First the primary market: the venue with the highest 24h turnover. Its last price, change and range
over 24 h, and the change over 15m: the last price against the open of the minute that began
nearest to 15 minutes ago. "traded" is the 24h turnover of all USDT perps: Binance and Bybit as
sent; OKX sends coins, valued at the last price.

A row a venue:
- bp: how far its mid is from the primary market's; 1 bp is 0.01 %.
- OI $: open interest, one-sided (Bybit's plain field counts both sides). Binance sends coins,
valued here at the mark price; Bybit and OKX send USD themselves.
- fund/8h: funding in percent, as if paid for 8 h.
- iv: the interval of its funding, and in h:mm when it is paid next.
- oth: USDC and coin-margined perps.
- all: every perp together, funding weighted with open interest;
this and the changes below are those of /oi.

Mid = half way between bid and ask; the last price where a venue sent no bid or no ask, or they are
more than {v.percents(WIDEST_SPREAD)} apart; n/a where that price is as far off both.

Basis ("perp"): mid of the primary perp / mid of its venue's spot market in the same quote - 1, in
bp; where that venue tells none, the spot market with the next turnover, named. BTC/USD: spot in
USDT. Premium ("mark over index", in Details) = mark / index - 1 of one perp.

BTC/USDC asks for USDC perps, BTC/USD for coin-margined ones. Prices and sizes are per plain coin:
1000PEPE counts as 1000 PEPE.

Details: turnover, high and low over 24 h of each market, the next funding, premium = mark / index
- 1, and spread = highest / lowest mid of the perps - 1. Of the primary market ATR(14) of 15m and 1h
(Wilder, closed bars, after {WARM_UP} of warm-up; % of the last close) and the VWAP since 00:00 UTC:
(high + low + close) / 3 of 1m bars weighted with volume, with the forming one; last = the last
price against it. Takers: what they bought less what they sold and the share of their buys in USD,
in the perps of this quote and in spot, to the five-minute boundary that is printed, over the
venues that tell all of it (/help cvd); the others are named.

A market whose price is more than {v.percents(SAME_COIN)} off the median of its name is another
coin: shown apart and never summed. From three venues on each has one voice; of two that disagree
both stand apart."""
PARAMETERS = Parameters(symbol=True, venue=True, choices=(("", "tradfi"),), details=True)


def render(answer: Price, args: Args, view: v.View) -> v.Page:
    blocks = [compact(answer, view)]
    if answer.details:
        blocks += details(answer, answer.details, view)
    buttons = keyboard(
        replace(args, symbol=Coin(answer.coin, answer.quote).symbol, page=1),
        PARAMETERS,
        ("oi", "cvd", "volume", "analysis"),
    )
    return v.Page(tuple(filter(None, blocks)), buttons, footer=view.provenance(answer.provenance))


COMMAND = Command(
    name="price",
    summary="price, funding and OI by venue",
    example="/price ETH",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
)
