"""The gate's own test data: small named cases, each included for what it reveals alone or best.

Cases share shapes where their purposes allow it, because libraries that compile do so once per shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from bench.gate.case import EVERYTHING, PREFIX, Case
from datasets import lessons
from datasets.curvature import largest_eigenvalue
from impls.protocol import Batching, Dataset, Feed, Model, Params, Recipe, parameter_shapes, zeros

FED = ", fed"

LESSONS = (
    lessons.study_hours,
    lessons.identity,
    lessons.triple,
    lessons.quiz_scores,
    lessons.pass_fail,
    lessons.three_grades,
)


@dataclass(frozen=True)
class _Draw:
    """Draw random problems of one model and dtype; all numbers are rounded to the dtype immediately."""

    model: Model
    dtype: str
    generator: np.random.Generator = field(default_factory=lambda: np.random.default_rng(20260101))

    def dataset(self, n: int, d: int, k: int, *, centre: float = 0.0, scale: float = 1.0) -> Dataset:
        d = 1 if self.model is Model.SIMPLE_LINEAR else d
        x = self.generator.normal(centre, scale, (n, d))
        return self.of(x, self._targets(x, k), k)

    def _targets(self, x: np.ndarray, k: int) -> np.ndarray:
        n = len(x)
        if self.model is Model.SOFTMAX:
            return self.generator.permutation(np.arange(n) % k)
        if self.model is Model.LOGISTIC:
            return self.generator.permutation(np.arange(n) % 2)
        return x @ self.generator.normal(size=x.shape[1]) + self.generator.normal(size=n)

    def of(self, x: np.ndarray, y: np.ndarray, k: int) -> Dataset:
        """Return a dataset with these rows; x has shape (n, d) and is flattened for simple_linear."""
        softmax = self.model is Model.SOFTMAX
        return Dataset(
            name="",
            model=self.model,
            x=np.ascontiguousarray(x[:, 0] if self.model is Model.SIMPLE_LINEAR else x, self.dtype),
            y=np.asarray(y, np.int64 if softmax else self.dtype),
            classes=k if softmax else 1,
            learning_rate=0.0,
            source="drawn for the gate",
            licence="MIT",
        )

    def start(self, dataset: Dataset, scale: float = 0.5) -> Params:
        w, b = parameter_shapes(self.model, dataset.d, dataset.classes)
        return Params(*(np.asarray(self.generator.normal(0, scale, shape), self.dtype) for shape in (w, b)))


def _case(
    draw: _Draw,
    name: str,
    reason: str,
    dataset: Dataset,
    *,
    start: Params | None = None,
    learning_rate: float | None = None,
    batching: Batching | None = None,
    epochs: int = 3,
    watched: tuple[int, ...] | None = None,
    **more: object,
) -> Case:
    rate = _rate(dataset) if learning_rate is None else learning_rate
    case = Case(
        name=PREFIX + name,
        reason=reason,
        dataset=replace(dataset, name=PREFIX + name),
        start=draw.start(dataset) if start is None else start,
        recipe=Recipe(rate, batching or Batching()),
        epochs=epochs,
        watched=tuple(range(1, epochs + 1)) if watched is None else watched,
    )
    return replace(case, **more)  # type: ignore[arg-type]  # fields of Case, which checks them


def _rate(dataset: Dataset) -> float:
    """Return a stable learning rate that is not a round number: half of 1/L, with L from the longest row."""
    rows = dataset.x.reshape(dataset.n, -1).astype(np.float64)
    return float(0.5 / (2 * (1 + (rows**2).sum(axis=1).max())))


def _mini(draw: _Draw) -> Case:
    data = draw.dataset(13, 3, 4)
    start = draw.start(data)
    return _case(
        draw,
        "mini",
        "a last batch of one row, rows shuffled again for each epoch: dropped, wrapped or reweighted batches, a stale "
        "row order or one of its own, learning rate times batch size, gradients that are not zeroed",
        data,
        batching=Batching(4, shuffle=True, seed=3),
        epochs=4,
        start=start,
        points=(draw.start(data, 1.0), draw.start(data, 0.1)),
        twin=_permuted(start),
        differences=True,
    )


def _permuted(start: Params) -> Params:
    """Return the same numbers in reverse order: a different start with the same sum and length."""
    flat = np.concatenate([np.ravel(part) for part in start])[::-1]
    return Params(
        flat[: np.size(start.w)].reshape(np.shape(start.w)), flat[np.size(start.w) :].reshape(np.shape(start.b))
    )


def _mini_ordered(draw: _Draw) -> Case:
    data = draw.dataset(13, 3, 4)
    data.x[8:12], data.y[8:12] = data.x[:4], data.y[:4]
    return _case(
        draw,
        "mini_ordered",
        "batches as slices, the last one shorter, and duplicate rows: rows lost at an end, duplicates counted once",
        data,
        batching=Batching(5),
        epochs=2,
    )


def _mini_dropped(draw: _Draw) -> Case:
    data = draw.dataset(13, 3, 4)
    return _case(
        draw,
        "mini_dropped",
        "shuffled rows and a short last batch that must be dropped",
        data,
        batching=Batching(4, shuffle=True, drop_last=True, seed=5),
        epochs=2,
    )


def _single_rows(draw: _Draw) -> Case:
    data = draw.dataset(13, 3, 4)
    return _case(
        draw,
        "single_rows",
        "shuffled batches of one row: squeezed shapes",
        data,
        batching=Batching(1, shuffle=True, seed=9),
        epochs=2,
    )


def _zero_start(draw: _Draw) -> Case:
    data = draw.dataset(13, 3, 4, centre=1.5)
    return _case(
        draw,
        "zero_start",
        "features that are not centred, parameters that start at 0: a different start, a missing bias",
        data,
        start=zeros(data),
        differences=True,
    )


def _centred(draw: _Draw) -> Case:
    data = draw.dataset(13, 3, 4)
    x = data.x - data.x.mean(axis=0, dtype=np.float64)
    return _case(
        draw,
        "centred",
        "centred features and a random start: a wrong bias gradient that hides elsewhere; a full batch that is dropped",
        replace(data, x=x.astype(draw.dtype)),
        batching=Batching(drop_last=True),
    )


def _one_row(draw: _Draw) -> Case:
    data = draw.dataset(1, 1, 3)
    return _case(draw, "one_row", "a single row, where sum and mean are equal: collapsed shapes", data)


def _square(draw: _Draw) -> Case:
    data = draw.dataset(4, 4, 4)
    return _case(draw, "square", "n = d = k: transposed weights, a wrong axis, (n, 1) for (n,)", data, differences=True)


def _refilled(draw: _Draw) -> Case:
    first, second = draw.dataset(13, 3, 4), draw.dataset(13, 3, 4)
    return _case(
        draw,
        "refilled",
        "the same arrays with other contents, then with the first again: results cached by shape or by id, data "
        "captured at compilation, warm starts",
        first,
        fills=(first, second, first),
        epochs=2,
    )


def _plateau(draw: _Draw) -> Case:
    data = draw.dataset(13, 3, 4)
    return _case(
        draw,
        "plateau",
        "256 epochs: early stopping, decay, skipped or extrapolated epochs",
        data,
        epochs=256,
        watched=(1, 2, 5, 10, 20, 50, 100, 150, 256),
    )


def _many_rows(draw: _Draw) -> Case:
    data = draw.dataset(40_000, 3, 2, centre=0.5)
    data.x[1 << 15 :] *= -1  # so that the other rows cannot stand in for these: a budget of 40,000 rows is wide
    return _case(
        draw,
        "many_rows",
        "40,000 rows in one shuffled batch: sums and means over n, truncated batches, row numbers beyond 16 bits",
        data,
        batching=Batching(shuffle=True, seed=7),
        epochs=1,
    )


def _many_classes(draw: _Draw) -> Case:
    return _case(
        draw, "many_classes", "150 classes, one row of each: truncated labels", draw.dataset(150, 1, 150), epochs=1
    )


def _uphill(draw: _Draw) -> Case:
    """Use a learning rate of 1.1 times 2 / L, with features so small that L is nearly that of the bias alone."""
    data = draw.dataset(13, 3, 4, scale=0.1)
    rate = 2.2 / largest_eigenvalue(draw.model, data.x.reshape(data.n, -1).astype(np.float64))
    return _case(
        draw,
        "uphill",
        "a learning rate above 2 / L, so that the loss may rise: capped rates, undone steps, best parameters kept",
        data,
        learning_rate=rate,
        epochs=6,
    )


def _ties(draw: _Draw) -> Case:
    data = draw.dataset(13, 3, 4)
    return _case(
        draw,
        "ties",
        "p exactly 0.5, equal logits: > for >=, the last of the largest for the first",
        data,
        start=zeros(data),
        epochs=0,
        exact=frozenset({"labels"}),
    )


# Logits from 0 to beyond where exp underflows or overflows in float32 and in float64, with the kinks between.
MAGNITUDES = (0.0, 1e-4, 0.1, 0.5, 1, 2, 5, 10, 15, 17, 20, 25, 37, 50, 80, 88, 90, 100, 104, 300, 745, 1000)


def _one_row_logits(draw: _Draw) -> Iterator[Case]:
    """Yield a one-row case for each label; its points set the logit to each magnitude and sign."""
    k = 3 if draw.model is Model.SOFTMAX else 1
    for label in range(2):
        data = draw.of(np.ones((1, 1)), np.array([label]), k)
        yield _case(
            draw,
            f"one_row_logits_{label}",
            "one row with logits from -1000 to 1000: overflow, clipping, clamped logarithms, the kink at 0",
            data,
            start=_logit(draw, 1.0),
            epochs=1,
            learning_rate=0.5,
            points=tuple(_logit(draw, sign * z) for z in MAGNITUDES for sign in (1, -1)),
        )


def _logit(draw: _Draw, z: float) -> Params:
    if draw.model is Model.SOFTMAX:
        return Params(np.array([[z, 0.0, -z]], draw.dtype), np.zeros(3, draw.dtype))
    return Params(np.array([z], draw.dtype), np.array(0.0, draw.dtype))


def _large_logits(draw: _Draw) -> Case:
    data = draw.dataset(13, 3, 4, scale=300.0)
    return _case(draw, "large_logits", "training with logits up to about +-1000", data, start=draw.start(data, 1.0))


def _integers(draw: _Draw) -> Case:
    """Make n, the learning rate and every sum exact in 24 bits; the entry 2^21 + 1 needs 22 bits."""
    d = 1 if draw.model is Model.SIMPLE_LINEAR else 4
    x = draw.generator.integers(-3, 4, (4, d)).astype(float)
    x[2, 0] = 2.0**21 + 1
    w = np.array([1.0, -2.0, 3.0, 2.0])[:d]
    r = np.array([2.0, -1, 1, -2])
    start = Params(np.asarray(w[0] if draw.model is Model.SIMPLE_LINEAR else w, draw.dtype), np.array(1, draw.dtype))
    return _case(
        draw,
        "integers",
        "integers and powers of two, compared bitwise: reduced precision, split products, factors close to 1",
        draw.of(x, x @ w + 1 - r, 1),
        start=start,
        learning_rate=0.25,
        epochs=1,
        exact=EVERYTHING,
    )


# Honest code may round less than the textbook's: fused multiply-adds, wider accumulators, (x w - y) + b.
_WIDER = "something is computed in a wider format than the one asked for, or in another order"


def _absorbed(draw: _Draw) -> Case:
    """Make x w + b = 1 + 2^-30, which rounds to 1 in float32 only; the residual and all that follows differ as well."""
    x, w = np.zeros((4, 4)), np.zeros(4)
    x[:, 0] = w[0] = 1
    start = np.array(1 if draw.model is Model.SIMPLE_LINEAR else w, draw.dtype)
    return _case(
        draw,
        "absorbed",
        "a bias of 2^-30 that float32 absorbs and float64 must not: a precision other than the requested one",
        draw.of(x, np.ones(4), 1),
        start=Params(start, np.array(2.0**-30, draw.dtype)),
        learning_rate=0.5,
        epochs=1,
        exact=EVERYTHING,
        remark=_WIDER if draw.dtype == "float32" else "",
    )


def _vanishing(draw: _Draw) -> Case:
    """Make every parameter 1 or -1 and every update less than u/5, so that updates must vanish however often repeated.

    The signs make a classifier's logits 0, so that its residuals are as constant as those of a linear model.
    """
    signs = np.ones(1) if draw.model is Model.SIMPLE_LINEAR else np.array([1.0, -1.0, -1.0])
    k = 4 if draw.model is Model.SOFTMAX else 1
    shapes = parameter_shapes(draw.model, len(signs), k)
    w = np.broadcast_to(signs[:, None], (len(signs), k)).reshape(shapes[0])
    return _case(
        draw,
        "vanishing",
        "updates far below the last digit: parameters kept in a wider precision than requested",
        draw.of(np.ones((13, len(signs))), np.full(13, 0 if draw.model.classifies else -1), k),
        start=Params(np.array(w, draw.dtype), np.ones(shapes[1], draw.dtype)),
        learning_rate=float(np.finfo(draw.dtype).eps) / 64,
        epochs=128,
        watched=(128,),
        exact=frozenset({"parameters"}),
        remark=_WIDER,
    )


def _lessons(draw: _Draw) -> Iterator[Case]:
    for build in LESSONS:
        table = build().astype(draw.dtype)
        if table.model is draw.model:
            yield _case(
                draw,
                table.name,
                "a table from the lessons, with figures that anyone can check",
                table,
                start=zeros(table),
                learning_rate=table.learning_rate,
                epochs=20,
                watched=(1, 2, 5, 10, 20),
            )


def cases(model: Model, dtype: str, feed: Feed = Feed.DEVICE) -> list[Case]:
    """Return every case of one model and dtype; each is drawn from a fixed seed, so that all processes agree.

    With rows fed from the host, the cases are the same and their names end in ", fed".
    """
    if feed is Feed.HOST:
        drawn = cases(model, dtype)
        return [replace(case, name=f"{case.name}{FED}", recipe=replace(case.recipe, feed=feed)) for case in drawn]
    builders = [_mini, _mini_ordered, _mini_dropped, _single_rows, _zero_start, _centred, _one_row, _square]
    builders += [_refilled, _plateau, _uphill, _many_rows, _ties, _vanishing]
    if model.classifies:
        builders.append(_large_logits)
    else:
        builders += [_integers, _absorbed]
    if model is Model.SOFTMAX:
        builders.append(_many_classes)
    built = [build(_Draw(model, dtype)) for build in builders]
    if model.classifies:
        built += _one_row_logits(_Draw(model, dtype))
    return built + list(_lessons(_Draw(model, dtype)))
