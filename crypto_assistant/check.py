"""What works and what does not, on one screen."""

import asyncio
import time

from crypto_assistant.app import TIMING, connected, connection
from crypto_assistant.config import Config
from crypto_assistant.errors import AssistantError, ExchangeError
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.view import signed


async def report(config: Config) -> bool:
    """Prints a line for Telegram and for each exchange; whether some exchange answered."""
    async with connected(config.urls, config, simulated=False) as desk:
        telegram, *exchanges = await asyncio.gather(
            _telegram(config), *(_exchange(exchange) for exchange in desk.exchanges)
        )
    titles = [exchange.title for exchange in desk.exchanges]
    print("Configuration  read, nothing wrong in it")
    for name, (_, said) in zip(["Telegram", *titles], [telegram, *exchanges], strict=True):
        print(f"{name:14} {said}")
    return any(answered for answered, _ in exchanges)


async def _exchange(exchange: Exchange) -> tuple[bool, str]:
    start, wall = time.monotonic(), time.time()
    try:
        async with asyncio.timeout(TIMING.answer):
            theirs = await exchange.clock_ms()
    except TimeoutError:
        return False, f"no answer in {TIMING.answer:g} s"
    except ExchangeError as error:
        return False, str(error)
    took = time.monotonic() - start
    ahead = theirs / 1000 - (wall + took / 2)
    return True, f"answers in {took * 1000:.0f} ms; its clock differs by {signed(ahead, 1)} s"


async def _telegram(config: Config) -> tuple[bool, str]:
    if config.telegram_bot_token is None:
        return False, "no token: TELEGRAM_BOT_TOKEN is not set"
    from crypto_assistant.telegram.serve import own_name  # noqa: PLC0415

    token = config.telegram_bot_token.get_secret_value()
    try:
        async with connection(config.telegram_proxy) as http:
            name = await own_name(http, token, config.telegram_api_url)
    except AssistantError as error:
        return False, str(error)
    listed = len(config.telegram_chat_id)
    return True, f"answers as @{name}; {listed or 'no'} ids listed in TELEGRAM_CHAT_ID"
