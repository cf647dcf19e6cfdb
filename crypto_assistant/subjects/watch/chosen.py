"""Which coins a line of /watch is about, and what it changes in the user's list."""

from collections.abc import Sequence
from sqlite3 import Error

from crypto_assistant.desk import Desk
from crypto_assistant.errors import ConfigError, UsageError
from crypto_assistant.grammar import Args
from crypto_assistant.listings.lists import Listings

MOST = 20
"""Coins of a list."""
ONLY = "only"
ALL = "all"


async def chosen(args: Args, desk: Desk, listings: Listings) -> tuple[Sequence[str], bool]:
    """The coins to show, and whether they are the user's own list, changed first where asked."""
    if args.words and args.words[0].lower() == ONLY:
        coins = [listings.find(word).symbol for word in args.words[1:]]
        if not coins:
            raise UsageError(f"After {ONLY} come coins.")
        return _few(coins), False
    try:
        await desk.users.load()
        watched = desk.users.of(args.user).watched
        changed = _changed(watched, args.words, listings)
        if changed != watched:
            if args.user is None:
                raise UsageError("Telegram does not say who asks: a watch list is somebody's.")
            await desk.users.choose(args.user, "watched", " ".join(changed))
    except (Error, ConfigError) as error:
        raise UsageError(f"The watch list cannot be kept now: {error}") from error
    return changed, True


def _changed(watched: Sequence[str], words: Sequence[str], listings: Listings) -> tuple[str, ...]:
    """The list after `BTC` was added and `-SOL` taken away."""
    coins = [*watched]
    for word in words:
        if not word.startswith(("-", "−", "–")):
            coins.append(listings.find(word).symbol)
            continue
        name = word[1:].upper()
        if name == ALL.upper():
            coins = []
        elif (symbol := _listed(name, coins, listings)) in coins:
            coins.remove(symbol)
        else:
            raise UsageError(f"{name[:32]} is not on the watch list.")
    return _few(coins)


def _listed(name: str, coins: Sequence[str], listings: Listings) -> str:
    """What the list calls it, be it delisted since."""
    return name if name in coins else listings.find(name).symbol


def _few(coins: Sequence[str]) -> tuple[str, ...]:
    """Each once."""
    found = tuple(dict.fromkeys(coins))
    if len(found) > MOST:
        raise UsageError(f"At most {MOST} coins; /watch -SOL takes one away.")
    return found
