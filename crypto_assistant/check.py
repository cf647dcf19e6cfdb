"""What works and what does not, on one screen; whether the exchanges' numbers agree, on another."""

import asyncio
import os
from collections.abc import Callable
from importlib import import_module
from itertools import groupby
from pathlib import Path

from crypto_assistant.accounts import verdict
from crypto_assistant.app import TIMING, Surroundings, connected, connection, telegram_proxy
from crypto_assistant.audit.checks import CHECKS
from crypto_assistant.audit.findings import Finding
from crypto_assistant.audit.run import audit
from crypto_assistant.clocks import monotonic
from crypto_assistant.config import Config
from crypto_assistant.desk import Desk
from crypto_assistant.errors import AssistantError, ExchangeError, Refused
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.net.signed import VenueClock
from crypto_assistant.view import signed


async def report(config: Config, clock_ms: Callable[[], int]) -> bool:
    """Prints a line for Telegram, each exchange and its key; whether some exchange answered."""
    if config.telegram_bot_token:  # Before anything is timed, since it holds up everything else.
        import_module("crypto_assistant.telegram.serve")
    async with connected(config, Surroundings(config.urls), clock_ms) as desk:
        (_, telegram), exchanges, keys = await asyncio.gather(
            _telegram(config),
            asyncio.gather(*(_exchange(exchange, clock_ms) for exchange in desk.exchanges)),
            asyncio.gather(*(_key(desk, exchange) for exchange in desk.exchanges)),
        )
    _print("Configuration", "read, nothing wrong in it")
    _print("State", _state(config.state_directory))
    _print("Telegram", telegram)
    for exchange, (_, said), key in zip(desk.exchanges, exchanges, keys, strict=True):
        _print(exchange.title, said)
        _print("  key", key)
    return any(answered for answered, _ in exchanges)


async def deep(config: Config, clock_ms: Callable[[], int]) -> bool:
    """Audits the exchanges and prints what came of it; whether nothing disagrees."""
    async with connected(config, Surroundings(config.urls), clock_ms) as desk:
        found = await audit(desk.exchanges, clock_ms)
    titles = {exchange.name: exchange.title for exchange in desk.exchanges}
    print()
    _print("Audit", found.verdict)
    for check in CHECKS.values():
        if parts := [one for one in found.findings if one.check == check.name]:
            _print(check.name, f"at most {check.limit} off {check.against}: {check.why}")
            for venue, ones in groupby(parts, lambda one: one.venue):
                _print(f"  {titles[venue]}", ", ".join(map(_said, ones)))
    for one in found.findings:
        if not one.check:
            _print(titles[one.venue], f"not audited: {one.said}")
    return not found.those(False)


def _said(found: Finding) -> str:
    if found.off is None:
        return f"{found.market} not audited ({found.said})"
    sign = "" if found.agrees else " DISAGREES"
    return f"{found.market} {CHECKS[found.check].words(found.off)}{sign}".strip()


def _print(name: str, said: str) -> None:
    print(f"{name:14} {said}")


async def _key(desk: Desk, exchange: Exchange) -> str:
    access = desk.accounts.get(exchange.name)
    if access is None:
        return "no key" if exchange.credentials else "market data alone"
    try:
        async with asyncio.timeout(TIMING.answer):
            await access.account()
            return verdict(access.environment, await access.permissions())
    except TimeoutError:
        return f"not known what it may do: no answer in {TIMING.answer:g} s"
    except Refused as error:
        return str(error)
    except ExchangeError as error:
        return f"not known what it may do: {error}"


def _state(directory: Path) -> str:
    """Whether the database can be kept; without touching it, since this may be another user."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if there.is_dir() and os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return f"kept in {directory}"
    return f"cannot be kept in {directory}: {there} is not writable by this user"


async def _exchange(exchange: Exchange, clock_ms: Callable[[], int]) -> tuple[bool, str]:
    start, clock = monotonic(), VenueClock(exchange.clock_ms, clock_ms)
    try:
        async with asyncio.timeout(TIMING.answer):
            await clock.measure()
    except TimeoutError:
        return False, f"no answer in {TIMING.answer:g} s"
    except ExchangeError as error:
        return False, str(error)
    took, ahead = monotonic() - start, clock.ahead_seconds or 0.0
    return True, f"answers in {took * 1000:.0f} ms; its clock differs by {signed(ahead, 1)} s"


async def _telegram(config: Config) -> tuple[bool, str]:
    if config.telegram_bot_token is None:
        return False, "no token: TELEGRAM_BOT_TOKEN is not set"
    from crypto_assistant.telegram.serve import own_name  # noqa: PLC0415

    token = config.telegram_bot_token.get_secret_value()
    try:
        async with connection(telegram_proxy(config)) as http:
            name = await own_name(http, token, config.telegram_api_url)
    except AssistantError as error:
        return False, str(error)
    listed = len(config.telegram_chat_id)
    return True, f"answers as @{name}; {listed or 'no'} ids listed in TELEGRAM_CHAT_ID"
