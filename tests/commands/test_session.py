"""What a command plans before it runs anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.commands.session import prepare
from bench.plan.options import Options


@pytest.mark.parametrize(("timed", "left_out"), [(True, {1}), (False, set())])
def test_a_check_reaches_batches_of_one_that_timing_leaves_out(tmp_path: Path, timed: bool, left_out: set[int]) -> None:
    """10,000 steps per epoch: 23 minutes of timing for each implementation, but seconds to train for five epochs."""
    options = Options(
        models=("logistic",), sweeps=("batch_size=1:3",), implementations=("numpy_manual",), out=tmp_path / "run"
    )
    with prepare(options, "bench", timed=timed) as ready:
        sizes = {cell.problem.batch_size for cell in ready.plan.cells}
    assert {1, 3} - sizes == left_out
