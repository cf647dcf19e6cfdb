"""The simulation itself: the same seed is the same life, and what goes wrong can be lived again."""

import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulation.record import LAST, Record
from tests.simulation.simulation import Simulated, simulate

SHORT, LONG = ("--minutes", "1"), ("--minutes", "10")
CAME_OF = Simulated(7, 30, "0a1b2c", "9 questions", 2.0, ["wrong: a number"], ["the last"], [])


def lived(seed: int, *given: str, seeds: int = 1) -> tuple[int, str]:
    """Status and output, in a process of its own."""
    return run("--seed", str(seed), "--seeds", str(seeds), *given)


def run(*given: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *given],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, re.sub(r"; \d+ s;", ";", done.stdout)


def test_a_short_life_comes_right_and_is_the_same_again() -> None:
    one, same = (simulate(3, 0.25) for _ in range(2))
    assert (one.failures, one.digest, one.log) == ([], same.digest, same.log)
    assert len(one.log) > 10


@pytest.mark.slow
@pytest.mark.real
def test_the_same_seed_is_the_same_to_the_byte_in_another_process() -> None:
    one, same, other = lived(3, *SHORT), lived(3, *SHORT), lived(4, *SHORT)
    assert one == same
    assert re.match(r"seed 3: passed; \d\d+ questions, \d{3,} numbers, .*; \w{12}\n", one[1])
    assert other[1].split("\n")[0][-12:] != one[1].split("\n")[0][-12:]


def test_what_fails_says_how_to_live_it_again() -> None:
    assert list(CAME_OF.lines()) == [
        "seed 7: FAILED; 9 questions; 2 s; 0a1b2c",
        "the last",
        "wrong: a number",
        "again: make simulate SEED=7 SEEDS=1 MINUTES=30",
    ]
    assert list(replace(CAME_OF, failures=[]).lines()) == [
        "seed 7: passed; 9 questions; 2 s; 0a1b2c"
    ]


PLANTED = "bybit /v5/market/tickers turnover24h thousandfold"
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(300)
def test_a_wrong_number_fails_and_what_is_printed_lives_it_again() -> None:
    status, said = lived(3, *SHORT, "--plant", PLANTED)
    *_, again, _ = found = said.splitlines()
    assert status == 1
    assert found[0].startswith("seed 3: FAILED; ")
    assert re.search(r"^wrong: .*24h.*: \$\S+ is shown, true is ", said, re.MULTILINE)
    assert again == f"again: make simulate SEED=3 SEEDS=1 MINUTES=1 PLANT='{PLANTED}'"
    command = shlex.split(again.removeprefix("again: "))
    made = subprocess.run(
        [*command, "--dry-run", "--no-print-directory"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    _, given = made.stdout.replace("\\\n", "").split("tests.simulation")
    assert run(*shlex.split(given)) == (status, said)


def test_the_last_fifty_events_before_it_failed_are_shown() -> None:
    record = Record(lambda: 1.5)
    for number in range(100):
        record.note(f"event {number} wrong: {number == 70}")
    assert record.before([" wrong: True"]) == [
        f"    1.500 event {number} wrong: {number == 70}" for number in range(71 - LAST, 71)
    ]
    assert record.before(["nothing of the kind"])[-1] == "    1.500 event 99 wrong: False"


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(900)
def test_three_seeds_of_ten_minutes_come_right() -> None:
    status, said = lived(1, *LONG, seeds=3)
    assert (status, said.count(": passed; ")) == (0, 3), said
