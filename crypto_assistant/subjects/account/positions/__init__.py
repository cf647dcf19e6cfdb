"""/positions: everything that the owner has open on all venues, and what it adds up to."""

from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.grammar import Args, Command, Parameters
from crypto_assistant.subjects.account import remarks
from crypto_assistant.subjects.account.onward import onward
from crypto_assistant.subjects.account.open_positions import LARGEST
from crypto_assistant.subjects.account.positions.answer import Positions, run
from crypto_assistant.subjects.account.positions.compact import SHOWN, compact
from crypto_assistant.subjects.account.positions.details import details
from crypto_assistant.subjects.bars.trend import WARM_UP
from crypto_assistant.subjects.keyboard import Row, keyboard

EXPLAINS = f"""\
Every open position, perps and dated futures, linear and coin-margined. What is liquidated first
comes first, then what has no liquidation price, by size, at last what is not known (n/a).

On top, over all positions:
- PnL: unrealised, the venue's figure in the coin that the position is margined with; in USD at that
coin's spot price there, as in /balance (/help balance): USDT counts as dollars.
- Gross: all sizes without sign. x equity: effective leverage, gross / equity of all your wallets as
in /balance.
- Net: long less short. 1% of market: what a rise of all prices by 1 % brings you, a fall costs.
- Next funding: the sum of every position's next payment, and when the last of them is. A minus
pays: rate of now x size, longs pay a positive rate, which may still change until it is paid.
- Nearest: what is liquidated first.
- 3 of 4: so many positions tell the figure. What needs all of them is n/a if one is missing;
leverage is, too, where a wallet did not arrive.

A row a position:
- size: in USD at the mark price; a short has a minus.
- PnL: unrealised, in USD.
- liq: by how much the price may still change, liquidation price / mark price - 1. none: the venue
says that there is no such price. In cross margin it moves with everything else in the wallet.
- Marks: $ coin-M, c USDC, * another quote, d a dated future.

ATR: of an hour (Wilder, 14 closed bars of 1h after {WARM_UP} of warm-up), for the nearest and the
{LARGEST} largest positions that have a liquidation price.

Net lines: long less short, for a coin with more than one position.

Details: size in plain coins, cross or isolated, leverage, entry, mark and liquidation price, the
PnL in % on the initial margin, both in the coin of that, and funding (fund) of its interval in %.

The total is over the venues of which all kinds of positions arrived, as 2/3 venues says, and which
have none in spot margin or options (OKX), which are not read; "No open positions" is said of those
alone. Play money (testnet, demo) is shown, and in no total. How near the margin is to maintenance
is not computed."""

COINS, LONGEST_LABEL = 5, 6
"""Buttons that stand side by side, and letters of each."""
PARAMETERS = Parameters(symbol=True, venue=True, details=True)


def render(answer: Positions, args: Args, view: v.View) -> v.Page:
    if not answer.accounts:
        return remarks.without_keys(answer.keyless, view)
    blocks = [*details(answer, view)] if args.details else compact(answer, view)
    notes = v.lines(remarks.notes(answer.accounts, answer.keyless, view))
    asked = replace(args, symbol=answer.coin)
    return v.Page(
        (v.lines([blocks[0], notes]), *blocks[1:]),
        (*keyboard(asked, PARAMETERS), *_onward(answer, asked)),
        footer=view.provenance(answer.provenance),
        first_alone=not args.details,
    )


def _onward(answer: Positions, asked: Args) -> tuple[Row, ...]:
    """PnL and wallets, the positions that are not shown, and the coins, the first ones first."""
    leads = [onward(asked, "pnl"), onward(asked, "balance")]
    count = len(answer.positions)
    if count > SHOWN and not asked.details:
        leads.append(v.Button(f"All {count}", asked.line(page=2)))
    held = {one.coin: one for one in answer.positions if one.coin}
    coins = [
        v.Button(v.cut(coin, LONGEST_LABEL), f"price {coin}{' tradfi' if one.tradfi else ''}")
        for coin, one in held.items()
    ]
    return (*v.button_rows(leads), *v.button_rows(coins[:COINS]))


COMMAND = Command(
    name="positions",
    summary="your positions, risk first",
    example="/positions BTC",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    private=True,
)
