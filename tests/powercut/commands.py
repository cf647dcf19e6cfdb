"""`python -m tests.powercut.commands DIRECTORY COMMAND...`: one, acknowledged when it is done."""

import asyncio
import os
import sys
from pathlib import Path

from crypto_assistant.cli import main
from crypto_assistant.state.store import Store
from tests.clock import clock
from tests.powercut.recording import acknowledge


async def migrate(path: Path) -> None:
    async with Store.opened(path, clock):
        acknowledge(0)


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    os.environ["STATE_DIRECTORY"] = str(directory / "state")
    os.chdir(directory)
    if sys.argv[2:] == ["migrate"]:
        asyncio.run(migrate(directory / "state" / "live.db"))
    else:
        assert main(sys.argv[2:]) == 0
        acknowledge(0)
