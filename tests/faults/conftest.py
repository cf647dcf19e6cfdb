"""What is known before a test breaks anything."""

import pytest

from tests.faults import accounts


@pytest.fixture
async def whole() -> None:
    """The answers about the owner's accounts where nothing is wrong."""
    await accounts.learn()
