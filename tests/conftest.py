"""Warnings are errors in the tests, and under ALL_BACKENDS=1 so is a skip."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Turn warnings into errors here, not in pyproject.toml, which pytest also reads in timing workers."""
    config.addinivalue_line("filterwarnings", "error")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test fails where every backend is said to be installed."""
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A skipped module fails there too."""
    report = yield
    _forbid_skip(report)
    return report


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.outcome == "skipped" and os.environ.get("ALL_BACKENDS") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped under ALL_BACKENDS=1: {report.longreprtext}"
