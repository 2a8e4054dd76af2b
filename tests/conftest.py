"""Under ALL_BACKENDS=1 a skip is a failure, except for a missing device; each process has a lock of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest

# The reason of a skip that stays one.
NO_INSTALLATION_BRINGS = "needs a CUDA device"


def pytest_configure() -> None:
    """A shell without job control lets what it starts in the background ignore SIGINT, and all its children with it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
    missing = report.outcome == "skipped" and NO_INSTALLATION_BRINGS not in report.longreprtext
    if missing and os.environ.get("ALL_BACKENDS") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped under ALL_BACKENDS=1: {report.longreprtext}"


@pytest.fixture(autouse=True)
def own_lock(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run at once, and a run of one must not be refused because of a run of another."""
    monkeypatch.setenv("BENCH_LOCK", str(tmp_path_factory.getbasetemp() / "lock"))
