# ruff: noqa: T201
"""`make audit`: known vulnerabilities of whatever is locked, as pip-audit finds them.

The exit status is 1 where there are some, and where something was not audited.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def audit(pip_audit: str, lock: Path) -> list[str]:
    """What is wrong with a lock file, a line each."""
    options = ["--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json"]
    done = subprocess.run(
        [pip_audit, "-r", lock, *options], capture_output=True, text=True, check=False
    )
    if not done.stdout:
        *_, said = done.stderr.splitlines() or [f"exit status {done.returncode}"]
        return [f"pip-audit cannot reach its data: {said}"]
    return [*troubles(json.loads(done.stdout)["dependencies"])]


def troubles(found: list[dict[str, Any]]) -> Iterator[str]:
    skipped = [part["skip_reason"] for part in found if "skip_reason" in part]
    if skipped and len(skipped) == len(found):
        yield f"pip-audit cannot reach its data: {skipped[0]}"
        return
    yield from skipped
    for part in found:
        for one in part.get("vulns", ()):
            cure = ", ".join(one["fix_versions"]) or "nothing yet"
            yield f"{part['name']} {part['version']}: {one['id']}, which is cured by {cure}"


def main(pip_audit: str, *locks: str) -> int:
    """Prints a line for each trouble, or one for a lock that has none."""
    wrong = 0
    for lock in locks:
        lines = audit(pip_audit, Path(lock))
        wrong += len(lines)
        for line in lines or ["no known vulnerability"]:
            print(f"{lock}: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
