"""What OKX is asked for to find out which time its rows bear, as the tests play it."""

from typing import Any

from crypto_assistant.models import Timeframe
from tests.exchanges.conftest import NOW
from tests.exchanges.okx_bodies import ok
from tests.net.loopback import Loopback

TAKERS = "/api/v5/rubik/stat/taker-volume-contract"
SPOT_TAKERS = "/api/v5/rubik/stat/taker-volume"
CANDLES = "/api/v5/market/candles"
SAMPLE = "/api/v5/rubik/stat/contracts/open-interest-history?instId=BTC-USDT-SWAP&period=5m&limit=1"
INTEREST = "/api/v5/public/open-interest?instType=SWAP&instId=BTC-USDT-SWAP"
SPOT_BTC = f"{SPOT_TAKERS}?ccy=BTC&instType=SPOT&period=5m"
COUNT = 100


def traded(start: int, step: int) -> int:
    """In a period: another amount than in those around it."""
    return 100 + (start // step) ** 2 * 7919 % 97


def rows(start: int, step: int, lag: int, scale: float = 1.0, count: int = COUNT) -> dict[str, Any]:
    """Of so many periods before `start`, sold and bought; `lag`: 0 bears the start, 1 the end."""
    starts = [start - n * step for n in range(1, count + 1)]
    sizes = [scale * traded(time, step) for time in starts]
    cells = zip(starts, sizes, strict=True)
    return ok(*([str(time + lag * step), str(x / 4), str(x * 3 / 4)] for time, x in cells))


def candles(end: int, step: int, confirmed: str = "1") -> dict[str, Any]:
    starts = [end - n * step for n in range(1, COUNT + 2)]
    size = {time: str(traded(time, step)) for time in starts}
    return ok(*([str(t), "1", "1", "1", "1", size[t], size[t], "1", confirmed] for t in starts))


def page(
    period: str, end: int, step: int, *, symbol: str = "BTC-USDT-SWAP", count: int = COUNT
) -> str:
    """Of a contract, with the rows that bear the last times up to `end`."""
    window = f"begin={end - (count - 1) * step - 1}&end={end + 1}&limit={count}"
    return f"{TAKERS}?instId={symbol}&period={period}&unit=1&{window}"


def bars(symbol: str, period: str, end: int) -> str:
    return f"{CANDLES}?instId={symbol}&bar={period}&limit={COUNT + 1}&after={end}"


def plays_dates(
    host: Loopback, bar: Timeframe = Timeframe.M5, period: str = "5m", *, lag: int = 0
) -> None:
    """Contracts as `lag` says, spot of BTC by the end of its bars."""
    end = NOW // bar.ms * bar.ms
    host.plays(page(period, end, bar.ms), rows(end - lag * bar.ms, bar.ms, lag))
    host.plays(bars("BTC-USDT-SWAP", period, end), candles(end, bar.ms))
    host.plays(SPOT_BTC, rows(end, bar.ms, 1))
    host.plays(bars("BTC-USDT", period, end), candles(end, bar.ms))


def plays_interest(host: Loopback, now: str, *samples: tuple[int, str]) -> None:
    """What is open now of BTC, and its newest sample each time that it is asked for."""
    host.plays(INTEREST, ok({"instId": "BTC-USDT-SWAP", "oi": now, "oiCcy": "1", "oiUsd": "1"}))
    host.plays(SAMPLE, *(ok([str(time), contracts, "1", "1"]) for time, contracts in samples))


def asked(host: Loopback) -> list[str]:
    """For anything else than BTC."""
    return [target for target in host.asked if "=BTC" not in target]
