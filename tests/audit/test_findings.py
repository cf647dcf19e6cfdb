"""What disagrees twice is doubtful until it agrees again, and the answers that use it say so."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from crypto_assistant.audit.findings import APART_SECONDS, Audit, Audits, Finding
from crypto_assistant.audit.run import audit
from crypto_assistant.sandbox import Fault
from tests.clock import NOW, clock
from tests.floor import Floor, floor


def found(off: float | None, check: str = "takers", venue: str = "okx") -> Audit:
    return Audit(NOW, (Finding(venue, check, "BTC-USDT-SWAP", off, "so far off"),))


def noted(*audits: tuple[float, float | None]) -> Audits:
    """What is known after audits at these times, that far off."""
    known = Audits()
    for began, off in audits:
        known.note(found(off), began)
    return known


def test_what_disagrees_once_is_only_suspicious() -> None:
    known = noted((0, 0.5))
    assert known.is_suspicious
    assert known.doubtful == []


def test_what_disagrees_twice_is_doubtful() -> None:
    known = noted((0, 0.5), (APART_SECONDS, 0.4))
    assert not known.is_suspicious
    assert [one.off for one in known.doubtful] == [0.4]


def test_two_audits_at_once_are_one() -> None:
    assert noted((0, 0.5), (APART_SECONDS - 1, 0.5)).doubtful == []


def test_what_agrees_again_is_not_doubtful() -> None:
    known = noted((0, 0.5), (600, 0.5), (1200, 0.0))
    assert known.doubtful == []
    assert not known.is_suspicious


def test_what_was_not_audited_is_as_it_was() -> None:
    assert noted((0, 0.5), (600, None), (1200, 0.5)).doubtful
    assert noted((0, 0.5), (600, 0.5), (1200, None)).doubtful
    assert not noted((0, None), (600, None)).is_suspicious


def test_what_agreed_between_must_disagree_twice_again() -> None:
    assert noted((0, 0.5), (600, 0.0), (1200, 0.5)).doubtful == []


def test_the_number_that_decides_is_the_checks_own() -> None:
    assert [found(off).findings[0].agrees for off in (0.02, 0.021, None)] == [True, False, None]


def test_the_verdict_counts() -> None:
    one, other, third = (found(off).findings for off in (0.0, 0.5, None))
    assert Audit(NOW, one).verdict == "1 agrees"
    assert Audit(NOW, one + one + other).verdict == "2 agree, 1 disagrees"
    assert Audit(NOW, other + other + third).verdict == "0 agree, 2 disagree, 1 not audited"


@pytest.fixture
async def market() -> AsyncIterator[Floor]:
    async with floor() as market:
        await market.open()
        yield market


@contextmanager
def planted(market: Floor, *faults: Fault) -> Iterator[None]:
    """Wrong while an audit looks, so that answers are those of any day."""
    market.sandbox.faults = [*faults]
    yield
    market.sandbox.faults = []


async def audited(market: Floor, began: float) -> None:
    """Much later: closed candles are not kept so long."""
    await market.pass_time(APART_SECONDS)
    desk = market.front.desk
    desk.audits.note(await audit(desk.exchanges, clock), began)


async def doubt(market: Floor, *faults: Fault) -> None:
    for began in (0.0, APART_SECONDS):
        with planted(market, *faults):
            await audited(market, began)


RUBIK = "/api/v5/rubik/stat/taker-volume-contract"
WRONG = {
    "takers": [Fault("okx", "shifted", "1*1.5", RUBIK)],
    "open interest": [Fault("okx", "shifted", "oiUsd*1.5")],
    "one side": [Fault("bybit", "shifted", "openInterest*0.5")],
    "funding": [Fault("bybit", "shifted", "fundingIntervalHour*0.5")],
    "candles": [Fault("binance", "shifted", "5*1.5", "/fapi/v1/klines", asked="interval=1d")],
    "mark prices": [
        Fault("binance", "shifted", f"{column}*0.99", "/dapi/v1/klines") for column in range(1, 5)
    ],
    "clock": [Fault("okx", "shifted", "ts+9000", "/api/v5/public/time")],
}
PRICE = {"/price BTC", "/price BTC details"}
CANDLES = {*PRICE, "/volume BTC", "/analysis BTC", "/oi BTC", "/cvd BTC"}
USED = {
    "takers": {"/cvd BTC", "/volume BTC", "/analysis BTC", "/price BTC details"},
    "open interest": {*PRICE, "/oi BTC", "/top10", "/analysis BTC", "/cvd BTC"},
    "one side": {*PRICE, "/oi BTC", "/top10", "/analysis BTC", "/cvd BTC"},
    "funding": {*PRICE, "/oi BTC", "/top10", "/analysis BTC"},
    "candles": CANDLES,
    "mark prices": CANDLES,
    "clock": {
        *PRICE,
        *("/oi BTC", "/top10", "/analysis BTC", "/cvd BTC", "/volume BTC"),
        *("/top10 spot", "/status", "/balance"),
    },
}
LINES = sorted(set().union(*USED.values()))


@pytest.mark.parametrize("check", WRONG)
async def test_answers_that_use_what_is_doubtful_say_so_until_it_agrees(
    market: Floor, check: str
) -> None:
    await doubt(market, *WRONG[check])
    said = {line: await failed(market, line) for line in LINES}
    await audited(market, 2 * APART_SECONDS)
    after = [line for line in LINES if "doubtful" in await failed(market, line)]
    assert {line for line in LINES if f"{check}: doubtful: " in said[line]} == USED[check]
    assert {line for line in LINES if "doubtful" in said[line]} == USED[check]
    assert after == []


async def failed(market: Floor, line: str) -> str:
    answer = await market.ask(line)
    await market.pass_time()
    return " ".join(answer["failed"].values())


async def test_the_line_names_what_was_found(market: Floor) -> None:
    await doubt(market, Fault("okx", "shifted", "oiUsd*1.25"))
    text = (await market.front.reply("/oi ETH")).text
    line = "OKX: open interest: doubtful: BTC-USDT-SWAP (and 2 more) 20.00 % off its own USD\n"
    assert line in text


async def test_a_scan_says_what_is_doubtful_of_its_bars(market: Floor) -> None:
    wrong = Fault("bybit", "shifted", "5*1.5", "/v5/market/kline", asked="interval=D")
    desk = market.front.desk  # Whose tickers are not kept for as long as two audits take.
    with planted(market, wrong):
        found = await audit(desk.exchanges, clock)
    desk.audits.note(found, 0)
    desk.audits.note(found, APART_SECONDS)
    failed = (await market.ask("/volscan 20"))["failed"]
    assert failed["bybit"].startswith("candles: doubtful: BTCUSDT (and 1 more) 33.33 % off")
