from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.analysis.blocks import disturbance, without
from bench.machine.idle import Quiet
from bench.store.cell import Cell, Problem
from bench.store.raw_rows import STOPPED, Block, Disturbance, Rounds
from bench.timing.schedule import next_block
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


def run_all(disturbed: Callable[[int], bool], target: int) -> list[Block]:
    """Run blocks until none is left; `disturbed` tells which, by number."""
    blocks: list[Block] = []
    while (following := next_block(blocks, target)) is not None:
        number, replaces = following
        blocks.append(Block(number, replaces, 0.0, 1.0, "busy" if disturbed(number) else ""))
    return blocks


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


def test_disturbed_blocks_are_run_again_after_all_others() -> None:
    blocks = run_all(lambda number: number in (2, 5), 8)
    assert [(block.number, block.replaces) for block in blocks[8:]] == [(9, 2), (10, 5)]
    assert without(blocks) == {2, 5}


def test_a_block_is_run_again_twice_and_then_kept() -> None:
    blocks = run_all(lambda number: number in (3, 13, 14), 12)
    assert [(block.number, block.replaces) for block in blocks[12:]] == [(13, 3), (14, 13)]
    assert without(blocks) == {3, 13}
    assert blocks[-1].disturbed


def test_a_machine_that_is_always_busy_costs_a_quarter_more() -> None:
    blocks = run_all(lambda _number: True, 14)
    assert len(blocks) == 18
    assert len(blocks) - len(without(blocks)) == 14
    assert without(blocks) == {1, 2, 3, 4}


def test_a_stopped_block_neither_counts_nor_replaces() -> None:
    done = [Block(1, None, 0, 1, ""), Block(2, None, 0, 0, STOPPED)]
    assert next_block(done, 2) == (3, None)
    done += [Block(3, None, 0, 1, "busy"), Block(4, None, 0, 0, STOPPED)]
    assert next_block(done, 2) == (5, 3)
    assert without(done) == {2, 4}


class Machine:
    """A clock that sleeping moves, and the per cent of a moment in which a process waits, by the time."""

    def __init__(self, percent: Callable[[float], float]) -> None:
        self.now = 100.0
        self.percent = percent
        self.waited: float | None = 0.0

    def sleep(self, seconds: float) -> None:
        if self.waited is not None:
            self.waited += seconds * self.percent(self.now - 100) / 100
        self.now += seconds

    def quiet(self) -> Quiet:
        return Quiet(lambda: self.waited, lambda: self.now, self.sleep, budget_seconds=60)


@pytest.mark.parametrize("percent", [0.0, 9.9])
def test_a_calm_machine_is_not_waited_for(percent: float) -> None:
    assert Machine(lambda _now: percent).quiet().wait() == 0


def test_a_machine_that_does_not_tell_is_not_waited_for() -> None:
    machine = Machine(lambda _now: 50.0)
    machine.waited = None
    assert machine.quiet().wait() == 0


def test_waiting_ends_with_the_load() -> None:
    assert Machine(lambda now: 50.0 if now < 20 else 3.0).quiet().wait() == 20


def test_waiting_has_one_budget_for_the_whole_run() -> None:
    quiet = Machine(lambda _now: 50.0).quiet()
    assert [quiet.wait() for _ in range(3)] == [60, 0, 0]
