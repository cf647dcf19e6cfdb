"""Bybit's newest trades, one by one and in bars."""

from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.models import Instrument, Timeframe
from tests.exchanges.bybit_bodies import BTC_SPOT, BTCUSD, BTCUSDT, PEPE1000, ok
from tests.exchanges.conftest import NOW, Recorded, ages
from tests.net.loopback import Loopback

TRADES = "/v5/market/recent-trade"
MINUTE = 60_000
NEWEST = NOW - NOW % MINUTE


def trade(time: int, side: str = "Buy", size: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "execId": "9afd1288-b444-53f8-8e40-c2f99368ad22",
        "symbol": "BTCUSDT",
        "price": "64000.50",
        "size": size,
        "side": side,
        "time": str(time),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": "1",
        **more,
    }


def told(*trades: dict[str, Any], category: str = "linear") -> dict[str, Any]:
    return ok({"category": category, "list": list(trades)})


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in trade(NOW).items() if name != field}


async def test_the_side_of_a_trade_is_the_takers(bybit: Bybit, host: Loopback) -> None:
    host.plays(TRADES, told(trade(NOW, "Sell", "0.25"), trade(NOW - 9, "Buy", "1.5")))
    found = await bybit.trades(BTCUSDT)
    assert found.bought.tolist() == [True, False]
    assert found.size.tolist() == [1.5, 0.25]
    assert found.turnover.tolist() == [96000.75, 16000.125]
    assert found.price.tolist() == [64000.5, 64000.5]
    assert found.received_ms == NOW


async def test_trades_in_no_order_are_put_in_order(bybit: Bybit, host: Loopback) -> None:
    # As text, "9" would come after "10".
    rows = [trade(NOW - n // 3, size=str(100 - n), seq=str(100 - n)) for n in range(95)]
    host.plays(TRADES, told(*rows[1::2], *rows[::-2]))
    found = await bybit.trades(BTCUSDT)
    assert found.size.tolist() == list(range(6, 101))
    assert (np.diff(found.time_ms) >= 0).all()
    assert found.time_ms.dtype == np.int64


async def test_inverse_sizes_are_usd(bybit: Bybit, host: Loopback) -> None:
    host.plays(TRADES, told(trade(NOW, size="128001"), category="inverse"))
    found = await bybit.trades(BTCUSD)
    assert (found.size.tolist(), found.turnover.tolist()) == ([2], [128001])


async def test_sizes_and_prices_are_per_plain_coin(bybit: Bybit, host: Loopback) -> None:
    host.plays(TRADES, told(trade(NOW, price="0.0125", size="400")))
    found = await bybit.trades(PEPE1000)
    assert (found.price.tolist(), found.size.tolist()) == ([0.0000125], [400_000])
    assert found.turnover.tolist() == [5]


@pytest.mark.parametrize(
    ("instrument", "query"),
    [
        (BTC_SPOT, "category=spot&symbol=BTCUSDT&limit=60"),
        (BTCUSDT, "category=linear&symbol=BTCUSDT&limit=1000"),
        (BTCUSD, "category=inverse&symbol=BTCUSD&limit=1000"),
    ],
)
async def test_as_many_trades_as_the_venue_sends_are_asked(
    bybit: Bybit, host: Loopback, instrument: Instrument, query: str
) -> None:
    host.plays(TRADES, told(trade(NOW)))
    await bybit.trades(instrument)
    assert host.asked == [f"{TRADES}?{query}"]


async def test_the_oldest_millisecond_of_a_full_page_may_be_cut(
    bybit: Bybit, host: Loopback
) -> None:
    rows = [trade(NOW - n // 2) for n in range(60)]
    host.plays(TRADES, told(*rows, category="spot"))
    found = await bybit.trades(BTC_SPOT)
    assert (found.since_ms, len(found)) == (NOW - 28, 58)
    assert found.time_ms[0] == NOW - 28


async def test_a_page_that_is_not_full_is_whole(bybit: Bybit, host: Loopback) -> None:
    host.plays(TRADES, told(*[trade(NOW - n // 2) for n in range(60)]))
    found = await bybit.trades(BTCUSDT)
    assert (found.since_ms, len(found)) == (NOW - 29, 60)


async def test_a_market_without_trades_is_no_answer(bybit: Bybit, host: Loopback) -> None:
    host.plays(TRADES, told())
    with pytest.raises(Malformed, match="an empty list"):
        await bybit.trades(BTCUSDT)


@pytest.mark.parametrize("field", ["time", "side", "price", "size"])
@pytest.mark.parametrize("value", [None, "", "absent"])
async def test_a_trade_that_is_not_whole_is_malformed(
    bybit: Bybit, host: Loopback, field: str, value: str | None
) -> None:
    odd = without(field) if value == "absent" else {**trade(NOW), field: value}
    host.plays(TRADES, told(trade(NOW), odd))
    with pytest.raises(Malformed):
        await bybit.trades(BTCUSDT)


async def test_a_price_of_zero_values_nothing(bybit: Bybit, host: Loopback) -> None:
    host.plays(TRADES, told(trade(NOW, price="0")))
    with pytest.raises(Malformed):
        await bybit.trades(BTCUSD)


async def test_trades_and_their_bars_are_one_request(bybit: Bybit, host: Loopback) -> None:
    host.plays(TRADES, told(trade(NOW)))
    asked = []
    async for _ in ages(0, 4.9, 5.1):
        await bybit.trades(BTCUSDT)
        await bybit.taker_volumes(BTCUSDT, Timeframe.M1, 5)
        await bybit.taker_volumes(BTCUSDT, Timeframe.H1, 5)
        asked.append(len(host.asked))
    assert asked == [1, 1, 2]


async def test_bars_hold_what_takers_bought_and_sold(bybit: Bybit, host: Loopback) -> None:
    host.plays(
        TRADES,
        told(
            trade(NOW, "Sell", "0.5"),
            trade(NEWEST, "Buy", "2"),
            trade(NEWEST - 1, "Buy", "4"),
            trade(NEWEST - MINUTE, "Sell", "8", price="60000"),
            trade(NEWEST - 2 * MINUTE - 5, "Buy", "16"),
        ),
    )
    found = await bybit.taker_volumes(BTCUSDT, Timeframe.M1, 10)
    # The minute before the last two had no trades: that is known.
    assert found.open_ms.tolist() == [NEWEST - n * MINUTE for n in (3, 2, 1, 0)]
    assert found.bought.tolist() == [16, 0, 4, 2]
    assert found.sold.tolist() == [0, 0, 8, 0.5]
    assert found.bought_turnover.tolist() == [16 * 64000.5, 0, 4 * 64000.5, 128001]
    assert found.sold_turnover.tolist() == [0, 0, 480_000, 32000.25]
    assert found.closed.tolist() == [True, True, True, False]
    assert (found.since_ms, found.received_ms) == (NEWEST - 2 * MINUTE - 5, NOW)


async def test_bars_of_a_full_page_begin_after_its_oldest_millisecond(
    bybit: Bybit, host: Loopback
) -> None:
    oldest = [trade(NEWEST - 1, size="7")] * 3
    host.plays(TRADES, told(*[trade(NEWEST + 1)] * 57, *oldest, category="spot"))
    found = await bybit.taker_volumes(BTC_SPOT, Timeframe.M1, 10)
    assert (found.since_ms, found.open_ms.tolist()) == (NEWEST, [NEWEST])
    assert found.bought.tolist() == [57]


async def test_bars_reach_to_now_where_trading_has_paused(bybit: Bybit, host: Loopback) -> None:
    host.plays(TRADES, told(trade(NEWEST - 3 * MINUTE)))
    found = await bybit.taker_volumes(BTCUSDT, Timeframe.M1, 10)
    assert found.bought.tolist() == [1, 0, 0, 0]
    assert found.closed.tolist() == [True, True, True, False]


async def test_bars_are_no_more_than_asked(bybit: Bybit, host: Loopback) -> None:
    host.plays(TRADES, told(*[trade(NEWEST - n * MINUTE) for n in range(50)]))
    found = await bybit.taker_volumes(BTCUSDT, Timeframe.M1, 3)
    assert found.open_ms.tolist() == [NEWEST - 2 * MINUTE, NEWEST - MINUTE, NEWEST]
    assert found.bought.tolist() == [1, 1, 1]
    assert found.since_ms == NEWEST - 2 * MINUTE


async def test_a_full_page_of_one_millisecond_tells_nothing_of_it(
    bybit: Bybit, host: Loopback
) -> None:
    host.plays(TRADES, told(*[trade(NEWEST - 1)] * 60, category="spot"))
    found = await bybit.taker_volumes(BTC_SPOT, Timeframe.M1, 3)
    assert (found.since_ms, found.open_ms.tolist()) == (NEWEST, [NEWEST])
    assert (found.bought.tolist(), found.sold.tolist()) == ([0], [0])


async def test_a_trade_that_is_ahead_of_this_hosts_clock_has_its_bar(
    bybit: Bybit, host: Loopback
) -> None:
    host.plays(TRADES, told(trade(NEWEST + MINUTE + 3)))
    found = await bybit.taker_volumes(BTCUSDT, Timeframe.M1, 3)
    assert (found.open_ms.tolist(), found.bought.tolist()) == ([NEWEST + MINUTE], [1])
    assert not found.closed.any()


async def test_inverse_bars_are_coins_and_usd(bybit: Bybit, host: Loopback) -> None:
    rows = [trade(NOW, "Buy", "128001"), trade(NOW, "Sell", "64000.5")]
    host.plays(TRADES, told(*rows, category="inverse"))
    found = await bybit.taker_volumes(BTCUSD, Timeframe.H1, 1)
    assert (found.bought.tolist(), found.sold.tolist()) == ([2], [1])
    assert (found.bought_turnover.tolist(), found.sold_turnover.tolist()) == ([128001], [64000.5])


@pytest.mark.parametrize("number", ["000", "003"])
async def test_recorded_trades(
    bybit: Bybit, host: Loopback, recorded: Recorded, number: str
) -> None:
    body = recorded(f"bybit/public_trades/{number}")["httpResponse"]
    host.plays(TRADES, body)
    found = await bybit.trades(BTCUSDT)
    [row] = body["result"]["list"]
    assert found.time_ms.tolist() == [int(row["time"])]
    assert (found.price.tolist(), found.size.tolist()) == (
        [float(row["price"])],
        [float(row["size"])],
    )
    assert found.bought.tolist() == [True]


async def test_a_recorded_trade_costs_what_its_client_reckoned(
    bybit: Bybit, host: Loopback, recorded: Recorded
) -> None:
    entry = recorded("bybit/public_trades/000")
    host.plays(TRADES, entry["httpResponse"])
    found = await bybit.trades(BTCUSDT)
    assert found.turnover.tolist() == [pytest.approx(entry["parsedResponse"][0]["cost"])]
