"""The lines of /status: what is wrong, then the program, its hosts and each venue."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.grammar import Args, Parameters
from crypto_assistant.subjects.keyboard import Row, keyboard
from crypto_assistant.subjects.status.answer import ALL, Audited, Found, Status, Venue
from crypto_assistant.subjects.status.troubles import WARNING, audited, several, troubles
from crypto_assistant.vitals import Process

PARAMETERS = Parameters(venue=True)


def render(answer: Status, args: Args, view: v.View) -> v.Page:
    now_ms = answer.provenance.time_ms
    wrong = [*troubles(answer, view)]
    process = v.flowing([*_process(answer.process), *_audit(answer.audit, now_ms)])
    hosts = v.table(["ms", "p50", "p95"], [*_hosts(answer.venues, view)])
    venues = (
        v.lines([*_venue(name, venue, view, now_ms), *_not_audited(name, answer.audit)])
        for name, venue in answer.venues.items()
    )
    # What failed is told above; below it would be said again.
    known = replace(answer.provenance, failed={}, clock_ahead_seconds={})
    return v.Page(
        (v.lines([_title(answer, wrong), *wrong, process]), hosts, *venues),
        _buttons(args, view),
        footer=view.provenance(known),
    )


def _title(answer: Status, wrong: list[v.Html]) -> v.Html:
    count = len(wrong)
    words = f"{count} trouble{'s' if count > 1 else ''}" if wrong else "All well"
    if answer.provenance.waiting and not wrong:
        words = "All well so far"
    return v.flowing([words, f"crypto-assistant {answer.process.version}"], boldly=True)


def _process(process: Process) -> Iterator[str]:
    yield f"up {v.duration(process.uptime_seconds * 1000)}"
    yield v.mebibytes(process.memory_bytes)
    if process.models_deferred is False:
        yield "aiogram imported whole"
    if process.poll_age_seconds is not None:
        yield f"Telegram {v.duration(process.poll_age_seconds * 1000)} ago"
    if process.inbox_questions is not None:
        yield f"inbox {process.inbox_questions}"
        yield f"database {v.mebibytes(process.database_bytes)}"


def _audit(found: Audited | None, now_ms: int) -> Iterator[str]:
    if found:
        looked_at = found.agree + sum(map(len, _markets(found.disagree)))
        age = v.duration(now_ms - found.time_ms)
        yield f"audit {age} ago: {v.plain(found.agree)} of {v.plain(looked_at)} agree"


def _markets(found: Found) -> Iterator[Mapping[str, str]]:
    return (markets for checks in found.values() for markets in checks.values())


def _hosts(venues: Mapping[str, Venue], view: v.View) -> Iterator[list[str]]:
    for venue, known in venues.items():
        for name, host in known.hosts.items():
            latencies = host.latency_p50_seconds, host.latency_p95_seconds
            title = f"{view.short(venue)} {name}" if len(known.hosts) > 1 else view.short(venue)
            yield [title, *map(_ms, latencies)]


def _ms(seconds: float | None) -> str:
    return v.decimal(None if seconds is None else seconds * 1000, 0)


def _venue(name: str, venue: Venue, view: v.View, now_ms: int) -> Iterator[v.Html]:
    clock, key = venue.clock_ahead_seconds, venue.key or ""
    state = {None: "waiting", True: "", False: "NOT reachable"}[venue.reachable]
    told = [state, f"clock {v.signed(clock, 1)} s" if clock is not None else ""]
    told.append("" if key.startswith(WARNING) else key)
    first, *more = filter(None, told or [v.NOTHING])
    yield v.flowing([f"{view.venue(name)}: {first}", *more])
    used = [
        f"{_limit(limit)} {v.decimal(one.used_units, 0)}/{v.decimal(one.limit_units, 0)}"
        for limit, one in venue.limits.items()
    ]
    yield v.escape(f"  used: {', '.join(used) or v.NOTHING}")
    for at, host in venue.hosts.items():
        if host.last_error and host.last_error_ms is not None:
            of = f"{at} " if len(venue.hosts) > 1 else ""
            when = view.clock(host.last_error_ms, now_ms)
            yield v.escape(f"  {of}last error {when}: {host.last_error}")


def _limit(name: str) -> str:
    """Of a venue that counts each path apart, the fullest is nobody's name."""
    return "fullest" if name.startswith("/") else name


def _not_audited(venue: str, found: Audited | None) -> Iterator[v.Html]:
    for check, markets in audited(venue, found.not_audited if found else {}):
        what = "" if check == ALL else f" {check}:"
        yield v.escape(f"  not audited:{what} {several(markets)}")


def _buttons(args: Args, view: v.View) -> tuple[Row, ...]:
    """The venues, one by one, and all of them."""
    (first,) = keyboard(args, PARAMETERS)
    others = {"All": None, **{title: name for name, title in view.titles.items()}}
    return (
        (
            *first,
            *(
                v.Button(label, args.line(venue=name))
                for label, name in others.items()
                if name != args.venue
            ),
        ),
    )
