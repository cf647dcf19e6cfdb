# ruff: noqa: T201
"""`python -m tests.simulation --seed 1 --seeds 20 --minutes 30`; status 1 where a seed fails."""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.simulation.kept import lived
from tests.simulation.simulation import FAILED


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="seeds at one time")
    parser.add_argument("--results", type=Path, help="where each is kept, and not lived again")
    parser.add_argument("--plant", default="", help="VENUE PATH FIELD WAY, of sandbox.faults")
    given = parser.parse_args()
    os.environ["PYTHONHASHSEED"] = "0"  # So that sets, too, have one order in every process.
    seeds = range(given.seed, given.seed + given.seeds)
    failed = 0
    with ProcessPoolExecutor(given.jobs, get_context("spawn"), max_tasks_per_child=1) as pool:
        lives = [
            pool.submit(lived, seed, given.minutes, given.results, given.plant) for seed in seeds
        ]
        for life in lives:
            print(life.result(), flush=True)
            failed += FAILED in life.result()
    print(f"{given.seeds} seeds of {given.minutes:g} minutes: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
