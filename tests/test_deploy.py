"""The systemd service: what systemd thinks of the unit, and what the installer leaves behind."""

import os
import re
import shutil
import stat
import subprocess
import sys
from ipaddress import IPv4Network, collapse_addresses, ip_network
from pathlib import Path

import pytest

import crypto_assistant
from crypto_assistant.config import ADDRESSES, CREDENTIALS, Config
from crypto_assistant.exchanges import EXCHANGES

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "crypto-assistant.service"
PUBLIC = DEPLOY / "public-addresses.conf"
PAUSES = DEPLOY / "growing-pauses.conf"
OPT = "opt/crypto-assistant"
ETC = "etc/crypto-assistant"
SERVICE_PYTHON = Path("/usr/bin/python3")
NOBODY = 65534

NOT_PUBLIC = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
]
"""https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast."""

SYSTEMD = shutil.which("systemd-analyze")
NEWER_SYSTEMD = 254
judged = pytest.mark.skipif(not SYSTEMD, reason="systemd-analyze is not installed")


def unit_with(folder: Path, *drop_ins: Path) -> Path:
    """The unit as if it were installed: another program stands in for ours."""
    unit = folder / UNIT.name
    unit.write_text(UNIT.read_text().replace(f"/{OPT}/current/bin/crypto-assistant", "/bin/true"))
    for drop_in in drop_ins:
        (folder / f"{UNIT.name}.d").mkdir(exist_ok=True)
        shutil.copy(drop_in, folder / f"{UNIT.name}.d")
    return unit


def drop_ins_for_this_systemd() -> list[Path]:
    said = subprocess.check_output(["systemd-analyze", "--version"], text=True)
    found = re.match(r"systemd (\d+)", said)
    assert found
    return [PUBLIC, PAUSES] if int(found[1]) >= NEWER_SYSTEMD else [PUBLIC]


@judged
@pytest.mark.parametrize("with_drop_ins", [False, True])
def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path, with_drop_ins: bool) -> None:
    unit = unit_with(tmp_path, *(drop_ins_for_this_systemd() if with_drop_ins else []))
    verdict = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


@judged
@pytest.mark.parametrize(("drop_ins", "most"), [((), 1.1), ((PUBLIC,), 1.0)])
def test_the_service_is_exposed_no_more_than_it_must_be(
    tmp_path: Path, drop_ins: tuple[Path, ...], most: float
) -> None:
    said = subprocess.check_output(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            "--no-pager",
            unit_with(tmp_path, *drop_ins),
        ],
        text=True,
    )
    found = re.search(rf"Overall exposure level for {UNIT.name}: ([\d.]+)", said)
    assert found
    assert float(found[1]) <= most, said


def test_the_public_addresses_are_all_that_are_none_of_the_special_ones() -> None:
    assert "IPAddressDeny=any" in PUBLIC.read_text().splitlines()
    words = re.findall(r"^IPAddressAllow=(.*)$", PUBLIC.read_text(), flags=re.MULTILINE)
    allowed = [word for line in words for word in line.split()]
    assert [word for word in allowed if ":" in word or word.isalpha()] == ["localhost", "2000::/3"]
    public = [IPv4Network(word) for word in allowed if "." in word]
    special = [IPv4Network(word) for word in NOT_PUBLIC]
    assert all(network.is_global for network in public)
    assert not [(a, b) for a in public for b in special if a.overlaps(b)]
    assert list(collapse_addresses([*public, *special])) == [ip_network("0.0.0.0/0")]


def test_the_settings_file_as_shipped_sets_nothing() -> None:
    shipped = (DEPLOY / "crypto-assistant.conf").read_text().splitlines()
    assert all(line == "" or line.startswith("#") for line in shipped)


def test_the_settings_file_names_every_setting_and_keeps_secrets_elsewhere() -> None:
    shipped = (DEPLOY / "crypto-assistant.conf").read_text()
    set_here = dict(re.findall(r"^#([A-Z_]+)=(.*)$", shipped, flags=re.MULTILINE))
    secrets = {"TELEGRAM_BOT_TOKEN", *CREDENTIALS}
    practices = {exchange.practice.setting for exchange in EXCHANGES}
    from_systemd = {"STATE_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "JOURNAL_STREAM"}
    known = {name.upper() for name in Config.model_fields} | ADDRESSES.keys() | practices
    assert set_here.keys() == known - secrets - from_systemd
    assert all(name in shipped for name in secrets)


def test_the_settings_file_names_the_defaults() -> None:
    shipped = (DEPLOY / "crypto-assistant.conf").read_text()
    set_here = dict(re.findall(r"^#([A-Z_]+)=(.+)$", shipped, flags=re.MULTILINE))
    assert set_here.items() >= ADDRESSES.items()
    assert set_here["TELEGRAM_API_URL"] == Config.model_fields["telegram_api_url"].default
    assert set_here["LOG_LEVEL"] == Config.model_fields["log_level"].default


def test_without_root_and_destdir_one_line_says_what_to_type() -> None:
    refused = subprocess.run(
        ["sh", "-s"],
        input=(DEPLOY / "install.sh").read_text(),
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
