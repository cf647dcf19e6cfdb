"""A state directory, for every test of what lies in one."""

from pathlib import Path

import pytest


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory that is set; the working directory is another."""
    state, here = tmp_path / "state", tmp_path / "here"
    for directory in (state, here):
        directory.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    monkeypatch.chdir(here)
    return state
