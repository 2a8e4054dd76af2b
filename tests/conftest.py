"""Under ALL_BACKENDS=1 a skip is a failure, except for a missing device; each test process has its own lock."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest

# The reason of a skip that is allowed.
NO_INSTALLATION_BRINGS = "needs a CUDA device"


def pytest_configure() -> None:
    """Restore SIGINT, which background processes of a shell without job control ignore, and the usual terminal."""
    for setting in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        os.environ.pop(setting, None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test if all backends should be installed."""
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a skipped module too."""
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
    """Give each test process its own lock, so that parallel tests do not refuse each other's runs."""
    monkeypatch.setenv("BENCH_LOCK", str(tmp_path_factory.getbasetemp() / "lock"))
