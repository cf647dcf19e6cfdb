"""What every venue tells of itself: how its hosts are, and how much of its limits is used."""

import pytest

from crypto_assistant.errors import Refused, Unreachable
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.models import Family
from crypto_assistant.net.door import Door
from tests.exchanges.binance_bodies import PERP, PREMIUM, SPOT, in_family
from tests.exchanges.conftest import NOW
from tests.exchanges.simulated import Simulation, Venues
from tests.net.loopback import Loopback, Reply


async def test_each_address_of_binance_has_a_health_of_its_own(
    binance: Binance, host: Loopback
) -> None:
    host.plays("/api/v3/ticker/24hr", Reply(b"", 503))
    with pytest.raises(Unreachable):
        await binance.ticker(in_family(SPOT, "BTCUSDT"))
    assert list(binance.hosts) == ["spot", "USD-M", "COIN-M"]
    told = {name: api.health.last_error for name, api in binance.hosts.items()}
    assert told["spot"]
    assert (told["spot"].text, told["spot"].at_ms) == ("HTTP 503", NOW)
    assert told["USD-M"] is told["COIN-M"] is None


@pytest.mark.parametrize("venue", EXCHANGES, ids=lambda venue: venue.name)
async def test_play_money_is_set_and_asked_for_by_the_venues_own_names(
    door: Door, venue: type[Exchange]
) -> None:
    name, practice = venue.name.upper(), venue(door, venue.addresses).practice
    assert practice
    assert practice.setting in {f"{name}_TESTNET", f"{name}_DEMO"}
    for urls in practice.addresses.values():
        assert urls.keys() <= venue.addresses.keys()


@pytest.mark.parametrize("venue", EXCHANGES, ids=lambda venue: venue.name)
async def test_an_answer_leaves_its_pace_at_its_host(
    simulation: Simulation, venues: Venues, venue: type[Exchange]
) -> None:
    simulation.sandbox.latency = 0.25
    exchange = venues[venue.name]
    assert {api.health.samples for api in exchange.hosts.values()} == {0}
    await exchange.clock_ms()
    answered = [api.health for api in exchange.hosts.values() if api.health.samples]
    assert [health.samples for health in answered] == [1]
    assert answered[0].latency(0.5) == pytest.approx(0.25)


async def test_what_binance_counts_is_told_of_spot_and_of_both_futures(
    binance: Binance, host: Loopback
) -> None:
    weight = {"X-MBX-USED-WEIGHT-1M": "1234"}
    host.plays("/fapi/v1/premiumIndex", Reply(PREMIUM, headers=weight))
    await binance.mark(PERP)
    assert binance.used == {"spot": (0, 6000), "futures": (1234, 2400)}


async def test_what_bybit_counts_is_told_of_the_address(bybit: Bybit, host: Loopback) -> None:
    for _ in range(3):
        with pytest.raises(Refused, match="404"):
            await bybit.clock_ms()
    assert bybit.used == {"address": (3, 540)}


async def test_of_okx_the_path_is_told_of_which_most_is_used(okx: Okx, host: Loopback) -> None:
    host.plays("/api/v5/public/instruments", Reply({"code": "51000", "msg": "no"}))
    for family in (Family.SPOT, Family.LINEAR):
        with pytest.raises(Refused, match="51000"):
            await okx.instruments(family)
    assert okx.used == {"/api/v5/public/instruments": (3, 20)}
    host.plays("/api/v5/public/time", Reply({"code": "51000", "msg": "no"}))
    for _ in range(2):
        with pytest.raises(Refused, match="51000"):
            await okx.clock_ms()
    assert okx.used == {"/api/v5/public/time": (2, 10)}
