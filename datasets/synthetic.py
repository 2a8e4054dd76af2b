"""Data of any size with known true weights: the same seed gives the same bytes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.curvature import learning_rate
from datasets.dataset import Dataset, FloatArray, LabelArray, Model

NOISE = 0.1
BLOCK_NUMBERS = 1 << 16
EXAMPLE = "synthetic:softmax,n=100000,d=64,k=10,seed=0"

Block = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A synthetic dataset and the float64 weights behind it: w (), (d,) or (d, k), b () or (k,)."""

    dataset: Dataset
    w: NDArray[np.float64]
    b: NDArray[np.float64]


def draw(model: Model, n: int, d: int, k: int = 1, seed: int = 0, *, dtype: str = "float64") -> Synthetic:
    """Draw n rows from the model itself, and return them with its true parameters.

    x is standard normal; w is normal with deviation 1/sqrt(d), so that z varies equally for every
    d; b is standard normal. y is z + 0.1 e with e standard normal for the linear models, and
    drawn from the model's own probabilities for the classifiers. k is 1 unless the model is softmax.

    Weights, features and targets each have their own random stream, read in row order, and z is summed feature
    by feature, so block size, BLAS and threads cannot change a byte. float32
    holds the same draws, rounded. Apart from x and y only blocks of half a MiB are allocated.

    Raises ValueError for sizes that do not fit the model or the memory.
    """
    _check(model, n, d, k, seed)
    weights, features, targets = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3))
    w = weights.standard_normal((d, k)) / np.sqrt(d)
    b = weights.standard_normal(k)
    try:
        x = np.empty((n, d), dtype)
        y = np.empty(n, np.int64 if model is Model.SOFTMAX else dtype)
    except (MemoryError, ValueError, OverflowError) as error:
        raise ValueError(f"{name(model, n, d, k, seed)}: does not fit in memory ({error}): use fewer rows") from None
    size = max(1, BLOCK_NUMBERS // max(d, k))
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        block = features.standard_normal((rows.stop - start, d))
        x[rows] = block
        y[rows] = _targets(model, _logits(block, w, b), targets)
    shaped = x[:, 0] if model is Model.SIMPLE_LINEAR else x
    return Synthetic(_dataset(model, shaped, y, k, seed), *_true(model, w, b))


def parse(spec: str) -> tuple[Model, int, int, int, int]:
    """Return model, n, d, k and seed of a spec such as synthetic:softmax,n=1e5,d=64,k=10,seed=0.

    n is required; d is 16 unless given (1 for simple_linear), k is 3 and for softmax only, seed is 0.
    Raises ValueError, in one line with the remedy, for anything else.
    """
    first, *pairs = [word.strip() for word in spec.partition(":")[2].split(",")]
    if first not in list(Model):
        near = difflib.get_close_matches(first, list(Model), n=1)
        remedy = f"did you mean {near[0]}?" if near else f"start with one of {', '.join(Model)}"
        raise ValueError(f"{spec}: no model '{first}': {remedy}; as in {EXAMPLE}")
    model = Model(first)
    known = ("n", "d", "k", "seed") if model is Model.SOFTMAX else ("n", "d", "seed")
    values: dict[str, int] = {}
    for pair in pairs:
        key, _, text = (part.strip() for part in pair.partition("="))
        if key not in known or key in values:
            wrong = "is given twice" if key in values else f"is not a setting of {model}"
            raise ValueError(f"{spec}: '{key}' {wrong}: give each of {', '.join(known)} once, as in {EXAMPLE}")
        values[key] = _whole(spec, key, text)
    if "n" not in values:
        raise ValueError(f"{spec}: the number of rows is missing: add n=1000, as in {EXAMPLE}")
    d = values.get("d", 1 if model is Model.SIMPLE_LINEAR else 16)
    k = values.get("k", 3 if model is Model.SOFTMAX else 1)
    sizes = (model, values["n"], d, k, values.get("seed", 0))
    _check(*sizes)
    return sizes


def name(model: Model, n: int, d: int, k: int, seed: int) -> str:
    """Return the full spec of these sizes, which `parse` reads back."""
    classes = f",k={k}" if model is Model.SOFTMAX else ""
    return f"synthetic:{model},n={n},d={d}{classes},seed={seed}"


def _whole(spec: str, key: str, text: str) -> int:
    """Return the whole number written as 1000, 1_000 or 1e3."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not number.is_integer():
        raise ValueError(f"{spec}: {key}={text} is not a whole number: write {key}=1000 or {key}=1e3")
    return int(number)


def _check(model: Model, n: int, d: int, k: int, seed: int) -> None:
    spec = name(model, n, d, k, seed)
    if n < 1 or d < 1 or seed < 0:
        raise ValueError(f"{spec}: n and d must be 1 or more, seed 0 or more")
    if model is Model.SIMPLE_LINEAR and d != 1:
        raise ValueError(f"{spec}: simple_linear has one feature: leave d out, or use multivariate_linear")
    if model is Model.SOFTMAX and k < 2:
        raise ValueError(f"{spec}: softmax needs at least two classes: give k=2 or more")
    if model is not Model.SOFTMAX and k != 1:
        raise ValueError(f"{spec}: only softmax takes k={k} classes: leave k out")


def _logits(block: Block, w: Block, b: Block) -> Block:
    z = np.tile(b, (len(block), 1))
    for j in range(len(w)):
        z += block[:, j, None] * w[j]
    return z


def _targets(model: Model, z: Block, stream: np.random.Generator) -> FloatArray | LabelArray:
    match model:
        case Model.SIMPLE_LINEAR | Model.MULTIVARIATE_LINEAR:
            return z[:, 0] + NOISE * stream.standard_normal(len(z))
        case Model.LOGISTIC:
            return (stream.random(len(z)) < 1 / (1 + np.exp(-z[:, 0]))).astype(np.float64)
        case Model.SOFTMAX:
            p = np.exp(z - z.max(axis=1, keepdims=True))
            below = np.cumsum(p, axis=1)
            passed: LabelArray = (below[:, :-1] <= stream.random((len(z), 1)) * below[:, -1:]).sum(axis=1)
            return passed


def _true(model: Model, w: Block, b: Block) -> tuple[Block, Block]:
    match model:
        case Model.SIMPLE_LINEAR:
            return w.reshape(()), b.reshape(())
        case Model.MULTIVARIATE_LINEAR | Model.LOGISTIC:
            return w[:, 0], b.reshape(())
        case Model.SOFTMAX:
            return w, b


def _dataset(model: Model, x: FloatArray, y: FloatArray | LabelArray, k: int, seed: int) -> Dataset:
    d = 1 if x.ndim == 1 else x.shape[1]
    return Dataset(
        name=name(model, len(x), d, k, seed),
        model=model,
        x=x,
        y=y,
        classes=k,
        learning_rate=learning_rate(model, x),
        source=f"drawn from {model} itself, seed {seed}",
        licence="MIT",
    )
