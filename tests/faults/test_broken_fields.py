"""Fields that are broken at one venue, seen from a chat: whatever is true of the others is said."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from crypto_assistant.net.cache import Lifetime
from tests.faults.accounts import moved
from tests.faults.gaps import wrong
from tests.faults.matrix import strays, venues
from tests.faults.wires import TIME, Heard, Target, breaking, wires
from tests.floor import VENUES, differences, floor, leaves
from tests.net.loopback import Reply

LINES = (
    *("/pnl today", "/price BTC details", "/oi BTC", "/cvd BTC"),
    *("/top10", "/balance", "/positions"),
)
OF_MARKETS = (
    *("/price BTC details", "/oi BTC details", "/cvd BTC details", "/volume BTC details"),
    *("/top10", "/top10 oi", "/top10 funding", "/analysis BTC details"),
    *("/price ETH", "/price BTC/USD", "/oi BTC/USD", "/cvd ETH", "/volume PEPE", "/analysis PEPE"),
    *("/top10 spot gainers", "/top10 tradfi", "/volscan 15m 50"),
    *("/balance details", "/positions details", "/pnl today details"),
)
"""All that there is to ask: no kind of page is without its line."""
UNSIGNED = re.compile(
    r"/((turnover|volume|oi_usd|oi_coins|usual|pace|then)\w*"
    r"|(?!change|bollinger)\w+_price|funding_hours|rvol|(buy|long)_fraction)$"
)
SHARE = re.compile(r"/(buy|long)_fraction$")
OF_LISTS = {"/price BTC details", "/top10", "/balance", "/positions"}
LISTS = re.compile(r"/(exchangeInfo|instruments-info|instruments)\b")
NAMES = {"baseAsset", "baseCoin", "baseCcy", "uly", "instId"}
"""Where each venue tells the coin of a market."""
CODES: dict[str, Any] = {"binance": {"code": []}, "bybit": {"retCode": []}, "okx": {"code": []}}


@pytest.mark.timeout(600)
@pytest.mark.slow
async def test_a_broken_field_leaves_a_gap_or_names_its_venue_and_nothing_else(deep: bool) -> None:
    found = []
    async with floor() as market, wires(market) as tapped:
        heard = await Heard.of(market, tapped, LINES, OF_LISTS)
        for case in heard.cases(400 if deep else 40, seed=11):
            tapped.edit = breaking(case)
            await market.pass_time()
            async with moved(market, urls=tapped.urls) as there:
                for line in filter(heard.lines[case.target].__contains__, LINES):
                    await there.pass_time()
                    answer = await there.ask(line)
                    strange = wrong(case.target.venue, answer, heard.answers[line])
                    found += [(case, line, one) for one in strange]
    assert found == []


@pytest.mark.timeout(600)
async def test_no_answer_tells_what_no_number_of_a_market_can_be(deep: bool) -> None:
    found = []
    async with floor() as market, wires(market) as tapped:
        heard = await Heard.of(market, tapped, OF_MARKETS, ())
        for case in heard.nonsense(400 if deep else 40, seed=7):
            tapped.edit = breaking(case)
            await market.pass_time()
            async with moved(market, urls=tapped.urls) as there:
                for line in sorted(heard.lines[case.target]):
                    await there.pass_time()
                    answer = await there.ask(line)
                    found += [(case, line, *one) for one in impossible(answer)]
    assert found == []


def impossible(answer: Any) -> Iterator[tuple[str, float]]:
    """The numbers of an answer that no market has."""
    for where, number in leaves(answer).items():
        if isinstance(number, int | float) and not where.endswith("_ms"):
            low = 0.0 if UNSIGNED.search(where) else -1e18
            high = 1.0 if SHARE.search(where) else 1e18
            if not low <= number <= high:
                yield where, number


@venues
async def test_markets_without_a_coin_are_left_out_alone(venue: str) -> None:
    """All that have to do with PEPE, of all lists of the venue."""

    def edit(target: Target, answer: Any) -> Any:
        if target.venue == venue and LISTS.search(target.path):
            for row in listed(answer):
                if "PEPE" in "".join(str(row.get(name)) for name in NAMES):
                    row.update(dict.fromkeys(NAMES & row.keys()))
        return answer

    async with floor() as market, wires(market) as tapped:
        tapped.edit = edit
        async with moved(market, urls=tapped.urls) as there:
            listings = await there.front.desk.listings()
            unread = {name: listings.unread(name) for name in VENUES}
            named = {venue: f"lists: {unread[venue]} of its markets cannot be read"}
            stray = await strays(there, ["/price BTC details", "/oi BTC details"], {})
            assert {path for paths in stray.values() for path in paths} == {
                "/failed",
                f"/failed/{venue}",
            }
            lost = [await there.ask(f"/{command} PEPE") for command in ("price", "oi")]
            ranked = await there.ask("/top10")
            unknown = (await there.front.reply("/price MNTT")).text
    assert len(listings.instruments) == 9
    assert unread == {**dict.fromkeys(VENUES, 0), venue: 2}
    for answer in lost:
        assert answer["failed"] == {venue: "PEPE is not among its markets that can be read"}
    assert ranked["failed"] == named
    assert f"2 of {listings.titles[venue]}'s markets cannot be read" in unknown
    assert "No venue lists" not in unknown


@pytest.mark.parametrize(
    ("path", "lacking"),
    [
        ("/fapi/v1/ticker/24hr", {"turnover_venues", "oi_venues"}),
        ("/fapi/v1/openInterest?symbol=BTCUSDC", {"oi_venues"}),
    ],
)
async def test_a_ranking_takes_no_sum_for_whole_that_lacks_a_market(
    path: str, lacking: set[str]
) -> None:
    def edit(target: Target, answer: Any) -> Any:
        for row in (
            (answer if isinstance(answer, list) else [answer]) if target.path == path else ()
        ):
            if row["symbol"] == "BTCUSDC":
                row.update(dict.fromkeys(row.keys() & {"quoteVolume", "openInterest"}))
        return answer

    async with (
        floor() as market,
        wires(market) as tapped,
        moved(market, urls=tapped.urls) as there,
    ):
        whole = (await there.ask("/top10"))["rows"][0]
        tapped.edit = edit
        await there.pass_time()
        found = (await there.ask("/top10"))["rows"][0]
    assert (found["coin"], found["venues"]) == ("BTC", list(VENUES))
    assert {
        name for name in found if name.endswith("venues") and found[name] != whole[name]
    } == lacking
    assert all(found[name] == ["bybit", "okx"] for name in lacking)


@venues
async def test_an_error_without_a_code_is_that_of_its_venue(venue: str) -> None:
    reason = "refused: no reason given (HTTP 400)"

    def edit(target: Target, answer: Any) -> Any:
        return Reply(CODES[venue], 400) if target.venue == venue else answer

    async with floor() as market, wires(market) as tapped:
        async with moved(market, urls=tapped.urls) as there:
            tapped.edit = edit
            assert await strays(there, LINES[1:5:2], {venue: reason}) == {}
        async with moved(market, urls=tapped.urls) as there:
            assert len((await there.front.desk.listings()).instruments) == 6
            assert await strays(there, ["/price PEPE", "/top10"], {venue: reason}, cold=True) == {}


@venues
async def test_times_of_no_market_are_gone_when_they_are_gone(venue: str) -> None:
    """While they last, in the moment after, in which what is kept is told, and later."""
    found, lines = [], ("/price BTC", "/oi BTC", "/pnl today", "/positions")

    def edit(target: Target, answer: Any) -> Any:
        return retimed(answer) if target.venue == venue else answer

    async with floor() as market, wires(market) as tapped:
        heard = await Heard.of(market, tapped, lines, ())
        async with moved(market, urls=tapped.urls) as there:
            for line in lines:
                await there.pass_time()
                for tapped.edit in (edit, lambda _, answer: answer):
                    answer = await there.ask(line)
                    found += [(line, stray) for stray in wrong(venue, answer, heard.answers[line])]
            await there.pass_time(Lifetime.INSTRUMENTS.value)
            assert differences(await there.ask("/oi BTC"), heard.answers["/oi BTC"]) == {}
    assert found == []


def listed(answer: Any) -> list[dict[str, Any]]:
    """The markets of a list."""
    held = answer.get("result", answer)
    markets: list[dict[str, Any]] = held.get("list") or held.get("symbols") or held["data"]
    return markets


def retimed(value: Any) -> Any:
    """The answer with its times in microseconds, or beyond all of them."""
    if isinstance(value, dict):
        return {name: retimed(part) for name, part in value.items()}
    if isinstance(value, list):
        return [retimed(part) for part in value]
    if not TIME.fullmatch(str(value)):
        return value
    ms = int(value)
    return type(value)(2**63 if ms // 60_000 % 2 else ms * 1000)
