"""The systemd service: what systemd thinks of the unit, and what the installer leaves behind."""

import fcntl
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, collapse_addresses, ip_network
from pathlib import Path

import pytest

import crypto_assistant
from crypto_assistant.config import Config
from crypto_assistant.errors import ConfigError
from crypto_assistant.state.migration import make_ready
from crypto_assistant.state.store import SCHEMA
from tests.release.data import FILES as SHARED
from tests.state import former
from tests.venues import ADDRESSES, CREDENTIALS, PRACTICES

pytestmark = pytest.mark.real

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "crypto-assistant.service"
PUBLIC = DEPLOY / "public-addresses.conf"
ENCRYPTED = DEPLOY / "encrypted-credentials.conf"
PAUSES = DEPLOY / "growing-pauses.conf"
OPT = "opt/crypto-assistant"
ETC = "etc/crypto-assistant"
UNITS = "etc/systemd/system"
WRAPPER = "usr/local/bin/crypto-assistant"
STATE = "var/lib/private/crypto-assistant"
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
    newer = [PAUSES] if int(found[1]) >= NEWER_SYSTEMD else []
    return [PUBLIC, ENCRYPTED, *newer]


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
    practices = set(PRACTICES)
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
        ["sh", "-s", "upgrade"],
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
    assert refused.stderr == "This needs root: sudo make upgrade\n"


FAKE_PYTHON = """#!/bin/sh
case "$*" in
"-c import sys; print"*) echo /usr ;;
"-m venv "*) mkdir -p "$3/bin" "$3/lib" && cp "$0" "$3/bin/python" && touch "$3/pyvenv.cfg" ;;
*"pip "*) {pip} ;;
*--version) {version} ;;
esac
"""


@dataclass
class Source:
    """A checkout whose virtual environments are made in no time, and the DESTDIR it goes to."""

    tree: Path
    stage: Path
    systemd: int = 252
    pip: str = 'cp -r deploy/data/share "$(dirname "$0")/.."'
    version: str = ":"

    def run(self, verb: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """What the installer does; none of it reaches systemctl."""
        commands = {
            "python3": FAKE_PYTHON.format(pip=self.pip, version=self.version),
            "systemd-analyze": f"#!/bin/sh\necho 'systemd {self.systemd} (as if)'",
            "systemctl": f"#!/bin/sh\ntouch {self.tree}/called",
        }
        for name, text in commands.items():
            (self.tree / name).write_text(text)
            (self.tree / name).chmod(0o755)
        done = subprocess.run(
            ["sh", self.tree / "deploy/install.sh", verb],
            env={
                "PATH": f"{self.tree}:{os.defpath}",
                "PYTHON": str(self.tree / "python3"),
                "DESTDIR": str(self.stage),
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert not (self.tree / "called").exists()
        return done

    def does(self, verb: str, **variables: str) -> str:
        """What it prints on the way to success."""
        done = self.run(verb, **variables)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def release(self, version: str) -> None:
        """Another version, whose files all differ from those before."""
        (self.tree / "crypto_assistant/__init__.py").write_text(f'__version__ = "{version}"\n')
        for file in filter(Path.is_file, (self.tree / "deploy").rglob("*")):
            file.write_text(file.read_text() + f"# {version}\n")

    def link(self, name: str) -> str:
        return str((self.stage / OPT / name).readlink())

    @property
    def environments(self) -> set[str]:
        return {entry.name for entry in (self.stage / OPT).iterdir() if not entry.is_symlink()}

    def installed(self, path: str) -> str:
        return (self.stage / path).read_text()

    def shipped(self, name: str) -> str:
        return (self.tree / "deploy" / name).read_text()


FILES = {
    f"{UNITS}/crypto-assistant.service": "crypto-assistant.service",
    WRAPPER: "crypto-assistant.sh",
    f"{ETC}/crypto-assistant.conf": "crypto-assistant.conf",
    f"{UNITS}/crypto-assistant.service.d/growing-pauses.conf": "growing-pauses.conf",
    **{f"usr/local/share/{name}": f"data/share/{name}" for name in SHARED},
}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    tree, stage = tmp_path / "tree", tmp_path / "stage"
    (tree / "crypto_assistant").mkdir(parents=True)
    (tree / "crypto_assistant/__init__.py").write_text('__version__ = "1.0"\n')
    shutil.copytree(DEPLOY, tree / "deploy")
    return Source(tree, stage)


def everything(stage: Path) -> dict[str, bytes | str]:
    """Every file below, and where every link leads."""
    return {
        str(path.relative_to(stage)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in stage.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_a_first_installation_says_what_remains_and_keeps_the_secrets_closed(
    source: Source,
) -> None:
    printed = source.does("install")
    for step in (
        f"/{ETC}/credentials/TELEGRAM_BOT_TOKEN",
        "sudo crypto-assistant pair",
        "sudo systemctl enable --now crypto-assistant",
    ):
        assert step in printed
    assert source.link("current") == "1.0"
    assert mode(source.stage / ETC / "credentials") == 0o700
    assert mode(source.stage / ETC / "crypto-assistant.conf") == 0o644
    assert mode(source.stage / WRAPPER) == 0o755
    assert not (source.stage / OPT / "previous").exists()


@pytest.mark.parametrize(("systemd", "there"), [(252, False), (254, True)])
def test_pauses_grow_where_systemd_knows_how(source: Source, systemd: int, there: bool) -> None:
    source.systemd = systemd
    source.does("install")
    drop_in = source.stage / UNITS / "crypto-assistant.service.d/growing-pauses.conf"
    assert drop_in.exists() == there


def test_an_upgrade_keeps_the_version_before_and_no_other(source: Source) -> None:
    source.does("install")
    for version in ("1.1", "1.2", "1.3"):
        source.release(version)
        source.does("upgrade")
    assert (source.link("previous"), source.link("current")) == ("1.2", "1.3")
    assert source.environments == {"1.2", "1.3"}


def test_the_same_version_again_is_built_beside_the_one_that_may_run(source: Source) -> None:
    source.does("install")
    for name in ("1.0-2", "1.0-3", "1.0"):
        before = source.link("current")
        source.does("install")
        assert (source.link("previous"), source.link("current")) == (before, name)


def test_an_upgrade_brings_new_files_where_nobody_edited_the_old_ones(source: Source) -> None:
    source.systemd = 254
    source.does("install")
    source.release("1.1")
    source.does("upgrade")
    for path, name in FILES.items():
        assert source.installed(path) == source.shipped(name)
        assert not (source.stage / f"{path}.new").exists()


@pytest.mark.parametrize("path", FILES)
def test_an_edited_file_stays_and_ours_is_put_beside(source: Source, path: str) -> None:
    source.systemd = 254
    source.does("install")
    (source.stage / path).write_text("mine\n")
    assert ".new" not in source.does("install")
    assert not (source.stage / f"{path}.new").exists()
    source.release("1.1")
    assert f"/{path} is kept as you edited it; ours is /{path}.new" in source.does("upgrade")
    assert source.installed(path) == "mine\n"
    assert source.installed(f"{path}.new") == source.shipped(FILES[path])
    source.does("rollback")
    assert source.installed(path) == "mine\n"


def test_a_file_that_a_killed_upgrade_left_behind_is_not_taken_for_edited(source: Source) -> None:
    source.does("install")
    unit = source.stage / UNITS / UNIT.name
    old = unit.read_text()
    source.release("1.1")
    source.does("upgrade")
    unit.write_text(old)
    source.release("1.2")
    assert "edited" not in source.does("upgrade")
    assert unit.read_text() == source.shipped(UNIT.name)


def test_a_file_that_was_there_before_the_first_installation_stays(source: Source) -> None:
    settings = source.stage / ETC / "crypto-assistant.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text("TIMEZONE=Europe/Berlin\n")
    source.does("install")
    assert settings.read_text() == "TIMEZONE=Europe/Berlin\n"


def test_a_rollback_brings_back_what_was_installed_and_can_be_taken_back(source: Source) -> None:
    source.does("install")
    old = everything(source.stage)
    source.release("1.1")
    source.does("upgrade")
    new = everything(source.stage)
    source.does("rollback")
    assert (source.link("previous"), source.link("current")) == ("1.1", "1.0")
    assert old.items() - {(f"{OPT}/current", "1.0")} <= everything(source.stage).items()
    source.does("rollback")
    assert everything(source.stage) == new


def test_uninstalling_what_is_not_installed_is_no_error(source: Source) -> None:
    source.does("uninstall")
    assert everything(source.stage) == {}


@pytest.mark.parametrize("verb", ["upgrade", "rollback"])
def test_there_is_nothing_to_upgrade_or_to_go_back_to_before_an_installation(
    source: Source, verb: str
) -> None:
    refused = source.run(verb)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert everything(source.stage) == {}


@pytest.mark.parametrize(
    ("pip", "version", "status"),
    [
        ("exit 1", ":", 1),
        (":", "exit 1", 1),
        ("kill -HUP $PPID", ":", 129),
        ("kill -INT $PPID", ":", 130),
        ("kill -TERM $PPID", ":", 143),
    ],
)
def test_an_upgrade_that_fails_or_is_interrupted_changes_nothing(
    source: Source, pip: str, version: str, status: int
) -> None:
    source.does("install")
    before = everything(source.stage)
    source.release("1.1")
    assert replace(source, pip=pip, version=version).run("upgrade").returncode == status
    assert everything(source.stage) == before


def test_a_change_that_fails_half_way_is_turned_back(source: Source) -> None:
    source.does("install")
    before = everything(source.stage)
    source.release("1.1")
    in_the_way = source.stage / f"{WRAPPER}.new"
    in_the_way.mkdir()
    failed = source.run("upgrade")
    assert failed.returncode == 1
    assert "1.1 is not in use: turning back to 1.0" in failed.stderr
    shutil.rmtree(in_the_way)
    assert everything(source.stage) == before


def test_what_a_killed_upgrade_left_is_removed_by_the_next(source: Source) -> None:
    source.does("install")
    source.release("1.1")
    source.pip = "kill -KILL $PPID"
    assert source.run("upgrade").returncode < 0
    assert source.link("current") == "1.0"
    assert source.environments == {"1.0", "1.1"}
    source.pip = ":"
    source.does("upgrade")
    assert (source.link("previous"), source.link("current")) == ("1.0", "1.1-2")
    assert source.environments == {"1.0", "1.1-2"}


def test_two_installations_at_once_are_one_too_many(source: Source) -> None:
    source.does("install")
    directory = os.open(source.stage / OPT, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        refused = source.run("install")
    finally:
        os.close(directory)
    assert refused.returncode == 1
    assert "Something else is changing" in refused.stderr


SYSTEMCTL = """#!{python}
import sqlite3, sys
from pathlib import Path
sys.path.insert(0, {source!r})
root, verb = Path({root!r}), sys.argv[1]
if verb == "is-active":
    print((root / "is").read_text())
elif verb == "show":
    print(78)
elif verb == "stop":
    (root / "is").write_text("inactive")
elif verb in {{"start", "restart"}}:
    (root / "is").write_text("failed")
    from crypto_assistant.errors import ConfigError
    from crypto_assistant.state.migration import make_ready
    from crypto_assistant.state.store import SCHEMA
    knows, *faults = (root / "opt/crypto-assistant/current/deploy/knows").read_text().split()
    path = root / "var/lib/crypto-assistant/live.db"
    try:
        database = sqlite3.connect(path, isolation_level=None)
        database.create_function("clock_ms", 0, lambda: 0)
        make_ready(database, path, SCHEMA[:int(knows)]).close()
    except ConfigError as refused:
        sys.exit(str(refused))
    if "fails" in faults:
        sys.exit(1)
    (root / "is").write_text("active")
"""
PROGRAM = """#!/bin/sh
[ "$1" != backup ] || PYTHONPATH={source} exec {python} -m crypto_assistant "$@"
"""
"""The one command of it that is real; a version of this program knows a version of the database.

What systemd starts of it opens the database in earnest, and brings it up to that version.
"""


@dataclass
class Host:
    """A host with a systemd of its own, below a directory: the installer's paths lead there."""

    tree: Path
    root: Path

    def release(self, version: str, knows: str) -> None:
        """A checkout of a version; `knows`: the newest database that it opens, and its fault."""
        (self.tree / "crypto_assistant/__init__.py").write_text(f'__version__ = "{version}"\n')
        (self.tree / "deploy/knows").write_text(knows)

    def run(self, verb: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.tree}:{os.defpath}", "PYTHON": str(self.tree / "python3")}
        command = ["sh", str(self.tree / "deploy/install.sh"), verb]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def does(self, verb: str) -> str:
        done = self.run(verb)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    @property
    def state(self) -> Path:
        return self.root / "var/lib/crypto-assistant"

    @property
    def database(self) -> Path:
        return self.state / "live.db"

    def kept(self) -> list[Path]:
        """What made way for an older database; what is not written into it yet lies beside it."""
        return sorted(self.state.glob("live.db.*[!lm]"))

    def is_running(self, version: str) -> bool:
        current = (self.root / OPT / "current").readlink().name
        return (current, (self.root / "is").read_text()) == (version, "active")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Where 1.0 runs, which knows the first version of the database, and 1.1 is to come."""
    tree, root = tmp_path / "tree", tmp_path / "root"
    for directory in (
        tree / "crypto_assistant",
        root / "run/systemd/system",
        root / "var/lib/crypto-assistant",
    ):
        directory.mkdir(parents=True)
    shutil.copytree(DEPLOY, tree / "deploy")
    installer = tree / "deploy/install.sh"
    places = r'(?<=[ ="R])/(opt|etc|var|run|usr/local)/'
    installer.write_text(re.sub(places, rf"{root}/\1/", installer.read_text()))
    pip = f'cp {tree}/program "$(dirname "$0")/crypto-assistant"'
    commands = {
        "python3": FAKE_PYTHON.format(pip=pip, version=":"),
        "program": PROGRAM.format(source=ROOT, python=sys.executable),
        "systemctl": SYSTEMCTL.format(python=sys.executable, root=str(root), source=str(ROOT)),
        "journalctl": "#!/bin/sh",
        "systemd-analyze": "#!/bin/sh\necho systemd 252",
        "id": "#!/bin/sh\necho 0",
    }
    for name, text in commands.items():
        (tree / name).write_text(text)
        (tree / name).chmod(0o755)
    (root / "is").write_text("inactive")
    host = Host(tree, root)
    host.release("1.0", "1")
    host.does("install")
    note(host.database, "old", version=1)
    if os.geteuid() == 0:
        os.chown(host.state, NOBODY, NOBODY)
    (root / "is").write_text("active")
    return host


def note(path: Path, text: str, version: int) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS notes (text)")
        database.execute("INSERT INTO notes VALUES (?)", (text,))
        database.execute(f"PRAGMA user_version = {version}")


def notes(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [text for (text,) in database.execute("SELECT text FROM notes")]


def note_as_killed(path: Path, text: str, version: int) -> None:
    """As a SIGKILL leaves it: the note and the version are in the log alone."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {version - 1}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA user_version = {version}")
        with database:
            database.execute("INSERT INTO notes VALUES (?)", (text,))
        files = {file: file.read_bytes() for file in path.parent.glob("live.db*")}
    for file, content in files.items():
        file.write_bytes(content)


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.slow
def test_a_rollback_gives_the_version_before_the_database_that_it_knows(
    host: Host, is_running: bool
) -> None:
    host.release("1.1", "2")
    host.does("upgrade")
    assert host.is_running("1.1")
    note(host.database, "new", version=2)
    if not is_running:
        note_as_killed(host.database, "in the log", version=2)
        (host.root / "is").write_text("failed")
    said = host.does("rollback")
    assert host.is_running("1.0") == is_running
    assert ("It did not run: sudo systemctl start crypto-assistant" in said) != is_running
    assert notes(host.database) == ["old"]
    newer, *_ = host.kept()
    assert notes(newer) == (["old", "new"] if is_running else ["old", "new", "in the log"])
    assert re.search(rf"live\.db is that of \d{{8}}T\d{{6}}Z again; .* kept as {newer}\n", said)
    assert mode(host.database) == 0o600
    assert host.database.stat().st_uid == host.state.stat().st_uid


@pytest.mark.slow
def test_a_rollback_gives_the_version_before_its_account_log_again(host: Host) -> None:
    """Between them Binance's lines have got longer keys, and are to be read once more."""
    host.database.unlink()
    line = ("usdm:FUNDING_FEE:7::USDT", "funding", 1, "linear", "BTCUSDT", "USDT", -1.25)
    entry, stretch = ("binance", "live", "1001", *line), ("binance", "live", "1001", 0, 1000)
    former.write(host.database, entries=[entry], coverage=[stretch])
    (host.root / OPT / "1.0/deploy/knows").write_text(str(len(former.STATEMENTS)))
    host.release("1.1", str(len(SCHEMA)))
    host.does("upgrade")
    assert host.is_running("1.1")
    newer = host.root / "newer.db"
    shutil.copy(host.database, newer)
    assert [row[3] for row in former.rows(newer, "entries")] == ["usdm:FUNDING_FEE:7::USDT:BTCUSDT"]
    assert former.rows(newer, "coverage") == []
    with (
        closing(sqlite3.connect(newer)) as database,
        pytest.raises(ConfigError, match="was written by a newer version of this program"),
    ):
        make_ready(database, newer, former.STATEMENTS)
    host.does("rollback")
    assert host.is_running("1.0")
    assert former.rows(host.database, "entries") == [entry]
    assert former.rows(host.database, "coverage") == [stretch]


@pytest.mark.slow
def test_a_database_that_both_versions_know_stays_over_a_rollback(host: Host) -> None:
    host.release("1.1", "1")
    host.does("upgrade")
    note(host.database, "new", version=1)
    assert "kept" not in host.does("rollback")
    assert host.is_running("1.0")
    assert notes(host.database) == ["old", "new"]
    assert host.kept() == []


@pytest.mark.slow
def test_the_newer_database_comes_back_where_the_version_before_does_not_run(host: Host) -> None:
    host.release("1.1", "2")
    host.does("upgrade")
    note(host.database, "new", version=2)
    (host.root / OPT / "1.0/deploy/knows").write_text("1 fails")
    failed = host.run("rollback")
    assert failed.returncode == 1
    assert "1.0 is not in use: turning back to 1.1" in failed.stderr
    assert "The newer database is in its place again" in failed.stderr
    assert host.is_running("1.1")
    assert notes(host.database) == ["old", "new"]
    assert host.kept() == []


@pytest.mark.slow
def test_what_a_failing_upgrade_made_of_the_database_is_kept_as_well(host: Host) -> None:
    host.release("1.1", "2 fails")
    failed = host.run("upgrade")
    assert failed.returncode == 1
    assert host.is_running("1.0")
    assert notes(host.database) == ["old"]
    (newer,) = host.kept()
    assert f"the newer one is kept as {newer}\n" in failed.stderr


@pytest.fixture
def lived_in(source: Source) -> Source:
    """An installation with settings, a token, a database and the public addresses linked."""
    source.does("install")
    (source.stage / ETC / "crypto-assistant.conf").write_text("TIMEZONE=Europe/Berlin\n")
    (source.stage / ETC / "credentials/TELEGRAM_BOT_TOKEN").write_text("1:secret")
    (source.stage / STATE).mkdir(parents=True)
    (source.stage / STATE / "live.db").touch()
    (source.stage / f"{UNITS}/crypto-assistant.service.d/public-addresses.conf").symlink_to(
        f"/{OPT}/current/deploy/public-addresses.conf"
    )
    return source


def test_uninstalling_keeps_settings_secrets_and_state(lived_in: Source) -> None:
    printed = lived_in.does("uninstall")
    assert "PURGE=1" in printed
    assert everything(lived_in.stage).keys() == {
        f"{ETC}/crypto-assistant.conf",
        f"{ETC}/credentials/TELEGRAM_BOT_TOKEN",
        f"{STATE}/live.db",
    }


def test_uninstalling_keeps_what_the_owner_edited_and_says_so(lived_in: Source) -> None:
    (lived_in.stage / WRAPPER).write_text("mine\n")
    own = lived_in.stage / UNITS / "crypto-assistant.service.d/resolver.conf"
    own.write_text("[Service]\nIPAddressAllow=192.168.1.1\n")
    assert f"/{WRAPPER} is kept as you edited it" in lived_in.does("uninstall")
    assert (lived_in.stage / WRAPPER).read_text() == "mine\n"
    assert own.exists()


def test_purging_leaves_nothing(lived_in: Source) -> None:
    (lived_in.stage / WRAPPER).write_text("mine\n")
    lived_in.does("uninstall", PURGE="1")
    assert everything(lived_in.stage) == {}


def test_what_uninstalling_kept_serves_the_next_installation(lived_in: Source) -> None:
    lived_in.does("uninstall")
    printed = lived_in.does("install")
    assert "pair" not in printed
    assert lived_in.installed(f"{ETC}/crypto-assistant.conf") == "TIMEZONE=Europe/Berlin\n"


@pytest.mark.parametrize("status", [0, 78])
def test_the_command_in_the_path_knows_where_settings_and_state_are(
    tmp_path: Path, status: int
) -> None:
    program = tmp_path / OPT / "current/bin/crypto-assistant"
    program.parent.mkdir(parents=True)
    program.write_text(
        f'#!/bin/sh\necho "$CONFIGURATION_DIRECTORY $STATE_DIRECTORY $2"; exit {status}\n'
    )
    program.chmod(0o755)
    wrapper = tmp_path / "crypto-assistant"
    wrapper.write_text(
        (DEPLOY / "crypto-assistant.sh").read_text().replace("/opt", f"{tmp_path}/opt")
    )
    done = subprocess.run(
        ["sh", wrapper, "ask", "/price BTC"], capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert done.stdout == f"/{ETC} /var/lib/crypto-assistant /price BTC\n"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make(target: str, stage: Path) -> str:
    """What `make` prints about this DESTDIR."""
    done = subprocess.run(
        ["make", target, f"DESTDIR={stage}/", f"PYTHON={service_python()}"],
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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_installed_service_runs_from_its_final_place_and_is_upgraded_and_removed(
    tmp_path: Path,
) -> None:
    version = crypto_assistant.__version__
    assert "systemctl enable --now crypto-assistant" in make("install", tmp_path)
    assert_nothing_names(tmp_path)
    assert_runs(tmp_path / OPT / "current", version)
    make("upgrade", tmp_path)
    assert_runs(tmp_path / OPT / "current", f"{version}-2")
    make("rollback", tmp_path)
    assert_runs(tmp_path / OPT / "current", version)
    make("uninstall", tmp_path)
    assert not (tmp_path / OPT).exists()


def assert_nothing_names(stage: Path) -> None:
    """Neither the scripts nor the byte code remember where they were built."""
    place = str(stage).encode()
    for file in stage.rglob("*"):
        if file.is_file() and not file.is_symlink():
            assert place not in file.read_bytes(), file


def assert_runs(current: Path, name: str) -> None:
    script = (current / "bin" / "crypto-assistant").read_text()
    assert script.startswith(f"#!/{OPT}/{name}/bin/python")
    python = current / "bin" / "python"
    answer = subprocess.check_output([python, "-Im", "crypto_assistant", "--version"], text=True)
    assert crypto_assistant.__version__ in answer
