"""How coins are written: the dollars, multipliers such as 1000PEPE, names that are near."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from sys import intern

import numpy as np

from crypto_assistant.models import Family, Instruments

LEADING = re.compile(r"(10{3,6}|1M)(?=[^\W\d_]{2})")
TRAILING = re.compile(r"(?<=[^\W\d_]{2})1000$")


SPOKEN: Mapping[str, tuple[str, ...]] = {
    "BITCOIN": ("BTC",),
    "XBT": ("BTC",),
    "ETHER": ("ETH",),
    "ETHEREUM": ("ETH",),
    "SOLANA": ("SOL",),
    "RIPPLE": ("XRP",),
    "DOGECOIN": ("DOGE",),
    "CARDANO": ("ADA",),
    "LITECOIN": ("LTC",),
    "AVALANCHE": ("AVAX",),
    "CHAINLINK": ("LINK",),
    "POLKADOT": ("DOT",),
    "TONCOIN": ("TON",),
    "GOLD": ("XAU", "XAUT", "PAXG"),
    "SILVER": ("XAG",),
    "NASDAQ": ("QQQ", "NAS100"),
    "TESLA": ("TSLA",),
}
"""How people call what is listed, by the names that it may be listed by."""


def nearest(word: str, names: Iterable[str]) -> list[str]:
    """Up to three names that a hasty thumb may have meant, the nearest first."""
    return difflib.get_close_matches(word, sorted(names), n=3, cutoff=0.57)


def bare(name: str) -> tuple[str, float]:
    """A name without its multiplier, and the multiplier: 1000PEPE, SHIB1000, 1MBABYDOGE."""
    if match := LEADING.match(name):
        return name[match.end() :], 1e6 if match[1] == "1M" else float(match[1])
    if match := TRAILING.search(name):
        return name[: match.start()], 1000.0
    return name, 1.0


def per_plain_coin(
    lists: Mapping[tuple[str, Family], Instruments],
) -> dict[tuple[str, Family], Instruments]:
    """The lists with multiplier contracts under their plain coin: 1000PEPE is 1000 PEPE.

    A name is a multiplier contract only where the rest of it is known as a coin by itself, or
    where it comes with a multiplier on several venues or in several ways: 1INCH stays what it is.
    """
    names = {(venue, coin) for (venue, _), listed in lists.items() for coin in listed.coins}
    plain = {coin for _, coin in names}
    spellings: dict[str, int] = {}
    for _, coin in names:
        spellings[bare(coin)[0]] = spellings.get(bare(coin)[0], 0) + (bare(coin)[1] > 1)
    known = {rest for rest, times in spellings.items() if rest in plain or times > 1}
    return {place: _unmultiplied(listed, known) for place, listed in lists.items()}


def _unmultiplied(listed: Instruments, known: set[str]) -> Instruments:
    parts = [bare(name) for name in listed.coins]
    parts = [
        part if part[0] in known else (name, 1.0)
        for part, name in zip(parts, listed.coins, strict=True)
    ]
    multiplier = np.array([times for _, times in parts])
    return replace(
        listed,
        coins=tuple(intern(name) for name, _ in parts),
        multiplier=multiplier,
        tick=listed.tick / multiplier,
    )
