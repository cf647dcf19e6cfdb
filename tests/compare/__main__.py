# ruff: noqa: T201
"""`make compare`: our answers against ccxt's; the exit status is 1 where something differs."""

import argparse
import os
import sys
from pathlib import Path

from tests.compare.comparison import compare
from tests.compare.program import Program
from tests.compare.theirs import Ccxt

COINS = (
    *("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB", "ADA", "LINK", "AVAX", "LTC"),
    *("TRX", "SUI", "DOT", "NEAR", "UNI", "AAVE", "WIF", "PEPE", "SHIB", "BONK"),
)
PAUSE = 2.0
"""Seconds after each answer: a program that starts anew does not know what the last one spent."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("coins", nargs="*", metavar="COIN")
    parser.add_argument("--pause", type=float, default=PAUSE)
    given = parser.parse_args()
    program = Program(given.program, os.environ, given.pause)
    report = compare(given.coins or COINS, program, Ccxt(os.environ))
    print(*report.lines(), sep="\n")
    return 1 if report.differing else 0


sys.exit(main())
