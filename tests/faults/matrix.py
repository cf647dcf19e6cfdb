"""How venues fail, which lines are asked while they do, and what must be said then."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from crypto_assistant.sandbox import Fault
from crypto_assistant.sandbox.faults import Kind
from tests.floor import VENUES, Floor, assert_readable, differences, numbers, world
from tests.truth import Fields, Truth, price, top
from tests.truths.analysis import analysis
from tests.truths.cvd import cvd
from tests.truths.details import details
from tests.truths.oi import oi
from tests.truths.scan import scan
from tests.truths.volume import volume

TITLES = {"binance": "Binance", "bybit": "Bybit", "okx": "OKX"}


@dataclass(frozen=True)
class Broken:
    """A failure, and how it reads where it is not the same for all venues."""

    kind: Kind
    value: float = 0
    reason: str = ""
    of: Mapping[str, str] | None = None

    def at(self, venue: str) -> Fault:
        return Fault(venue, self.kind, self.value or "")

    def says(self, venue: str) -> str:
        return (self.of or {}).get(venue, self.reason)

    def __str__(self) -> str:
        return f"{self.kind} {self.value or ''}".strip()


BROKEN = [
    Broken("http", 500, "HTTP 500"),
    Broken("http", 502, "HTTP 502"),
    Broken("http", 503, "HTTP 503"),
    Broken("rate_limited", 60, "rate-limited until 14:14:49 UTC"),
    Broken("banned", 150, "rate-limited until 14:16:19 UTC"),
    Broken("geo_blocked", reason="geo-blocked"),
    Broken("waf", reason="blocked by a firewall: another address or HTTPS_PROXY may help"),
    Broken("html", reason="HTML instead of JSON"),
    Broken("truncated", reason="the answer was cut short"),
    Broken("cut", reason="the answer was cut short"),
    Broken("reset", reason="no connection"),
    Broken(
        "error_code",
        of={
            "binance": "An unknown error occurred while processing the request.",
            "bybit": "Server error.",
            "okx": "System error. Try again later",
        },
    ),
]
EMPTY = Broken("empty", reason="an empty list")


def in_turn(failures: Sequence[Broken]) -> list[ParameterSet]:
    """Each at one venue, the venues in turn; at every venue where it reads otherwise at each."""
    return [
        pytest.param(broken, venue, id=f"{broken}-{venue}")
        for i, broken in enumerate(failures)
        for venue in (VENUES if broken.of else [VENUES[i % len(VENUES)]])
    ]


LINES: Mapping[str, Callable[..., Fields]] = {
    "/price BTC details": partial(details, coin="BTC"),
    "/price PEPE": partial(price, coin="PEPE"),
    "/price BTC/USD": partial(price, coin="BTC", quote="USD"),
    "/top10": partial(top, market="perps", order="volume"),
    "/top10 oi": partial(top, market="perps", order="oi"),
    "/top10 spot gainers": partial(top, market="spot", order="gainers"),
    "/volume BTC": partial(volume, coin="BTC"),
    "/cvd BTC": partial(cvd, coin="BTC"),
    "/oi BTC details": partial(oi, coin="BTC", details=True),
    "/analysis BTC": partial(analysis, coin="BTC"),
    "/volscan": partial(scan),
}
NEEDS_LISTS = {
    "/top10 spot gainers",
    "/top10",
    "/top10 oi",
    "/cvd BTC",
    "/price BTC details",
    "/analysis BTC",
    "/volscan",
}
"""Whose numbers also depend on whether the lists of a venue that has failed are known."""

venues = pytest.mark.parametrize("venue", VENUES)


@cache
def truth() -> Truth:
    return Truth(world())


def expected(line: str, failed: Mapping[str, str], *, cold: bool = False) -> Fields:
    """What is true of the venues that have not failed. `cold`: the others' lists never came."""
    found = _of_the_others(line, tuple(failed), cold)
    return found | {
        "failed": {venue: failed.get(venue, why) for venue, why in found["failed"].items()}
    }


@cache
def _of_the_others(line: str, failed: tuple[str, ...], cold: bool) -> Fields:
    unknown: dict[str, Any] = {"unknown": failed} if cold and line in NEEDS_LISTS else {}
    return LINES[line](truth(), failed=dict.fromkeys(failed, "?"), **unknown)


async def strays(
    market: Floor, lines: Collection[str], failed: Mapping[str, str], *, cold: bool = False
) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Lines asked at once, and where they say anything but what is true of the other venues."""
    found = await asyncio.gather(*(_strays(market, line, failed, cold) for line in lines))
    return {line: stray for line, stray in zip(lines, found, strict=True) if stray}


async def _strays(
    market: Floor, line: str, failed: Mapping[str, str], cold: bool
) -> dict[str, tuple[Any, Any]]:
    sheet = await market.front.reply(line)
    assert sheet.answer, sheet.text
    assert_readable(sheet)
    whole = expected(line, failed, cold=cold)
    for venue, reason in whole["failed"].items():
        assert f"{TITLES[venue]}: {reason}" in sheet.text, sheet.text
    return differences(numbers(sheet.answer), whole)
