"""How the program stands, and what it knows of each venue's line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crypto_assistant.accounts import verdict
from crypto_assistant.audit.findings import Audits, Finding
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges.base import Belief, Believing, Exchange
from crypto_assistant.grammar import Args, Progress
from crypto_assistant.models import Permissions, Provenance
from crypto_assistant.net.health import Health
from crypto_assistant.net.signed import VenueClock
from crypto_assistant.vitals import Process
from crypto_assistant.wave import Wave

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
