# ruff: noqa: T201
"""`python -m tests.soak --seconds 600 --rate 20 --seed 1`; status 1 where anything is wrong."""

import argparse
import asyncio
import secrets
import sys
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.soak.daemon import Daemon
from tests.soak.soak import Plan, Soak
from tests.soak.weather import forecast

SETTLE = 65.0
"""Seconds: the first minute of the limits goes into three months of the accounts' logs."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=20, help="questions a second")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--evidence", type=Path, help="where wrong answers and the log are kept")
    given = parser.parse_args()
    print(f"SEED={given.seed}", flush=True)
    troubles = forecast(Random(given.seed), given.seconds)
    with TemporaryDirectory() as state:
        plan = Plan(given.seed, given.seconds, given.rate, troubles, settle=SETTLE)
        soak = Soak(plan, partial(Daemon, directory=Path(state)))
        report = asyncio.run(soak.run())
        if given.evidence:
            given.evidence.mkdir(parents=True, exist_ok=True)
            (given.evidence / "failures").write_text("\n".join(report.failures()))
            (given.evidence / "log").write_bytes(Path(state, "log").read_bytes())
    print("\n".join(report.lines()))
    return 1 if report.failures() else 0


if __name__ == "__main__":
    sys.exit(main())
