"""The files of a release: the same bytes twice, and a program that needs no repository."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from crypto_assistant import __version__
from tests.release.__main__ import release
from tests.release.data import FILES

pytestmark = [pytest.mark.real, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
EPOCH = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


def tree(place: Path, mode: int) -> Path:
    """A checkout, made now, by somebody with other modes for files."""
    for name in ("crypto_assistant", "deploy", "tests/release"):
        shutil.copytree(ROOT / name, place / name)
    for name in ("pyproject.toml", "README.md", "requirements.lock", "tests/__init__.py"):
        shutil.copyfile(ROOT / name, place / name)
    for path in place.rglob("*.*"):
        if path.is_file():
            path.chmod(mode)
    return place


def released(source: Path) -> dict[str, bytes]:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(int(EPOCH.timestamp()))}
    command = [sys.executable, "-m", "tests.release", "dist"]
    subprocess.run(command, cwd=source, env=environment, check=True)
    return {path.name: path.read_bytes() for path in (source / "dist").iterdir()}


def test_a_release_is_the_same_bytes_whoever_builds_it_and_when(tmp_path: Path) -> None:
    first = released(tree(tmp_path / "one", 0o644))
    second = released(tree(tmp_path / "another/place", 0o600))
    assert first == second
    name = f"crypto_assistant-{__version__}"
    wheel = f"{name}-py3-none-any.whl"
    assert first.keys() == {f"{name}.tar.gz", wheel, f"{name}.cdx.json"}
    with ZipFile(tmp_path / "one/dist" / wheel) as archive:
        times = {datetime(*entry.date_time, tzinfo=UTC) for entry in archive.infolist()}
    assert times == {EPOCH}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, installed where nothing of the repository is found."""
    place = tmp_path_factory.mktemp("installed")
    release(place / "dist")
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    pip = [str(place / "venv/bin/python"), "-m", "pip", "install", "--quiet"]
    locked = ["--require-hashes", "--only-binary=:all:", "-r", f"{ROOT}/requirements.lock"]
    subprocess.run([*pip, *locked], check=True)
    [wheel] = (place / "dist").glob("*.whl")
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    return place / "venv/bin/crypto-assistant"


def test_what_shells_and_man_know_is_installed_with_it(program: Path) -> None:
    share = program.parents[1] / "share"
    for name, text in FILES.items():
        assert (share / name).read_text() == text()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--version", f"{__version__}\n"),
        ("ask --market sandbox /help", "/price"),
        ("demo", "SIMULATED market"),
    ],
)
def test_the_program_runs_without_the_repository(
    program: Path, tmp_path: Path, line: str, told: str
) -> None:
    done = subprocess.run(
        [program, *line.split()],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert told in done.stdout
