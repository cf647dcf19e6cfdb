"""What OKX lists, and in which units."""

import asyncio
from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import Malformed, Refused, Unreachable
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.models import Family, Instruments
from tests.exchanges.conftest import Recorded
from tests.exchanges.okx_bodies import (
    BTC,
    BTC_UM,
    BTC_USD,
    BTC_XPERP,
    DELIVERY,
    SATS,
    SHIB,
    future,
    no,
    ok,
    spot,
    swap,
)
from tests.net.loopback import Loopback

INSTRUMENTS = "/api/v5/public/instruments"
FUTURES = f"{INSTRUMENTS}?instType=FUTURES"
SWAPS = f"{INSTRUMENTS}?instType=SWAP"


@pytest.fixture
def perps(host: Loopback) -> None:
    host.plays(SWAPS, ok(BTC, SHIB, BTC_USD, SATS, BTC_UM))
    host.plays(FUTURES, ok())


@pytest.fixture
async def linear(perps: None, okx: Okx) -> Instruments:
    return await okx.instruments(Family.LINEAR)


@pytest.fixture
async def inverse(perps: None, okx: Okx) -> Instruments:
    return await okx.instruments(Family.INVERSE)


async def test_a_contract_is_so_many_coins_or_dollars(
    linear: Instruments, inverse: Instruments
) -> None:
    assert linear.symbols[:3] == ("BTC-USDT-SWAP", "SHIB-USDT-SWAP", "1000SATS-USDT-SWAP")
    assert linear.coins == ("BTC", "SHIB", "1000SATS", "BTC")
    assert linear.quotes == ("USDT", "USDT", "USDT", "USD")
    assert linear.contract.tolist() == [0.01, 1_000_000, 1000, 0.01]
    assert linear.tick.tolist() == [0.1, 1e-9, 1e-7, 0.1]
    assert (inverse.symbols, inverse.coins, inverse.quotes) == (
        ("BTC-USD-SWAP",),
        ("BTC",),
        ("USD",),
    )
    assert inverse.contract.tolist() == [100]


async def test_only_what_trades_now_is_listed(okx: Okx, host: Loopback) -> None:
    rows = [
        spot("BTC-USDT"),
        spot("ETH-BTC"),
        spot("OLD-USDT", state="suspend"),
        spot("NEW-USDT", state="preopen"),
        spot("SOON-USDT", ruleType="pre_market"),
    ]
    host.plays(f"{INSTRUMENTS}?instType=SPOT", ok(*rows))
    found = await okx.instruments(Family.SPOT)
    assert found.symbols == ("BTC-USDT", "ETH-BTC")
    assert found.quotes == ("USDT", "BTC")
    assert found.contract.tolist() == [1, 1]


async def test_maintenance_is_not_an_empty_exchange(okx: Okx, host: Loopback) -> None:
    host.plays(f"{INSTRUMENTS}?instType=SPOT", ok(spot("BTC-USDT", state="suspend")))
    with pytest.raises(Unreachable, match="no market trades now"):
        await okx.instruments(Family.SPOT)


async def test_what_is_no_coin_is_marked(okx: Okx, host: Loopback) -> None:
    rows = [spot(f"C{i}-USDT", instCategory=kind) for i, kind in enumerate(["1", "", "3", "4"])]
    old = {key: value for key, value in spot("C-USDT").items() if key != "instCategory"}
    host.plays(INSTRUMENTS, ok(*rows, old))
    assert (await okx.instruments(Family.SPOT)).tradfi.tolist() == [False, False, True, True, False]


async def test_recorded_instruments(okx: Okx, host: Loopback, recorded: Recorded) -> None:
    entry = recorded("okx/instruments/000")
    host.plays(INSTRUMENTS, ok(*entry["httpResponse"]))
    found = await okx.instruments(Family.SPOT)
    known = entry["parsedResponse"]
    assert list(found.symbols) == [market["id"] for market in known]
    assert list(found.coins) == [market["base"] for market in known]
    assert list(found.quotes) == [market["quote"] for market in known]
    assert found.tick.tolist() == [market["precision"]["price"] for market in known]
    assert not found.tradfi.any()


async def test_recorded_instruments_of_2022(okx: Okx, host: Loopback, recorded: Recorded) -> None:
    entry = recorded("okx/instruments/012")
    host.plays(INSTRUMENTS, entry["httpResponse"])
    found = await okx.instruments(Family.SPOT)
    assert "1INCH-USDT" in found.symbols
    assert not found.tradfi.any()


async def test_dated_futures_stand_beside_the_perps_of_their_coin(okx: Okx, host: Loopback) -> None:
    coin = future("BTC-USD-261225", "BTC", "100")
    stable = future("BTC-USD_UM-261225", "USD-", "0.01")
    host.plays(SWAPS, ok(BTC, BTC_USD))
    host.plays(FUTURES, ok(future("BTC-USDT-261225", "USDT", "0.01"), coin, stable))
    linear, inverse = await asyncio.gather(
        okx.instruments(Family.LINEAR), okx.instruments(Family.INVERSE)
    )
    assert linear.symbols == ("BTC-USDT-SWAP", "BTC-USDT-261225", "BTC-USD_UM-261225")
    assert linear.coins == ("BTC", "BTC", "BTC")
    assert linear.quotes == ("USDT", "USDT", "USD")
    assert linear.contract.tolist() == [0.01, 0.01, 0.01]
    np.testing.assert_array_equal(linear.expires_ms, [np.nan, DELIVERY, DELIVERY])
    assert inverse.symbols == ("BTC-USD-SWAP", "BTC-USD-261225")
    assert (inverse.coins[1], inverse.quotes[1], inverse.contract[1]) == ("BTC", "USD", 100)
    assert inverse[1].expires_ms == DELIVERY
    assert sorted(host.asked) == [FUTURES, SWAPS]


@pytest.mark.parametrize(
    "other",
    [
        {"ruleType": "pre_market"},
        {"state": "suspend"},
        {"expTime": ""},
        {"expTime": "0"},
    ],
)
async def test_a_future_without_a_delivery_to_come_is_not_listed(
    okx: Okx, host: Loopback, other: dict[str, Any]
) -> None:
    host.plays(SWAPS, ok(BTC))
    host.plays(FUTURES, ok({**future("BTC-USDT-261225", "USDT", "0.01"), **other}))
    assert (await okx.instruments(Family.LINEAR)).symbols == ("BTC-USDT-SWAP",)


async def test_a_perp_without_an_index_is_named_by_its_own_name(okx: Okx, host: Loopback) -> None:
    host.plays(SWAPS, ok({**BTC_UM, "uly": ""}))
    host.plays(FUTURES, ok({**BTC_XPERP, "uly": ""}))
    found = await okx.instruments(Family.LINEAR)
    assert (found.coins, found.quotes) == (("BTC", "BTC"), ("USD", "USD"))


@pytest.mark.parametrize("settle", ["USD", "USDC", "USD-"])
async def test_some_perps_are_futures_to_the_venue(okx: Okx, host: Loopback, settle: str) -> None:
    host.plays(SWAPS, ok(BTC))
    host.plays(
        FUTURES, ok({**BTC_XPERP, "settleCcy": settle}, future("BTC-USD-261225", "BTC", "1"))
    )
    linear = await okx.instruments(Family.LINEAR)
    assert linear.symbols == ("BTC-USDT-SWAP", "BTC-USD_UM_XPERP-310404")
    assert not linear.dated.any()
    xperp = linear[1]
    assert (xperp.coin, xperp.quote, xperp.contract, xperp.expires_ms) == (
        *("BTC", "USD", 0.0001),
        None,
    )


async def test_what_the_venue_tries_out_is_not_listed(okx: Okx, host: Loopback) -> None:
    trial = swap("TEST01-USDT-SWAP", "USDT", "1", instCategory="3")
    host.plays(SWAPS, ok(trial, BTC, swap("TST-USDT-SWAP", "USDT", "1")))
    host.plays(FUTURES, ok({**future("TEST01-USDT-261225", "USDT", "1")}))
    assert (await okx.instruments(Family.LINEAR)).symbols == ("BTC-USDT-SWAP", "TST-USDT-SWAP")
    host.plays(f"{INSTRUMENTS}?instType=SPOT", ok(spot("TEST02-USDT"), spot("BTC-USDT")))
    assert (await okx.instruments(Family.SPOT)).symbols == ("BTC-USDT",)


async def test_a_perp_that_leaves_the_list_is_no_dated_future(okx: Okx, host: Loopback) -> None:
    host.plays(SWAPS, ok({**BTC, "expTime": str(DELIVERY)}))
    host.plays(FUTURES, ok())
    assert (await okx.instruments(Family.LINEAR)).dated.tolist() == [False]


async def test_of_both_lists_the_rows_are_counted_that_cannot_be_read(
    okx: Okx, host: Loopback
) -> None:
    dated = future("BTC-USDT-261225", "USDT", "0.01")
    host.plays(SWAPS, ok(BTC_USD, *[BTC] * 18, *[{**BTC, "instId": ""}] * 2))
    host.plays(FUTURES, ok(*[dated] * 9, {**dated, "instId": ""}))
    linear, inverse = [await okx.instruments(family) for family in (Family.LINEAR, Family.INVERSE)]
    assert (linear.unread, inverse.unread) == (1, 2)


async def test_missing_futures_are_an_error_and_not_none(okx: Okx, host: Loopback) -> None:
    host.plays(SWAPS, ok(BTC))
    host.plays(FUTURES, no("51000"))
    with pytest.raises(Refused):
        await okx.instruments(Family.LINEAR)
    host.plays(FUTURES, {"code": "0", "msg": "", "data": None})
    with pytest.raises(Malformed):
        await okx.instruments(Family.LINEAR)
