"""What trades on Bybit, as its instrument list tells it."""

from typing import Any

import pytest

from crypto_assistant.errors import Malformed, Unreachable
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.models import Family
from tests.exchanges.bybit_bodies import BTC, INSTRUMENTS, PEPE, instruments, listed, ok, perp
from tests.exchanges.conftest import NOW, Recorded
from tests.net.loopback import Loopback

SEPTEMBER = 1_790_323_200_000
"""2026-09-25 08:00 UTC, when the dated futures of these tests are delivered."""


def future(symbol: str, coin: str, **more: Any) -> dict[str, Any]:
    terms = {"contractType": "LinearFutures", "deliveryTime": str(SEPTEMBER), "fundingInterval": 0}
    return perp(symbol, coin, **{**terms, "deliveryFeeRate": "0.0005", **more})


async def test_contracts_that_trade_are_listed_and_nothing_else(
    bybit: Bybit, host: Loopback
) -> None:
    found = await instruments(
        bybit,
        host,
        Family.LINEAR,
        BTC,
        perp("BTCPERP", "BTC", quoteCoin="USD", settleCoin="USDC"),
        future("BTCUSDT-25SEP26", "BTC"),
        perp("BIOUSDT", "BIO", status="PreLaunch", isPreListing=True),
        perp("NEWUSDT", "NEW", isPreListing=True),
        perp("OLDUSDT", "OLD", status="Settling"),
        perp("ODDUSDT", "ODD", contractType="LinearSpread"),
        future("BTCUSDT-18SEP26", "BTC", status="Delivering"),
        PEPE,
    )
    assert found.symbols == ("BTCUSDT", "BTCPERP", "BTCUSDT-25SEP26", "1000PEPEUSDT")
    assert found.coins == ("BTC", "BTC", "BTC", "1000PEPE")
    assert found.quotes == ("USDT", "USDC", "USDT", "USDT")
    assert found.tick.tolist() == [0.1, 0.1, 0.1, 1e-7]
    assert found.multiplier.tolist() == found.contract.tolist() == [1, 1, 1, 1]
    assert found.received_ms == NOW


async def test_a_dated_future_says_when_it_expires(bybit: Bybit, host: Loopback) -> None:
    usdc = future("BTC-25SEP26", "BTC", quoteCoin="USD", settleCoin="USDC")
    found = await instruments(bybit, host, Family.LINEAR, BTC, usdc)
    assert found.dated.tolist() == [False, True]
    assert (found[0].expires_ms, found[1].expires_ms) == (None, SEPTEMBER)
    assert (found[1].coin, found[1].quote) == ("BTC", "USDC")


async def test_a_coin_margined_future_is_quoted_in_dollars(bybit: Bybit, host: Loopback) -> None:
    terms = {"contractType": "InverseFutures", "quoteCoin": "USD", "settleCoin": "BTC"}
    found = await instruments(bybit, host, Family.INVERSE, future("BTCUSDU26", "BTC", **terms))
    assert (found[0].coin, found[0].quote, found[0].expires_ms) == ("BTC", "USD", SEPTEMBER)


async def test_a_perp_that_will_be_delisted_is_still_a_perp(bybit: Bybit, host: Loopback) -> None:
    delisted = perp("OLDUSDT", "OLD", deliveryTime=str(SEPTEMBER))
    found = await instruments(bybit, host, Family.LINEAR, delisted)
    assert found[0].expires_ms is None


@pytest.mark.parametrize("time", ["", "0", None])
async def test_a_future_without_its_delivery_is_not_taken_for_a_perp(
    bybit: Bybit, host: Loopback, time: str | None
) -> None:
    undated = future("BTCUSDT-25SEP26", "BTC", deliveryTime=time)
    found = await instruments(bybit, host, Family.LINEAR, undated, BTC)
    assert found.symbols == ("BTCUSDT",)


async def test_what_is_no_coin_is_marked(bybit: Bybit, host: Loopback) -> None:
    kinds = ["", "innovation", "adventure", "stock", "commodity", "forex", "xstocks", "etf"]
    rows = [perp(f"C{i}USDT", f"C{i}", symbolType=kind) for i, kind in enumerate(kinds)]
    unnamed = perp("CUSDT", "C")
    del unnamed["symbolType"]
    found = await instruments(bybit, host, Family.LINEAR, *rows, unnamed)
    assert found.tradfi.tolist() == [False] * 3 + [True] * 5 + [False]


async def test_spot_markets_come_without_pages(bybit: Bybit, host: Loopback) -> None:
    market = {
        "symbolId": 9,
        "symbol": "BTCUSDT",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {"basePrecision": "0.000001", "minOrderAmt": "5"},
        "priceFilter": {"tickSize": "0.1"},
        "symbolType": "",
    }
    host.plays(INSTRUMENTS, ok({"category": "spot", "list": [market]}))
    found = await bybit.instruments(Family.SPOT)
    assert (found.symbols, found.quotes) == (("BTCUSDT",), ("USDT",))
    assert not found.dated.any()
    assert len(host.asked) == 1


async def test_a_list_of_more_than_a_page_is_read_to_its_end(bybit: Bybit, host: Loopback) -> None:
    coins = [f"C{i}" for i in range(1203)]
    rows = [perp(f"{coin}USDT", coin) for coin in coins]
    rows[999:1001] = [perp("CUSDT", "")] * 2
    first = f"{INSTRUMENTS}?category=linear&limit=1000"
    cursor = "first%3DC1000USDT%26last%3DC1202USDT"
    host.plays(first, listed("linear", *rows[:1000], cursor=cursor))
    host.plays(f"{first}&cursor={cursor}", listed("linear", *rows[1000:], cursor="end"))
    host.plays(f"{first}&cursor=end", listed("linear", cursor=None))
    found = await bybit.instruments(Family.LINEAR)
    assert found.coins == (*coins[:999], *coins[1001:])
    assert found.unread == 2
    assert len(host.asked) == 3


async def test_a_cursor_that_never_ends_does(bybit: Bybit, host: Loopback) -> None:
    host.plays(INSTRUMENTS, listed("linear", BTC, cursor="again"))
    assert "BTC" in (await bybit.instruments(Family.LINEAR)).coins


async def test_maintenance_is_not_an_empty_exchange(bybit: Bybit, host: Loopback) -> None:
    host.plays(INSTRUMENTS, listed("linear", perp("BTCUSDT", "BTC", status="Closed")))
    with pytest.raises(Unreachable, match="no market trades now"):
        await bybit.instruments(Family.LINEAR)


async def test_an_empty_list_of_instruments_is_no_answer(bybit: Bybit, host: Loopback) -> None:
    host.plays(INSTRUMENTS, listed("linear"))
    with pytest.raises(Malformed):
        await bybit.instruments(Family.LINEAR)


async def test_recorded_instruments(bybit: Bybit, host: Loopback, recorded: Recorded) -> None:
    entry = recorded("bybit/instruments/000")
    host.plays(INSTRUMENTS, ok({"category": "spot", "list": entry["httpResponse"]}))
    found = await bybit.instruments(Family.SPOT)
    known = entry["parsedResponse"]
    assert list(found.symbols) == [market["id"] for market in known]
    assert list(found.coins) == [market["base"] for market in known]
    assert list(found.quotes) == [market["quote"] for market in known]
    assert found.tick.tolist() == [market["precision"]["price"] for market in known]


@pytest.mark.parametrize(
    ("number", "symbols"),
    [("017", ("BTCUSDT", "ETHUSDT")), ("009", ("1000000BABYDOGEUSDT",))],
)
async def test_recorded_linear_instruments(
    bybit: Bybit, host: Loopback, recorded: Recorded, number: str, symbols: tuple[str, ...]
) -> None:
    host.plays(INSTRUMENTS, recorded(f"bybit/instruments/{number}")["httpResponse"])
    found = await bybit.instruments(Family.LINEAR)
    assert found.symbols == symbols
    assert not found.tradfi.any()


async def test_recorded_stocks_on_spot_are_tradfi(
    bybit: Bybit, host: Loopback, recorded: Recorded
) -> None:
    host.plays(INSTRUMENTS, recorded("bybit/instruments/022")["httpResponse"])
    assert (await bybit.instruments(Family.SPOT)).tradfi.tolist() == [True]
