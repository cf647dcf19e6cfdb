"""`make bench`: calculators, requests and weight, time against bare ones, logs, scan, memory."""

import asyncio

from tests.bench import calculators, crowd, log, memory, requests, scan, speed


async def main() -> None:
    calculators.report()
    await requests.report()
    await speed.report()
    await log.report()
    await scan.report()
    await memory.report()
    await crowd.report()


asyncio.run(main())
