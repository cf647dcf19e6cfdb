"""One field or one endpoint of a venue that says nothing: a gap there and nowhere else."""

import pytest

from crypto_assistant.sandbox import Fault
from crypto_assistant.sandbox.faults import Kind
from tests.faults.matrix import truth
from tests.floor import VENUES, Floor, differences, floor
from tests.truth import Fields, added_up, known_by, top

Gone = dict[str, list[str]]
"""Fields of /price without which a market is left, by the part that they are missing from."""

LAST, CHANGE, COINS = ["last_price"], ["change_24h_fraction"], ["volume_24h_coins"]
TURNOVER, MARK, INDEX = ["turnover_24h_usd"], ["mark_price"], ["index_price"]
RATE, HOURS = ["funding_fraction", "funding_8h_fraction"], ["funding_hours", "funding_8h_fraction"]
NEXT = ["next_funding_ms"]

DOUBT = "its newest sample is not what is open now"

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
    ("okx", "oi", {"perp": ["oi_coins"]}),
    ("okx", "oiCcy", {}),
    ("okx", "oiUsd", {"perp": ["oi_usd"]}),
]


@pytest.mark.parametrize(("venue", "field", "gone"), FIELDS, ids=lambda value: str(value)[:20])
async def test_a_field_that_is_not_there_leaves_a_gap_and_nothing_else(
    venue: str, field: str, gone: Gone
) -> None:
    markets = truth().venues("PEPE", "USDT", VENUES)
    for part, names in gone.items():
        markets[venue][part].update(dict.fromkeys(names))
    expected = added_up(truth(), "PEPE", "USDT", markets) | known_by(VENUES)
    if field == "oi":  # Nothing is left that its history can be dated by.
        expected["failed"] = {venue: "open interest: in doubt: " + DOUBT}
    async with floor() as market:
        await market.open()
        await _assert_gaps(market, "/price PEPE", venue, field, expected)
        shown = (await market.front.reply("/price PEPE")).text
    if gone.get("perp", [""])[0] in {"oi_usd", "funding_fraction"}:
        assert "n/a" in shown


@pytest.mark.parametrize(
    ("venue", "field"), [("binance", "askPrice"), ("bybit", "ask1Price"), ("okx", "bidPx")]
)
async def test_without_a_book_the_last_price_stands_for_the_middle(venue: str, field: str) -> None:
    markets = truth().venues("PEPE", "USDT", VENUES)
    for market_fields in markets[venue].values():
        market_fields["mid_price"] = market_fields["last_price"]
    expected = added_up(truth(), "PEPE", "USDT", markets) | known_by(VENUES)
    async with floor() as market:
        await market.open()
        await _assert_gaps(market, "/price PEPE", venue, field, expected)


@pytest.mark.parametrize("kind", ["missing", "null"])
async def test_an_unknown_interval_is_not_taken_for_eight_hours(kind: Kind) -> None:
    """Binance tells the interval of its other perps only, apart from the rate."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", kind, "fundingIntervalHours")]
        perp = (await market.ask("/price PEPE"))["venues"]["binance"]["perp"]
    assert perp["funding_hours"] is None
    assert perp["funding_8h_fraction"] is None
    assert perp["oi_usd"] == pytest.approx(
        truth().venues("PEPE", "USDT", VENUES)["binance"]["perp"]["oi_usd"]
    )


OF_INTEREST = "USDT open interest, USDT open interest history, USDC open interest and 3 more"
PARTS = [
    ("binance", "/fapi/v1/openInterest", "USDT open interest, USDC open interest", [
        "oi_coins", "oi_usd",
    ]),
    ("binance", "/fapi/v1/premiumIndex", "mark price, USDT funding, USDC funding", [
        "mark_price", "index_price", "oi_usd",
        "funding_fraction", "funding_hours", "funding_8h_fraction", "next_funding_ms",
    ]),
    ("okx", "/api/v5/public/mark-price", "mark price", ["mark_price", "index_price"]),
    ("okx", "/api/v5/public/open-interest", OF_INTEREST, ["oi_coins", "oi_usd"]),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "path", "part", "gone"), PARTS)
async def test_an_endpoint_that_fails_takes_its_own_numbers_only(
    venue: str, path: str, part: str, gone: list[str]
) -> None:
    markets = truth().venues("BTC", "USDT", VENUES)
    markets[venue]["perp"].update(dict.fromkeys(gone))
    known = known_by(VENUES) | {"failed": {venue: f"{part}: HTTP 500"}}
    expected = added_up(truth(), "BTC", "USDT", markets) | known
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "http", 500, path)]
        assert differences(await market.ask("/price BTC"), expected) == {}


@pytest.mark.parametrize(
    ("venue", "field", "name"),
    [
        ("binance", "priceChangePercent", "change_24h_fraction"),
        ("okx", "oiCcy", None),
        ("bybit", "nextFundingTime", None),
    ],
)
async def test_a_ranking_has_gaps_where_the_primary_venue_has(
    venue: str, field: str, name: str | None
) -> None:
    expected = top(truth(), "perps", "volume")
    for row in expected["rows"]:
        if name and row["primary_venue"] == venue:
            row[name] = None
    async with floor() as market:
        await market.open()
        await _assert_gaps(market, "/top10", venue, field, expected)


async def test_funding_in_a_ranking_is_of_the_next_venue_where_the_primary_one_tells_none() -> None:
    expected = top(truth(), "perps", "volume")
    expected["failed"] = {"binance": "funding: no funding in any row"}
    for row in expected["rows"]:
        if row["funding_venue"] == "binance":
            row.update(dict.fromkeys([name for name in row if name.startswith("funding_")], ...))
    async with floor() as market:
        await market.open()
        await _assert_gaps(market, "/top10", "binance", "lastFundingRate", expected)
        rows = (await market.ask("/top10"))["rows"]
    told = {row["coin"]: row["funding_venue"] for row in rows}
    assert "binance" not in told.values()
    assert told["BTC"] == "bybit"


@pytest.mark.parametrize(
    ("venue", "field"), [("binance", "lastPrice"), ("bybit", "lastPrice"), ("okx", "last")]
)
async def test_markets_without_a_price_are_left_out_of_a_ranking(venue: str, field: str) -> None:
    """As if the venue had no such markets: its coins rank by the others."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "null", field)]
        found = await market.ask("/top10")
    rest = top(truth(), "perps", "volume", asked=[v for v in VENUES if v != venue])
    assert found["rows"][0]["turnover_24h_usd"] == pytest.approx(
        rest["rows"][0]["turnover_24h_usd"]
    )
    assert all(venue not in row["turnover_venues"] for row in found["rows"])


async def _assert_gaps(market: Floor, line: str, venue: str, field: str, expected: Fields) -> None:
    """What a line says while the field is null, and while it is missing."""
    kinds: tuple[Kind, ...] = ("null", "missing")
    for kind in kinds:
        await market.pass_time()
        market.sandbox.faults = [Fault(venue, kind, field)]
        assert differences(await market.ask(line), expected) == {}, kind
