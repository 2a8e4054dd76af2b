from __future__ import annotations

from dataclasses import replace

import pytest

import impls
from bench.plan.controls import NULL
from bench.store.cell import Cell, Problem
from bench.timing import entrants
from bench.timing.entrants import Racer, contests, together, worker_groups
from datasets.dataset import Model

OTHER = "other:Implementation"


def cell(dataset: str, implementation: str = OTHER, dtype: str = "float32", threads: int = 1) -> Cell:
    problem = Problem(dataset, Model.SIMPLE_LINEAR, 1000, 1, 1, dtype, 0.01, None, False, False, 0)
    return Cell(implementation, problem, "cpu", threads)


CELLS = [cell(dataset, name) for name in (impls.BASELINE, OTHER) for dataset in "ab"]
BYTES = 4 * 1000 * (2 + 6)


def test_a_block_has_every_implementation_once_the_baseline_twice_and_the_null_one() -> None:
    groups = worker_groups(CELLS, controls=True)
    assert [group.implementation for group in groups] == [impls.BASELINE, OTHER, f"{impls.BASELINE}@aa", NULL]
    assert [len(group.cells) for group in groups] == [2, 2, 2, 1]
    assert [group.implementation for group in worker_groups(CELLS, controls=False)] == [impls.BASELINE, OTHER]


def test_workers_share_neither_dtype_nor_threads() -> None:
    cells = [cell("a"), cell("a", dtype="float64"), cell("a", threads=2)]
    groups = worker_groups(cells, controls=False)
    assert [len(group.cells) for group in groups] == [1] * 3
    assert len({group.name for group in groups}) == 3


def test_who_trains_one_problem_takes_turns() -> None:
    found = contests(worker_groups([*CELLS, cell("a", threads=2)], controls=False))
    assert [[(one.group.implementation, one.cell.threads) for one in contest] for contest in found] == [
        [(impls.BASELINE, 1), (OTHER, 1)],
        [(impls.BASELINE, 1), (OTHER, 1)],
        [(OTHER, 2)],
    ]


def names(groups: list[list[Racer]]) -> list[list[str]]:
    return [[one.group.implementation for one in group] for group in groups]


@pytest.mark.parametrize(
    ("fitting", "compared", "expected"),
    [
        (4, True, [["numpy_manual", OTHER, "more", "numpy_manual@aa"]]),
        (3, True, [["numpy_manual", OTHER], ["numpy_manual", "more"], ["numpy_manual", "numpy_manual@aa"]]),
        (1, True, [["numpy_manual"], [OTHER], ["more"], ["numpy_manual@aa"]]),
        (3, False, [["numpy_manual"], [OTHER], ["more"], ["numpy_manual@aa"]]),
    ],
)
def test_trainers_that_do_not_fit_take_turns_in_pairs_or_one_after_another(
    fitting: int, compared: bool, expected: list[list[str]]
) -> None:
    cells = [cell("a", name) for name in (impls.BASELINE, OTHER, "more")]
    (runners,) = contests(worker_groups(cells, controls=True)[:-1])
    assert names(together(runners, fitting * BYTES, compared=compared)) == expected


def test_without_a_baseline_there_are_no_pairs() -> None:
    (runners,) = contests(worker_groups([cell("a"), cell("a", "more"), cell("a", "most")], controls=False))
    assert names(together(runners, 2 * BYTES)) == [[OTHER], ["more"], ["most"]]


def test_all_of_a_block_take_turns_on_one_processor_and_in_the_next_on_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {5, 3}, raising=False)
    (runners,) = contests(worker_groups([cell("a")], controls=False))
    assert [entrants.core(runners, block) for block in (1, 2, 3)] == [5, 3, 5]
    for other in (replace(runners[0].cell, threads=2), replace(runners[0].cell, device="cuda:0")):
        assert entrants.core([*runners, Racer(runners[0].group, other)], 1) is None
