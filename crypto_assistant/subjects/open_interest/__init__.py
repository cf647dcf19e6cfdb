"""/oi: open interest of a coin's perps, how it changed with the price, and the funding it pays."""

from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.calculators.open_interest import HEATS, LEAST_ATR, LEAST_CHANGES
from crypto_assistant.grammar import Args, Command, Parameters
from crypto_assistant.listings.lists import Coin
from crypto_assistant.subjects.bars.trend import WARM_UP
from crypto_assistant.subjects.keyboard import keyboard
from crypto_assistant.subjects.open_interest.answer import Oi, run
from crypto_assistant.subjects.open_interest.compact import compact
from crypto_assistant.subjects.open_interest.details import details, notes

LEAST = f"{', '.join(map(v.percents, LEAST_CHANGES.values()))} over {', '.join(LEAST_CHANGES)}"
EXPLAINS = f"""\
Open interest of all perps of the coin, one side counted: USDT, USDC and coin-margined (coin-M).
BTC/USDC and BTC/USD ask for one kind. Bybit's plain field counts both sides: its one-sided field is
used, or half. Binance sends coins, valued at the mark price; Bybit and OKX send USD themselves. A
venue's share is of the sum shown; n/a where only a part of its perps is in the sum.

OI: (now - then) / then over 15m, 1h, 4h, 24h before the question. then = the venue's five-minute
sample nearest to that time; where it is off by more than 2.5 min its true age is printed, by more
than 5 min and a tenth of the window: n/a. Binance has no sample where nobody traded: if its bars
say so (not of coin-M), it is as the one before, at the price of the nearest that is near enough.
Each market counts in its own unit: coins, coin-margined ones in USD (in coins theirs moves with
the price alone). Sums compare only the markets that are there at both ends; who is missing is
named.

px: the primary market's last price against the close of the five-minute bar that ended nearest to
the start of the window.

reading, of USDT and USDC perps together and that price (BTC/USD: of coin-M perps):
- new longs: both up
- shorts out: price up, open interest down
- new shorts: price down, open interest up
- longs out: both down
- small: below {LEAST_ATR} ATR(14) of the price, or below {LEAST} of open interest

ATR: Wilder's, of closed bars of 15m, 1h, 4h, 1d, warmed up for {WARM_UP} of them, else n/a.

Open interest in USD changes by positions = change in coins * price then, and by price = coins now *
change of the price: together exactly the change. Coin-margined: all of it is positions. The price
then is the venue's own (Bybit: its mark price).

Funding: each perp's rate in percent as if paid for 8 h (intervals as the venue tells), weighted
with open interest in USD; per year = times 3 * 365. {HEATS[0][1]} from {v.percents(HEATS[0][0])}
per 8 h, {HEATS[1][1]} from {v.percents(HEATS[1][0])}, either sign.

Accounts long: each exchange's own count of all accounts with a position in the perp of this quote.
Details also tell the top 20 % (Binance) or 5 % (OKX) of accounts, and their positions. They count
different people and are not averaged.

Details: each market, the split, and dated futures (apart, in no sum)."""


def render(answer: Oi, args: Args, view: v.View) -> v.Page:
    coin = Coin(answer.coin, answer.quote, answer.tradfi)
    blocks = [compact(answer, coin, view)]
    if args.details and answer.venues:
        blocks += details(answer, view)
    blocks.append(notes(answer, args.details, view))
    return v.Page(
        tuple(filter(None, blocks)),
        keyboard(
            replace(args, symbol=coin.symbol), PARAMETERS, ("price", "analysis", "cvd", "volume")
        ),
        footer=view.provenance(answer.provenance),
    )


PARAMETERS = Parameters(symbol=True, venue=True, choices=(("", "tradfi"),), details=True)
COMMAND = Command(
    name="oi",
    summary="open interest, changes, funding",
    example="/oi ETH",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
)
