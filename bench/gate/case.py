"""A case: one problem that every implementation is put through, and the cases of a benchmarked problem."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.plan import starts
from bench.store.cell import Problem
from impls.protocol import Dataset, FloatArray, LabelArray, Model, Params, Recipe, zeros

PREFIX = "gate:"
EVERYTHING = frozenset({"loss", "gradients", "parameters", "predictions"})

# How many rows of a benchmarked shape are not zero, and from how many rows on that is another problem than its own.
SMALL_ROWS = 64
SHAPE_ROWS = 2 * SMALL_ROWS


@dataclass(frozen=True, eq=False)
class Case:
    """One problem that every implementation is put through.

    reason    what this data reveals
    points    further parameters at which loss, gradients and predictions are asked for
    watched   the epochs after which parameters are compared (counted from 1)
    exact     the quantities that are exactly representable, so that equality is bitwise
    fills     other contents for the same arrays, in this order; a new trainer for each
    twin      the start of a second trainer that is trained in turns with the first
    differences  whether the gradients are compared with finite differences of the loss as well
    own       the data are those that are timed: `bench.gate.training` judges the parameters, by the sharpest budget
    small     the rows of the dataset that are not zero, by whose budget it is judged
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
    fills: tuple[Dataset, ...] = ()
    twin: Params | None = None
    differences: bool = False
    own: bool = False
    small: Dataset | None = None


def of_problem(problem: Problem, dataset: Dataset, epochs: int) -> Case:
    """Return the case of a benchmarked problem: its own data, from a drawn start and from zeros.

    Parameters are looked at after each of the first epochs, then after twice as many each time, and in the end.
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
    """Yield the checks that stay sharp at the shape of one step of a benchmarked problem.

    A budget grows with the rows, so a fault of some digits can hide in a large problem's. It cannot hide here:
    64 rows spread over that many rows of zeros keep the budget of 64 rows, and integers have no budget at all.
    """
    rows = problem.batch_size or problem.n
    if rows >= SHAPE_ROWS:
        yield _spread(problem, rows, dtype)
        if not problem.model.classifies:
            yield _integers(problem, 1 << (rows.bit_length() - 1), dtype)


def _spread(problem: Problem, rows: int, dtype: str) -> Case:
    """64 drawn rows, the first and the last of all among them; the rest are rows of zeros with a target of zero.

    The mean is over all rows, so a gradient is 64/rows of the small problem's, and the learning rate makes up for it.
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
        reason="64 rows among rows of zeros, at the benchmarked shape: reduced precision, rows left out",
        dataset=replace(small, name="spread", x=x, y=y),
        start=Params(start.w, np.zeros_like(start.b)),
        recipe=Recipe(0.01 * rows / SMALL_ROWS, feed=problem.feed),
        epochs=1,
        watched=(1,),
        small=small,
    )


def _integers(problem: Problem, rows: int, dtype: str) -> Case:
    """Small integers, and few rows with a residual, so that every sum is exact in 24 bits whatever its order."""
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
        reason="integers at the benchmarked shape, held bitwise: reduced precision, rows left out",
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
