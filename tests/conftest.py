"""How many examples hypothesis tries, and room for pytest's own report.

--hypothesis-profile=deep tries many and ever new ones.
"""

import resource

import pytest
from hypothesis import settings

from tests.state.disks import limit_files

settings.register_profile("suite", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("suite")


@pytest.fixture
def deep(request: pytest.FixtureRequest) -> bool:
    """Whether all is to be tried that may be, however long it takes."""
    return bool(request.config.getoption("--hypothesis-profile") == "deep")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport() -> None:
    """A test that has filled the disk ends before what is printed of it may go into a file."""
    limit_files(resource.RLIM_INFINITY)
