"""`make bench`: requests and weight, time against bare requests, memory of the daemon."""

import asyncio

from tests.bench import memory, requests, speed


async def main() -> None:
    await requests.report()
    await speed.report()
    await memory.report()


asyncio.run(main())
