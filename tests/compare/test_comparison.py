from collections.abc import Callable, Iterator, Mapping
from itertools import chain, repeat

import pytest

from tests.compare.comparison import ROUNDS, NotTold, compare
from tests.compare.facts import Question, Told
from tests.compare.report import Report
from tests.compare.verdict import Sample

BAR_MS = 900_000


def spot(last: float | None) -> Told:
    """An answer of /price."""
    shown = {"spot": {"symbol": "BTCUSDT", "last_price": last}, "perp": None}
    return {"coin": "BTC", "quote": "USDT", "venues": {"binance": shown}, "failed": {}}


def bar(volume: float | None) -> Told:
    """An answer of /volume."""
    shown = {"symbol": "BTCUSDT", "bar": {"volume_coins": volume}}
    markets = {"usdt": {"venues": {"okx": shown}}}
    known = {"coin": "BTC", "timeframe": "15m", "bar_open_ms": BAR_MS, "failed": {}}
    return {**known, "markets": markets}


NOTHING: Mapping[str, Told] = {
    "price": {"venues": {}, "quote": "USDT", "failed": {}},
    "volume": {**bar(None), "markets": {}},
    "cvd": {"kinds": {}, "failed": {}},
    "oi": {"venues": {}, "failed": {}},
}


def answering(**told: Told) -> Callable[[str], Told]:
    """Our side: these answers, and empty ones of the other commands."""
    return lambda line: {**NOTHING, **told}[line.removeprefix("/").split()[0]]


def saying(**values: float) -> Callable[[Question], dict[str, Sample]]:
    return lambda _: {name: Sample(value) for name, value in values.items()}


def test_equal_facts_agree() -> None:
    report = compare(
        ["BTC"],
        answering(price=spot(5.0), volume=bar(7.0)),
        saying(last_price=5.0, volume_coins=7.0),
    )
    assert (report.agreed, report.differing, report.untold) == (2, [], {})
    assert report.lines() == ["2 facts compared: 2 agree, 0 differ; 0 not comparable"]


def test_a_difference_is_a_line_that_names_the_fact() -> None:
    report = compare(["BTC"], answering(volume=bar(7.0)), saying(volume_coins=7.5))
    assert report.lines() == [
        "BTC okx linear BTCUSDT volume_coins bar 900000-1800000: ours 7.0, theirs 7.5, allowed 0",
        "1 facts compared: 0 agree, 1 differ; 0 not comparable",
    ]


def test_what_runs_off_and_back_is_asked_for_again() -> None:
    lasts = chain([5.0, 9.0], repeat(5.0))
    report = compare(["BTC"], lambda line: moving(line, lasts), saying(last_price=5.0))
    assert (report.agreed, report.differing) == (1, [])


def test_what_stays_off_is_one_difference() -> None:
    asked: list[str] = []

    def ask(line: str) -> Told:
        asked.append(line)
        return moving(line, repeat(9.0))

    report = compare(["BTC"], ask, saying(last_price=5.0))
    assert (report.agreed, len(report.differing)) == (0, 1)
    assert asked.count("/price BTC") == 1 + ROUNDS


def moving(line: str, lasts: Iterator[float]) -> Told:
    return spot(next(lasts)) if line.startswith("/price") else answering()(line)


def test_others_are_asked_about_now_before_us_and_after_us() -> None:
    events: list[str] = []

    def ask(line: str) -> Told:
        events.append(line)
        return answering(price=spot(5.4))(line)

    def others(_: Question) -> dict[str, Sample]:
        events.append("others")
        return {"last_price": Sample(5.0 + events.count("others") / 2)}

    report = compare(["BTC"], ask, others)
    assert events[-4:-1] == ["others", "/price BTC", "others"]
    assert report.agreed == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        (None, {"volume_coins": 7.0}, "okx: volume_coins n/a in ours"),
        (7.0, {}, "okx: volume_coins n/a in theirs"),
    ],
)
def test_a_fact_that_one_side_lacks_is_not_comparable(
    ours: float | None, theirs: dict[str, float], why: str
) -> None:
    report = compare(["BTC"], answering(volume=bar(ours)), saying(**theirs))
    assert (report.compared, report.untold) == (0, {why: 1})
    assert report.lines() == [
        f"0 facts compared: 0 agree, 0 differ; 1 not comparable: 1 {why}",
    ]


def test_others_that_say_nothing_are_no_difference() -> None:
    def silent(_: Question) -> dict[str, Sample]:
        raise NotTold("RequestTimeout")

    told = answering(price=spot(5.0), volume=bar(7.0))
    report = compare(["BTC", "ETH"], told, silent)
    assert report.differing == []
    assert report.untold == {"binance: RequestTimeout": 2, "okx: RequestTimeout": 2}


def test_a_venue_that_does_not_answer_us_is_named() -> None:
    down = {**spot(5.0), "failed": {"bybit": "geo-blocked"}}
    report = compare(["BTC"], answering(price=down), saying(last_price=5.0))
    assert report.lines() == [
        "not told by us: bybit: geo-blocked (2 times)",
        "1 facts compared: 1 agree, 0 differ; 0 not comparable",
    ]


def test_a_coin_that_we_refuse_is_named_and_the_next_one_compared() -> None:
    def ask(line: str) -> Told:
        if "BTCC" in line:
            raise NotTold("No venue lists BTCC.")
        return answering(volume=bar(7.0))(line)

    report = compare(["BTCC", "BTC"], ask, saying(volume_coins=7.0))
    assert report.agreed == 1
    assert report.silent["/oi BTCC: No venue lists BTCC."] == 2


def test_reports_add_up() -> None:
    one, other = Report(agreed=1), Report(agreed=2)
    one.untold["x"] += 1
    other.untold["x"] += 2
    one += other
    assert (one.agreed, one.untold["x"]) == (3, 3)
