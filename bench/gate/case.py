"""Cases: the problems that every implementation is tested on, and how a benchmarked problem becomes one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.plan import starts
from bench.store.cell import Problem
from impls.protocol import Dataset, FloatArray, LabelArray, Model, Params, Recipe, zeros

PREFIX = "gate:"
EVERYTHING = frozenset({"loss", "gradients", "parameters", "predictions"})

# How many rows are not zero in a check of a benchmarked shape, and how many rows a shape needs to get that check.
SMALL_ROWS = 64
SHAPE_ROWS = 2 * SMALL_ROWS


@dataclass(frozen=True, eq=False)
class Case:
    """One problem that every implementation is tested on.

    reason    what these data reveal
    points    further parameters at which loss, gradients and predictions are compared
    watched   the epochs after which parameters are compared, counted from 1
    exact     the quantities that are exactly representable and therefore compared bitwise
    remark    what to report, instead of a mismatch, if a quantity is not exact but within the budget of rounding
    fills     contents that the same arrays hold one after the other; each gets a new trainer
    twin      the start of a second trainer, which takes turns with the first
    differences  whether the gradients are also compared with finite differences of the loss
    own       whether the data are the timed ones, on which `bench.gate.training` gives parameters the sharpest budget
    small     the dataset's nonzero rows, if the case is judged by their budget
    """

    name: str
    reason: str
    dataset: Dataset
    start: Params
    recipe: Recipe
    epochs: int
    watched: tuple[int, ...]
    points: tuple[Params, ...] = ()
    exact: frozenset[str] = frozenset()
    remark: str = ""
    fills: tuple[Dataset, ...] = ()
    twin: Params | None = None
    differences: bool = False
    own: bool = False
    small: Dataset | None = None


def of_problem(problem: Problem, dataset: Dataset, epochs: int) -> Case:
    """Return the case of a benchmarked problem: its own data, with a random start and with zeros.

    Parameters are compared after each of the first five epochs, then at doubling intervals, and after the last epoch.
    """
    return Case(
        name=problem.dataset,
        reason="the data that are timed",
        dataset=dataset,
        start=starts.draw(problem.model, problem.d, problem.k, problem.dtype, (problem.seed,)),
        recipe=problem.recipe,
        epochs=epochs,
        watched=_looks(epochs),
        points=(zeros(dataset),),
        own=True,
    )


def _looks(epochs: int) -> tuple[int, ...]:
    doubled = (1 << power for power in range(3, epochs.bit_length()))
    return tuple(sorted({*range(1, min(epochs, 5) + 1), *doubled, epochs}))


def at_shape(problem: Problem, dtype: str) -> Iterator[Case]:
    """Yield checks with the shape of one step of a benchmarked problem that remain sharp however many rows it has.

    A budget grows with the number of rows, so the budget of a large problem can hide an error of several digits. These
    checks cannot: 64 rows spread among rows of zeros keep the budget of 64 rows, and integers have no budget at all.
    """
    rows = problem.batch_size or problem.n
    if rows >= SHAPE_ROWS:
        yield _spread(problem, rows, dtype)
        if not problem.model.classifies:
            yield _integers(problem, 1 << (rows.bit_length() - 1), dtype)


def _spread(problem: Problem, rows: int, dtype: str) -> Case:
    """Spread 64 random rows, the first row and the last included, among rows of zeros with a target of zero.

    The mean is over all rows, so a gradient is 64/rows of the small problem's; the learning rate compensates for that.
    """
    generator = np.random.default_rng((rows, problem.d, problem.k))
    small = _drawn(problem, generator.normal(size=(SMALL_ROWS, problem.d)), generator, dtype)
    where = np.linspace(0, rows - 1, SMALL_ROWS).astype(np.int64)
    x: FloatArray = np.zeros((rows, *small.x.shape[1:]), dtype)
    y: FloatArray | LabelArray = np.zeros(rows, small.y.dtype)  # type: ignore[assignment]
    x[where], y[where] = small.x, small.y
    start = starts.draw(problem.model, problem.d, problem.k, dtype, (rows,))
    return Case(
        name=f"{PREFIX}spread_{rows}x{problem.d}",
        reason="64 rows among rows of zeros, in the benchmarked shape: reduced precision, missing rows",
        dataset=replace(small, name="spread", x=x, y=y),
        start=Params(start.w, np.zeros_like(start.b)),
        recipe=Recipe(0.01 * rows / SMALL_ROWS, feed=problem.feed),
        epochs=1,
        watched=(1,),
        small=small,
    )


def _integers(problem: Problem, rows: int, dtype: str) -> Case:
    """Make small integers and few nonzero residuals, so that every sum is exact in 24 bits whatever its order."""
    generator = np.random.default_rng((rows, problem.d))
    x = generator.integers(-3, 4, (rows, problem.d)).astype(dtype)
    w = generator.integers(-2, 3, problem.d).astype(dtype)
    r = np.zeros(rows, dtype)
    r[:: max(1, rows // SMALL_ROWS)] = 1
    x[0, 0] = w[0] = 1
    x[0, 0] = 2.0**11 + 1
    dataset = _dataset(problem, x, (x.astype(np.float64) @ w + 1 - r).astype(dtype))
    return Case(
        name=f"{PREFIX}integers_{rows}x{problem.d}",
        reason="integers in the benchmarked shape, compared bitwise: reduced precision, missing rows",
        dataset=dataset,
        start=Params(w.reshape(() if problem.model is Model.SIMPLE_LINEAR else -1), np.array(1, dtype)),
        recipe=Recipe(0.25, feed=problem.feed),
        epochs=1,
        watched=(1,),
        exact=EVERYTHING,
    )


def _drawn(problem: Problem, x: np.ndarray, generator: np.random.Generator, dtype: str) -> Dataset:
    if problem.model.classifies:
        return _dataset(problem, x.astype(dtype), generator.integers(0, max(problem.k, 2), len(x)))
    return _dataset(problem, x.astype(dtype), generator.normal(size=len(x)))


def _dataset(problem: Problem, x: np.ndarray, y: np.ndarray) -> Dataset:
    return Dataset(
        name="drawn",
        model=problem.model,
        x=np.ascontiguousarray(x[:, 0] if problem.model is Model.SIMPLE_LINEAR else x),
        y=y.astype(np.int64 if problem.model is Model.SOFTMAX else x.dtype),
        classes=problem.k,
        learning_rate=0.0,
        source="drawn for the gate",
        licence="MIT",
    )
