"""How much of the budgets of stochastic arithmetic honest implementations use on drawn problems.

    python -m tests.scenarios.draw.stochastic

Every problem is judged by stochastic arithmetic alone, however small it is. It takes some minutes.
`tests.scenarios.draw.batches` has the same for real and synthetic data over batch sizes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

import impls
from bench.gate import judge, reference, stochastic
from bench.gate.case import Case
from impls.protocol import Device, Model
from tests.scenarios.draw.problems import drawn

PROBLEMS = 300


def main() -> None:
    """Print the largest share of a budget for each model, dtype and implementation."""
    print(pd.DataFrame(_rows()).to_markdown(index=False))


def _rows() -> Iterator[dict[str, object]]:
    for model in Model:
        for dtype in ("float32", "float64"):
            cases = [drawn(model, dtype, number) for number in range(PROBLEMS)]
            row: dict[str, object] = {"model": str(model), "dtype": dtype, "problems": PROBLEMS}
            yield row | {name: max(_share(name, one) for one in cases) for name in ("numpy_manual", "numpy_blocked")}


def _share(name: str, case: Case) -> float:
    """Return the largest share of the budget of the last parameters."""
    expected = list(stochastic.along(case.dataset, case.start, case.recipe, range(case.epochs)))
    if not expected:
        return 0.0
    with np.errstate(all="ignore"):
        trainer = impls.load(name)(case.dataset, case.start, case.recipe, Device("cpu"))
        trainer.reset(case.start, case.epochs)
        for _ in range(case.epochs):
            trainer.epoch()
        trainer.synchronize()
    seen = reference.stacked(trainer.params(), reference.widen(case.dataset.some(slice(0, 1))))
    u = reference.unit_roundoff(str(case.dataset.x.dtype))
    return judge.compare("parameters", seen, expected[-1], u).share


if __name__ == "__main__":
    main()
