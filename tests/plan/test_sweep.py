"""Sizes in geometric steps, for every model, and within reach."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import impls
from bench.errors import BadInput
from bench.plan import cells, sweep
from bench.plan.options import Options
from bench.timing import entrants


def expand(
    *sweeps: str, models: Sequence[str] = (), batch_sizes: Sequence[int | None] = (), threads: int = 1
) -> sweep.Swept:
    return sweep.expand(sweeps, models=models, dtypes=(), batch_sizes=batch_sizes, threads=threads, blocks=14, seed=0)


def test_steps_are_geometric_and_hold_both_ends() -> None:
    made = cells.make(Options(models=("simple_linear",), sweeps=("n=10:1e3",)))
    sizes = list(dict.fromkeys(cell.problem.n for cell in made.cells))
    assert sizes == [10, 32, 100, 320, 1000]
    assert made.beyond == ()


def test_every_axis_is_swept_for_every_model() -> None:
    found = expand("n=50:50", "d=2:4", "k=3:3", "batch_size=8:8")
    assert found.batch_sizes == (8,)
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
    found = expand("n=1e2:1e12", models=["logistic"])
    assert found.datasets[0] == "synthetic:logistic,n=100,d=16,seed=0"
    assert any("minutes" in one for one in found.left_out) and any("GiB" in one for one in found.left_out)


def test_a_small_batch_out_of_reach_leaves_the_others_of_its_data() -> None:
    """A million steps take hours; one step over a million rows does not."""
    found = expand("n=1e6:1e6", "batch_size=1:1", models=["logistic"], batch_sizes=(None,))
    (name,) = found.datasets
    assert found.batch_sizes == (None, 1)
    assert found.beyond == {(name, 1)}
    (said,) = found.left_out
    assert said.startswith(f"{name}, batches of 1: takes ")


def test_a_pair_out_of_reach_has_no_cells() -> None:
    asked = Options(models=("simple_linear",), sweeps=("n=1e5:1e5", "batch_size=1:1"), batch_sizes=("full",))
    made = cells.make(asked)
    assert {cell.problem.batch_size for cell in made.cells} == {None}
    assert len(made.beyond) == 1


def test_threads_are_doubled_and_change_nothing_else() -> None:
    found = expand("threads=1:6", models=["logistic"])
    assert found.threads == (1, 2, 4, 6)
    assert found.datasets == ("synthetic:logistic,n=10000,d=16,seed=0",)


def test_every_number_of_threads_has_cells_and_a_worker_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    made = cells.make(Options(models=("simple_linear",), sweeps=("n=50:50", "threads=1:4")))
    assert {cell.threads for cell in made.cells} == {1, 2, 4}
    shared = entrants.worker_groups(made.cells, controls=True)
    assert all(len({cell.threads for cell in group.cells}) == 1 for group in shared)
    twins = [group.cells[0].threads for group in shared if group.implementation == f"{impls.BASELINE}@aa"]
    assert sorted(twins) == [1, 2, 4]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("rows=1:2",), "unknown axis 'rows'"),
        (("n=2:1",), "FROM:TO"),
        (("n=ten",), "FROM:TO"),
        (("n=1:2", "n=1:3"), "twice"),
        (("n=1e15:1e16",), "nothing is within reach"),
        (("threads=1:100000",), "the processors of this machine"),
    ],
)
def test_a_sweep_that_cannot_be_read_is_refused(asked: tuple[str, ...], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        cells.make(Options(sweeps=asked))


def test_threads_are_swept_or_given() -> None:
    with pytest.raises(BadInput, match="leave one of them out"):
        expand("threads=1:2", threads=2)


def test_a_sweep_draws_its_own_data() -> None:
    with pytest.raises(BadInput, match="leave out --dataset"):
        cells.make(Options(sweeps=("n=1:2",), datasets=("digits",)))
