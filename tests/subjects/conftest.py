"""The simulated market with its listings read, and what is true of it."""

from collections.abc import AsyncIterator

import pytest

from tests.floor import Floor, floor, world
from tests.truth import Truth


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(world())


@pytest.fixture
async def market() -> AsyncIterator[Floor]:
    async with floor() as market:
        await market.open()
        yield market
