"""What shells and `man` know of the program is what its argument parser says."""

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.release.data import DATA, FILES
from tests.release.places import NAME, places

pytestmark = pytest.mark.real

BASH, FISH, _, ZSH = (DATA / name for name in FILES)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


@pytest.mark.parametrize("name", FILES)
def test_what_is_committed_is_what_the_argument_parser_says(name: str) -> None:
    assert (DATA / name).read_text() == FILES[name](), "make data writes it anew"


def test_no_other_file_is_installed() -> None:
    files = {path for path in DATA.parent.rglob("*") if path.is_file()}
    assert files == {DATA / name for name in FILES}


def test_whatever_may_be_typed_is_explained() -> None:
    for place in places():
        said = [place.does or "a verb's help", *place.verbs.values()]
        said += [option.help for option in place.options]
        said += [argument.help for argument in place.arguments]
        assert all(said), place


@needs("groff")
def test_the_man_page_is_sound() -> None:
    page = str(DATA / "man/man1/crypto-assistant.1")
    command = ["groff", "-man", "-Tutf8", "-ww", "-z", page]
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


LINES = [
    ("ho", {"holds"}),
    ("s", {"service", "sandbox"}),
    ("holds ", {"clear"}),
    ("service install --u", {"--user"}),
    ("ask --market ", {"live", "sandbox", "auto"}),
    ("ask --market live --js", {"--json"}),
    ("ask run ho", set()),
    ("--v", {"--version"}),
    ("backup ", {"a copy.db"}),
    ("restore a", {"a copy.db"}),
    ("demo ", set()),
]
"""What is typed, and the words that may stand in the place of its last one."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "a copy.db").touch()
    return tmp_path


@needs("bash")
@pytest.mark.parametrize(("line", "words"), LINES)
def test_bash_completes(line: str, words: set[str], place: Path) -> None:
    """Files are bash's own: compopt tells it to take them where nothing else fits."""
    script = f"""
compopt() {{ [ "$*" = '-o default' ] && files=yes; }}
. {BASH}
COMP_WORDS=({NAME} {line}{" ''" if line.endswith(" ") else ""})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_crypto_assistant
[ -z "$files" ] || COMPREPLY+=(a*)
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    assert set(said(place, "bash", "-c", script)) == words


@needs("fish")
@pytest.mark.parametrize(("line", "words"), LINES)
def test_fish_completes(line: str, words: set[str], place: Path) -> None:
    script = f"source {FISH}; complete -C '{NAME} {line}'"
    found = {word.partition("\t")[0] for word in said(place, "fish", "--no-config", "-c", script)}
    assert found == words


def said(place: Path, *command: str) -> list[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


@needs("zsh")
@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("ser\tins\t--u\t", "service install --user"),
        ("ho\tcl\t", "holds clear"),
        ("ask --mar\tlive --j\t", "ask --market live --json"),
        ("restore a\t", r"restore a\ copy.db"),
    ],
)
def test_zsh_completes(typed: str, line: str, place: Path) -> None:
    """At a terminal; what stands in the line in the end is shown instead of run."""
    terminal, end = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "dumb"}
    with subprocess.Popen(
        ["zsh", "-f", "-i"],
        cwd=place,
        env=environment,
        stdin=end,
        stdout=end,
        stderr=end,
        start_new_session=True,
    ) as running:
        answer(terminal, ZSH_START, "ready\r\n")
        shown = answer(terminal, f"{NAME} {typed}\x18", ">")
        running.kill()
    for descriptor in (terminal, end):
        os.close(descriptor)
    assert shown.rpartition("<")[2] == f"{NAME} {line}>"


ZSH_START = f"""\
PS1=
fpath=({ZSH.parent} $fpath)
autoload -Uz compinit && compinit -D
show() {{ print -rn -- "<${{BUFFER% }}>" }}
zle -N show && bindkey '^X' show
print rea''dy
"""


def answer(terminal: int, typed: str, until: str) -> str:
    os.write(terminal, typed.encode())
    shown = ""
    while until not in shown:
        shown += os.read(terminal, 4096).decode()
    return shown
