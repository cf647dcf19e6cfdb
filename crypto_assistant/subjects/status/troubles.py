"""What is wrong with the program, its hosts, its keys and its venues: a line each."""

from collections.abc import Iterator, Mapping

from crypto_assistant import view as v
from crypto_assistant.net.unread import counted
from crypto_assistant.subjects.status.answer import ALL, Found, Status, Venue

WARNING = "WARNING: "
UNKNOWN_DATES = "n/a"


def troubles(answer: Status, view: v.View) -> Iterator[v.Html]:
    process, known = answer.process, answer.provenance
    if process.database_trouble:
        yield v.escape(f"DATABASE: {process.database_trouble}")
    if process.telegram_failure:
        yield v.escape(f"Telegram: {process.telegram_failure}")
    if known.clock_ahead_seconds:
        yield view.clocks(known.clock_ahead_seconds)
    for name, venue in answer.venues.items():
        title = view.venue(name)
        if name in known.failed and venue.held_until_ms is None:
            yield v.escape(f"{title}: {known.failed[name]}")
        for said in (*_of_venue(venue, view, known.time_ms), *_of_numbers(name, venue, answer)):
            yield v.escape(f"{title}: {said}")


def _of_venue(venue: Venue, view: v.View, now_ms: int) -> Iterator[str]:
    """Its holds, its key and its hosts."""
    if venue.held_until_ms is not None:
        by = f" ({venue.held_by})" if venue.held_by else ""
        yield f"held until {view.clock(venue.held_until_ms, now_ms)}: it said stop{by}"
    if venue.key is None and venue.reachable:
        yield "not known what the key may do"
    elif venue.key and venue.key.startswith(WARNING):
        yield venue.key.removeprefix(WARNING)
    for name, host in venue.hosts.items():
        of = f"{name} " if len(venue.hosts) > 1 else ""
        if host.down_since_ms is not None:
            yield f"{of}down since {view.clock(host.down_since_ms, now_ms)}"
        if host.unread_rows:
            yield f"{of}left out in the last hour: {counted(host.unread_rows)}"


def _of_numbers(name: str, venue: Venue, answer: Status) -> Iterator[str]:
    """What is not to be relied on: dates of statistics, and what disagrees with second sources."""
    for about, belief in venue.beliefs.items():
        if belief.verdict == UNKNOWN_DATES:  # What is in doubt is among what failed.
            yield f"dates: {about} {belief.verdict} ({belief.why})"
    if answer.audit is None:
        return
    doubtful = answer.audit.doubtful.get(name, {})
    for check, markets in audited(name, answer.audit.disagree):
        sure = "doubtful" if check in doubtful else "disagrees"
        yield f"{sure}: {check}: {several(markets)}"


def audited(venue: str, found: Found) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What an audit found of a venue, by check."""
    yield from found.get(venue, {}).items()


def several(markets: Mapping[str, str]) -> str:
    """The first of them in words, and how many there are besides."""
    market, said = next(iter(markets.items()))
    more = f" (and {v.plain(len(markets) - 1)} more)" if len(markets) > 1 else ""
    return f"{market}{more} {said}".removeprefix(f"{ALL} ")
