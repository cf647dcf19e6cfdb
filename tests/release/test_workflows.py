"""The workflows of continuous integration: sound, and about the Pythons that the program takes."""

import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.test_setup import PYPROJECT

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").iterdir())
JUDGES = ROOT / ".venv-release/bin"


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not JUDGES.is_dir(), reason="make test-slow installs what judges workflows")
@pytest.mark.parametrize(
    "judge",
    ["check-jsonschema --builtin-schema vendor.github-workflows", "zizmor --offline --pedantic"],
)
def test_the_workflows_are_sound(judge: str) -> None:
    program, *options = judge.split()
    verdict = subprocess.run(
        [str(JUDGES / program), *options, *map(str, WORKFLOWS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_every_action_is_pinned_and_its_version_named() -> None:
    for workflow in WORKFLOWS:
        for used in re.findall(r"uses: (.*)", workflow.read_text()):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_every_python_that_the_program_takes_is_tried() -> None:
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    [matrix] = re.findall(r"python: \[(.*)\]", text)
    taken = Requirement(f"python {PYPROJECT['project']['requires-python']}").specifier
    assert re.findall(r"[\d.]+", matrix) == [
        f"3.{n}" for n in range(30) if taken.contains(f"3.{n}")
    ]
    assert re.search(r"^      - run: .*\.ci/run$", text, flags=re.MULTILINE)
