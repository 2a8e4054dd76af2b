"""The gate on problems' own data over batch sizes: what agrees, how small an error is found, and what it costs.

    JAX_ENABLE_X64=0 python -m tests.scenarios.draw.batches FOLDER float32 [IMPLEMENTATION...]
    JAX_ENABLE_X64=1 python -m tests.scenarios.draw.batches FOLDER float64 [IMPLEMENTATION...]

Writes FOLDER/agree-DTYPE.csv, a row for each problem and implementation, and FOLDER/faults-DTYPE.csv, a row for each
problem and planted fault of `tests.support.training_faults`. Both grow as it runs, and what is there already is not
tried again. It takes one to two hours.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import datasets
import impls
from bench.errors import BadInput
from bench.gate import case, expect, judge, observe, reference, training
from bench.plan import cells
from bench.plan.options import Options
from bench.store.cell import Problem, Status
from impls.protocol import Dataset, Device, Implementation
from tests.support.training_faults import FAULTS

CPU = Device("cpu")
BATCHES = ("1", "2", "3", "8", "64", "full")
EPOCHS = (5, 1, 50)
# Eager torch takes longer for a step than the reference does, and is tried up to this many.
MOST_TORCH_STEPS = 30_000
DRAWN = (
    "synthetic:logistic,n=20000",
    "synthetic:softmax,n=20000",
    "synthetic:softmax,n=2000,d=784,k=10",
    "synthetic:multivariate_linear,n=60000,d=784",
    "synthetic:softmax,n=60000,d=784,k=10",
)

AGREE = (
    "data",
    "batch",
    "epochs",
    "steps",
    "reference_seconds",
    "smallest_error_found",
    "implementation",
    "status",
    "share",
    "detail",
    "observed_seconds",
    "judged_seconds",
)
CHANGES = ("data", "batch", "epochs", "fault", "smallest_error_found", "change", "refused")


def main() -> None:
    """Go through the table, the small data and the large batches first."""
    folder, dtype, *names = sys.argv[1:]
    names = names or [*impls.FOUR, *(name for name, row in impls.TABLE.items() if row.role is impls.Role.TUNED)]
    made = Path(folder)
    made.mkdir(parents=True, exist_ok=True)
    table = _csv_file(made / "table.csv")
    for spec in (*datasets.DATASETS, str(table), *DRAWN):
        for size in reversed(BATCHES):
            for problem, dataset in _problems(spec, size, dtype):
                for epochs in EPOCHS:
                    _try(problem, dataset, epochs, names, made)


def _csv_file(path: Path) -> Path:
    """Write a table of 2,000 rows as people have them: features of unlike scales, and a target with noise."""
    random = np.random.default_rng(0)
    x = random.normal(size=(2000, 6)) * [1, 10, 0.1, 3, 1, 50] + [0, 5, 0, -2, 1, 100]
    price = x @ [3, -1, 20, 0.5, 2, 0.1] + random.normal(size=2000)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "c", "d", "e", "f", "price"])
        writer.writerows(np.column_stack([x, price]).tolist())
    return path


def _problems(spec: str, size: str, dtype: str) -> Iterator[tuple[Problem, Dataset]]:
    options = Options(
        datasets=(spec,),
        batch_sizes=(size,),
        dtypes=(dtype,),
        implementations=("numpy_manual",),
        target="price" if spec.endswith(".csv") else None,
    )
    try:
        made = cells.make(options)
    except BadInput:  # more rows in a batch than in the data
        return
    for cell in made.cells:
        yield cell.problem, made.data[cell.problem.dataset, dtype]


def _try(problem: Problem, dataset: Dataset, epochs: int, names: Sequence[str], folder: Path) -> None:
    """Add what becomes of the implementations and of the faults; the reference is asked once."""
    agree, faults = (folder / f"{name}-{problem.dtype}.csv" for name in ("agree", "faults"))
    row: dict[str, object] = {"data": Path(problem.dataset).name, "batch": problem.batch_size or "full"}
    row["epochs"] = epochs
    if _known(agree, row):
        return
    steps = epochs * len(problem.batching.rows(dataset.n, 0))
    reason = training.too_long(dataset, problem.batching, epochs)
    if reason:
        _add(agree, AGREE, row | {"steps": steps, "status": Status.UNCHECKED, "detail": reason})
        return
    own = case.of_problem(problem, dataset, epochs)
    began = time.perf_counter()
    opinion = expect.expect(own)
    seconds = time.perf_counter() - began
    expected = opinion[0][1].common
    row["smallest_error_found"] = reference.finest(expected[f"epoch {epochs}/parameters w"], _unit(own))
    for name in names if steps <= MOST_TORCH_STEPS else (name for name in names if "torch" not in name):
        _add(agree, AGREE, row | {"steps": steps, "reference_seconds": seconds} | _agree(name, own, opinion))
    for name, fault in FAULTS.items():
        _add(faults, CHANGES, row | {"fault": name} | _changed(fault, own, expected))


def _known(path: Path, row: dict[str, object]) -> bool:
    if not path.exists():
        return False
    with path.open(newline="") as file:
        return any(all(line[name] == str(value) for name, value in row.items()) for line in csv.DictReader(file))


def _unit(own: case.Case) -> float:
    return reference.unit_roundoff(str(own.dataset.x.dtype))


def _agree(name: str, own: case.Case, opinion: list[tuple[str, expect.Expected]]) -> dict[str, object]:
    began = time.perf_counter()
    seen = observe.observe(impls.load(name), own, CPU)
    observed = time.perf_counter()
    judged = judge.against_reference(seen, opinion, _unit(own))
    worst = min(judged, key=judge.urgency)
    return {
        "implementation": name,
        "status": worst.status,
        "share": worst.share,
        "detail": worst.unchecked or ("" if worst.agrees else worst.place),
        "observed_seconds": observed - began,
        "judged_seconds": time.perf_counter() - observed,
    }


def _changed(fault: Implementation, own: case.Case, expected: expect.Expectation) -> dict[str, object]:
    """Return whether the parameters of any watched epoch are refused, and the largest relative change of w's length."""
    trainer = fault(own.dataset, own.start, own.recipe, CPU)
    trainer.reset(own.start, own.epochs)
    refused, change = False, 0.0
    for epoch in range(1, own.epochs + 1):
        trainer.epoch()
        if epoch in own.watched:
            for part, got in zip("wb", trainer.params(), strict=True):
                wanted = expected[f"epoch {epoch}/parameters {part}"]
                refused |= judge.compare("parameters", got, wanted, _unit(own)).status is Status.MISMATCH
                if part == "w":
                    change = max(change, _length(got - wanted.value) / _length(wanted.value))
    return {"change": change, "refused": refused}


def _length(w: NDArray[np.floating[Any]]) -> float:
    return float(np.linalg.norm(w.astype(np.float64)))


def _add(path: Path, columns: Sequence[str], row: dict[str, object]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns)
        if new:
            writer.writeheader()
        writer.writerow(row)
    print(*row.values(), flush=True)


if __name__ == "__main__":
    main()
