from __future__ import annotations

from dataclasses import replace

import pytest

from bench.store.cell import BROKEN, BY_THE_GATE, LIES, NOT_ATTEMPTED, OF_ONE_PROCESS, Cell, Status
from tests.support.made_up import DIGITS

ONE = Cell("torch_nn", DIGITS, "cpu", 1)


@pytest.mark.parametrize(("cell", "alone"), [(ONE, True), (replace(ONE, threads=2), False)])
def test_a_cell_runs_on_one_processor_if_it_has_one_thread_and_no_device(cell: Cell, alone: bool) -> None:
    assert cell.on_one_processor is alone
    assert not replace(cell, device="cuda:0").on_one_processor


def test_cells_of_one_contest_differ_in_who_runs_them_alone() -> None:
    other = replace(ONE, implementation="jax_grad", device="cuda:0")
    assert ONE.contest == other.contest and ONE.runner != other.runner
    assert ONE.contest != replace(ONE, threads=2).contest


def test_a_status_is_of_one_kind() -> None:
    """A new status belongs in one group of bench/store/cell.py: exit codes, audit and reports depend on these."""
    kinds = [*NOT_ATTEMPTED, *BY_THE_GATE, *BROKEN, *LIES, *OF_ONE_PROCESS]
    assert {*kinds} == {*Status}
    assert [status for status in Status if kinds.count(status) > 1] == [Status.UNCHECKED]
