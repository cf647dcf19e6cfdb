"""What one life of the program leaves in the inbox for the next."""

from pathlib import Path

from crypto_assistant.clocks import clock_ms
from crypto_assistant.state.store import Store


async def left(store: Store) -> tuple[list[bytes], list[bytes]]:
    """What is to be answered, and what is given up."""
    found = await store.left()
    return list(found.to_answer.values()), list(found.given_up.values())


async def left_in(path: Path) -> list[bytes]:
    async with Store.opened(path, clock_ms) as store:
        return (await left(store))[0]
