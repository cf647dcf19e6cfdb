# ruff: noqa: T201
"""`make mutate`: how many of a random sample of mutants the tests kill.

All of it lies in `.mutate`. The next run goes on where one was interrupted. Where code or tests
have changed, what each test runs is recorded anew, and what has survived is tried again.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import IO

from coverage import CoverageData

from tests.mutate.choice import Mutant, meeting, sample
from tests.mutate.mutants import mutants, mutated
from tests.mutate.results import DEAD, Result, append, equivalents, read, report

HOME = Path(".mutate").absolute()
TREE, RESULTS, CONTEXTS = HOME / "tree", HOME / "results.jsonl", HOME / "contexts"
SECONDS, STATE = HOME / "seconds.json", HOME / "recorded"
MUTATED = {
    *("calculators", "exchanges", "listings", "models", "net", "state", "subjects"),
    *("accounts", "bookkeeper", "desk", "holds", "ledger", "midnights", "round", "wave", "worth"),
}
SHOWS = {
    *("balance", "compact", "coverage", "details", "help", "keyboard", "page", "phrases"),
    *("positions", "remarks", "start", "status"),
}
"""Packages and modules that ask and reckon; what only shows is not among them."""
PYTEST = ("-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:randomly")
LIMIT = 60.0
"""Seconds that the tests of a mutant may take."""


def main(python: str, seed: str, count: str) -> None:
    """`python`: the one that has what the tests need."""
    shutil.rmtree(TREE, ignore_errors=True)
    shutil.copytree(".", TREE, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    record(python)
    mutable = (one for path in modules() for one in mutants(TREE, path))
    chosen = sample(mutable, int(seed))[: int(count)]
    seconds, results = json.loads(SECONDS.read_text()), read(RESULTS)
    print(f"{len(chosen)} mutants by seed {seed}, {len(seconds)} tests")
    for nth, mutant in enumerate(chosen, 1):
        if mutant.name not in results:
            tests = meeting(mutant, covering(mutant.path), seconds)
            results[mutant.name] = result = tried(mutant, tests, python, nth)
            append(RESULTS, [result])
            print(f"{nth}/{len(chosen)} {result['outcome']}: {mutant.name}", flush=True)
    known = equivalents(Path(__file__).with_name("equivalent.txt").read_text())
    print(*report((results[mutant.name] for mutant in chosen), known), sep="\n")


def modules() -> Iterator[str]:
    for file in (TREE / "crypto_assistant").rglob("[!_]*.py"):
        path = file.relative_to(TREE)
        part, *_, name = path.with_suffix("").parts[1:] * 2
        if part in MUTATED and not (part == "subjects" and name in SHOWS):
            yield str(path)


def record(python: str) -> None:
    """Which test runs which line, unless that is known of just these files."""
    files = sorted(TREE.rglob("*.py"))
    state = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    if STATE.exists() and STATE.read_text() == state:
        return
    print("Recording which test runs which line ...", flush=True)
    for old in (CONTEXTS, SECONDS):
        old.unlink(missing_ok=True)
    coverage = ("-m", "coverage", "run", "--rcfile=/dev/null", f"--data-file={CONTEXTS}")
    tests = ("--source=crypto_assistant", *PYTEST, "-p", "tests.mutate.record", "-m", "not slow")
    with (HOME / "recording.txt").open("w") as output:
        run([python, *coverage, *tests], output)
    dead = [result for result in read(RESULTS).values() if result["outcome"] in DEAD]
    RESULTS.unlink(missing_ok=True)
    append(RESULTS, dead)
    STATE.write_text(state)


@cache
def covering(path: str) -> dict[int, list[str]]:
    data = CoverageData(str(CONTEXTS))
    data.read()
    return data.contexts_by_lineno(str(TREE / path))


def tried(mutant: Mutant, tests: Sequence[str], python: str, nth: int) -> Result:
    """What the tests make of the mutant, which stands in the tree meanwhile."""
    file, output = TREE / mutant.path, HOME / "output.txt"
    before, stood = file.read_text(), file.stat()
    after, change = mutated(TREE, mutant)
    if not tests:
        return Result(name=mutant.name, outcome="not covered", change=change, met=0, by="")
    file.write_text(after)
    os.utime(file, (nth, nth))  # no other mutant's compiled file may pass for this one's
    try:
        status = verdict(tests, python, output)
    finally:
        file.write_text(before)
        os.utime(file, ns=(stood.st_atime_ns, stood.st_mtime_ns))
    outcome = {None: "timed out", 0: "survived"}.get(status, "killed")
    by = re.search(r"^(?:FAILED|ERROR) (tests/.+?)(?: - |$)", output.read_text(), re.MULTILINE)
    failed = by[1] if by else ""
    return Result(name=mutant.name, outcome=outcome, change=change, met=len(tests), by=failed)


def verdict(tests: Iterable[str], python: str, output: Path) -> int | None:
    """pytest's exit status; of a test whose cases are named after the mutant, all are run."""
    with output.open("w") as said:
        status = run([python, *PYTEST, "-x", *tests], said, LIMIT)
    renamed = re.findall(rf"^ERROR: not found: {TREE}/(.+)$", output.read_text(), re.MULTILINE)
    names = [test if (name := test.partition("[")[0]) not in renamed else name for test in tests]
    return verdict(dict.fromkeys(names), python, output) if names != [*tests] else status


def run(command: Sequence[str], output: IO[str], limit: float | None = None) -> int | None:
    """The exit status; None where the time was up. Nothing that it started lives on."""
    env = os.environ | {"PYTHONPATH": str(TREE), "SECONDS_OF_TESTS": str(SECONDS)}
    process = subprocess.Popen(
        command, cwd=TREE, env=env, stdout=output, stderr=output, start_new_session=True
    )
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


main(*sys.argv[1:])
