"""/status: how the program itself is doing, and what it knows of each venue's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crypto_assistant import view as v
from crypto_assistant.accounts import verdict
from crypto_assistant.audit.findings import Audits, Finding
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges.base import IN_DOUBT, Belief, Believing, Exchange
from crypto_assistant.grammar import Args, Command, Parameters, Progress
from crypto_assistant.models import Permissions, Provenance
from crypto_assistant.net.health import Health
from crypto_assistant.net.signed import VenueClock
from crypto_assistant.net.unread import counted
from crypto_assistant.subjects.keyboard import keyboard
from crypto_assistant.vitals import Process
from crypto_assistant.wave import Wave

EXPLAINS = """\
How the program is doing: for the owner, in private chats.

Up: since its start. Memory: resident, as the system counts it. Telegram: how long ago it last said
what is new; while nothing is new it says so every 30 s. Inbox: questions that are not answered yet,
this one among them. Database: its file, with what is written beside it.

Per host of a venue: p50 and p95, the milliseconds within which half, and 95 %, of its last 200
answers came.

Per venue: whether it tells the time now; by how much its clock is ahead of this host's at least;
what your key may do; what this program, and whoever shares its address where the venue tells that,
has used of what it may in the current window (OKX counts each path apart: the fullest one);
what went wrong last, and when.

audit: once a day numbers of each venue are compared with second sources of its own: hourly candles
with the day's, mark prices with candles, what takers did with statistics of it, open interest with
its USD and with both its sides, hours of funding with what was paid, clocks. How many agree, what
does not, and what was not audited. What disagrees in two audits ten minutes apart is doubtful:
every answer that uses such numbers of that venue says so, until they agree again, which is looked
at every hour.

held until: the venue said stop, and by what; one that says so for more than an hour is asked once
an hour whether it still does. `crypto-assistant holds clear VENUE` in the host's shell lifts it.

rows bear: OKX does not say which end of a bar its statistics name. It is found out from BTC's, each
length by itself, and looked at again every hour; n/a where nothing fits.

A host that answered nothing for 8 s is down: it is asked every 15 s whether it is back, and until
then its part of every answer says at once since when it is silent. Where a firewall turns away one
kind of question, that kind alone is asked every 5 minutes; where it does so with two in a row, the
host is down. Rows that cannot be read are left out: so many of all answers in the last hour, a row
that came with each of them each time."""

PARAMETERS = Parameters(venue=True)
ALL = "all"


@dataclass(frozen=True, slots=True)
class Clock:
    """A venue told the time. `ahead_seconds`: its clock, to this host's, at least."""

    ahead_seconds: float | None
    received_ms: int


@dataclass(frozen=True, slots=True)
class Host:
    """One of a venue's addresses; None where nothing is known yet.

    `unread_rows`: of its answers of the last hour, left out since they cannot be read.
    """

    latency_p50_seconds: float | None
    latency_p95_seconds: float | None
    answers: int
    down_since_ms: int | None
    last_error: str | None
    last_error_ms: int | None
    unread_rows: int


@dataclass(frozen=True, slots=True)
class Limit:
    """Requests, or weight where the venue counts that."""

    used_units: float
    limit_units: float


@dataclass(frozen=True, slots=True)
class Venue:
    """`reachable`: None before it is known. `limits`: in the current window, by name.

    `held_until_ms`: nothing is sent before, since the venue said so; `held_by`: what told that.

    `key`: what the key may do, in words; None where that is not known. `beliefs`: what rows of its
    statistics bear, as far as that had to be found out.
    """

    reachable: bool | None
    clock_ahead_seconds: float | None
    hosts: Mapping[str, Host]
    limits: Mapping[str, Limit]
    held_until_ms: int | None
    held_by: str | None
    key: str | None
    beliefs: Mapping[str, Belief]


Found = Mapping[str, Mapping[str, Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Audited:
    """The last audit; by venue, check and market, in words what came of it.

    `doubtful`: what has disagreed in two audits and not agreed since. What no check or no market
    is to blame for is under "all".
    """

    time_ms: int
    agree: int
    disagree: Found
    not_audited: Found
    doubtful: Found


@dataclass(frozen=True, slots=True)
class Status:
    """`audit`: None before the first one."""

    process: Process
    venues: Mapping[str, Venue]
    audit: Audited | None
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Status]) -> Status:
    process = await desk.vitals.process()
    exchanges = desk.named(args.venue)
    wave = Wave(desk, exchanges)
    asked = [exchange.name for exchange in exchanges]
    keyed = [venue for venue in asked if venue in desk.accounts]

    async def tell(exchange: Exchange) -> Clock:
        clock = VenueClock(exchange.clock_ms, desk.clock_ms)
        await clock.measure()
        return Clock(clock.ahead_seconds, desk.clock_ms())

    async def look(exchange: Exchange) -> Permissions:
        return await desk.accounts[exchange.name].permissions()

    clocks = wave.ask("clock", tell)
    keys = wave.ask("key", look, keyed, aside=True)

    def build() -> Status:
        # A key may have been looked at an hour ago; that is not the age of what is told here.
        oldest_ms = min((one.received_ms for one in clocks.values()), default=None)
        known = replace(wave.provenance(), oldest_ms=oldest_ms)
        venues = {
            exchange.name: Venue(
                reachable=_reachable(exchange.name, known),
                clock_ahead_seconds=clocks[exchange.name].ahead_seconds
                if exchange.name in clocks
                else None,
                hosts={name: _host(api.health) for name, api in exchange.hosts.items()},
                limits={name: Limit(*used) for name, used in exchange.used.items()},
                held_until_ms=exchange.limiter.held_until_ms,
                held_by=exchange.limiter.held_by if exchange.limiter.held_until_ms else None,
                key=_key(desk, exchange, keys),
                beliefs=exchange.beliefs if isinstance(exchange, Believing) else {},
            )
            for exchange in exchanges
        }
        return Status(process, venues, _last(desk.audits), known)

    await wave.settle(lambda: progress(build()))
    return build()


def _reachable(venue: str, known: Provenance) -> bool | None:
    return None if venue in known.waiting else venue in known.answered


def _last(audits: Audits) -> Audited | None:
    if audits.last is None:
        return None
    return Audited(
        time_ms=audits.last.time_ms,
        agree=len(audits.last.those(True)),
        disagree=_by_venue(audits.last.those(False)),
        not_audited=_by_venue(audits.last.those(None)),
        doubtful=_by_venue(audits.doubtful),
    )


def _by_venue(findings: Sequence[Finding]) -> Found:
    found: dict[str, dict[str, dict[str, str]]] = {}
    for one in findings:
        checks = found.setdefault(one.venue, {})
        checks.setdefault(one.check or ALL, {})[one.market or ALL] = one.said
    return found


def _host(health: Health) -> Host:
    error = health.last_error
    return Host(
        latency_p50_seconds=health.latency(0.5),
        latency_p95_seconds=health.latency(0.95),
        answers=health.samples,
        down_since_ms=health.down_since_ms,
        last_error=error.text if error else None,
        last_error_ms=error.at_ms if error else None,
        unread_rows=health.unread,
    )


def _key(desk: Desk, exchange: Exchange, keys: Mapping[str, Permissions]) -> str | None:
    venue = exchange.name
    if venue not in desk.accounts:
        return "no key" if exchange.credentials else "market data alone"
    found = keys.get(venue)
    return verdict(desk.accounts[venue].environment, found) if found else None


def render(answer: Status, args: Args, view: v.View) -> v.Page:
    title, now_ms = v.bold(f"crypto-assistant {answer.process.version}"), answer.provenance.time_ms
    audited = [_audit(answer.audit, now_ms)] if answer.audit else []
    blocks = [
        v.lines([title, *_process(answer.process), *map(v.escape, audited)]),
        v.lines(v.tables(["ms", "p50", "p95"], list(_hosts(answer.venues, view)))),
    ]
    blocks += [
        v.lines(
            [
                *map(v.escape, _venue(view.venue(name), venue, view, now_ms)),
                *map(v.escape, _audited(name, answer.audit) if answer.audit else ()),
            ]
        )
        for name, venue in answer.venues.items()
    ]
    return v.Page(
        tuple(blocks), keyboard(args, PARAMETERS), footer=view.provenance(answer.provenance)
    )


def _process(process: Process) -> Iterator[v.Html]:
    yield v.escape(
        f"up {v.duration(process.uptime_seconds * 1000)} · {v.mebibytes(process.memory_bytes)}"
    )
    yield v.escape(_telegram(process))
    if process.inbox_questions is not None:
        size = v.mebibytes(process.database_bytes)
        yield v.escape(f"inbox {process.inbox_questions} · database {size}")
    if process.database_trouble:
        yield v.escape(f"DATABASE: {process.database_trouble}")


def _telegram(process: Process) -> str:
    age = process.poll_age_seconds
    news = "" if age is None else f"news {v.duration(age * 1000)} ago"
    return f"Telegram: {'; '.join(filter(None, (news, process.telegram_failure))) or v.NOTHING}"


def _audit(found: Audited, now_ms: int) -> str:
    looked_at = found.agree + sum(map(len, _markets(found.disagree)))
    age = v.duration(now_ms - found.time_ms)
    return f"audit {age} ago: {v.plain(found.agree)} of {v.plain(looked_at)} agree"


def _markets(found: Found) -> Iterator[Mapping[str, str]]:
    return (markets for checks in found.values() for markets in checks.values())


def _audited(venue: str, found: Audited) -> Iterator[str]:
    for check, markets in found.disagree.get(venue, {}).items():
        sure = "doubtful" if check in found.doubtful.get(venue, {}) else "disagrees"
        yield f"  {sure}: {check}: {_several(markets)}"
    for check, markets in found.not_audited.get(venue, {}).items():
        what = "" if check == ALL else f" {check}:"
        yield f"  not audited:{what} {_several(markets)}"


def _several(markets: Mapping[str, str]) -> str:
    """The first of them in words, and how many there are besides."""
    market, said = next(iter(markets.items()))
    more = f" (and {v.plain(len(markets) - 1)} more)" if len(markets) > 1 else ""
    return f"{market}{more} {said}".removeprefix(f"{ALL} ")


def _hosts(venues: Mapping[str, Venue], view: v.View) -> Iterator[list[str]]:
    for venue, known in venues.items():
        for name, host in known.hosts.items():
            latencies = host.latency_p50_seconds, host.latency_p95_seconds
            title = f"{view.short(venue)} {name}" if len(known.hosts) > 1 else view.short(venue)
            yield [title, *map(_ms, latencies)]


def _venue(title: str, venue: Venue, view: v.View, now_ms: int) -> Iterator[str]:
    parts = [{None: "waiting", True: "reachable", False: "NOT reachable"}[venue.reachable]]
    if venue.clock_ahead_seconds is not None:
        parts.append(f"clock {v.signed(venue.clock_ahead_seconds, 1)} s")
    parts.append(f"key: {venue.key or 'not known what it may do'}")
    yield f"{title}: {' · '.join(parts)}"
    used = [
        f"{name} {v.decimal(one.used_units, 0)}/{v.decimal(one.limit_units, 0)}"
        for name, one in venue.limits.items()
    ]
    yield f"  limit used: {', '.join(used) or v.NOTHING}"
    if venue.held_until_ms is not None:
        by = f" ({venue.held_by})" if venue.held_by else ""
        yield f"  held until {view.clock(venue.held_until_ms, now_ms)}: it said stop{by}"
    if venue.beliefs:
        yield f"  rows bear: {', '.join(_belief(*item) for item in venue.beliefs.items())}"
    for name, host in venue.hosts.items():
        of = f"{name} " if len(venue.hosts) > 1 else ""
        if host.down_since_ms is not None:
            yield f"  {of}down since {view.clock(host.down_since_ms, now_ms)}"
        if host.last_error and host.last_error_ms is not None:
            when = view.clock(host.last_error_ms, now_ms)
            yield f"  {of}last error {when}: {host.last_error}"
        if host.unread_rows:
            yield f"  {of}left out in the last hour: {counted(host.unread_rows)}"


def _belief(about: str, found: Belief) -> str:
    """With its numbers where it is not as it should be."""
    why = f" ({found.why})" if found.verdict in {"n/a", IN_DOUBT} else ""
    return f"{about} {found.verdict}{why}"


def _ms(seconds: float | None) -> str:
    return v.decimal(None if seconds is None else seconds * 1000, 0)


COMMAND = Command(
    name="status",
    summary="how this program is doing, and each venue's line",
    example="/status",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    private=True,
    about_itself=True,
)
