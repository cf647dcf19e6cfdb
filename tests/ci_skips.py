"""A pytest plugin for continuous integration: a skip is a failure where the test could run."""

from collections.abc import Generator

import pytest

CANNOT_RUN_THERE = ("needs ../shared", "booted systemd")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = str(report.longrepr)
    if report.skipped and not any(allowed in reason for allowed in CANNOT_RUN_THERE):
        report.outcome = "failed"
        report.longrepr = f"skipped, which continuous integration does not accept: {reason}"
