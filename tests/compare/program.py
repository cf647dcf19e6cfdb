"""Our side: the installed program, asked as somebody types it."""

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.compare.comparison import NotTold
from tests.compare.facts import Told


class Program:
    """`crypto-assistant ask --json`; a pause in seconds after each answer."""

    def __init__(self, path: Path, settings: Mapping[str, str], pause: float = 0.0) -> None:
        self._path = path
        self._settings = settings
        self._pause = pause

    def __call__(self, line: str) -> Told:
        command = [str(self._path), "ask", "--json", "--market", "live", *line.split()]
        ran = subprocess.run(
            command, env=self._settings, capture_output=True, text=True, check=False
        )
        time.sleep(self._pause)
        if not ran.stdout:
            raise NotTold(ran.stderr.strip() or f"exit status {ran.returncode}")
        told: Told = json.loads(ran.stdout)
        return told
