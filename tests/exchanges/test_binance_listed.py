"""What Binance lists, by its own instrument lists."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import Malformed, RateLimited, Unreachable
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.models import Family
from tests.exchanges.binance_bodies import (
    INVERSE,
    LINEAR,
    SPOT,
    coin_margined,
    leave,
    perp,
    spend_one,
    symbols,
)
from tests.exchanges.conftest import Recorded
from tests.net.loopback import Loopback

JUNE, SEPTEMBER, DECEMBER = 1_782_460_800_000, 1_790_323_200_000, 1_798_185_600_000
"""The last Fridays of the quarters of 2026, 08:00 UTC."""


def dates(contract_type: str, delivery: Any) -> dict[str, Any]:
    return {"contractType": contract_type, "deliveryDate": delivery}


def dated(symbol: str, coin: str, delivery: Any, **more: Any) -> dict[str, Any]:
    return perp(symbol, coin, pair=f"{coin}USDT", **dates("CURRENT_QUARTER", delivery), **more)


def date(time_ms: float) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


INFO = {
    SPOT: "/api/v3/exchangeInfo",
    LINEAR: "/fapi/v1/exchangeInfo",
    INVERSE: "/dapi/v1/exchangeInfo",
}


async def test_futures_that_trade_are_listed_and_nothing_else(
    binance: Binance, host: Loopback
) -> None:
    rows = [
        perp("BTCUSDT", "BTC"),
        perp("BTCUSDC", "BTC", quoteAsset="USDC"),
        dated("BTCUSDT_260925", "BTC", SEPTEMBER),
        dated("BTCUSDT_260626", "BTC", JUNE, status="SETTLING"),
        perp("OLDUSDT", "OLD", status="SETTLING"),
        perp("GONEUSDT", "GONE", contractType="PERPETUAL_DELIVERING"),
        perp("TSLAUSDT", "TSLA", contractType="TRADIFI_PERPETUAL", underlyingType="EQUITY"),
        perp("BTCDOMUSDT", "BTCDOM", underlyingType="INDEX"),
    ]
    host.plays("/fapi/v1/exchangeInfo", symbols(*rows))
    found = await binance.instruments(LINEAR)
    assert found.symbols == ("BTCUSDT", "BTCUSDC", "BTCUSDT_260925", "TSLAUSDT", "BTCDOMUSDT")
    assert found.coins == ("BTC", "BTC", "BTC", "TSLA", "BTCDOM")
    assert found.quotes == ("USDT", "USDC", "USDT", "USDT", "USDT")
    assert found.tradfi.tolist() == [False, False, False, True, True]
    assert found.tick.tolist() == [0.1] * 5
    assert found.contract.tolist() == found.multiplier.tolist() == [1] * 5


async def test_a_row_that_cannot_be_read_is_counted(binance: Binance, host: Loopback) -> None:
    host.plays(INFO[LINEAR], symbols(*[perp("BTCUSDT", "BTC")] * 9, perp("", "ETH")))
    assert (await binance.instruments(LINEAR)).unread == 1


async def test_a_coin_margined_contract_is_so_many_dollars(
    binance: Binance, host: Loopback
) -> None:
    rows = [
        coin_margined("BTCUSD_PERP", "BTC", 100),
        coin_margined("ETHUSD_PERP", "ETH", 10),
        coin_margined("OLDUSD_PERP", "OLD", 10, status="PENDING_TRADING"),
    ]
    host.plays("/dapi/v1/exchangeInfo", symbols(*rows))
    found = await binance.instruments(INVERSE)
    assert found.symbols == ("BTCUSD_PERP", "ETHUSD_PERP")
    assert found.contract.tolist() == [100, 10]


async def test_a_dated_future_has_its_delivery_and_a_perp_none(
    binance: Binance, host: Loopback
) -> None:
    rows = [
        coin_margined("BTCUSD_PERP", "BTC", 100),
        coin_margined("BTCUSD_260925", "BTC", 100, **dates("CURRENT_QUARTER", SEPTEMBER)),
        coin_margined("BTCUSD_261225", "BTC", 100, **dates("NEXT_QUARTER", str(DECEMBER))),
    ]
    host.plays("/dapi/v1/exchangeInfo", symbols(*rows))
    found = await binance.instruments(INVERSE)
    assert [one.expires_ms for one in map(found.__getitem__, range(3))] == [
        None,
        SEPTEMBER,
        DECEMBER,
    ]
    assert found.coins == ("BTC",) * 3
    assert found.quotes == ("USD",) * 3
    assert found.contract.tolist() == [100] * 3


@pytest.mark.parametrize("delivery", [None, "", 0])
async def test_a_dated_future_is_never_taken_for_a_perp(
    binance: Binance, host: Loopback, delivery: Any
) -> None:
    host.plays("/fapi/v1/exchangeInfo", symbols(dated("BTCUSDT_260925", "BTC", delivery)))
    with pytest.raises(Malformed, match="its rows cannot be read"):
        await binance.instruments(LINEAR)


async def test_spot_is_asked_for_what_trades(binance: Binance, host: Loopback) -> None:
    row = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "isSpotTradingAllowed": True,
        "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.01000000"}],
        "permissionSets": [],
    }
    broken = {**row, "symbol": "OLDUSDT", "status": "BREAK"}
    host.plays("/api/v3/exchangeInfo", symbols(row, broken))
    found = await binance.instruments(SPOT)
    assert (found.symbols, found.tick.tolist()) == (("BTCUSDT",), [0.01])
    query = "permissions=SPOT&showPermissionSets=false&symbolStatus=TRADING"
    assert host.asked == [f"/api/v3/exchangeInfo?{query}"]


@pytest.mark.parametrize(("family", "weight"), [(SPOT, 20), (LINEAR, 1), (INVERSE, 1)])
async def test_a_list_weighs_what_the_venue_says(
    binance: Binance, host: Loopback, family: Family, weight: int
) -> None:
    await leave(binance, host, family, weight)
    host.plays(INFO[family], symbols(coin_margined("BTCUSD_PERP", "BTC", 100)))
    await binance.instruments(family)
    with pytest.raises(RateLimited):
        await spend_one(binance, family)


async def test_maintenance_is_not_an_empty_exchange(binance: Binance, host: Loopback) -> None:
    row = {"symbol": "BTCUSDT", "status": "BREAK", "baseAsset": "BTC", "quoteAsset": "USDT"}
    host.plays("/fapi/v1/exchangeInfo", symbols(row))
    with pytest.raises(Unreachable, match="no market trades now"):
        await binance.instruments(LINEAR)


@pytest.mark.parametrize(("number", "family"), [("001", LINEAR), ("002", INVERSE)])
async def test_recorded_instruments(
    binance: Binance, host: Loopback, recorded: Recorded, number: str, family: Family
) -> None:
    entry = recorded(f"binance/instruments/{number}")
    host.plays(INFO[family], symbols(*entry["httpResponse"]))
    found = await binance.instruments(family)
    known = entry["parsedResponse"]
    assert found.expires_ms[found.dated].tolist() == [m["expiry"] for m in known if m["expiry"]]
    assert list(found.symbols) == [market["id"] for market in known if market["active"]]
    assert list(found.coins) == [market["base"] for market in known if market["active"]]
    assert found.contract.tolist() == [m["contractSize"] for m in known if m["active"]]
    assert found.tick.tolist() == [m["precision"]["price"] for m in known if m["active"]]


@pytest.mark.parametrize(
    ("number", "family"), [("005", LINEAR), ("017", LINEAR), ("004", INVERSE), ("018", INVERSE)]
)
async def test_recorded_lists_of_other_years(
    binance: Binance, host: Loopback, recorded: Recorded, number: str, family: Family
) -> None:
    host.plays(INFO[family], recorded(f"binance/instruments/{number}")["httpResponse"])
    found = await binance.instruments(family)
    assert "BTC" in found.coins
    assert found.dated.tolist() == ["_2" in symbol for symbol in found.symbols]
    for symbol, expires_ms in zip(found.symbols, found.expires_ms, strict=True):
        assert np.isnan(expires_ms) or f"{date(expires_ms):%y%m%d}" == symbol.partition("_")[2]
    assert (found.contract > 0).all()
    assert (found.tick > 0).all()
