"""An audit finds every number that is planted wrong, and nothing where none is."""

from typing import Final

import pytest

from crypto_assistant.audit.checks import CHECKS
from crypto_assistant.audit.funding import furthest
from crypto_assistant.models import DAY_MS, HOUR_MS
from crypto_assistant.sandbox import Fault
from tests.audit.bed import bed, names
from tests.clock import NOW

MIDNIGHT: Final = NOW // DAY_MS * DAY_MS
MINUTE: Final = 60_000
TIMES: Final = {
    "just after midnight": 500,
    "while a day settles": 29 * MINUTE,
    "when a day has settled": 30 * MINUTE,
    "before funding": 8 * HOUR_MS - 500,
    "at funding": 8 * HOUR_MS + 500,
    "after funding of four hours": 12 * HOUR_MS + 40_000,
    "in the afternoon": NOW - MIDNIGHT,
    "just before midnight": DAY_MS - 500,
}
MARKETS: Final = {
    "binance": ("BTCUSDT", "1000PEPEUSDT", "BTCUSD_PERP"),
    "bybit": ("BTCUSDT", "1000PEPEUSDT", "BTCUSD"),
    "okx": ("BTC-USDT-SWAP", "PEPE-USDT-SWAP", "BTC-USD-SWAP"),
}
RUBIK: Final = "/api/v5/rubik/stat/taker-volume-contract"

PLANTED: Final[list[tuple[str, str, list[Fault], set[str]]]] = [
    ("binance", "clock", [Fault("binance", "shifted", "serverTime+1600")], {""}),
    ("bybit", "clock", [Fault("bybit", "shifted", "timeNano+-1600000000")], {""}),
    ("okx", "clock", [Fault("okx", "shifted", "ts+1600", "/api/v5/public/time")], {""}),
    (
        "binance",
        "candles",
        [Fault("binance", "shifted", "5*1.002", "/fapi/v1/klines", asked="interval=1h")],
        {"BTCUSDT"},
    ),
    (
        "binance",
        "candles",
        [Fault("binance", "shifted", "7*0.998", "/dapi/v1/klines", asked="interval=1d")],
        {"BTCUSD_PERP"},
    ),
    (
        "bybit",
        "candles",
        [Fault("bybit", "shifted", "6*1.002", "/v5/market/kline", asked="interval=D")],
        {"BTCUSDT", "BTCUSD"},
    ),
    (
        "okx",
        "candles",
        [Fault("okx", "shifted", "6*1.002", "/api/v5/market/candles", asked="bar=1Dutc")],
        {"BTC-USDT-SWAP", "BTC-USD-SWAP"},
    ),
    *(
        (
            venue,
            "mark prices",
            [Fault(venue, "shifted", f"{column}*1.01", path) for column in range(1, 5)],
            markets,
        )
        for venue, path, markets in (
            ("bybit", "/v5/market/mark-price-kline", {"BTCUSDT", "BTCUSD"}),
            ("okx", "/api/v5/market/mark-price-candles", {"BTC-USDT-SWAP", "BTC-USD-SWAP"}),
        )
    ),
    (
        "binance",
        "mark prices",
        [Fault("binance", "shifted", f"{n}*0.99", "/fapi/v1/klines") for n in range(1, 5)],
        {"BTCUSDT"},
    ),
    ("binance", "takers", [Fault("binance", "shifted", "buyVol*1.03")], {"BTCUSDT"}),
    ("binance", "takers", [Fault("binance", "shifted", "sellVol*0.97")], {"BTCUSDT"}),
    ("binance", "takers", [Fault("binance", "shifted", "takerSellVol*1.03")], {"BTCUSD_PERP"}),
    (
        "okx",
        "takers",
        [Fault("okx", "shifted", "1*1.08", RUBIK)],
        {"BTC-USDT-SWAP", "BTC-USD-SWAP"},
    ),
    (
        "binance",
        "open interest",
        [Fault("binance", "shifted", "sumOpenInterest*1.02")],
        {"BTCUSDT", "ETHUSDT", "1000PEPEUSDT", "BTCUSD_PERP"},
    ),
    (
        "okx",
        "open interest",
        [Fault("okx", "shifted", "oiUsd*1.02")],
        {"BTC-USDT-SWAP", "ETH-USDT-SWAP", "PEPE-USDT-SWAP"},
    ),
    ("okx", "open interest", [Fault("okx", "shifted", "oiCcy*1.02")], {"BTC-USD-SWAP"}),
    (
        "bybit",
        "open interest",
        [
            Fault("bybit", "shifted", f"{name}*1.02")
            for name in ("openInterestValue", "singleOpenInterestValue")
        ],
        {"BTCUSDT", "ETHUSDT", "1000PEPEUSDT", "BTCUSD"},
    ),
    (
        "bybit",
        "one side",
        [Fault("bybit", "shifted", "openInterest*0.5")],
        {"BTCUSDT", "ETHUSDT", "1000PEPEUSDT", "BTCUSD"},
    ),
    (
        "binance",
        "funding",
        [Fault("binance", "shifted", "fundingIntervalHours*2")],
        {"1000PEPEUSDT"},
    ),
    (
        "bybit",
        "funding",
        [Fault("bybit", "shifted", "fundingIntervalHour*0.5")],
        {*MARKETS["bybit"]},
    ),
    (
        "okx",
        "funding",
        [Fault("okx", "shifted", f"nextFundingTime+{HOUR_MS}")],
        {*MARKETS["okx"]},
    ),
]


@pytest.mark.parametrize("seed", [3, 13, 31])
async def test_nothing_disagrees_where_nothing_is_wrong(seed: int) -> None:
    async with bed(seed=seed) as simulated:
        for name, after in TIMES.items():
            simulated.clock.ms = MIDNIGHT + after
            found = await simulated.audit()
            assert found.verdict == "44 agree", (name, found.those(False), found.those(None))


async def test_an_audit_is_sixty_requests_at_most_that_break_no_limit() -> None:
    async with bed() as simulated:
        await simulated.audit()
    assert 0 < len(simulated.sandbox.requests) <= 60
    assert not simulated.sandbox.rejected


async def test_it_asks_no_more_where_all_fails() -> None:
    async with bed() as simulated:
        for venue, path in (("binance", "/fapi"), ("bybit", "/v5/market/k"), ("okx", "/api/v5/r")):
            simulated.sandbox.faults.append(Fault(venue, "http", 503, path))
        found = await simulated.audit()
    assert len(simulated.sandbox.requests) <= 60
    assert not found.those(False)


@pytest.mark.parametrize(
    ("venue", "check", "faults", "markets"),
    PLANTED,
    ids=[f"{venue} {check} {n}" for n, (venue, check, *_) in enumerate(PLANTED)],
)
async def test_what_is_planted_wrong_disagrees_and_nothing_else(
    venue: str, check: str, faults: list[Fault], markets: set[str]
) -> None:
    async with bed() as simulated:
        simulated.sandbox.faults += faults
        found = await simulated.audit()
    planted = {f"{venue} {check} {market}".strip() for market in markets}
    assert names(found, agrees=False) == planted
    assert names(found, agrees=None) == set()


def test_something_is_planted_for_every_check() -> None:
    assert {check for _, check, *_ in PLANTED} == CHECKS.keys()


@pytest.mark.parametrize("path", ["/futures/data/taker", RUBIK])
async def test_rows_of_takers_may_bear_the_end_of_their_hour(path: str) -> None:
    venue, column = ("binance", "timestamp") if path.startswith("/fut") else ("okx", "0")
    async with bed() as simulated:
        simulated.sandbox.faults.append(Fault(venue, "shifted", f"{column}+{HOUR_MS}", path))
        found = await simulated.audit()
    assert not found.those(False)


async def test_a_venue_that_is_down_is_not_audited_and_disagrees_in_nothing() -> None:
    async with bed() as simulated:
        simulated.sandbox.faults.append(Fault("okx", "http", 503))
        found = await simulated.audit()
        asked = [seen for seen in simulated.sandbox.requests if seen.venue == "okx"]
    assert [(one.venue, one.name, one.said) for one in found.those(None)] == [
        ("okx", "", "HTTP 503")
    ]
    assert not found.those(False)
    assert len(asked) == 1


async def test_what_does_not_come_is_not_audited_and_the_rest_is() -> None:
    async with bed() as simulated:
        simulated.sandbox.faults.append(Fault("bybit", "timeout", path="/v5/market/funding"))
        found = await simulated.audit()
    assert names(found, agrees=None) == {f"bybit funding {one}" for one in MARKETS["bybit"]}
    assert len(found.those(True)) == 41


@pytest.mark.parametrize("field", ["oiUsd", "markPx"])
async def test_a_number_that_is_missing_is_not_audited(field: str) -> None:
    async with bed() as simulated:
        simulated.sandbox.faults.append(Fault("okx", "null", field))
        found = await simulated.audit()
    assert "okx open interest BTC-USDT-SWAP" in names(found, agrees=None)
    assert not found.those(False)


async def test_a_day_that_lacks_an_hour_is_not_audited() -> None:
    async with bed() as simulated:
        simulated.sandbox.faults.append(Fault("bybit", "empty", path="/v5/market/kline"))
        found = await simulated.audit()
    assert {"bybit candles BTCUSDT", "bybit mark prices BTCUSD"} <= names(found, agrees=None)
    assert not found.those(False)


async def test_a_host_whose_clock_is_days_off_audits_the_venues_days() -> None:
    async with bed() as simulated:
        simulated.clock.ahead_ms = 3 * DAY_MS
        found = await simulated.audit()
    assert names(found, agrees=False) == {"binance clock", "bybit clock", "okx clock"}
    assert len(found.those(agrees=True)) == 41


async def test_a_day_is_not_compared_before_it_has_settled() -> None:
    async with bed() as simulated:
        for after, days in ((29 * MINUTE, 2), (31 * MINUTE, 1)):
            simulated.sandbox.requests.clear()
            simulated.clock.ms = MIDNIGHT + after
            await simulated.audit()
            starts = {
                int(seen.query["startTime"])
                for seen in simulated.sandbox.requests
                if seen.path == "/fapi/v1/klines"
            }
            assert starts == {MIDNIGHT - days * DAY_MS}


async def test_bars_that_are_forming_are_not_compared() -> None:
    async with bed() as simulated:
        simulated.sandbox.faults.append(
            Fault("okx", "shifted", "5*0", "/api/v5/market/mark-price-candles")
        )
        found = await simulated.audit()
    assert "okx mark prices BTC-USDT-SWAP" in names(found, agrees=None)


@pytest.mark.parametrize(
    ("hours", "paid", "off"),
    [
        (8, [0, 8, 16, 24], 0),
        (4, [0, 8, 16, 20], 0),
        (8, [0, 8, 16, 32], 0),
        (8, [0, 4, 8, 12], 4),
        (8, [0, 1, 8, 9], 1),
        (1, [8, 16, 24], 7),
    ],
    ids=["as ever", "just changed", "not booked yet", "twice as often", "long ago", "not at all"],
)
def test_an_interval_is_that_of_one_of_the_last_two_payments(
    hours: float, paid: list[int], off: float
) -> None:
    assert furthest(hours, [hour * HOUR_MS for hour in paid]) == off


def test_an_amount_is_told_in_the_unit_of_its_check() -> None:
    amounts = {name: check.words(2 * check.most) for name, check in CHECKS.items()}
    assert amounts["clock"] == "2.0 s"
    assert amounts["funding"] == "0.10 h"
    assert amounts["takers"] == "4.00 %"
    assert all(check.why for check in CHECKS.values())
