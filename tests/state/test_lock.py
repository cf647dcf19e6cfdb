"""One daemon runs in a state directory; a dead one keeps nobody out."""

import ctypes
import os
import platform
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crypto_assistant.errors import ConfigError, StateFailed
from crypto_assistant.state.lock import NAME, held
from tests.botapi import TOKEN
from tests.state.disks import limit_files, limited
from tests.venues import ADDRESSES

HOLDER = """
import sys
from pathlib import Path
from crypto_assistant.state.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
FLOCK = {"x86_64": 73, "aarch64": 32}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ENOTSUP = 95
NOBODY = 65534


@contextmanager
def another(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the directory."""
    command = [sys.executable, "-c", HOLDER, str(directory)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process


@pytest.mark.real
def test_a_second_one_is_told_who_is_there(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("9999999999, which is what an earlier one wrote\n")
    with another(tmp_path) as process:
        for _ in range(2):
            with pytest.raises(StateFailed) as told, held(tmp_path):
                pass
            text = f"Another daemon runs in {tmp_path}: process {process.pid}"
            assert str(told.value) == text
    with held(tmp_path):
        pass


@pytest.mark.real
def test_one_that_was_killed_keeps_nobody_out(tmp_path: Path) -> None:
    with another(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with held(tmp_path):
            assert (tmp_path / NAME).read_text() != f"{process.pid}\n"


@pytest.mark.real
def test_a_child_of_the_daemon_does_not_inherit_the_directory(tmp_path: Path) -> None:
    with held(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child, held(tmp_path):
        pass


def test_the_directory_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    with held(tmp_path / "state"):
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "state" / NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", ["file", "file/deeper", "/proc/nowhere"])
def test_a_place_that_cannot_hold_the_state_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"nowhere|file"), held(tmp_path / place):
        pass


@pytest.mark.parametrize("target", ["precious", "nowhere"])
def test_a_link_in_the_place_of_the_lock_is_refused_and_leads_nowhere(
    tmp_path: Path, target: str
) -> None:
    state, precious = tmp_path / "state", tmp_path / "precious"
    state.mkdir()
    precious.write_text("precious")
    (state / NAME).symlink_to(tmp_path / target)
    with pytest.raises(ConfigError) as told, held(state):
        pass
    assert str(told.value) == f"The state directory {state} cannot be used: {NAME} is a link"
    assert precious.read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir() if file != state] == ["precious"]


def test_a_directory_in_the_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(ConfigError, match=f"{NAME} is a directory$"), held(tmp_path):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_root_gives_away_the_lock_that_it_makes_and_no_other(tmp_path: Path) -> None:
    lock = tmp_path / NAME
    lock.touch()
    os.chown(tmp_path, NOBODY, NOBODY)
    with held(tmp_path):
        assert lock.stat().st_uid == 0
    lock.unlink()
    with held(tmp_path):
        assert (lock.stat().st_uid, lock.stat().st_gid) == (NOBODY, NOBODY)


def test_on_a_full_disk_the_directory_is_held_all_the_same(tmp_path: Path) -> None:
    with limited(tmp_path):
        limit_files(0)
        with held(tmp_path), pytest.raises(StateFailed, match=r"process unknown$"), held(tmp_path):
            pass


def until_written(file: Path) -> None:
    for _ in range(3000):
        if file.exists() and file.read_text():
            return
        time.sleep(0.01)
    raise TimeoutError(file)


@pytest.mark.real
@pytest.mark.slow
def test_a_second_daemon_says_in_a_line_who_is_there_and_ends_with_1(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    daemon = [sys.executable, "-m", "crypto_assistant", "run"]
    settings = {
        **dict.fromkeys([*ADDRESSES, "TELEGRAM_API_URL"], nobody),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_CHAT_ID": "7",
        "STATE_DIRECTORY": str(tmp_path / "state"),
        "LOG_LEVEL": "ERROR",
    }
    lock = tmp_path / "state" / NAME
    with subprocess.Popen(daemon, env=settings, cwd=tmp_path) as first:
        try:
            until_written(lock)
            second = subprocess.run(
                daemon,
                env=settings,
                cwd=tmp_path,
                timeout=30,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            first.kill()
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == f"Another daemon runs in {lock.parent}: process {first.pid}\n"


def refuse_flock() -> None:
    """Asks the kernel to answer every flock of this process with ENOTSUP: for a child alone."""
    program = struct.pack("HBBI", 0x20, 0, 0, 0)  # load the number of the call
    program += struct.pack("HBBI", 0x15, 0, 1, FLOCK[platform.machine()])
    program += struct.pack("HBBI", 0x06, 0, 0, 0x0005_0000 | ENOTSUP)
    program += struct.pack("HBBI", 0x06, 0, 0, 0x7FFF_0000)
    filters = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", 4, ctypes.addressof(filters))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) == 0


@pytest.mark.real
@pytest.mark.skipif(platform.machine() not in FLOCK, reason="another processor's number of flock")
def test_where_there_are_no_locks_a_warning_says_so_and_the_daemon_runs(tmp_path: Path) -> None:
    program = f"from tests.state.test_lock import refuse_flock; refuse_flock(); {HOLDER}"
    command = [sys.executable, "-c", program.replace("; \n", "\n"), str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, input="", capture_output=True, text=True, cwd=root, check=False)
    assert (done.returncode, done.stdout) == (0, "held\n")
    assert "nothing keeps a second daemon out" in done.stderr
