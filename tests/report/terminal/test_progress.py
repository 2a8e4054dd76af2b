"""Progress during a run: plain lines without a terminal, a display drawn in place on one."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from bench.plan.controls import NULL
from bench.process.events import Event, Note, Stage, Step, Timed
from bench.report.terminal.console import Screen
from bench.report.terminal.progress import display
from bench.store.cell import Cell, Problem
from bench.store.raw_rows import Rounds
from datasets.dataset import Model

DIGITS = Problem("digits", Model.SOFTMAX, 1797, 64, 10, "float32", 0.1, None, False, False, 0)


def timed(name: str) -> Timed:
    return Timed((Rounds(Cell(name, DIGITS, "cpu", 1), name, 1, 2, 1, 1.0, (2e-3, 4e-3, 3e-3)),))


EVENTS: Sequence[Event] = (
    Step(Stage.AGREEMENT, "agreement: 2 workers", "torch_nn and jax_grad", 0, 2),
    Step(Stage.AGREEMENT, "agreement: observed jax_grad", "torch_nn", 1, 2),
    Step(Stage.BLOCKS, "block 1 of 14", "numpy_manual", 0, 28),
    timed("numpy_manual"),
    timed(NULL),
    Step(Stage.BLOCKS, "block 1 of 14", "jax_grad", 1, 28),
    Note("block 1 was disturbed: jax_grad had its processor for 91.0 % of the time"),
)


def shown(*, terminal: bool, verbose: bool = False, quiet: bool = False) -> tuple[str, list[str]]:
    """Return everything that was written, and what each event added."""
    file, parts = io.StringIO(), []
    console = Console(
        file=file, width=80, force_terminal=terminal, color_system=None, legacy_windows=False, quiet=quiet, _environ={}
    )
    with display(Screen(console, console, console, verbose=verbose)) as listener:
        for event in EVENTS:
            before = len(file.getvalue())
            listener(event)
            parts.append(file.getvalue()[before:])
    return file.getvalue(), parts


def test_off_a_terminal_a_line_says_only_what_is_new() -> None:
    text, _ = shown(terminal=False)
    assert text.splitlines() == [
        "agreement: 2 workers",
        "agreement: observed jax_grad",
        "block 1 of 14",
        "block 1 was disturbed: jax_grad had its processor for 91.0 % of the time",
    ]


def test_verbose_names_every_worker_and_its_times() -> None:
    text, _ = shown(terminal=False, verbose=True)
    assert "block 1 of 14: numpy_manual\nnumpy_manual: digits 1.50 ms\nblock 1 of 14: jax_grad\n" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_shows_nothing(terminal: bool) -> None:
    assert shown(terminal=terminal, quiet=True)[0] == ""


def test_on_a_terminal_it_is_drawn_in_place_and_gone_in_the_end() -> None:
    text, parts = shown(terminal=True)
    last = parts[-1]
    assert "block 1 of 14" in last and "1/28" in last and "jax_grad" in last and "1/2" in last
    assert "last: numpy_manual: digits 1.50 ms" in last and "note: block 1 was disturbed" in last
    assert max(len(line) for line in last.splitlines()) <= 80 + len("\x1b[1A\x1b[2K" * 5)
    assert text.endswith("\x1b[2K") or text.rstrip("\r").endswith("\x1b[2K")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
