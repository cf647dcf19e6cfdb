"""/status: how the program itself is doing, and what it knows of each venue's."""

from crypto_assistant.grammar import Command
from crypto_assistant.subjects.status.answer import run
from crypto_assistant.subjects.status.page import PARAMETERS, render

EXPLAINS = """\
How the program is doing: for the owner, in private chats. First `All well`, or whatever is not.

Of the program:
- up: since its start, and the memory that the system counts for it
- aiogram imported whole: on this Python Telegram's library takes 110 MB more; the log says why
- Telegram: how long ago it last said what is new; while nothing is new it says so every 30 s
- inbox: questions that are not answered yet, this one among them
- database: its file, with what is written beside it

Per host of a venue: p50 and p95, the milliseconds within which half, and 95 %, of its last 200
answers came.

Per venue:
- clock: by how much it is ahead of this host's at least
- what your key may do
- used: what this program, and whoever shares its address where the venue tells that, has used of
what it may in the current window (OKX counts each kind of question apart: the fullest one)
- what went wrong last, and when

What may be wrong:
- held: the venue said stop, and by what; one that says so for more than an hour is asked once an
hour whether it still does. `crypto-assistant holds clear VENUE` in the host's shell lifts it.
- down: a host that answered nothing for 8 s is asked every 15 s whether it is back, and until then
its part of every answer says at once since when it is silent. Where a firewall turns away one kind
of question, that kind alone is asked every 5 minutes; where it does so with two in a row, the host
is down.
- left out: rows that cannot be read, so many of all answers in the last hour; a row that came with
each of them each time
- dates: OKX does not say which end of a bar its statistics name; that is found out from BTC's, each
length by itself, and looked at again every hour; n/a where nothing fits, in doubt where its newest
sample is off what is open now.
- doubtful: what disagreed in two audits ten minutes apart; every answer that uses such numbers of
that venue says so, until they agree again, which is looked at every hour

Audit: once a day numbers of each venue are compared with second sources of its own: hourly candles
with the day's, mark prices with candles, what takers did with statistics of it, open interest with
its USD and with both its sides, hours of funding with what was paid, clocks. How many agree, what
does not, and what was not audited."""

COMMAND = Command(
    name="status",
    summary="how this program is doing",
    example="/status",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    private=True,
    about_itself=True,
)
