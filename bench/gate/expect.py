"""What the reference expects in a case: the value and the scale of each observed quantity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bench.gate import reference, training, trajectory
from bench.gate.case import Case
from bench.gate.observe import NUMBERS
from bench.gate.reference import BUDGET, Point, Scaled, Wide, WideProblem
from impls.protocol import Dataset, Model, Params, parameter_shapes

# |third derivative| of log(1 + exp z), and of log sum exp in one logit, is p(1-p)|1-2p| <= 1/(6 sqrt 3).
THIRD_DERIVATIVE = 1 / (6 * np.sqrt(3))

Expectation = dict[str, Scaled]


@dataclass(frozen=True)
class Expected:
    """The reference's expectations for one case and one filling of its arrays.

    common     quantities that are the same for every implementation
    admitted   if the case ends in a remark, the same quantities with the budget of rounding
    problem    the wide rows, from which `at` computes expectations at an implementation's own parameters
    """

    case: Case
    dataset: Dataset
    problem: WideProblem
    common: Expectation
    admitted: Expectation = field(default_factory=dict)

    def at(self, observed: Mapping[str, NDArray[np.generic]], name: str) -> Expectation | None:
        """Return the loss, gradients and predictions at the parameters that the implementation reports.

        None if these are not such parameters.
        """
        if self.case.small is not None:
            return {}
        w, b = (observed.get(f"{name}/at {part}") for part in "wb")
        shapes = parameter_shapes(self.dataset.model, self.dataset.d, self.dataset.classes)
        if w is None or b is None or (w.shape, b.shape) != shapes or {w.dtype.kind, b.dtype.kind} - NUMBERS:
            return None
        own = Params(w, b)
        inexact = replace(self.case, exact=frozenset())
        return dict(_state(inexact, self.dataset, self.problem, own, name))


def expect(case: Case) -> list[tuple[str, Expected]]:
    """Return the expectations for each filling of the case's arrays, with the prefix of their names."""
    if not case.fills:
        return [("", _expect(case, case.dataset))]
    return [(f"fill {number}/", _expect(case, fill)) for number, fill in enumerate(case.fills)]


def _expect(case: Case, dataset: Dataset) -> Expected:
    if case.small is not None:
        problem = reference.widen(case.small)
        return Expected(case, dataset, problem, dict(_spread(case, case.small, problem)))
    problem = reference.widen(dataset, usual=case.own and dataset.x.dtype == np.float32)
    common: Expectation = {}
    common.update(_state(case, dataset, problem, case.start, "start"))
    for number, point in enumerate(case.points):
        common.update(_state(case, dataset, problem, point, f"point {number}"))
    common.update((_own if case.own else _trajectory)(case, dataset, problem))
    if case.twin is not None:
        run = _run(case, problem, case.twin)
        ((last, _),) = trajectory.watch(run, problem, [case.epochs])
        common.update(split(last, dataset, "twin/parameters"))
    if case.differences and problem.dtype == "float64":
        common.update(
            split(_differences(problem, reference.stacked(case.start, problem)), dataset, "start/differences")
        )
    inexact = replace(case, exact=frozenset(), remark="")
    return Expected(case, dataset, problem, common, _expect(inexact, dataset).common if case.remark else {})


def _spread(case: Case, small: Dataset, problem: WideProblem) -> Iterator[tuple[str, Scaled]]:
    """Yield the quantities that rows of zeros merely scale: the small problem's values and budgets, times its share.

    A row of zeros adds 0 to the gradient of w and, with b = 0 and y = 0, to every quantity of a linear model. It adds
    log k to a classifier's loss and an inexact term to its bias gradient, so both are left out.
    """
    share = _ratio(small.n, case.dataset.n, problem)
    rate = np.asarray(case.recipe.learning_rate, problem.dtype).astype(problem.x.dtype) * share
    theta = reference.stacked(case.start, problem)
    point = reference.evaluate(problem, theta)
    moved = theta - rate * point.gradients.value
    error = rate * point.gradients.scale + np.abs(moved) + rate * np.abs(point.gradients.value)
    quantities = {"start/gradients": _times(point.gradients, share), "epoch 1/parameters": Scaled(moved, error)}
    for name, stacked in quantities.items():
        for part, scaled in split(stacked, small, name):
            if part.endswith("w") or not small.model.classifies:
                yield part, scaled
    if not small.model.classifies:
        yield "start/loss", _times(point.loss, share)


def _ratio(part: int, whole: int, problem: WideProblem) -> Wide:
    return np.asarray(part, problem.x.dtype) / np.asarray(whole, problem.x.dtype)


def _times(scaled: Scaled, factor: Wide) -> Scaled:
    return Scaled(factor * scaled.value, factor * scaled.scale)


def _run(case: Case, problem: WideProblem, start: Params) -> trajectory.Run:
    theta = reference.stacked(start, problem)
    return trajectory.run(problem, theta, case.recipe, range(case.epochs), rounded="parameters" in case.exact)


def _trajectory(case: Case, dataset: Dataset, problem: WideProblem) -> Iterator[tuple[str, Scaled]]:
    run = _run(case, problem, case.start)
    if not case.watched:
        return
    for epoch, (parameters, loss) in zip(case.watched, trajectory.watch(run, problem, case.watched), strict=True):
        yield from split(_exactly(case, "parameters", parameters), dataset, f"epoch {epoch}/parameters")
        yield f"epoch {epoch}/loss", loss


def _own(case: Case, dataset: Dataset, problem: WideProblem) -> Iterator[tuple[str, Scaled]]:
    """Yield the parameters after the watched epochs and the loss after the last, on a problem's own data."""
    parameters = training.after(dataset, case.start, case.recipe, case.watched)
    for epoch, one in zip(case.watched, parameters, strict=False):  # nothing if no batch is left
        yield from split(one, dataset, f"epoch {epoch}/parameters")
        if epoch == case.epochs:
            yield f"epoch {epoch}/loss", trajectory.loss_at(problem, one.value, one.scale)


def _state(
    case: Case, dataset: Dataset, problem: WideProblem, params: Params, name: str
) -> Iterator[tuple[str, Scaled]]:
    point = reference.evaluate(problem, reference.stacked(params, problem), rounded=bool(case.exact))
    predictions = _exactly(case, "predictions", point.predictions)
    if dataset.model is not Model.SOFTMAX:
        predictions = Scaled(predictions.value[:, 0], predictions.scale[:, 0])
    yield f"{name}/loss", _exactly(case, "loss", point.loss)
    yield from split(_exactly(case, "gradients", point.gradients), dataset, f"{name}/gradients")
    yield f"{name}/one prediction", Scaled(predictions.value[:1], predictions.scale[:1])
    yield f"{name}/predictions", predictions
    yield f"{name}/reversed predictions", predictions
    labels = _labels(case, dataset, point, problem.granted)
    yield f"{name}/one label", Scaled(labels.value[:1], labels.scale[:1])
    yield f"{name}/labels", labels


def _labels(case: Case, dataset: Dataset, point: Point, granted: float) -> Scaled:
    """Return the labels, with scale 0, or infinity where rounding may flip them."""
    p, budget = point.predictions.value, granted * point.predictions.scale
    if not dataset.model.classifies:
        return Scaled(np.zeros(dataset.n), np.zeros(dataset.n))
    if dataset.model is Model.LOGISTIC:
        labels, unclear = p[:, 0] >= 0.5, np.abs(p[:, 0] - 0.5) <= budget[:, 0]
    else:
        labels = p.argmax(axis=1)
        rows = np.arange(len(p))
        reach = p + budget
        best = p[rows, labels] - budget[rows, labels]
        reach[rows, labels] = -np.inf
        unclear = reach.max(axis=1) >= best
    if "labels" in case.exact:
        unclear = np.zeros_like(unclear)
    return Scaled(labels.astype(np.float64), np.where(unclear, np.inf, 0.0))


def _differences(problem: WideProblem, theta: Wide) -> Scaled:
    """Return the gradients with the scale of central differences of a computed loss.

    With step h, the error is at most the sum of C u scale(loss) / h for the two roundings of the loss,
    |g| u (|theta| + h) / h for those of theta +- h, and h^2/6 times the third derivative, mean |a|^3 times its bound.
    """
    u, h = reference.unit_roundoff(problem.dtype), float(np.finfo(problem.dtype).eps) ** (1 / 3)
    point = reference.evaluate(problem, theta)
    a = np.concatenate([problem.x, np.ones((problem.n, 1), problem.x.dtype)], axis=1)
    bound = THIRD_DERIVATIVE if problem.model.classifies else 0.0
    third = bound * np.mean(np.abs(a) ** 3, axis=0)[:, None] * np.ones((1, problem.k))
    gradients = point.gradients
    neighbour = reference.evaluate(problem, theta + np.where(theta < 0, -h, h)).loss.scale
    scale = neighbour / h + np.abs(gradients.value) * (np.abs(theta) + h) / h + h**2 / 6 * third / (BUDGET * u)
    return Scaled(gradients.value, scale + gradients.scale)


def _exactly(case: Case, quantity: str, scaled: Scaled) -> Scaled:
    return Scaled(scaled.value, np.zeros_like(scaled.scale)) if quantity in case.exact else scaled


def split(stacked: Scaled, dataset: Dataset, name: str) -> Iterator[tuple[str, Scaled]]:
    """Yield the parts w and b of an array shaped like theta (d + 1, k), in the shapes of the Protocol."""
    w, b = parameter_shapes(dataset.model, dataset.d, dataset.classes)
    yield f"{name} w", Scaled(stacked.value[:-1].reshape(w), stacked.scale[:-1].reshape(w))
    yield f"{name} b", Scaled(stacked.value[-1].reshape(b), stacked.scale[-1].reshape(b))
