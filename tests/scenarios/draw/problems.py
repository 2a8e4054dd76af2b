"""Random problems: every choice is in one table, and every number comes from one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.gate.case import Case
from datasets.curvature import largest_eigenvalue
from impls.protocol import Batching, Dataset, Model, Params, Recipe, parameter_shapes

Wide = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """What a compiler depends on: n x d, k classes, and the batching."""

    n: int
    d: int
    k: int
    batching: Batching


@dataclass(frozen=True)
class Ingredients:
    """The random properties of a problem besides its shape and numbers.

    decades   each column is scaled by a power of ten in [-decades, decades]
    offset    the mean of a column in units of its standard deviation
    constant  the first column is constant
    repeated  rows are drawn with replacement from a third of them
    collinear the last column is nearly the first, their weights nearly cancel, and the other weights are 0
    targets   fitted: what the linear model can reach, so classes are separable; single: only one class
    start     the standard deviation of the parameters at the start
    rate      the learning rate in units of 1/L, with L of all rows
    epochs    each epoch is watched
    own       parameters are judged as those of a benchmarked problem
    sizes     factors of the features, of a linear model's targets, and of the learning rate
    """

    decades: int
    offset: float
    constant: bool
    repeated: bool
    collinear: bool
    targets: str
    start: float
    rate: float
    epochs: int
    own: bool
    sizes: tuple[float, float, float] = (1.0, 1.0, 1.0)


# Entries listed twice are drawn twice as often.
CHOICES: dict[str, tuple[object, ...]] = {
    "decades": (0, 0, 2, 6),
    "offset": (0.0, 0.0, 1.0, 1e3),
    "constant": (False, False, True),
    "repeated": (False, False, True),
    "collinear": (False, False, True),
    "targets": ("random", "random", "fitted", "missing", "single"),
    "start": (0.0, 0.1, 1.0, 30.0, 1e3),
    "rate": (0.1, 0.5, 1.0, 1.5, 1.9),
    "epochs": (1, 2, 3),
    "own": (False, False, False, True),
}


def shape(generator: np.random.Generator) -> Shape:
    """Return a shape from 1 x 1 to 100,000 rows, 100 features and 20 classes, most of them small."""
    largest = generator.choice([40, 2000, 100_000], p=[0.989, 0.01, 0.001])
    wide = generator.random() < 0.02 and largest == 40
    n = _log_uniform(generator, 1 if largest == 40 else 40, largest)
    size = None if generator.random() < 0.4 else -(-n // int(generator.integers(2, 7)))
    shuffle, drop_last = (bool(generator.random() < 0.5) for _ in range(2))
    return Shape(
        n=n,
        d=_log_uniform(generator, 1, 100 if wide else 6),
        k=_log_uniform(generator, 2, 20 if wide else 6),
        batching=Batching(size, shuffle, drop_last, seed=int(generator.integers(100))),
    )


def _log_uniform(generator: np.random.Generator, low: int, high: int) -> int:
    return int(np.exp(generator.uniform(np.log(low), np.log(high + 1))))


# Compilation happens once per shape.
POOL = (Shape(1, 1, 2, Batching()), *(shape(np.random.default_rng((24, number))) for number in range(23)))


def ingredients(generator: np.random.Generator) -> Ingredients:
    """Draw one of each of the choices."""
    return Ingredients(**{name: options[generator.integers(len(options))] for name, options in CHOICES.items()})  # type: ignore[arg-type]


def drawn(model: Model, dtype: str, number: int, *, pooled: bool = False, edges: bool = False) -> Case:
    """Return the problem of this number, always the same.

    pooled   its shape comes from POOL
    edges    it is a benchmarked problem whose numbers lie anywhere in the range of the dtype
    """
    generator = np.random.default_rng(number)
    own = shape(generator)
    taken = POOL[number % len(POOL)] if pooled else own
    choice = ingredients(generator)
    return problem(model, dtype, taken, _at_edges(generator, dtype, choice) if edges else choice, number)


def _at_edges(generator: np.random.Generator, dtype: str, choice: Ingredients) -> Ingredients:
    """Draw the size of features, targets and learning rate from the whole range of the dtype; one in three stays 1."""
    low, high = np.log10(np.finfo(dtype).smallest_subnormal), np.log10(np.finfo(dtype).max)
    sizes = [1.0 if generator.random() < 1 / 3 else float(10 ** generator.uniform(low, high)) for _ in range(3)]
    return replace(choice, own=True, sizes=(sizes[0], sizes[1], sizes[2]))


def problem(model: Model, dtype: str, shape: Shape, choice: Ingredients, number: int) -> Case:
    """Return the case made from these choices and the numbers drawn from the seed `number`."""
    generator = np.random.default_rng((number, 1))
    x = _features(generator, shape.n, 1 if model is Model.SIMPLE_LINEAR else shape.d, choice)
    k = shape.k if model is Model.SOFTMAX else 1
    y = _targets(generator, model, x, k, choice.targets)
    rate = choice.rate / largest_eigenvalue(model, x) * choice.sizes[2]
    x = _within(x * choice.sizes[0], dtype)
    y = y if model.classifies else _within(np.asarray(y, np.float64) * choice.sizes[1], dtype)
    name = f"draw:{number}"
    dataset = Dataset(
        name=name,
        model=model,
        x=np.ascontiguousarray(x[:, 0] if model is Model.SIMPLE_LINEAR else x, dtype),
        y=np.asarray(y, np.int64 if model is Model.SOFTMAX else dtype),
        classes=k,
        learning_rate=rate,
        source="drawn",
        licence="MIT",
    )
    start, point = (_params(generator, dataset, choice) for _ in range(2))
    epochs = choice.epochs
    return Case(
        name=name,
        reason="",
        dataset=dataset,
        start=start,
        recipe=Recipe(dataset.learning_rate, shape.batching),
        epochs=epochs,
        watched=tuple(range(1, epochs + 1)),
        points=(point,),
        own=choice.own,
    )


def _within(array: Wide, dtype: str) -> Wide:
    """Return the numbers, cut to what the dtype holds: other data are refused before the gate."""
    largest = float(np.finfo(dtype).max)
    return np.clip(array, -largest, largest)


def _features(generator: np.random.Generator, n: int, d: int, choice: Ingredients) -> Wide:
    x = generator.normal(choice.offset, 1.0, (n, d))
    if choice.constant:
        x[:, 0] = 1
    if choice.repeated:
        x = x[generator.integers(max(1, n // 3), size=n)]
    x *= 10.0 ** generator.uniform(-choice.decades, choice.decades, d)
    if choice.collinear:
        x[:, -1] = x[:, 0] * (1 + _nearly_nothing(generator, n))
    return x


def _nearly_nothing(generator: np.random.Generator, size: int | tuple[int, ...]) -> Wide:
    return np.asarray(generator.normal(size=size) * 10.0 ** generator.uniform(-10, -2))


def _targets(generator: np.random.Generator, model: Model, x: Wide, k: int, targets: str) -> NDArray[np.generic]:
    n, d = x.shape
    # Columns have equal weight whatever their scale.
    w = generator.normal(size=(d, k)) / (np.abs(x).max(axis=0)[:, None] + 1e-300)
    scores = x @ w + generator.normal(size=k)
    if not model.classifies:
        noise = {"random": 1.0, "fitted": 0.0, "missing": 1e3, "single": 1e-3}[targets]
        return np.asarray(scores[:, 0] + generator.normal(0, noise, n))
    classes = max(2, k)
    if targets == "fitted":
        return np.asarray(scores[:, 0] >= 0 if model is Model.LOGISTIC else scores.argmax(axis=1))
    labels = generator.integers(classes, size=(n,))
    if targets == "missing":
        labels[labels == 0] = classes - 1
    return np.full(n, generator.integers(classes)) if targets == "single" else labels


def _params(generator: np.random.Generator, dataset: Dataset, choice: Ingredients) -> Params:
    w_shape, b_shape = parameter_shapes(dataset.model, dataset.d, dataset.classes)
    w, b = generator.normal(0, choice.start, w_shape), generator.normal(0, choice.start, b_shape)
    if choice.collinear and dataset.d > 1:
        w[1:-1] = 0
        w[-1] = -w[0] * (1 + _nearly_nothing(generator, w_shape[1:]))
    return Params(*(np.asarray(part, dataset.x.dtype) for part in (w, b)))
