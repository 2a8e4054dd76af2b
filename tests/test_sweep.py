"""Sizes in geometric steps, for every model, and within reach."""

from __future__ import annotations

import pytest

from bench import plan, sweep
from bench.errors import BadInput
from bench.plan import Options


def test_steps_are_geometric_and_hold_both_ends() -> None:
    made = plan.make(Options(models=("simple_linear",), sweeps=("n=10:1e3",)))
    sizes = list(dict.fromkeys(cell.problem.n for cell in made.cells))
    assert sizes == [10, 32, 100, 320, 1000]
    assert made.beyond == ()


def test_every_axis_is_swept_for_every_model() -> None:
    found = sweep.expand(["n=50:50", "d=2:4", "k=3:3", "batch_size=8:8"], [], [], 14, 0)
    assert found.batch_sizes == ("8",)
    assert found.datasets == (
        "synthetic:simple_linear,n=50,d=1,seed=0",
        "synthetic:multivariate_linear,n=50,d=2,seed=0",
        "synthetic:multivariate_linear,n=50,d=4,seed=0",
        "synthetic:logistic,n=50,d=2,seed=0",
        "synthetic:logistic,n=50,d=4,seed=0",
        "synthetic:softmax,n=50,d=2,k=3,seed=0",
        "synthetic:softmax,n=50,d=4,k=3,seed=0",
    )


def test_what_is_out_of_reach_is_left_out_and_said() -> None:
    found = sweep.expand(["n=1e2:1e12"], ["logistic"], ["float32"], blocks=14, seed=0)
    assert found.datasets[0] == "synthetic:logistic,n=100,d=16,seed=0"
    assert any("minutes" in one for one in found.left_out) and any("GiB" in one for one in found.left_out)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("rows=1:2",), "unknown axis 'rows'"),
        (("n=2:1",), "FROM:TO"),
        (("n=ten",), "FROM:TO"),
        (("n=1:2", "n=1:3"), "twice"),
        (("n=1e15:1e16",), "nothing is within reach"),
    ],
)
def test_a_sweep_that_cannot_be_read_is_refused(asked: tuple[str, ...], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        plan.make(Options(sweeps=asked))


def test_a_sweep_draws_its_own_data() -> None:
    with pytest.raises(BadInput, match="leave out --dataset"):
        plan.make(Options(sweeps=("n=1:2",), datasets=("digits",)))
