"""Volume read while the clocks of the venues and ours are not the same."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from crypto_assistant.desk import Desk
from crypto_assistant.errors import Unsupported
from crypto_assistant.listings.lists import Coin, Listings
from crypto_assistant.models import Candles, Family, Instrument, TakerVolumes, Timeframe
from crypto_assistant.net.door import Timing
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.volume import volumes
from tests.markets import NOW, markets
from tests.subjects.test_scan import bars

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crypto_assistant.net.api import Api
    from crypto_assistant.subjects.volume.volumes import VenueVolume

STEP = Timeframe.M15.ms
RUNNING = NOW // STEP * STEP


class Venue:
    """Sends the newest bars up to the one that opened at `newest_ms`, each of 10 coins."""

    name, title = "binance", "Binance"
    hosts: Mapping[str, Api] = MappingProxyType({})

    def __init__(self, newest_ms: int) -> None:
        self._newest_ms = newest_ms

    async def candles(self, market: Instrument, timeframe: Timeframe, limit: int) -> Candles:
        return bars(market, timeframe, [10.0] * limit, self._newest_ms + timeframe.ms)

    async def taker_volumes(self, *_: object) -> TakerVolumes:
        raise Unsupported("no takers")


async def read(newest_ms: int) -> VenueVolume:
    place = "binance", Family.LINEAR
    listings = Listings({"binance": "Binance"}, {place: markets(*place, "BTC/USDT")})
    exchanges: Any = [Venue(newest_ms)]
    desk = Desk(exchanges, timing=Timing(), clock_ms=lambda: NOW)
    round = CoinRound(desk, listings, exchanges, Coin("BTC"))
    build = volumes.question(round, volumes.segment(round), Timeframe.M15)
    await round.settle(lambda: None)
    return build().venues["binance"]


async def test_a_bar_that_begins_while_we_ask_takes_nothing_from_the_baseline() -> None:
    found = await read(RUNNING + STEP)
    assert found.bar.volume_coins == 10
    assert found.bar.baseline == "slot"
    assert found.bar.robust_z is None  # the 96 bars are all alike
    assert found.bar.rvol == 1


async def test_a_venue_that_is_late_has_no_bar() -> None:
    found = await read(RUNNING - 2 * STEP)
    assert found.forming is None
    assert (found.bar.volume_coins, found.bar.rvol, found.bar.level) == (None, None, None)
    assert found.bar.usual_coins == 10
