"""What sums over many rows are granted in float32, against the worst case, and how much of it is used.

    python -m tests.scenarios.draw.sums

Prints the budgets of loss and gradients relative to their sizes, then the largest share of a gradient's budget that an
implementation uses on the data as they are and with every row the same. It takes about two minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

import impls
from bench.gate import case, expect, judge, observe, reference
from bench.plan import cells, starts
from bench.plan.options import Options
from bench.store.cell import Problem
from impls.protocol import Dataset, Device

DTYPE = "float32"
BUDGETS = (
    "synthetic:logistic,n=1000",
    "synthetic:logistic,n=20000",
    "synthetic:logistic,n=1000000",
    "synthetic:multivariate_linear,n=1000000",
)
SHARES = ("digits", "breast_cancer", "synthetic:logistic,n=300000", "synthetic:softmax,n=100000")


def main() -> None:
    """Print both tables."""
    print(pd.DataFrame(_budgets(spec) for spec in BUDGETS).to_markdown(index=False))
    print(pd.DataFrame(row for spec in SHARES for row in _shares(spec)).to_markdown(index=False))


def _problem(spec: str) -> tuple[Problem, Dataset]:
    made = cells.make(Options(datasets=(spec,), dtypes=(DTYPE,), implementations=("numpy_manual",)))
    problem = made.cells[0].problem
    return problem, made.data[problem.dataset, DTYPE]


def _budgets(spec: str) -> dict[str, object]:
    problem, dataset = _problem(spec)
    start = starts.draw(problem.model, problem.d, problem.k, DTYPE, (problem.seed,))
    row: dict[str, object] = {"data": spec}
    for name, usual in (("worst case", False), ("now", True)):
        wide = reference.widen(dataset, usual=usual)
        point = reference.evaluate(wide, reference.stacked(start, wide))
        for quantity, scaled in (("loss", point.loss), ("gradient", point.gradients)):
            row[f"{quantity}, {name}"] = reference.finest(scaled, reference.unit_roundoff(DTYPE))
    return row


def _shares(spec: str) -> Iterator[dict[str, object]]:
    problem, dataset = _problem(spec)
    x, y = dataset.x.copy(), dataset.y.copy()
    x[:], y[:] = np.float32(0.1) * (1 + np.arange(dataset.d) % 3), y[0]
    same = replace(dataset, x=x, y=y)
    for rows, data, rate in (("as they are", dataset, problem.learning_rate), ("all the same", same, 0.01)):
        own = case.of_problem(replace(problem, learning_rate=rate), data, 2)
        opinion = expect.expect(own)
        row: dict[str, object] = {"data": spec, "rows": rows}
        yield row | {name: _largest(name, own, opinion) for name in impls.FOUR}


def _largest(name: str, own: case.Case, opinion: list[tuple[str, expect.Expected]]) -> float:
    seen = observe.observe(impls.load(name), own, Device("cpu"))
    judged = judge.against_reference(seen, opinion, reference.unit_roundoff(DTYPE))
    return max(one.share for one in judged if judge.group(one.name) == "gradients")


if __name__ == "__main__":
    main()
