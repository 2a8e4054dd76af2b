"""How much of the budgets of stochastic arithmetic honest implementations use, and how small an error is found.

    python -m tests.scenarios.draw.stochastic

Prints two tables: drawn problems, judged by stochastic arithmetic alone however small they are; and real and synthetic
data over batch sizes, at the default rate. It takes some minutes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

import impls
from bench.gate import judge, reference, stochastic
from bench.plan import cells, starts
from bench.plan.options import EPOCHS, Options
from impls.protocol import Dataset, Device, Model, Params, Recipe
from tests.scenarios.draw.problems import drawn

PROBLEMS = 300
DATA = (
    "study_hours",
    "diabetes",
    "breast_cancer",
    "digits",
    "synthetic:logistic,n=20000",
    "synthetic:softmax,n=20000",
    "synthetic:softmax,n=2000,d=784,k=10",
)
BATCHES = ("1", "3", "64", "full")


def main() -> None:
    """Print both tables."""
    print(pd.DataFrame(_drawn()).to_markdown(index=False))
    print(pd.DataFrame(_over_batches()).to_markdown(index=False))


def _drawn() -> Iterator[dict[str, object]]:
    for model in Model:
        for dtype in ("float32", "float64"):
            cases = [drawn(model, dtype, number) for number in range(PROBLEMS)]
            row: dict[str, object] = {"model": str(model), "dtype": dtype, "problems": PROBLEMS}
            for name in ("numpy_manual", "numpy_blocked"):
                row[name] = max(
                    (_share(name, one.dataset, one.start, one.recipe, one.epochs)[0] for one in cases), default=0.0
                )
            yield row


def _over_batches() -> Iterator[dict[str, object]]:
    for spec in DATA:
        sizes = [size for size in BATCHES if (spec, size) != ("study_hours", "64")]  # it has three rows
        made = cells.make(Options(datasets=(spec,), batch_sizes=tuple(sizes), implementations=("numpy_manual",)))
        for cell in made.cells:
            problem = cell.problem
            dataset = made.data[problem.dataset, problem.dtype]
            start = starts.draw(problem.model, problem.d, problem.k, problem.dtype, (problem.seed,))
            row: dict[str, object] = {"data": spec, "batch": problem.batch_size or "full"}
            for name in ("numpy_manual", "jax_grad"):
                row[name], row["smallest error found"] = _share(name, dataset, start, problem.recipe, EPOCHS)
            yield row


def _share(name: str, dataset: Dataset, start: Params, recipe: Recipe, epochs: int) -> tuple[float, float]:
    """Return the largest share of the budget of the last parameters, and the smallest error that it would find."""
    dtype = str(dataset.x.dtype)
    u = reference.unit_roundoff(dtype)
    expected = list(stochastic.along(dataset, start, recipe, range(epochs)))
    if not expected:
        return 0.0, 0.0
    with np.errstate(all="ignore"):
        trainer = impls.load(name)(dataset, start, recipe, Device("cpu"))
        trainer.reset(start, epochs)
        for _ in range(epochs):
            trainer.epoch()
        trainer.synchronize()
    seen = reference.stacked(trainer.params(), reference.widen(dataset.some(slice(0, 1))))
    return judge.compare("parameters", seen, expected[-1], u).share, reference.finest(expected[-1], u)


if __name__ == "__main__":
    main()
