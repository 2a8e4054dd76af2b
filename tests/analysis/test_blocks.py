from __future__ import annotations

import pytest

from bench.analysis.blocks import disturbance
from bench.store.cell import Cell, Problem
from bench.store.raw_rows import Disturbance, Rounds
from datasets.dataset import Model

PROBLEM = Problem("any", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)


def rounds(
    wall: float | None,
    cpu: float | None,
    pressure: float | None = 0.0,
    *,
    own: float | None = None,
    name: str = "any",
    device: str = "cpu",
    threads: int = 1,
) -> Rounds:
    seen = Disturbance(wall_seconds=wall, cpu_seconds=cpu, pressure_seconds=pressure, own_queue_seconds=own)
    cell = Cell("any", PROBLEM, device, threads)
    return Rounds(cell, name, 1, 0, 1, 1, 1.0, (1.0,), disturbance=seen)


@pytest.mark.parametrize(
    ("seen", "disturbed"),
    [
        (rounds(1.0, 1.0), False),
        (rounds(1.0, 0.981), False),
        (rounds(1.0, 0.979), True),
        (rounds(1.0, 1.0, 0.059), False),
        (rounds(1.0, 1.0, 0.061), True),
        (rounds(1.0, 1.0, 0.30, own=0.25), False),
        (rounds(1.0, 1.0, 0.30, own=0.23), True),
        (rounds(1.0, 0.97, 0.30, own=0.30), True),
        (rounds(1.0, 1.0, None), False),
        (rounds(1.0, None, None), False),
        (rounds(None, None, None), False),
        (rounds(1.0, 0.5, device="cuda:0"), False),
        (rounds(1.0, 0.5, threads=2), False),
        (rounds(1.0, 0.5, name="null"), False),
    ],
)
def test_a_process_is_disturbed_by_what_its_counters_say(seen: Rounds, disturbed: bool) -> None:
    assert bool(disturbance([seen])) is disturbed


def test_the_cells_of_a_process_are_judged_together() -> None:
    assert disturbance([rounds(9.0, 9.0), rounds(1.0, 0.9)]) == ""
    assert disturbance([rounds(2.0, 2.0), rounds(2.0, 1.8)]).startswith("any had its processor for 95.0 %")
    assert disturbance([]) == ""
