"""/pnl: what the owner's derivatives brought and cost, and whether it adds up."""

from dataclasses import replace

from crypto_assistant import worth
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Command, Progress
from crypto_assistant.midnights import midnight_ms
from crypto_assistant.round import Round
from crypto_assistant.subjects.account import remarks
from crypto_assistant.subjects.account.environments import environments
from crypto_assistant.subjects.account.pnl.answer import Pnl, day_by_day, summed, venue_pnl
from crypto_assistant.subjects.account.pnl.page import render
from crypto_assistant.subjects.account.pnl.parameters import DAYS, FILE, PARAMETERS, is_picture
from crypto_assistant.subjects.account.pnl.picture import figure
from crypto_assistant.subjects.account.pnl.question import Question

EXPLAINS = """\
What your derivatives brought (+) and cost (-) since midnight in your zone (TIMEZONE, else UTC), by
the venue's clock: today; 7d: today and the six days before; 30d: today and the 29 before. Needs a
key that only reads at each venue; a venue without one is no key.

First the sum of all five, and beside it whom it is without (n/a for OKX), then what it is made of:
- realised: of closed positions, gross of fees and funding; closing by liquidation, deleveraging or
delivery counts.
- fees: trading fees, maker rebates in them.
- funding: received less paid.
- rebates: referral and commission rebates.
- liquidation: what a liquidation cost besides its loss.
- open: unrealised PnL of all open positions now, as in /positions, in no sum, and in % on their
margin.

A row a venue; what has no room for cents has three digits.

Sources: Binance income of USD-M and COIN-M; Bybit transaction log of the unified account; OKX
bills of the trading account. They are kept here for longer than the venues keep them; where one
reaches back less than asked, the answer says since when. Lines may come late: the newest hour is
asked for again each time, and the last three days by the daemon every night.

Coins are valued at their price at that venue now (USDT and USD: one dollar), also of flows of
earlier days. A coin without a price is named with its amount, beside the sum of the rest; % of
opening equity is n/a then.

realised ... of opening equity: against the equity of the margined wallets at the window's start, by
the snapshot of then, coins without a price left out.

Spot PnL is not computed. Where spot shares a wallet with derivatives (Bybit, OKX), what spot trades
changed in it, at prices of now, are its flows.

Reconciliation, from a snapshot that the daemon takes a minute after your midnight, or when it
starts, but never in the minute after a full hour, when funding is paid: equity now = opening +
realised + fees + funding + other (rebates, liquidation, spot, interest ...) + change in unrealised
+ transfers + revaluation of coins that are not dollars + residual. The residual should be 0, and is
shown where it is not: above $0.01 and 1 bp of equity, marked with !, or where a coin without a
price is left out; Details show all of it. The wallets are not read at the very moment that the log
ends: what is dated in between, or comes late in the log, is in the residual until a later answer.
Before the first snapshot nothing is reconciled.

chart: a picture, in days of your zone (TIMEZONE): the sum of each day, today's hollow until it is
over; these added up, which ends at the sum of /pnl; and, of all coins together, equity of the
margined wallets by the first snapshot of each day, at prices of then, and now. A day that no log
reaches, or without a snapshot, is a gap; a venue whose snapshots begin on a later day than the
others' is not in equity. file: the same with all of its pixels.

Details of one coin (/pnl 7d BTC details) reckon realised PnL from your trades as well, market by
market, since nothing was open in it: by average cost as the venues do, and first in first out
(FIFO), beside the log; n/a where the log realises what is still open: USDC contracts at Bybit,
dated futures at OKX."""


async def run(args: Args, desk: Desk, progress: Progress[Pnl]) -> Pnl:
    round = Round(desk, await desk.listings(), desk.owned(args.venue))
    coin = remarks.coin(round.listings, args.symbol) if args.symbol else None
    window = args.choices[0]
    days, drawn = DAYS[window], is_picture(args)

    def build() -> Pnl:
        replies = question()
        priced = {venue: one.prices for venue, one in replies.items()}
        known = worth.dated(round.provenance(), priced)
        accounts = environments(desk, known.asked)
        venues = {venue: venue_pnl(one, coin) for venue, one in replies.items()}
        starts = [one.logged.start_ms for one in replies.values() if one.logged]
        parts_read, parts = question.parts
        answer = Pnl(
            window=window,
            start_ms=min(starts, default=midnight_ms(known.time_ms, desk.zone, -days)),
            coin=coin,
            venues=venues,
            total=summed(venues, accounts),
            accounts=accounts,
            keyless=tuple(desk.keyless(args.venue)),
            parts_read=parts_read,
            parts=parts,
            provenance=known,
        )
        return replace(answer, daily=day_by_day(answer, replies, desk.zone)) if drawn else answer

    trades_of = coin if args.details and not drawn else None
    question = Question(round, days=days, trades_of=trades_of)
    # A text that is shown meanwhile would be in the picture's place.
    await question.settle(lambda: None if drawn else progress(build()))
    return build()


COMMAND = Command(
    name="pnl",
    summary="what your derivatives brought",
    example="/pnl 7d BTC",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    private=True,
    scans=True,
    figure=figure,
    as_file=lambda args: FILE in args.choices,
)
