"""The loopback Bot API, the played commands and a database, for every test of the front."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.botapi import BotApi
from tests.clock import clock
from tests.telegram.stage import Stage, on_air


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi(clock_ms=clock) as api:
        yield api


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "assistant.db"


@pytest.fixture
async def bot(api: BotApi, stage: Stage, database: Path) -> AsyncIterator[None]:
    """The front on air for the whole test, with one listed user."""
    async with on_air(api, stage, database):
        yield
