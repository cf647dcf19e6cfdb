"""What the shell may say: read before anything of the program is imported."""

import argparse
from pathlib import Path

from crypto_assistant import __version__

CHECKING = """What works and what does not. With --deep numbers of the exchanges are compared with
second sources, by sixty requests at most; the exit status is 1 where they disagree."""
HOLDING = """What venues have told the program: to send nothing until then. A venue that is held for
more than an hour is asked once an hour all the same."""
SERVING = """The systemd unit of your own user, which needs no root. That of the whole system, which
shuts the program in more tightly, comes with `sudo make install` in a checkout."""
COPYING = "Copies the databases of the state directory, whole, also while the daemon runs."
RESTORING = """Puts a copy in the place of the database: stop the service before, start it after.
What was there is kept under a name with the time. A copy whose name begins with testnet is that of
play money, any other that of real money."""


def parser() -> argparse.ArgumentParser:
    """Of the command line; `run` names what is to run."""
    parser = argparse.ArgumentParser(
        prog="crypto-assistant",
        description="Answers questions about the crypto-derivatives market.",
        epilog="Without a command: run where a Telegram token is configured, else console.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(run="run_or_console", market=None)
    commands = parser.add_subparsers(metavar="COMMAND")

    commands.add_parser("run", help="the Telegram daemon").set_defaults(run="run")

    console = commands.add_parser("console", help="the same commands in this terminal")
    _takes_market(console, "auto")
    console.set_defaults(run="console")

    ask = commands.add_parser("ask", help="one answer: ask /price BTC")
    ask.add_argument("--json", action="store_true", help="the numbers behind the answer")
    ask.add_argument("line", nargs="+", metavar="LINE", help="as in the chat; /help lists them")
    _takes_market(ask, "live")
    ask.set_defaults(run="ask")

    commands.add_parser("pair", help="finds your id in Telegram").set_defaults(run="pair")
    checking = commands.add_parser(
        "check", help="what works and what does not", description=CHECKING
    )
    checking.add_argument("--deep", action="store_true", help="audits the exchanges' numbers, too")
    checking.set_defaults(run="check")
    holds = commands.add_parser("holds", help="who said stop, until when", description=HOLDING)
    holds.set_defaults(run="holds")
    clear = holds.add_subparsers(metavar="VERB").add_parser("clear", help="lifts it")
    clear.add_argument("venue", metavar="VENUE", help="whose")
    clear.set_defaults(run="clear_holds")

    backup = commands.add_parser("backup", help="copies the databases", description=COPYING)
    backup.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FILE",
        help="of the copy, or a directory for copies with the time in their names (this one)",
    )
    backup.set_defaults(run="backup")

    restoring = commands.add_parser("restore", help="puts a copy back", description=RESTORING)
    restoring.add_argument("file", type=Path, metavar="FILE", help="of the copy")
    restoring.set_defaults(run="restore")

    service = commands.add_parser("service", help="starts with systemd", description=SERVING)
    verbs = service.add_subparsers(metavar="VERB", required=True)
    for verb, does in (("install", "writes the unit"), ("uninstall", "removes it")):
        of = verbs.add_parser(verb, help=does)
        of.add_argument("--user", action="store_true", required=True, help="of your own user")
        of.set_defaults(run=f"{verb}_service")

    commands.add_parser("demo", help="every answer once, simulated").set_defaults(run="demo")

    sandbox = commands.add_parser("sandbox", help="serves the simulated market on loopback")
    sandbox.set_defaults(run="sandbox")
    return parser


def _takes_market(parser: argparse.ArgumentParser, usual: str) -> None:
    parser.add_argument(
        "--market",
        choices=["live", "sandbox", "auto"],
        help=f"where the numbers come from (MARKET, else {usual})",
    )
    parser.set_defaults(usual=usual)
