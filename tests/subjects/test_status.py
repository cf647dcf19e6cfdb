"""/status: the process, each venue's line, and what the keys may do."""

import re
from pathlib import Path

import pytest

from crypto_assistant import __version__
from crypto_assistant.audit.findings import APART_SECONDS
from crypto_assistant.audit.run import audit
from crypto_assistant.errors import UsageError
from crypto_assistant.net.health import LastError
from crypto_assistant.sandbox import Dates, Fault
from crypto_assistant.state.store import Store
from crypto_assistant.vitals import Vitals
from tests.clock import NOW, clock
from tests.floor import VENUES, Floor, floor

HOSTS = {
    "binance": {"spot", "USD-M", "COIN-M"},
    "bybit": {"all"},
    "okx": {"all"},
}


async def test_the_process_tells_of_itself(market: Floor, tmp_path: Path) -> None:
    async with Store.opened(tmp_path / "live.db", clock) as store:
        await store.keep({1: b"a question", 2: b"another"}, NOW)
        vitals = Vitals(store=store)
        vitals.started -= 3 * 86_400
        vitals.polled = vitals.started + 3 * 86_400 - 4
        market.front.desk.vitals = vitals
        found = (await market.ask("/status"))["process"]
        text = (await market.front.reply("/status")).text
    assert found["version"] == __version__
    assert 0 <= found["uptime_seconds"] - 3 * 86_400 < 60
    assert 0 <= found["poll_age_seconds"] - 4 < 60
    assert found["inbox_questions"] == 2
    assert found["database_bytes"] >= 4096
    assert 20 < found["memory_bytes"] / 2**20 < 2000
    assert text.startswith(f"<b>All well</b> · crypto-assistant {__version__}\nup 3 d · ")
    assert re.search(r"^up 3 d · [\d.]+ MB · Telegram [\d.]+ s ago$", text, re.MULTILINE)
    assert re.search(r"^inbox 2 · database [\d.]+ MB$", text, re.MULTILINE)


async def test_what_only_the_daemon_has_is_not_invented_elsewhere(market: Floor) -> None:
    found = (await market.ask("/status"))["process"]
    text = (await market.front.reply("/status")).text
    assert found["poll_age_seconds"] is found["inbox_questions"] is found["database_bytes"] is None
    assert "Telegram" not in text
    assert "inbox" not in text


@pytest.mark.parametrize(("deferred", "told"), [(None, 0), (True, 0), (False, 1)])
async def test_a_library_that_takes_more_memory_than_it_must_is_told(
    market: Floor, deferred: bool | None, told: int
) -> None:
    market.front.desk.vitals.models_deferred = deferred
    text = (await market.front.reply("/status")).text
    assert text.startswith("<b>All well</b>")
    assert text.count("aiogram imported whole") == told


async def test_an_outage_of_telegram_is_told(market: Floor) -> None:
    market.front.desk.vitals.failure = "TelegramServerError: HTTP 502"
    text = (await market.front.reply("/status")).text
    assert text.startswith("<b>1 trouble</b> · crypto-assistant")
    assert text.split("\n")[1] == "Telegram: TelegramServerError: HTTP 502"


async def test_every_venue_is_reached_and_its_line_measured() -> None:
    async with floor() as market:
        market.sandbox.latency = 0.25
        await market.open()
        venues = (await market.ask("/status"))["venues"]
    assert set(venues) == set(VENUES)
    for name, venue in venues.items():
        assert venue["reachable"] is True
        assert venue["clock_ahead_seconds"] == 0
        assert venue["key"] == "it only reads"
        assert set(venue["hosts"]) == HOSTS[name]
        for host in venue["hosts"].values():
            for part in ("latency_p50_seconds", "latency_p95_seconds"):
                assert host[part] == pytest.approx(0.25)
            assert host["answers"] > 0
            assert host["last_error"] is host["down_since_ms"] is None


async def test_what_was_used_of_a_limit_is_what_was_asked() -> None:
    async with floor() as market:
        before = (await market.ask("/status binance"))["venues"]["binance"]["limits"]
        await market.front.ask("/price BTC binance")
        after = (await market.ask("/status binance"))["venues"]["binance"]["limits"]
    assert set(after) == {"spot", "futures"}
    assert [limit["limit_units"] for limit in after.values()] == [6000, 2400]
    assert all(after[name]["used_units"] > before[name]["used_units"] for name in after)


async def test_a_venue_that_fails_is_named_with_what_went_wrong(market: Floor) -> None:
    market.sandbox.faults = [Fault("bybit", "http", 502)]
    answer = await market.ask("/status")
    text = (await market.front.reply("/status")).text
    bybit = answer["venues"]["bybit"]
    assert (bybit["reachable"], bybit["clock_ahead_seconds"]) == (False, None)
    assert bybit["hosts"]["all"]["last_error"] == "HTTP 502"
    assert bybit["hosts"]["all"]["last_error_ms"] == NOW
    assert answer["failed"] == {"bybit": "HTTP 502"}
    first, second, *_ = text.split("\n")
    assert first.startswith("<b>1 trouble</b>")
    assert second == "Bybit: HTTP 502"
    assert text.count("Bybit: HTTP 502") == 1
    assert "\nBybit: NOT reachable\n" in text
    assert "last error 14:13:49 UTC: HTTP 502" in text
    assert "\nBinance: clock 0.0 s · it only reads\n" in text


async def test_a_venue_that_said_stop_is_told_with_the_end_of_that(market: Floor) -> None:
    limiter = market.front.desk.exchanges[1].limiter
    assert (await market.ask("/status"))["venues"]["bybit"]["held_until_ms"] is None
    limiter.hold(600, "Retry-After")
    bybit = (await market.ask("/status"))["venues"]["bybit"]
    text = (await market.front.reply("/status")).text
    assert bybit["held_until_ms"] == pytest.approx(NOW + 600_000, abs=1000)
    assert bybit["held_by"] == "Retry-After"
    held = r"<b>1 trouble</b> .*\nBybit: held until 14:23:\d\d UTC: it said stop \(Retry-After\)\n"
    assert re.match(held, text)
    assert text.count("held until") == 1


async def test_rows_that_cannot_be_read_are_counted_for_an_hour(market: Floor) -> None:
    health = market.front.desk.exchanges[1].hosts["all"].health
    health.left_out("/v5/market/tickers", 2)
    health.left_out("/v5/market/instruments-info", 1)
    assert (await market.ask("/status"))["venues"]["bybit"]["hosts"]["all"]["unread_rows"] == 3
    text = (await market.front.reply("/status")).text
    assert re.match("<b>1 trouble</b> .*\nBybit: left out in the last hour: 3 rows", text)


async def test_what_went_wrong_long_ago_has_its_day(market: Floor) -> None:
    health = market.front.desk.exchanges[1].hosts["all"].health
    health.last_error = LastError("HTTP 502", NOW - 3 * 86_400_000)
    assert "last error 18 Sep 14:13:49 UTC: HTTP 502" in (await market.front.reply("/status")).text


async def test_a_key_that_may_do_more_is_warned_of_each_time(market: Floor) -> None:
    market.sandbox.owners["okx"].permissions |= {"trade", "withdraw"}
    market.sandbox.owners["bybit"].permissions.add("trade")
    venues = (await market.ask("/status"))["venues"]
    assert venues["okx"]["key"].startswith("WARNING: key refused: it may withdraw (")
    assert venues["bybit"]["key"].startswith("WARNING: the key may do more than read (")
    first, *wrong = (await market.front.reply("/status")).text.split("\n")[:3]
    assert first.startswith("<b>2 troubles</b>")
    assert wrong[0].startswith("Bybit: the key may do more than read (")
    assert wrong[1].startswith("OKX: key refused: it may withdraw (")


async def test_without_a_key_there_is_none_to_speak_of(market: Floor) -> None:
    market.front.desk.accounts = {}
    venues = (await market.ask("/status"))["venues"]
    assert {venue["key"] for venue in venues.values()} == {"no key"}


async def test_nobody_reads_it_in_a_group(market: Floor) -> None:
    with pytest.raises(UsageError, match="private"):
        await market.front.ask("/status", private=False)


async def test_what_was_found_out_of_a_venues_statistics_is_told(market: Floor) -> None:
    assert (await market.ask("/status"))["venues"]["okx"]["beliefs"] == {}
    await market.ask("/cvd BTC 1h")
    await market.ask("/oi BTC")
    told = (await market.ask("/status"))["venues"]
    assert {name: belief["verdict"] for name, belief in told["okx"]["beliefs"].items()} == {
        "spot takers 5m": "end",
        "spot takers 1h": "end",
        "takers of contracts 5m": "start",
        "takers of contracts 1h": "start",
        "open interest": "its time",
    }
    off = r"0 % off by the start, \d\d % by the end"
    assert re.fullmatch(off, told["okx"]["beliefs"]["takers of contracts 5m"]["why"])
    assert told["binance"]["beliefs"] == told["bybit"]["beliefs"] == {}
    assert "All well" in (await market.front.reply("/status")).text


async def test_what_is_in_doubt_is_told_with_its_numbers(market: Floor) -> None:
    market.sandbox.dates = Dates(interest=1.4)
    found = await market.ask("/oi BTC")
    text = (await market.front.reply("/status")).text
    why = r"its newest sample is [\d.]+ % off what is open now"
    assert re.fullmatch(rf"open interest: in doubt: {why}", found["failed"]["okx"])
    assert re.match(rf"<b>1 trouble</b> .*\nOKX: open interest: in doubt: {why}\n", text)


async def test_rows_of_no_known_date_are_told_with_the_numbers(market: Floor) -> None:
    market.sandbox.dates = Dates(by_coin=2)
    await market.ask("/cvd BTC 5m")
    text = (await market.front.reply("/status")).text
    why = r"\d\d % off by the start, \d\d % by the end"
    assert re.match(rf"<b>.*\nOKX: dates: .*spot takers 5m n/a \({why}\)", text)


async def test_the_last_audit_is_one_line_while_all_agrees(market: Floor) -> None:
    assert (await market.ask("/status"))["audit"] is None
    assert "audit" not in (await market.front.reply("/status")).text
    await audited(market, 0)
    told = (await market.ask("/status"))["audit"]
    assert (told["agree"], told["time_ms"]) == (44, NOW)
    assert told["disagree"] == told["not_audited"] == told["doubtful"] == {}
    text = (await market.front.reply("/status")).text
    assert "\naudit 0.0 s ago: 44 of 44 agree\n" in text
    assert "audited" not in text


async def test_what_an_audit_found_is_named(market: Floor) -> None:
    market.sandbox.faults = [
        Fault("okx", "shifted", "oiCcy*1.25"),
        Fault("bybit", "http", 503, "/v5/market/time"),
        Fault("binance", "http", 500, "/dapi/v1/markPriceKlines"),
    ]
    await audited(market, 0)
    text = (await market.front.reply("/status")).text
    assert "\naudit 0.0 s ago: 25 of 26 agree\n" in text
    assert "\nOKX: disagrees: open interest: BTC-USD-SWAP 20.00 % off its own USD\n" in text
    assert re.search(r"\nBybit: NOT .*\n.*\n.*\n  not audited: HTTP 503\n", text)
    assert "\n  not audited: mark prices: BTCUSD_PERP HTTP 500\n" in text
    await audited(market, APART_SECONDS)
    text = (await market.front.reply("/status")).text
    assert "\nOKX: doubtful: open interest: BTC-USD-SWAP 20.00 % off its own USD\n" in text
    told = (await market.ask("/status"))["audit"]
    found = {"open interest": {"BTC-USD-SWAP": "20.00 % off its own USD"}}
    assert told["disagree"] == told["doubtful"] == {"okx": found}
    assert told["not_audited"]["bybit"] == {"all": {"all": "HTTP 503"}}


async def test_each_venue_is_a_button(market: Floor) -> None:
    ((*_, last),) = (await market.front.reply("/status")).buttons
    assert (last.label, last.line) == ("OKX", "status okx")
    sheet = await market.front.reply("/status okx")
    assert "Bybit" not in sheet.text
    assert [b.line for row in sheet.buttons for b in row] == [
        "status okx",
        "status",
        "status binance",
        "status bybit",
    ]


async def test_while_a_venue_is_awaited_all_is_well_so_far() -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("okx", "slow", 2)]
        first, *_, last = await market.watch("/status")
    assert first.text.startswith("<b>All well so far</b>")
    assert "waiting: OKX" in first.text
    assert last.text.startswith("<b>All well</b>")


async def audited(market: Floor, began: float) -> None:
    desk = market.front.desk
    desk.audits.note(await audit(desk.exchanges, clock), began)
