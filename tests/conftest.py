"""The loop that tests run on, how many examples hypothesis tries, room for pytest's own report, and
a look at every page that a test is shown.

--hypothesis-profile=deep tries many and ever new ones.
"""

import asyncio
import logging
import os
import resource
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from crypto_assistant import foreign
from crypto_assistant.front import Front
from tests.phone.pages import Seen, watched
from tests.state.disks import limit_files
from tests.virtual import Loop

settings.register_profile("suite", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("suite")

# No test reads or writes what is the user's own.
os.environ |= dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME"), "/proc/nowhere")

seen = Seen()
watched(Front, seen)


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    """What the settings of one test hide and log is no matter of the next one."""
    hidden, level = set(foreign._forms), logging.getLogger().level
    yield
    foreign._forms.clear()
    foreign._forms.update(hidden)
    logging.getLogger().setLevel(level)


@pytest.fixture(autouse=True)
def _phone() -> Iterator[None]:
    """What a test is shown fits a phone, whatever else it tests."""
    yield
    assert seen.taken() == []


@pytest.fixture
def deep(request: pytest.FixtureRequest) -> bool:
    """Whether all is to be tried that may be, however long it takes."""
    return bool(request.config.getoption("--hypothesis-profile") == "deep")


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Time is virtual, but for the tests that are marked."""
    return {"loop": asyncio.new_event_loop if item.get_closest_marker("real") else Loop}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport() -> None:
    """A test that has filled the disk ends before what is printed of it may go into a file."""
    limit_files(resource.RLIM_INFINITY)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each reason to skip, however many tests have it."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, times in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{reason}: {times} tests")
