"""The unit of a user's own service: what it says, what systemd thinks of it, where it lies."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto_assistant.cli import main
from crypto_assistant.config import Config, load
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.service import UNIT, NotInstalled, install, uninstall
from tests.venues import CREDENTIALS

SYSTEM_UNIT = Path(__file__).parents[1] / "deploy/crypto-assistant.service"
PLACES = {"WorkingDirectory", "Environment", "ExecStart", "WantedBy"}
"""Where the service of a user must differ from that of the system."""

Sets = Callable[..., Config]


@pytest.fixture
def sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sets:
    """A user whose home and directory have hard names."""
    home = tmp_path / 'a "100 %" home'
    (home / "here").mkdir(parents=True)
    monkeypatch.chdir(home / "here")
    for name in [*Config.model_fields, *CREDENTIALS, "CONFIGURATION_DIRECTORY"]:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))

    def sets(**values: str) -> Config:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return load(EXCHANGES)

    return sets


def unit() -> Path:
    return Path.cwd().parent / "config/systemd/user/crypto-assistant.service"


def directives(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^(\w+)=(.*)$", text, flags=re.MULTILINE)


def test_what_remains_is_told_and_what_is_set_already_is_not(sets: Sets, tmp_path: Path) -> None:
    written, *steps = install(sets(), tmp_path)
    assert written == f"{unit()} is written. What remains:"
    token, pair, start, linger = steps
    assert f"TELEGRAM_BOT_TOKEN=... into {unit().parents[2]}/crypto-assistant/" in token
    assert "crypto-assistant pair" in pair
    assert "systemctl --user enable --now crypto-assistant" in start
    assert "loginctl enable-linger" in linger
    paired = sets(TELEGRAM_BOT_TOKEN="1:x", TELEGRAM_CHAT_ID="1")
    assert [*install(paired, tmp_path)] == [written, start, linger]


def test_the_program_finds_its_files_as_it_did_where_the_unit_was_written(
    sets: Sets, tmp_path: Path
) -> None:
    [*install(sets(), tmp_path)]
    home = str(Path.cwd().parent).replace("%", "%%")
    quoted = home.replace('"', r"\"")
    text = unit().read_text()
    assert f"\nWorkingDirectory={home}/config/crypto-assistant\n" in text
    assert f'"XDG_CONFIG_HOME={quoted}/config" "XDG_STATE_HOME={quoted}/state"\n' in text
    assert f'\nExecStart="{Path(sys.executable).parent}/crypto-assistant" run\n' in text
    assert (Path.cwd().parent / "config/crypto-assistant").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("there", [".env", ".state/live.db"])
def test_what_lies_in_the_working_directory_is_found_by_the_service(
    sets: Sets, tmp_path: Path, there: str
) -> None:
    Path(there).parent.mkdir(exist_ok=True)
    Path(there).touch()
    [*install(sets(), tmp_path)]
    directory = str(Path.cwd()).replace("%", "%%")
    assert f"\nWorkingDirectory={directory}\n" in unit().read_text()


def test_a_directive_of_both_services_says_the_same() -> None:
    ours, theirs = directives(UNIT), directives(SYSTEM_UNIT.read_text())
    names = {name for name, _ in ours} & {name for name, _ in theirs} - PLACES
    assert len(names) > 20
    assert [one for one in ours if one[0] in names] == [one for one in theirs if one[0] in names]


@pytest.mark.real
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_has_nothing_to_say_about_the_unit(sets: Sets, tmp_path: Path) -> None:
    [*install(sets(), tmp_path)]
    verdict = subprocess.run(
        ["systemd-analyze", "--user", "verify", unit()],
        env={"XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


def test_without_systemd_nothing_is_written_and_a_line_says_what_starts_the_program(
    sets: Sets, tmp_path: Path
) -> None:
    with pytest.raises(NotInstalled, match="no systemd here: crypto-assistant run starts it"):
        [*install(sets(), tmp_path / "nowhere")]
    assert not unit().exists()


def test_a_place_that_cannot_be_written_is_told(sets: Sets, tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match=r"^/proc/nowhere.*: No such file or directory$"):
        [*install(sets(XDG_CONFIG_HOME="/proc/nowhere"), tmp_path)]


def test_a_user_without_a_home_is_told(sets: Sets, tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="set HOME"):
        [*install(sets(XDG_CONFIG_HOME="", HOME="relative"), tmp_path)]


def test_the_unit_is_removed_with_what_starts_it_and_the_settings_stay(
    sets: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [*install(sets(), tmp_path)]
    starts = unit().parent / "default.target.wants" / unit().name
    starts.parent.mkdir()
    starts.symlink_to(unit())
    assert main(["service", "uninstall", "--user"]) == 0
    assert "systemctl --user stop crypto-assistant" in capsys.readouterr().out
    assert not unit().exists()
    assert not starts.is_symlink()
    assert (unit().parents[2] / "crypto-assistant").is_dir()
    assert main(["service", "uninstall", "--user"]) == 1
    with pytest.raises(NotInstalled, match="not there"):
        [*uninstall()]
