"""Set-up: what the lock files promise, and what `make` says when something is missing."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "tests/requirements.lock")


def entries(lock: str) -> list[str]:
    """The requirements of a lock file, each on one line with its hashes, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return text.replace("\\\n", " ").splitlines()


def pins(lock: str) -> dict[str, Requirement]:
    required = [Requirement(entry.partition(" --hash")[0]) for entry in entries(lock)]
    return {canonicalize_name(pin.name): pin for pin in required}


def version(pin: Requirement) -> str:
    return str(pin.specifier).removeprefix("==")


def fake_python(folder: Path, body: str, name: str = "python3") -> Path:
    python = folder / name
    python.write_text(f"#!/bin/sh\n{body}\n")
    python.chmod(0o755)
    return python


def make_run(tmp_path: Path, python: str | Path) -> subprocess.CompletedProcess[str]:
    """`make run` in a fresh copy of the Makefile, with only this Python."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "pyproject.toml").touch()
    return subprocess.run(
        ["make", "run", f"PYTHON={python}"],
        cwd=tmp_path,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )


def only_line(run: subprocess.CompletedProcess[str]) -> str:
    """What was said, when it was one line and the end of it, with nothing half made left behind."""
    assert run.returncode == 2
    assert run.stdout == ""
    [line] = run.stderr.splitlines()
    return line


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_is_one_version_with_hashes(lock: str) -> None:
    for entry in entries(lock):
        assert re.match(r"[\w.-]+==[\w.]+( ; [^-]+)?\s+(--hash=sha256:[0-9a-f]{64}\s*)+$", entry)


def test_the_locks_agree_on_what_both_hold() -> None:
    runtime, tests = (pins(lock) for lock in LOCKS)
    for name in runtime.keys() & tests.keys():
        assert version(runtime[name]) == version(tests[name]), name


def test_the_lock_holds_every_dependency_and_the_build_backend_within_their_ranges() -> None:
    wanted = PYPROJECT["project"]["dependencies"] + PYPROJECT["build-system"]["requires"]
    assert_locked(wanted, pins("requirements.lock"))


def test_the_test_lock_holds_every_test_tool_within_its_range() -> None:
    assert_locked(PYPROJECT["dependency-groups"]["test"], pins("tests/requirements.lock"))


def assert_locked(wanted: list[str], locked: dict[str, Requirement]) -> None:
    for requirement in map(Requirement, wanted):
        pin = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version(pin)), f"{requirement} is locked at {pin}"


@pytest.mark.parametrize("name", ["aiogram", "pydantic"])
def test_what_the_deferred_models_lean_on_is_pinned_exactly(name: str) -> None:
    [wanted] = [
        requirement
        for requirement in map(Requirement, PYPROJECT["project"]["dependencies"])
        if requirement.name == name
    ]
    assert [specifier.operator for specifier in wanted.specifier] == ["=="]


@pytest.mark.real
def test_without_python_one_line_says_so(tmp_path: Path) -> None:
    said = only_line(make_run(tmp_path, tmp_path / "nowhere" / "python3"))
    assert "python3 is missing: sudo apt install python3 python3-venv" in said


@pytest.mark.real
def test_an_old_python_is_named_in_one_line(tmp_path: Path) -> None:
    old = fake_python(
        tmp_path,
        """case "$*" in *version_info*) exit 1 ;; -V) echo Python 3.9.2 ;; esac""",
    )
    said = only_line(make_run(tmp_path, old))
    assert "Python 3.11 to 3.14 is needed" in said
    assert "is Python 3.9.2" in said


@pytest.mark.real
@pytest.mark.parametrize("minor", [10, 11, 12, 13, 14, 15])
def test_make_and_the_package_accept_the_same_pythons(tmp_path: Path, minor: int) -> None:
    as_if = f"import sys; sys.version_info = (3, {minor}, 0);"
    python = fake_python(
        tmp_path,
        f"""case "$*" in
        *ensurepip*) exit 1 ;;
        -c*) exec {sys.executable} -c "{as_if} $2" ;;
        esac""",
    )
    said = only_line(make_run(tmp_path, python))
    supported = Requirement(f"python {PYPROJECT['project']['requires-python']}").specifier
    assert ("is needed" not in said) == supported.contains(f"3.{minor}")


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "package"),
    [("python3", "python3-venv"), ("python3.14", "python3.14-venv"), ("python", "python3-venv")],
)
def test_without_venv_one_line_names_the_package_and_nothing_half_made_stays(
    tmp_path: Path, name: str, package: str
) -> None:
    debian = fake_python(
        tmp_path,
        f"""case "$*" in
        *ensurepip*) exit 1 ;;
        -m*venv*) mkdir .venv && echo 'a long text' && exit 1 ;;
        *) exec {sys.executable} "$@" ;;
        esac""",
        name,
    )
    said = only_line(make_run(tmp_path, debian))
    assert f"{package} is missing: sudo apt install {package}." in said
    assert not (tmp_path / ".venv").exists()


@pytest.mark.real
def test_an_interrupted_installation_is_begun_again(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    python = fake_python(
        tmp_path,
        f"""case "$*" in
        -m*venv*) echo venv >> {calls}; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
        -m*pip*) echo interrupted >&2; exit 1 ;;
        *) exec {sys.executable} "$@" ;;
        esac""",
    )
    assert make_run(tmp_path, python).returncode == 2
    assert make_run(tmp_path, python).returncode == 2
    assert calls.read_text().split() == ["venv", "venv"]


@pytest.mark.real
def test_help_tells_what_users_type_apart_from_what_developers_do() -> None:
    shown = subprocess.check_output(["make"], cwd=ROOT, env={"PATH": os.defpath}, text=True)
    users, developers = (
        re.findall(r"^make ([a-z-]+) ", part, re.MULTILINE) for part in shown.split("\n\n")
    )
    assert users == ["run", "demo", "install", "upgrade", "rollback", "uninstall"]
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", "")
    phony = " ".join(re.findall(r"^\.PHONY: ([^$\n]*)$", makefile, flags=re.MULTILINE)).split()
    assert {*users, *developers, "help"} == set(phony)
    assert len({*users, *developers}) == len(users) + len(developers)
