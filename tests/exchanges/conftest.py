"""Adapters that talk to a loopback host which plays a venue's own bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import orjson
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.net.door import Door
from crypto_assistant.sandbox import Dates
from tests.exchanges import simulated
from tests.net.loopback import Loopback
from tests.sandbox.conftest import known_world
from tests.shared import RECORDED

if TYPE_CHECKING:
    from crypto_assistant.sandbox import World

NOW = 1_789_992_030_000
"""2026-09-21 12:00:30 UTC, on every clock of these tests but where one is set."""


@dataclass
class Clock:
    """This host's; a test of what was recorded sets it to that time."""

    ms: int = NOW


V = TypeVar("V", Binance, Bybit, Okx)
Recorded = Callable[[str], dict[str, Any]]


@pytest.fixture
def host() -> Loopback:
    return Loopback()


async def ages(*seconds: float) -> AsyncIterator[None]:
    """Goes on when so many seconds have passed since the beginning, at one time after the other."""
    began = monotonic()
    for later in seconds:
        await asyncio.sleep(began + later - monotonic())
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def door(clock: Clock) -> AsyncIterator[Door]:
    async with aiohttp.ClientSession() as session:
        yield Door(session, lambda: clock.ms)


@pytest.fixture
async def base(host: Loopback) -> AsyncIterator[str]:
    async with host.serve() as base:
        yield base


@pytest.fixture
def binance(door: Door, base: str) -> Binance:
    return _at(Binance, door, base)


@pytest.fixture
def bybit(door: Door, base: str) -> Bybit:
    return _at(Bybit, door, base)


@pytest.fixture
def okx(door: Door, base: str) -> Okx:
    return _at(Okx, door, base)


@pytest.fixture
def recorded() -> Recorded:
    """Entries of the recorded responses by their id: `binance/tickers/002`."""
    if not RECORDED.is_dir():
        pytest.skip("needs ../shared")

    def entry(name: str) -> dict[str, Any]:
        venue, capability, _ = name.split("/")
        entries = _recorded(venue, capability)
        return deepcopy(next(entry for entry in entries if entry["id"] == name))

    return entry


@pytest.fixture(scope="session")
def world() -> World:
    return known_world()


@pytest.fixture(scope="session")
def simulation(world: World) -> simulated.Simulation:
    return simulated.Simulation.of(world)


@pytest.fixture
def clocks(simulation: simulated.Simulation) -> simulated.Clocks:
    """As they stand before a test."""
    clocks = simulation.clocks
    clocks.ours = clocks.theirs = simulated.NOW
    simulation.sandbox.latency = 0.0
    return clocks


@pytest.fixture
async def venues(
    simulation: simulated.Simulation, clocks: simulated.Clocks
) -> AsyncIterator[simulated.Venues]:
    """Every adapter before the simulated market."""
    simulation.sandbox.dates = Dates()
    async with simulation.sandbox.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, clock_ms=lambda: clocks.ours)
        yield {exchange.name: exchange(door, urls) for exchange in EXCHANGES}


@cache
def _recorded(venue: str, capability: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = orjson.loads(
        (RECORDED / venue / f"{capability}.json").read_bytes()
    )
    return entries


def _at(exchange: type[V], door: Door, base: str) -> V:
    return exchange(door, dict.fromkeys(exchange.addresses, base))
