"""What `pytest bench/suite` says below its table."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what these times are not."""
    terminalreporter.write_line(
        "One process without blocks: not for ranking. python -m bench run times each in fresh processes, interleaved."
    )
