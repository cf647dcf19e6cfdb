"""What is compared: the numbers of `ask --json` that others can be asked for, too."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Told = Mapping[str, Any]
"""What `ask --json` printed."""

COMMANDS = ("price", "volume", "cvd", "oi")
FAMILIES = {"spot": "spot", "usdt": "linear", "usdc": "linear", "coin_margined": "inverse"}
UNIT = {"spot": "coins", "linear": "coins", "inverse": "usd"}
"""What each family's contracts count: there a number is exact, in the other unit it is valued."""

NOW, BAR, TAKERS, SAMPLE = "now", "bar", "takers", "sample"
NOW_NAMES = ("last_price", "mark_price", "oi_coins", "oi_usd", "funding_fraction")
MINUTE = 60_000
LENGTHS = {"15m": 15 * MINUTE, "1h": 60 * MINUTE, "4h": 240 * MINUTE, "24h": 1440 * MINUTE}


class Market(NamedTuple):
    """One market under the venue's own name."""

    coin: str
    venue: str
    family: str
    symbol: str


class Question(NamedTuple):
    """What a venue tells at once: of now, or of [start_ms, end_ms), for ever."""

    market: Market
    about: str
    start_ms: int = 0
    end_ms: int = 0


class Fact(NamedTuple):
    question: Question
    name: str
    value: float | None


def facts(command: str, told: Told) -> Iterator[Fact]:
    """The facts of one command's answer; those of now and those of the past."""
    yield from {"price": _price, "volume": _volume, "cvd": _cvd, "oi": _oi}[command](told)


def _price(told: Told) -> Iterator[Fact]:
    perp = "inverse" if told["quote"] == "USD" else "linear"
    for venue, kinds in told["venues"].items():
        for kind, shown in kinds.items():
            if shown:
                family = perp if kind == "perp" else kind
                yield from _now(Market(told["coin"], venue, family, shown["symbol"]), shown)


def _volume(told: Told) -> Iterator[Fact]:
    start_ms = told["bar_open_ms"]
    for kind, volumes in told["markets"].items():
        for venue, shown in volumes["venues"].items():
            market = Market(told["coin"], venue, FAMILIES[kind], shown["symbol"])
            bar = Question(market, BAR, start_ms, start_ms + LENGTHS[told["timeframe"]])
            yield Fact(bar, "volume_coins", shown["bar"]["volume_coins"])


def _cvd(told: Told) -> Iterator[Fact]:
    """The windows of which a venue tells everything."""
    for kind, flows in told["kinds"].items():
        for venue, shown in flows["venues"].items():
            market = Market(told["coin"], venue, FAMILIES[kind], shown["symbol"])
            for name, flow in shown["windows"].items():
                if flow and flow["complete"] and name in LENGTHS:
                    start_ms = told["end_ms"] - LENGTHS[name]
                    window = Question(market, TAKERS, start_ms, told["end_ms"])
                    for what in ("delta", "volume"):
                        field = f"{what}_{UNIT[market.family]}"
                        yield Fact(window, field, flow[field])


def _oi(told: Told) -> Iterator[Fact]:
    for venue, segments in told["venues"].items():
        for kind, shown in segments.items():
            if shown["symbol"]:
                market = Market(told["coin"], venue, FAMILIES[kind], shown["symbol"])
                yield from _now(market, shown)
                yield from _samples(market, shown["changes"])


def _samples(market: Market, changes: Mapping[str, Any]) -> Iterator[Fact]:
    unit = UNIT[market.family]
    for change in changes.values():
        if change:
            at_ms = change["then_ms"]
            yield Fact(Question(market, SAMPLE, at_ms, at_ms), f"oi_{unit}", change[f"then_{unit}"])


def _now(market: Market, shown: Mapping[str, Any]) -> Iterator[Fact]:
    for name in NOW_NAMES:
        if name in shown:
            yield Fact(Question(market, NOW), name, shown[name])
