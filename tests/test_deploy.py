"""The systemd service: what systemd thinks of the unit, and what the installer leaves behind."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import crypto_assistant

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "deploy" / "crypto-assistant.service"
OPT = "opt/crypto-assistant"
ETC = "etc/crypto-assistant"
SERVICE_PYTHON = Path("/usr/bin/python3")
NOBODY = 65534


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    installed = f"/{OPT}/current/bin/crypto-assistant"
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(installed, sys.executable))
    verdict = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


def test_without_root_and_destdir_one_line_says_what_to_type() -> None:
    refused = subprocess.run(
        ["sh", "-s"],
        input=(ROOT / "deploy" / "install.sh").read_text(),
        user=NOBODY if os.geteuid() == 0 else None,
        env={"PATH": os.defpath},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == "Installing needs root: sudo make install\n"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stage")


def install(stage: Path) -> str:
    """What `make install` prints on the way into this DESTDIR."""
    done = subprocess.run(
        ["make", "install", f"DESTDIR={stage}/", f"PYTHON={service_python()}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def service_python() -> Path:
    """The system's Python, or this one where the system's is too old."""
    try:
        subprocess.run([SERVICE_PYTHON, "-c", "import tomllib, ensurepip"], check=True)
    except (OSError, subprocess.CalledProcessError):
        return Path(sys.executable)
    return SERVICE_PYTHON


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_installed_service_runs_from_its_final_place_and_can_be_installed_again(
    stage: Path,
) -> None:
    printed = install(stage)
    current = stage / OPT / "current"
    assert current.readlink() == Path(crypto_assistant.__version__)
    assert f"/{ETC}/credentials" in printed
    assert "systemctl enable --now crypto-assistant" in printed
    assert mode(stage / ETC / "credentials") == 0o700
    assert (stage / "etc/systemd/system" / UNIT.name).read_text() == UNIT.read_text()
    assert_nothing_names(stage)

    settings = stage / ETC / "crypto-assistant.conf"
    settings.write_text("TIMEZONE=Europe/Berlin\n")
    install(stage)
    assert settings.read_text() == "TIMEZONE=Europe/Berlin\n"
    assert {entry.name for entry in (stage / OPT).iterdir()} == {
        "current",
        crypto_assistant.__version__,
    }
    assert_runs(current)


def assert_nothing_names(stage: Path) -> None:
    """Neither the scripts nor the byte code remember where they were built."""
    place = str(stage).encode()
    for file in stage.rglob("*"):
        if file.is_file() and not file.is_symlink():
            assert place not in file.read_bytes(), file


def assert_runs(current: Path) -> None:
    script = (current / "bin" / "crypto-assistant").read_text()
    assert script.startswith(f"#!/{OPT}/{crypto_assistant.__version__}/bin/python")
    python = current / "bin" / "python"
    answer = subprocess.check_output([python, "-Im", "crypto_assistant", "--version"], text=True)
    assert crypto_assistant.__version__ in answer


def test_the_settings_file_as_shipped_sets_nothing() -> None:
    shipped = (ROOT / "deploy" / "crypto-assistant.conf").read_text().splitlines()
    assert all(line == "" or line.startswith("#") for line in shipped)
