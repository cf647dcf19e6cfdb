"""What became of each mutant: rows of a file, and a table of them."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TypedDict

DEAD = ("killed", "timed out")
ALIVE = ("survived", "not covered")
OUTCOMES = (*DEAD, *ALIVE, "equivalent")


class Result(TypedDict):
    """`change`: path and lines that differ; `met`: how many tests; `by`: the one that failed."""

    name: str
    outcome: str
    change: str
    met: int
    by: str


def read(file: Path) -> dict[str, Result]:
    """By the names of the mutants; none where there is no file yet."""
    rows = map(json.loads, file.read_text().splitlines() if file.exists() else ())
    return {row["name"]: row for row in rows}


def append(file: Path, results: Iterable[Result]) -> None:
    with file.open("a") as rows:
        rows.writelines(json.dumps(result) + "\n" for result in results)


def equivalents(text: str) -> set[str]:
    """Changes that no test can notice: blocks of a path, the lines that differ, and a reason."""
    return {block.strip().rpartition("\n")[0] for block in text.split("\n\n")}


def report(results: Iterable[Result], equivalent: Collection[str]) -> Iterator[str]:
    """What lives, as `equivalents` reads it; a row per package; how many were killed."""
    packages: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        outcome = result["outcome"]
        if outcome in ALIVE and result["change"] in equivalent:
            outcome = "equivalent"
        packages[result["change"].split()[0].split("/")[1]][outcome] += 1
        if outcome in ALIVE:
            yield f"{result['change']}\n{outcome}: {result['name']}, {result['met']} tests\n"
    packages["all"] = sum(packages.values(), Counter())
    yield f"{'':16}" + "".join(f"{outcome:>12}" for outcome in OUTCOMES)
    for package, counts in packages.items():
        yield f"{package:16}" + "".join(f"{counts[outcome]:12}" for outcome in OUTCOMES)
    dead, alive = (sum(packages["all"][one] for one in group) for group in (DEAD, ALIVE))
    yield f"{dead} of {dead + alive} killed"
