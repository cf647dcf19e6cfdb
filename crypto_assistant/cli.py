"""The commands of the shell: run, console, ask, pair, check, holds, backup, restore, demo ..."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from crypto_assistant import __version__, check, config, console
from crypto_assistant.app import connection, database, open_front, simulation, telegram_proxy
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


CHECKING = """What works and what does not. With --deep numbers of the exchanges are compared with
second sources, by sixty requests at most; the exit status is 1 where they disagree."""
HOLDING = """What venues have told the program: to send nothing until then. A venue that is held for
more than an hour is asked once an hour all the same."""
COPYING = "Copies the databases of the state directory, whole, also while the daemon runs."
RESTORING = """Puts a copy in the place of the database: stop the service before, start it after.
What was there is kept under a name with the time. A copy whose name begins with testnet is that of
play money, any other that of real money."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command of the shell; returns its exit status."""
    arguments = _parser().parse_args(argv)
    try:
        status = int(asyncio.run(arguments.run(arguments)))
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crypto-assistant",
        description="Answers questions about the crypto-derivatives market.",
        epilog="Without a command: run where a Telegram token is configured, else console.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(run=_run_or_console, market=None)
    commands = parser.add_subparsers(metavar="COMMAND")

    commands.add_parser("run", help="the Telegram daemon").set_defaults(run=_run)

    console = commands.add_parser("console", help="the same commands in this terminal")
    _takes_market(console, "auto")
    console.set_defaults(run=_console)

    ask = commands.add_parser("ask", help="one answer: ask /price BTC")
    ask.add_argument("--json", action="store_true", help="the numbers behind the answer")
    ask.add_argument("line", nargs="+", metavar="LINE")
    _takes_market(ask, "live")
    ask.set_defaults(run=_ask)

    commands.add_parser("pair", help="finds your id in Telegram").set_defaults(run=_pair)
    checking = commands.add_parser(
        "check", help="what works and what does not", description=CHECKING
    )
    checking.add_argument("--deep", action="store_true", help="audits the exchanges' numbers, too")
    checking.set_defaults(run=_check)
    holds = commands.add_parser("holds", help="who said stop, until when", description=HOLDING)
    holds.set_defaults(run=_holds)
    clear = holds.add_subparsers(metavar="clear VENUE").add_parser("clear")
    clear.add_argument("venue", choices=[exchange.name for exchange in EXCHANGES], metavar="VENUE")
    clear.set_defaults(run=_clear_holds)

    backup = commands.add_parser("backup", help="copies the databases", description=COPYING)
    backup.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FILE",
        help="of the copy, or a directory for copies with the time in their names (this one)",
    )
    backup.set_defaults(run=_backup)

    restoring = commands.add_parser("restore", help="puts a copy back", description=RESTORING)
    restoring.add_argument("file", type=Path, metavar="FILE", help="of the copy")
    restoring.set_defaults(run=_restore)

    commands.add_parser("demo", help="every answer once, simulated").set_defaults(run=_demo)

    sandbox = commands.add_parser("sandbox", help="serves the simulated market on loopback")
    sandbox.set_defaults(run=_sandbox)
    return parser


def _takes_market(parser: argparse.ArgumentParser, usual: str) -> None:
    parser.add_argument(
        "--market",
        choices=["live", "sandbox", "auto"],
        help=f"where the numbers come from (MARKET, else {usual})",
    )
    parser.set_defaults(usual=usual)


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
    async with open_front(settings, market, clock_ms) as front:
        await console.converse(front)
    return DONE


async def _ask(arguments: argparse.Namespace) -> int:
    settings = _logged(config.load(EXCHANGES), "ERROR")
    line, market = " ".join(arguments.line), arguments.market or settings.market or "live"
    async with open_front(settings, market, clock_ms) as front:
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
    async with open_front(_logged(config.load(EXCHANGES), "ERROR"), "sandbox", clock_ms) as front:
        await console.tour(front)
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


def _logged(settings: Config, level: str = "") -> Config:
    keep_log(level or settings.log_level, settings.journal_stream)
    return settings
