"""`make dist`: the files of a release, the same bytes whenever they are built from one commit."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from crypto_assistant import __version__
from tests.release import sbom

LOCK = Path("requirements.lock")
BUILD = "import sys; from flit_core import buildapi as b; getattr(b, sys.argv[1])(sys.argv[2])"


def release(directory: Path) -> None:
    """Writes them; the wheel comes out of the sdist, which is whole therefore."""
    directory.mkdir(parents=True, exist_ok=True)
    name = f"crypto_assistant-{__version__}"
    build("build_sdist", directory, Path())
    with TemporaryDirectory() as place:
        subprocess.run(["tar", "-xzf", directory / f"{name}.tar.gz", "-C", place], check=True)
        build("build_wheel", directory, Path(place, name))
    (directory / f"{name}.cdx.json").write_text(sbom.written(LOCK.read_text(), __version__))


def build(what: str, directory: Path, source: Path) -> None:
    command = [sys.executable, "-c", BUILD, what, str(directory.absolute())]
    subprocess.run(command, cwd=source, check=True)


if __name__ == "__main__":
    release(Path(sys.argv[1]))
