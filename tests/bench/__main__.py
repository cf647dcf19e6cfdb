"""`make bench`: the calculators, requests and weight, time against bare ones, a scan, memory."""

import asyncio

from tests.bench import calculators, memory, requests, scan, speed


async def main() -> None:
    calculators.report()
    await requests.report()
    await speed.report()
    await scan.report()
    await memory.report()


asyncio.run(main())
