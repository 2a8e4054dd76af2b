"""Sizes in geometric steps; costs that are fitted; crossovers that are told only where the intervals tell them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench import plan, scaling, sweep
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
