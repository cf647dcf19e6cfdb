"""The systemd unit of a user's own: the daemon without root, git and make."""

import sys
from collections.abc import Iterator
from pathlib import Path

from crypto_assistant import config
from crypto_assistant.config import NAME, Config
from crypto_assistant.errors import AssistantError

BOOTED = Path("/run/systemd/system")
"""There where systemd is what the host runs: man 3 sd_booted."""

UNIT = """\
# Written by `crypto-assistant service install --user`, and overwritten by it: your changes belong
# into a drop-in (systemctl --user edit crypto-assistant).
[Unit]
Description=Crypto assistant: market answers in a private Telegram chat
# However long an outage lasts, it is tried again.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
WorkingDirectory={directory}
Environment={places}
# One BLAS thread: the arrays are small, and each thread reserves 40 MB of address space.
Environment=OPENBLAS_NUM_THREADS=1
ExecStart={program} run
ExecReload=/bin/sh -c 'kill -HUP $$MAINPID'
TimeoutStartSec=60
TimeoutStopSec=15
WatchdogSec=60
Restart=always
RestartSec=15
# A wrong configuration (EX_CONFIG) waits for its owner, not for a restart.
RestartPreventExitStatus=78
UMask=0077
# Every line of the log says its priority: what does not has ended the program.
SyslogLevel=err
MemoryHigh=176M
MemoryMax=256M
TasksMax=64
LimitCORE=0

# What a user's own systemd can enforce without root.
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @obsolete
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
"""


class NotInstalled(AssistantError):
    """Nothing is changed; the text says why."""


def install(settings: Config, booted: Path = BOOTED) -> Iterator[str]:
    """Writes the unit; yields what is to be done next. Raises NotInstalled."""
    if not booted.is_dir():
        raise NotInstalled(f"There is no systemd here: {NAME} run starts it, and stays")
    unit = _unit()
    try:
        directory = _working_directory()
        unit.parent.mkdir(parents=True, exist_ok=True)
        unit.write_text(_written(directory))
    except OSError as error:
        raise NotInstalled(f"{error.filename}: {error.strerror}") from None
    yield f"{unit} is written. What remains:"
    if settings.telegram_bot_token is None:
        yield f"  - write TELEGRAM_BOT_TOKEN=... into {config.file()}, and chmod 600 that file"
    if not settings.telegram_chat_id:
        yield f"  - {NAME} pair, and put the line that it prints into the same file"
    yield f"  - systemctl --user daemon-reload && systemctl --user enable --now {NAME}"
    yield '  - sudo loginctl enable-linger "$(id -un)": it runs also while you are not logged in'


def uninstall() -> Iterator[str]:
    """Removes the unit, and what starts it; yields what is to be done next. Raises NotInstalled."""
    unit = _unit()
    if not unit.exists():
        raise NotInstalled(f"{unit}: not there")
    try:
        (unit.parent / "default.target.wants" / unit.name).unlink(missing_ok=True)
        unit.unlink()
    except OSError as error:
        raise NotInstalled(f"{error.filename}: {error.strerror}") from None
    yield f"{unit} is removed; settings and state are kept. What remains:"
    yield f"  - systemctl --user stop {NAME}; systemctl --user daemon-reload"


def _unit() -> Path:
    return _home("XDG_CONFIG_HOME") / "systemd" / "user" / f"{NAME}.service"


def _home(variable: str) -> Path:
    """Raises NotInstalled where nobody has one."""
    directory = config.home(variable)
    if directory is None:
        raise NotInstalled("Your home directory is not known: set HOME")
    return directory


def _working_directory() -> Path:
    """This one where settings or state lie in it, else one of the program's alone."""
    if config.is_here():
        return Path.cwd()
    directory = _home("XDG_CONFIG_HOME") / NAME
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def _written(directory: Path) -> str:
    places = (f"{variable}={_home(variable)}" for variable in config.HOMES)
    return UNIT.format(
        directory=_escaped(directory),
        places=" ".join(map(_quoted, places)),
        program=_quoted(Path(sys.executable).with_name(NAME)),
    )


def _escaped(text: object) -> str:
    return str(text).replace("%", "%%")


def _quoted(text: object) -> str:
    """One word of a unit: man 5 systemd.syntax."""
    return '"{}"'.format(_escaped(text).replace("\\", r"\\").replace('"', r"\""))
