"""Whatever a venue does wrong: its numbers are gone, its reason is there, the rest is as it was."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from crypto_assistant.sandbox import Fault
from crypto_assistant.sandbox.faults import Kind
from tests.floor import (
    SCALE,
    SCALED,
    VENUES,
    Floor,
    assert_readable,
    differences,
    floor,
    numbers,
    world,
)
from tests.truth import Fields, Truth, added_up, known_by, price, top

ROOT = Path(__file__).parents[1]
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
    Broken(
        "waf",
        of={
            "binance": "rate-limited until 14:14:49 UTC",
            "bybit": "geo-blocked",
            "okx": "refused: no reason given (HTTP 403)",
        },
    ),
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
SILENT = Broken("timeout")
EMPTY = Broken("empty", reason="an empty list")

Expected = Callable[..., Fields]
LINES: dict[str, Callable[[Truth], Expected]] = {
    "/price BTC": lambda truth: lambda **known: price(truth, "BTC", **known),
    "/price PEPE": lambda truth: lambda **known: price(truth, "PEPE", **known),
    "/price BTC/USD": lambda truth: lambda **known: price(truth, "BTC", "USD", **known),
    "/top10": lambda truth: lambda **known: top(truth, "perps", "volume", **known),
    "/top10 oi": lambda truth: lambda **known: top(truth, "perps", "oi", **known),
    "/top10 spot gainers": lambda truth: lambda **known: top(truth, "spot", "gainers", **known),
}

venues = pytest.mark.parametrize("venue", VENUES)
lines = pytest.mark.parametrize("line", LINES)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(world())


@lines
@venues
@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_a_venue_that_fails_leaves_the_others_as_they_were(
    truth: Truth, broken: Broken, venue: str, line: str
) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [broken.at(venue)]
        await check(market, truth, line, {venue: broken.says(venue)})


@pytest.mark.parametrize("line", ["/price BTC", "/top10", "/top10 spot gainers"])
@venues
async def test_a_silent_venue_is_waited_for_until_the_answer_is_due(
    truth: Truth, venue: str, line: str
) -> None:
    async with floor(SCALED) as market:
        await market.open()
        market.sandbox.faults = [SILENT.at(venue)]
        # Open interest of the rows shown is asked for once they are known: three seconds are left.
        two_waves = line.startswith("/top10") and "spot" not in line
        reason = "no answer in 0.5 s" if two_waves else "no answer in 0.8 s"
        async with asyncio.timeout(9 * SCALE):
            await check(market, truth, line, {venue: reason})


@pytest.mark.parametrize("line", ["/price PEPE", "/top10"])
@venues
@pytest.mark.parametrize("broken", [*BROKEN, EMPTY], ids=str)
async def test_a_venue_whose_lists_never_came_is_missing_with_its_reason(
    truth: Truth, broken: Broken, venue: str, line: str
) -> None:
    async with floor() as market:
        market.sandbox.faults = [broken.at(venue)]
        await check(market, truth, line, {venue: broken.says(venue)}, unknown=True)


@pytest.mark.parametrize("line", ["/price PEPE", "/top10"])
@venues
async def test_lists_that_do_not_come_leave_time_for_the_answer(
    truth: Truth, venue: str, line: str
) -> None:
    async with floor(SCALED) as market:
        market.sandbox.faults = [SILENT.at(venue)]
        async with asyncio.timeout(9 * SCALE):
            await check(market, truth, line, {venue: "no answer in 0.3 s"}, unknown=True)


async def check(
    market: Floor, truth: Truth, line: str, failed: Mapping[str, str], unknown: bool = False
) -> None:
    """The answer to a line is what is true of the venues that have not failed."""
    sheet = await market.front.reply(line)
    assert sheet.answer
    cold = {"unknown": tuple(failed)} if unknown and line.startswith("/top10") else {}
    assert differences(numbers(sheet.answer), LINES[line](truth)(failed=failed, **cold)) == {}
    assert_readable(sheet)
    for venue, reason in failed.items():
        assert f"{TITLES[venue]}: {reason}" in sheet.text


@pytest.mark.parametrize("line", ["/price PEPE", "/top10"])
async def test_an_empty_list_is_no_answer(truth: Truth, line: str) -> None:
    for venue in ("bybit", "okx"):
        async with floor() as market:
            await market.open()
            market.sandbox.faults = [EMPTY.at(venue)]
            await check(market, truth, line, {venue: "an empty list"})


async def test_empty_bulk_lists_of_binance_are_no_answer(truth: Truth) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [EMPTY.at("binance")]
        await check(market, truth, "/top10", {"binance": "an empty list"})


async def test_the_next_venue_is_the_primary_one(truth: Truth) -> None:
    """And a coin of the same name is told by it."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", "geo_blocked")]
        found = await market.ask("/price NEIRO")
    failed = {"binance": "geo-blocked"}
    assert differences(found, price(truth, "NEIRO", failed=failed)) == {}
    assert found["primary_venue"] == "okx"
    assert found["totals"]["oi_usd_venues"] == ["okx"]


@lines
@pytest.mark.parametrize("known", [True, False], ids=["listed", "unlisted"])
async def test_with_every_venue_down_the_answer_says_so_of_each(
    truth: Truth, line: str, known: bool
) -> None:
    async with floor() as market:
        if known:
            await market.open()
        market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in VENUES]
        await check(market, truth, line, dict.fromkeys(VENUES, "geo-blocked"))


@pytest.mark.parametrize(("blocked", "status"), [((), 0), (("okx",), 0), (VENUES, 1)])
async def test_the_exit_status_tells_whether_anybody_answered(
    tmp_path: Path, blocked: tuple[str, ...], status: int
) -> None:
    async with floor() as market:
        market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in blocked]
        command = "-m", "crypto_assistant", "ask", "--json", "/price", "BTC"
        asked = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdout=asyncio.subprocess.PIPE,
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), **market.urls},
        )
        printed, _ = await asked.communicate()
    answer = orjson.loads(printed)
    assert answer["failed"] == dict.fromkeys(blocked, "geo-blocked")
    assert asked.returncode == status


async def test_a_coin_that_only_a_silent_venue_may_list_is_not_denied() -> None:
    async with floor() as market:
        market.sandbox.faults = [Fault("bybit", "http", 503)]
        text = (await market.front.reply("/price MNT")).text
    assert "Not listed by Binance, OKX; Bybit did not answer." in text


async def test_a_venue_that_recovers_is_back_in_the_next_answer(truth: Truth) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("okx", "http", 503)]
        await check(market, truth, "/price BTC", {"okx": "HTTP 503"})
        market.sandbox.faults = []
        market.pass_time()
        await check(market, truth, "/price BTC", {})


Gone = dict[str, list[str]]
"""Fields of /price without which a market is left, by the part that they are missing from."""

LAST, CHANGE, COINS = ["last_price"], ["change_24h_fraction"], ["volume_24h_coins"]
TURNOVER, MARK, INDEX = ["turnover_24h_usd"], ["mark_price"], ["index_price"]
RATE, HOURS = ["funding_fraction", "funding_8h_fraction"], ["funding_hours", "funding_8h_fraction"]
NEXT = ["next_funding_ms"]

FIELDS: list[tuple[str, str, Gone]] = [
    ("binance", "lastPrice", {"perp": LAST, "spot": LAST}),
    ("binance", "priceChangePercent", {"perp": CHANGE, "spot": CHANGE}),
    ("binance", "volume", {"perp": COINS, "spot": COINS}),
    ("binance", "quoteVolume", {"perp": TURNOVER, "spot": TURNOVER}),
    ("binance", "markPrice", {"perp": [*MARK, "oi_usd"]}),
    ("binance", "indexPrice", {"perp": INDEX}),
    ("binance", "lastFundingRate", {"perp": RATE}),
    ("binance", "nextFundingTime", {"perp": NEXT}),
    ("binance", "openInterest", {"perp": ["oi_usd", "oi_coins"]}),
    ("bybit", "lastPrice", {"perp": LAST, "spot": LAST}),
    ("bybit", "price24hPcnt", {"perp": CHANGE, "spot": CHANGE}),
    ("bybit", "volume24h", {"perp": COINS, "spot": COINS}),
    ("bybit", "turnover24h", {"perp": TURNOVER, "spot": TURNOVER}),
    ("bybit", "markPrice", {"perp": MARK}),
    ("bybit", "indexPrice", {"perp": INDEX}),
    ("bybit", "fundingRate", {"perp": RATE}),
    ("bybit", "fundingIntervalHour", {"perp": HOURS}),
    ("bybit", "nextFundingTime", {"perp": NEXT}),
    ("bybit", "singleOpenInterest", {}),  # half of the older field is the same
    ("okx", "last", {"perp": [*LAST, *CHANGE, *TURNOVER], "spot": [*LAST, *CHANGE]}),
    ("okx", "open24h", {"perp": CHANGE, "spot": CHANGE}),
    ("okx", "vol24h", {"spot": COINS}),  # of perps the venue sends coins as well
    ("okx", "volCcy24h", {"perp": [*COINS, *TURNOVER], "spot": TURNOVER}),
    ("okx", "markPx", {"perp": MARK}),
    ("okx", "idxPx", {"perp": INDEX}),
    ("okx", "fundingRate", {"perp": RATE}),
    ("okx", "fundingTime", {"perp": [*NEXT, *HOURS]}),
    ("okx", "nextFundingTime", {"perp": HOURS}),
    ("okx", "oi", {}),
    ("okx", "oiCcy", {}),  # USD at the mark price are the same
    ("okx", "oiUsd", {}),  # and so are coins
]


@pytest.mark.parametrize(("venue", "field", "gone"), FIELDS, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("kind", ["missing", "null"])
async def test_a_field_that_is_not_there_leaves_a_gap_and_nothing_else(
    truth: Truth, kind: Kind, venue: str, field: str, gone: Gone
) -> None:
    markets = truth.venues("PEPE", "USDT", VENUES)
    for part, names in gone.items():
        markets[venue][part].update(dict.fromkeys(names))
    expected = added_up(truth, "PEPE", "USDT", markets) | known_by(VENUES)
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, kind, field)]
        found = await market.ask("/price PEPE")
        assert differences(found, expected) == {}
        shown = (await market.front.reply("/price PEPE")).text
    if gone.get("perp", [""])[0] in {"last_price", "oi_usd", "funding_fraction"}:
        assert "n/a" in shown


@pytest.mark.parametrize(
    ("venue", "field"), [("binance", "askPrice"), ("bybit", "ask1Price"), ("okx", "bidPx")]
)
@pytest.mark.parametrize("kind", ["missing", "null"])
async def test_without_a_book_the_last_price_stands_for_the_middle(
    truth: Truth, kind: Kind, venue: str, field: str
) -> None:
    markets = truth.venues("PEPE", "USDT", VENUES)
    for market_fields in markets[venue].values():
        market_fields["mid_price"] = market_fields["last_price"]
    expected = added_up(truth, "PEPE", "USDT", markets) | known_by(VENUES)
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, kind, field)]
        assert differences(await market.ask("/price PEPE"), expected) == {}


@pytest.mark.parametrize("kind", ["missing", "null"])
async def test_an_unknown_interval_is_not_taken_for_eight_hours(truth: Truth, kind: Kind) -> None:
    """Binance tells the interval of its other perps only, apart from the rate."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", kind, "fundingIntervalHours")]
        perp = (await market.ask("/price PEPE"))["venues"]["binance"]["perp"]
    assert perp["funding_hours"] is None
    assert perp["funding_8h_fraction"] is None
    assert perp["oi_usd"] == pytest.approx(
        truth.venues("PEPE", "USDT", VENUES)["binance"]["perp"]["oi_usd"]
    )


PARTS = [
    ("binance", "/fapi/v1/openInterest", "open interest", ["oi_coins", "oi_usd"]),
    ("binance", "/fapi/v1/premiumIndex", "mark price, funding", [
        "mark_price", "index_price", "oi_usd",
        "funding_fraction", "funding_hours", "funding_8h_fraction", "next_funding_ms",
    ]),
    ("okx", "/api/v5/public/mark-price", "mark price", ["mark_price", "index_price"]),
    ("okx", "/api/v5/public/open-interest", "open interest", ["oi_coins", "oi_usd"]),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "path", "part", "gone"), PARTS)
async def test_an_endpoint_that_fails_takes_its_own_numbers_only(
    truth: Truth, venue: str, path: str, part: str, gone: list[str]
) -> None:
    markets = truth.venues("BTC", "USDT", VENUES)
    markets[venue]["perp"].update(dict.fromkeys(gone))
    known = known_by(VENUES) | {"failed": {venue: f"{part}: HTTP 500"}}
    expected = added_up(truth, "BTC", "USDT", markets) | known
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "http", 500, path)]
        assert differences(await market.ask("/price BTC"), expected) == {}


@pytest.mark.parametrize("kind", ["missing", "null"])
@pytest.mark.parametrize(
    ("venue", "field", "name"),
    [
        ("binance", "priceChangePercent", "change_24h_fraction"),
        ("binance", "lastFundingRate", "funding_8h_fraction"),
        ("okx", "oiCcy", None),
        ("bybit", "nextFundingTime", None),
    ],
)
async def test_a_ranking_has_gaps_where_the_primary_venue_has(
    truth: Truth, kind: Kind, venue: str, field: str, name: str | None
) -> None:
    expected = top(truth, "perps", "volume")
    for row in expected["rows"]:
        if name and row["primary_venue"] == venue:
            row[name] = None
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, kind, field)]
        assert differences(await market.ask("/top10"), expected) == {}


@pytest.mark.parametrize(
    ("venue", "field"), [("binance", "lastPrice"), ("bybit", "lastPrice"), ("okx", "last")]
)
async def test_markets_without_a_price_are_left_out_of_a_ranking(
    truth: Truth, venue: str, field: str
) -> None:
    """As if the venue had no such markets: its coins rank by the others."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "null", field)]
        found = await market.ask("/top10")
    rest = top(truth, "perps", "volume", asked=[v for v in VENUES if v != venue])
    assert found["rows"][0]["turnover_24h_usd"] == pytest.approx(
        rest["rows"][0]["turnover_24h_usd"]
    )
    assert all(venue not in row["turnover_venues"] for row in found["rows"])
