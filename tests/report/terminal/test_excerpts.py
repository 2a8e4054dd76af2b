from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.cli import app
from bench.report.terminal.excerpts import show
from bench.report.views.excerpts import excerpts


@pytest.mark.parametrize(("width", "beside"), [(80, 1), (240, 2), (480, 4)])
def test_as_many_stand_side_by_side_as_fit(width: int, beside: int) -> None:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, color_system=None, _environ={})
    show(console, excerpts("logistic", ()))
    tops = [line for line in file.getvalue().splitlines() if line.startswith("╭")]
    assert tops[0].count("╭") == beside and len(tops) == 4 // beside
    assert max(map(len, file.getvalue().splitlines())) <= width


def test_off_a_terminal_it_is_plain_python(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["show", "softmax"]) == 0
    compile(capsys.readouterr().out, "shown", "exec")
