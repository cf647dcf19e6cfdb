"""What `make audit` says, whatever pip-audit does."""

import json
from pathlib import Path

import pytest

from tests.release.vulnerabilities import main

pytestmark = pytest.mark.real

SOUND = {"name": "yarl", "version": "1.0", "vulns": []}
HOLE = {"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"]}
BAD = {"name": "numpy", "version": "1.0", "vulns": [HOLE, {"id": "PYSEC-2", "fix_versions": []}]}
SKIPPED = {"name": "idna", "skip_reason": "Dependency not found on PyPI: idna (3.0)"}


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        ([SOUND], ["no known vulnerability"]),
        (
            [SOUND, BAD],
            [
                "numpy 1.0: PYSEC-1, which is cured by 1.1, 2.0",
                "numpy 1.0: PYSEC-2, which is cured by nothing yet",
            ],
        ),
        ([SOUND, SKIPPED], ["Dependency not found on PyPI: idna (3.0)"]),
        (
            [SKIPPED],
            ["pip-audit cannot reach its data: Dependency not found on PyPI: idna (3.0)"],
        ),
        (None, ["pip-audit cannot reach its data: ConnectionError: no route"]),
    ],
)
def test_what_is_found_is_told_and_so_is_what_was_not_looked_at(
    found: list[object] | None,
    lines: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pip_audit, lock = tmp_path / "pip-audit", str(tmp_path / "a.lock")
    (tmp_path / "found").write_text(json.dumps({"dependencies": found}))
    says = f"cat {tmp_path}/found" if found else "echo ConnectionError: no route >&2; exit 1"
    pip_audit.write_text(f"#!/bin/sh\n{says}\n")
    pip_audit.chmod(0o755)
    assert main(str(pip_audit), lock) == (lines != ["no known vulnerability"])
    assert capsys.readouterr().out.splitlines() == [f"{lock}: {line}" for line in lines]
