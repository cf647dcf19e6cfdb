"""A pytest plugin: which test ran which line, and the seconds of each test that did not fail."""

import json
import os
from collections.abc import Generator
from pathlib import Path
from time import perf_counter

import coverage
import pytest

seconds: dict[str, float] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    recorder = coverage.Coverage.current()
    assert recorder, "pytest runs under coverage here"
    failed, began = item.session.testsfailed, perf_counter()
    recorder.switch_context(item.nodeid)
    outcome = yield
    recorder.switch_context("")
    if item.session.testsfailed == failed:
        seconds[item.nodeid] = perf_counter() - began
    return outcome


def pytest_sessionfinish() -> None:
    Path(os.environ["SECONDS_OF_TESTS"]).write_text(json.dumps(seconds))
