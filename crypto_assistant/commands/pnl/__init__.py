"""/pnl: what the owner's derivatives brought and cost, and whether it adds up."""

from crypto_assistant.commands import owned
from crypto_assistant.commands.base import Args, Command, Progress
from crypto_assistant.commands.pnl.page import render
from crypto_assistant.commands.pnl.question import Question
from crypto_assistant.commands.pnl.reading import Pnl, summed, venue_pnl
from crypto_assistant.commands.pnl.takes import DAYS, TAKES
from crypto_assistant.desk import Desk
from crypto_assistant.readings.midnights import midnight_ms
from crypto_assistant.readings.standing import standings

EXPLAINS = """\
What your derivatives brought (+) and cost (-) since midnight in your zone (TIMEZONE, else UTC):
today; 7d: today and the six days before; 30d: today and the 29 before. Needs a key that only reads
at each venue; a venue without one is no key.

realised: of closed positions, gross of fees and funding; closing by liquidation, deleveraging or
delivery counts. fees: trading fees, maker rebates in them. funding: received less paid. rebates:
referral and commission rebates. liquidation: what a liquidation cost besides its loss. sum: all
five. Sources: Binance income of USDⓈ-M and COIN-M; Bybit transaction log of the unified account;
OKX bills of the trading account. They are kept here for longer than the venues keep them; where one
reaches back less than asked, the answer says since when. The newest ten minutes are asked for
again each time, since lines may come late.

Coins are valued at their price at that venue now (USDT and USD: one dollar), also of flows of
earlier days. What has no price stands apart and is in no sum.

open: unrealised PnL of all open positions now, as in /positions, and as % of their margin. % of
opening equity: realised against the equity of the margined wallets at the window's start, by the
snapshot of then.

Spot PnL is not computed. Where spot shares a wallet with derivatives (Bybit, OKX), what spot trades
changed in it, at prices of now, is a line of its own.

Reconciliation, from a snapshot that the daemon takes a minute after your midnight (when the funding
of midnight has been paid), or when it starts: equity now = opening + realised + fees + funding +
other (rebates, liquidation, spot, interest ...) + change in unrealised + transfers + revaluation of
coins that are not dollars + residual. The residual should be 0; above $0.01 and 1 bp of equity it
is marked with !. A trade of the very second, or one that is late in the log, is in it until the
next answer. Before the first snapshot: n/a.

Details of one coin (/pnl 7d BTC details) reckon realised PnL from your trades as well, market by
market, since nothing was open in it: by average cost as the venues do, and first in first out. USDC
contracts at Bybit: the log realises every eight hours what is still open."""


async def run(args: Args, desk: Desk, progress: Progress[Pnl]) -> Pnl:
    listings = await desk.listings()
    coin = owned.coin(listings, args.symbol) if args.symbol else None
    window = args.choices[0]
    start_ms = midnight_ms(desk.clock_ms(), desk.zone, -DAYS[window])
    wave = desk.owners_wave(args.venue)
    is_late = False

    def build() -> Pnl:
        known, told = wave.provenance(), question()
        accounts = standings(desk, known.asked)
        venues = {venue: venue_pnl(one, coin, start_ms) for venue, one in told.items()}
        parts_read, parts = question.parts
        return Pnl(
            window=window,
            start_ms=start_ms,
            coin=coin,
            venues=venues,
            total=summed(venues, accounts),
            accounts=accounts,
            keyless=tuple(desk.keyless(args.venue)),
            parts_read=parts_read,
            parts=parts,
            provenance=known,
        )

    def report() -> None:
        nonlocal is_late
        is_late = True
        progress(build())

    def advance() -> None:
        if is_late:
            report()

    question = Question(
        desk,
        wave,
        listings,
        start_ms=start_ms,
        trades_of=coin if args.details else None,
        advance=advance,
    )
    await question.settle(report)
    return build()


COMMAND = Command(
    name="pnl",
    summary="what your derivatives brought and cost: realised, fees, funding",
    example="/pnl 7d BTC",
    explains=EXPLAINS,
    run=run,
    render=render,
    takes=TAKES,
    private=True,
    scans=True,
)
