"""Sizes in geometric steps; costs that are fitted; crossovers that are told only where the intervals tell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

import impls
from bench import plan, racing, scaling, sweep
from bench.errors import BadInput
from bench.plan import Options
from bench.records import Cell, Problem, Rounds, Scaling
from datasets.dataset import Model

PROBLEM = Problem("any", Model.LOGISTIC, 100, 16, 1, "float32", 0.1, None, False, False, 0)


def rounds(name: str, n: int, seconds: float, batch_size: int | None = None, blocks: int = 8) -> list[Rounds]:
    cell = Cell(name, replace(PROBLEM, n=n, batch_size=batch_size), "cpu", 1)
    return [
        Rounds(cell, name, block, 0, 1, 1, 1.0, (seconds * (1 + 0.001 * block),) * 3) for block in range(1, blocks + 1)
    ]


def expand(
    *sweeps: str, models: Sequence[str] = (), batch_sizes: Sequence[int | None] = (), threads: int = 1
) -> sweep.Swept:
    return sweep.expand(sweeps, models=models, dtypes=(), batch_sizes=batch_sizes, threads=threads, blocks=14, seed=0)


def test_steps_are_geometric_and_hold_both_ends() -> None:
    made = plan.make(Options(models=("simple_linear",), sweeps=("n=10:1e3",)))
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
    """A million steps take hours, and one step of as many rows does not."""
    found = expand("n=1e6:1e6", "batch_size=1:1", models=["logistic"], batch_sizes=(None,))
    (name,) = found.datasets
    assert found.batch_sizes == (None, 1)
    assert found.beyond == {(name, 1)}
    (said,) = found.left_out
    assert said.startswith(f"{name}, batches of 1: takes ")


def test_a_pair_out_of_reach_has_no_cells() -> None:
    asked = Options(models=("simple_linear",), sweeps=("n=1e5:1e5", "batch_size=1:1"), batch_sizes=("full",))
    made = plan.make(asked)
    assert {cell.problem.batch_size for cell in made.cells} == {None}
    assert len(made.beyond) == 1


def test_threads_are_doubled_and_change_nothing_else() -> None:
    found = expand("threads=1:6", models=["logistic"])
    assert found.threads == (1, 2, 4, 6)
    assert found.datasets == ("synthetic:logistic,n=10000,d=16,seed=0",)


def test_every_number_of_threads_has_cells_and_a_worker_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    made = plan.make(Options(models=("simple_linear",), sweeps=("n=50:50", "threads=1:4")))
    assert {cell.threads for cell in made.cells} == {1, 2, 4}
    shared = racing.lanes(made.cells, controls=True)
    assert all(len({cell.threads for cell in lane.cells}) == 1 for lane in shared)
    twins = [lane.cells[0].threads for lane in shared if lane.name == f"{impls.BASELINE}@aa"]
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
        plan.make(Options(sweeps=asked))


def test_threads_are_swept_or_given() -> None:
    with pytest.raises(BadInput, match="leave one of them out"):
        expand("threads=1:2", threads=2)


def test_a_sweep_draws_its_own_data() -> None:
    with pytest.raises(BadInput, match="leave out --dataset"):
        plan.make(Options(sweeps=("n=1:2",), datasets=("digits",)))


def costs(found: list[Scaling]) -> dict[str, Scaling]:
    return {one.implementation: one for one in found if not one.against}


def test_overhead_and_slope_are_those_that_the_times_were_made_of() -> None:
    made = [one for n in (100, 1000, 10_000) for one in rounds("a", n, 2e-5 + 3e-9 * n)]
    one = costs(scaling.scalings(made))["a"]
    assert one.step_seconds == pytest.approx(2e-5, rel=0.01)
    assert one.row_seconds == pytest.approx(3e-9, rel=0.01)
    assert one.step_seconds_low is not None and one.step_seconds_high is not None
    assert one.step_seconds is not None and one.step_seconds_low < one.step_seconds < one.step_seconds_high


def test_batches_tell_the_two_apart_at_one_number_of_rows() -> None:
    made = [one for size in (10, 100, 1000) for one in rounds("a", 1000, 1000 / size * 2e-5 + 3e-6, size)]
    one = costs(scaling.scalings(made))["a"]
    assert one.step_seconds == pytest.approx(2e-5, rel=0.01)
    assert one.row_seconds == pytest.approx(3e-9, rel=0.01)


def test_sizes_that_cannot_tell_them_apart_have_no_costs() -> None:
    made = [one for n in (100, 1000) for one in rounds("a", n, 1e-6 * n, 10)]
    assert costs(scaling.scalings(made)) == {}


def test_a_crossover_lies_where_the_times_are_the_same() -> None:
    sizes = (100, 1000, 10_000, 100_000)
    made = [one for n in sizes for one in rounds("a", n, 1e-5 + 4e-8 * n) + rounds("b", n, 1e-4 + 1e-8 * n)]
    (crossing,) = [one for one in scaling.scalings(made) if one.against]
    assert (crossing.implementation, crossing.against) == ("a", "b")
    assert (crossing.crossover_rows_low, crossing.crossover_rows_high) == (1000, 10_000)
    assert crossing.crossover_rows == pytest.approx(3000, rel=0.2)


def test_two_that_never_change_places_have_no_crossover() -> None:
    made = [one for n in (100, 1000) for one in rounds("a", n, 1e-8 * n) + rounds("b", n, 2e-8 * n)]
    assert [one for one in scaling.scalings(made) if one.against] == []


def test_one_size_is_no_sweep() -> None:
    assert scaling.scalings(rounds("a", 100, 1e-5) + rounds("b", 100, 2e-5)) == []
