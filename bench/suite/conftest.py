"""A line below the table of `pytest bench/suite`."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Warn that these times are not for ranking."""
    terminalreporter.write_line(
        "Measured in one process: not for ranking. python -m bench run uses fresh, interleaved processes."
    )
