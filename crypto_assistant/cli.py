"""The commands of the shell: run, console, ask, pair, check, holds, backup, restore, demo ..."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from crypto_assistant import check, config, console, service
from crypto_assistant.app import connection, database, open_front, simulation, telegram_proxy
from crypto_assistant.arguments import parser
from crypto_assistant.clocks import clock_ms
from crypto_assistant.config import Config
from crypto_assistant.errors import AssistantError, ConfigError, moment
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import LIVE
from crypto_assistant.grammar import encode
from crypto_assistant.holds import lift, standing
from crypto_assistant.journal import keep_log
from crypto_assistant.state.backup import back_up, restore

log = logging.getLogger(__name__)

DONE, FAILED, USAGE, CONFIGURATION, INTERRUPTED = 0, 1, 2, 78, 130
"""Exit statuses; 78 is EX_CONFIG: starting again does not help; 130 is a Ctrl-C."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command of the shell; returns its exit status."""
    arguments = parser().parse_args(argv)
    try:
        status = int(asyncio.run(RUNS[arguments.run](arguments)))
        print(end="", flush=True)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return CONFIGURATION
    except AssistantError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # Whoever read has read enough, as `head` does.
        _shut()
        return DONE
    except OSError as error:  # A full disk, where the output goes into a file.
        _shut()
        print(error.strerror, file=sys.stderr)
        return FAILED
    return status


def _shut() -> None:
    """What is left of the output goes nowhere, else Python would complain of it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _run_or_console(arguments: argparse.Namespace) -> int:
    if config.load(EXCHANGES).telegram_bot_token:
        return await _run(arguments)
    return await _console(arguments)


async def _run(_: argparse.Namespace) -> int:
    settings = _logged(config.load(EXCHANGES))
    if warning := config.exposure():
        log.warning("%s", warning)
    # Telegram's half of the memory is taken by the daemon alone.
    from crypto_assistant.daemon import run  # noqa: PLC0415

    try:
        await run(settings, clock_ms)
    except AssistantError:
        raise
    except Exception:  # As one line of the journal, not as many.
        log.exception("a bug ends the program")
        return FAILED
    return DONE


async def _console(arguments: argparse.Namespace) -> int:
    settings = _logged(config.load(EXCHANGES), "ERROR")
    market = arguments.market or settings.market or "auto"
    opening = open_front(settings, market, clock_ms, pictures=_pictures(settings))
    if console.is_lively():
        # Only a terminal pays for what edits its lines.
        from crypto_assistant.terminal.session import converse  # noqa: PLC0415

        await converse(opening, config.history(), coloured=config.wants_colours())
        return DONE
    async with opening as front:
        await console.converse(front)
    return DONE


def _pictures(settings: Config) -> Path:
    return settings.state_directory / "pictures"


async def _ask(arguments: argparse.Namespace) -> int:
    settings = _logged(config.load(EXCHANGES), "ERROR")
    line, market = " ".join(arguments.line), arguments.market or settings.market or "live"
    async with open_front(settings, market, clock_ms, pictures=_pictures(settings)) as front:
        sheet = await front.reply(line)
    if sheet.answer is None:
        print(console.text(sheet, styled=console.is_terminal(sys.stderr)), file=sys.stderr)
        return USAGE
    if arguments.json:
        print(encode(sheet.answer).decode())
    else:
        print(console.text(sheet, styled=console.is_terminal(sys.stdout)))
    known = sheet.answer.provenance
    return DONE if known.answered or not known.asked else FAILED


async def _demo(_: argparse.Namespace) -> int:
    settings = _logged(config.load(EXCHANGES), "ERROR")
    async with open_front(settings, "sandbox", clock_ms, pictures=_pictures(settings)) as front:
        await console.demonstrate(front)
    return DONE


async def _sandbox(_: argparse.Namespace) -> int:
    async with simulation(clock_ms) as urls:
        for name, url in urls.items():
            print(f"{name}={url}", flush=True)
        await asyncio.Event().wait()
    return DONE


async def _pair(_: argparse.Namespace) -> int:
    settings = _logged(config.load(EXCHANGES), "ERROR")
    if settings.telegram_bot_token is None:
        raise ConfigError("TELEGRAM_BOT_TOKEN: not set; @BotFather gives one")
    from crypto_assistant.telegram.pair import pair  # noqa: PLC0415
    from crypto_assistant.telegram.patience import Timing  # noqa: PLC0415

    token, say = settings.telegram_bot_token.get_secret_value(), partial(print, flush=True)
    async with connection(telegram_proxy(settings)) as http:
        await pair(settings, token, http, say, Timing())
    return DONE


async def _check(arguments: argparse.Namespace) -> int:
    settings = _logged(config.load(EXCHANGES), "ERROR")
    answered = await check.report(settings, clock_ms)
    agree = not arguments.deep or await check.deep(settings, clock_ms)
    return DONE if answered and agree else FAILED


async def _holds(_: argparse.Namespace) -> int:
    found = standing([path for path in _databases() if path.exists()], clock_ms())
    for hold in found:
        of = hold.venue if hold.environment == LIVE else f"{hold.venue} ({hold.environment})"
        until, told = (moment(ms, clock_ms(), "%H:%M:%S") for ms in (hold.until_ms, hold.told_ms))
        print(f"{of}: until {until}, told at {told}")
    if not found:
        print("No venue is held.")
    return DONE


async def _clear_holds(arguments: argparse.Namespace) -> int:
    """The daemon, where one runs, reads it within seconds."""
    if arguments.venue not in (names := [exchange.name for exchange in EXCHANGES]):
        parser().error(f"argument VENUE: choose from {', '.join(names)}")
    databases = [path for path in _databases() if path.exists()]
    if lift(databases, arguments.venue, clock_ms()):
        print(f"{arguments.venue}: lifted; a daemon that runs asks again within seconds")
    else:
        print(f"{arguments.venue} is not held.")
    return DONE


def _databases() -> list[Path]:
    directory = config.load(EXCHANGES).state_directory
    return [database(directory, environment) for environment in (LIVE, "testnet")]


async def _backup(arguments: argparse.Namespace) -> int:
    for line in back_up(_databases(), arguments.file, clock_ms()):
        print(line)
    return DONE


async def _restore(arguments: argparse.Namespace) -> int:
    environment = "testnet" if arguments.file.name.startswith("testnet") else LIVE
    print(
        restore(
            arguments.file,
            database(config.load(EXCHANGES).state_directory, environment),
            clock_ms(),
        )
    )
    return DONE


async def _install_service(_: argparse.Namespace) -> int:
    for line in service.install(config.load(EXCHANGES)):
        print(line)
    return DONE


async def _uninstall_service(_: argparse.Namespace) -> int:
    for line in service.uninstall():
        print(line)
    return DONE


def _logged(settings: Config, level: str = "") -> Config:
    keep_log(level or settings.log_level, settings.journal_stream)
    return settings


RUNS = {
    "run_or_console": _run_or_console,
    "run": _run,
    "console": _console,
    "ask": _ask,
    "pair": _pair,
    "check": _check,
    "holds": _holds,
    "clear_holds": _clear_holds,
    "backup": _backup,
    "restore": _restore,
    "install_service": _install_service,
    "uninstall_service": _uninstall_service,
    "demo": _demo,
    "sandbox": _sandbox,
}
