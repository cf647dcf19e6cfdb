"""The loopback Bot API, the played commands and a database, for every test of the front."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crypto_assistant.telegram.serve import build_models
from tests.botapi import BotApi
from tests.telegram.stage import SCALE, Stage, on_air


@pytest.fixture(scope="session", autouse=True)
def models_built() -> None:
    """So that no test's scaled time pays for it."""
    build_models()


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi(second=SCALE) as api:
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
