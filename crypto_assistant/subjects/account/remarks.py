"""What every answer about the owner's accounts says of them: keys, play money, clocks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from crypto_assistant import view as v
from crypto_assistant.errors import UsageError
from crypto_assistant.exchanges.base import LIVE
from crypto_assistant.listings.lists import Listings
from crypto_assistant.subjects.account.environments import Environment


def coin(listings: Listings, symbol: str) -> str:
    """The coin that a line names, of whatever class; raises UsageError."""
    with suppress(UsageError):
        return listings.find(symbol, tradfi=True).name
    return listings.find(symbol).name


def label(venue: str, accounts: Mapping[str, Environment], view: v.View) -> str:
    """A venue's title, and what it calls its play money: `OKX (demo)`."""
    return view.venue(venue) + _play(accounts[venue])


def short(venue: str, accounts: Mapping[str, Environment], view: v.View) -> str:
    """The same in three letters: `OKX (demo)`, `BIN`."""
    return view.short(venue) + _play(accounts[venue])


def _play(account: Environment) -> str:
    return f" ({account.environment})" if _is_play(account) else ""


def listed(words: str, names: Iterable[str]) -> Iterator[str]:
    """Parts of a line that flows, of which the first begins with the words."""
    for number, name in enumerate(names):
        yield name if number else f"{words} {name}"


def without_keys(venues: Sequence[str], view: v.View) -> v.Page:
    """The answer where nobody can be asked: what to set."""
    wants = [f"{view.venue(venue)} wants {', '.join(view.credentials[venue])}" for venue in venues]
    return v.Page((v.escape(f"no key: {'; '.join(wants)}"),))


def notes(
    accounts: Mapping[str, Environment], keyless: Sequence[str], view: v.View
) -> Iterator[v.Html]:
    """The lines above the provenance."""
    play = [label(venue, accounts, view) for venue in accounts if _is_play(accounts[venue])]
    if play:
        mixed = len(play) < len(accounts)
        yield v.flowing([*listed("play money:", play), "not in the totals" if mixed else ""])
    if keyless:
        yield v.escape(f"no key: {view.venues(keyless)}")
    yield view.clocks({venue: one.clock_ahead_seconds for venue, one in accounts.items()})


def _is_play(account: Environment) -> bool:
    return account.environment != LIVE
