"""Observe what an implementation does on a case, through the Protocol alone.

An observation maps the names of quantities to arrays. Loss, gradients, parameters and predictions are judged against
the reference; a quantity with "itself/" in its name is the size of a difference that must be 0 on every problem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.gate.case import Case
from impls.protocol import Dataset, Device, Feed, Implementation, Model, Params, Recipe, Trainer, parameter_shapes

Observation = dict[str, NDArray[np.generic]]

# The kinds of dtype that are real numbers: booleans, integers, floats.
NUMBERS = frozenset("biuf")
# The name under which violations of the Protocol's form are listed in words.
FORM_FAULTS = "itself/form faults"


def observe(
    implementation: Implementation, case: Case, device: Device, alive: Callable[[], None] = lambda: None
) -> Observation:
    """Return what the implementation does on the case; its exceptions propagate.

    alive   called after each epoch, as a sign of life
    """
    if not case.fills:
        return _observe(implementation, case, device, alive)
    x, y = case.dataset.x.copy(), case.dataset.y.copy()
    seen: Observation = {}
    for number, fill in enumerate(case.fills):
        x[...], y[...] = fill.x, fill.y
        refilled = replace(case, dataset=replace(case.dataset, x=x, y=y))
        found = _observe(implementation, refilled, device, alive)
        seen |= {f"fill {number}/{name}": value for name, value in found.items()}
    return seen


def _observe(implementation: Implementation, case: Case, device: Device, alive: Callable[[], None]) -> Observation:
    before = case.dataset.digest()
    trainer = implementation(case.dataset, _lent(case.start), case.recipe, device)
    form = _Form(case.dataset)
    seen: Observation = {}
    seen |= _point(trainer, case.dataset, case.start, form, "start")
    for number, point in enumerate(case.points):
        seen |= _point(trainer, case.dataset, point, form, f"point {number}")
    _reset(trainer, case.start, case.epochs)
    seen["itself/start again"] = _difference(trainer.params(), case.start)
    seen |= _trained(trainer, case, form, alive)
    end = trainer.params()
    seen |= _state(trainer, case.dataset, form, "end")
    if case.epochs:
        seen |= _unwatched(implementation, trainer, case, device, end, alive)
    if case.recipe.feed is Feed.HOST:
        seen["itself/fed"] = _fed(implementation, case, device)
    if case.differences and case.dataset.x.dtype == np.float64:
        seen |= _differences(trainer, case.start)
    seen["itself/form"] = np.array(len(form.faults))
    seen[FORM_FAULTS] = np.array(form.faults, dtype=str)
    seen["itself/inputs"] = np.array(int(case.dataset.digest() != before))
    seen["itself/placement"] = np.array(len(trainer.placement() - {str(device)}))
    return seen


def _trained(trainer: Trainer, case: Case, form: _Form, alive: Callable[[], None]) -> Observation:
    """Return the parameters and the loss after each watched epoch."""
    seen: Observation = {}
    for epoch in range(1, case.epochs + 1):
        trainer.epoch()
        trainer.synchronize()
        alive()
        if epoch in case.watched:
            seen |= _named(form.of_params(trainer.params()), f"epoch {epoch}/parameters")
            seen[f"epoch {epoch}/loss"] = _numbers(trainer.loss_and_gradients()[0])
    return seen


def _point(trainer: Trainer, dataset: Dataset, point: Params, form: _Form, name: str) -> Observation:
    _reset(trainer, point, 0)
    return {f"itself/{name}": _difference(trainer.params(), point), **_state(trainer, dataset, form, name)}


def _state(trainer: Trainer, dataset: Dataset, form: _Form, name: str) -> Observation:
    """Return the current parameters, and the loss, gradients, predictions and labels at them.

    Predictions are made for one row, then for all rows, then for all in reverse, so that results cached by length or
    for the training rows are wrong.
    """
    loss, gradients = trainer.loss_and_gradients()
    x, one = dataset.x, dataset.x[:1]
    seen = _named(form.of_params(trainer.params()), f"{name}/at")
    seen[f"{name}/loss"] = form.loss(loss)
    seen |= _named(form.of_params(gradients), f"{name}/gradients")
    seen[f"{name}/one prediction"] = form.predictions(trainer.predict(one), 1)
    seen[f"{name}/predictions"] = form.predictions(trainer.predict(x), dataset.n)
    backwards = form.predictions(trainer.predict(x[::-1].copy()), dataset.n)
    seen[f"{name}/reversed predictions"] = backwards[::-1]
    seen[f"{name}/one label"] = form.labels(trainer.classify(one), 1)
    seen[f"{name}/labels"] = form.labels(trainer.classify(x), dataset.n)
    return seen


def _reset(trainer: Trainer, start: Params, epochs: int) -> None:
    """Reset to a start and overwrite its arrays with NaN: a trainer that kept them instead of a copy then has NaN."""
    lent = _lent(start)
    trainer.reset(lent, epochs)
    trainer.synchronize()
    for array in lent:
        array[...] = np.nan


def _lent(start: Params) -> Params:
    return Params(*(np.array(array) for array in start))


def _unwatched(
    implementation: Implementation,
    trainer: Trainer,
    case: Case,
    device: Device,
    end: Params,
    alive: Callable[[], None],
) -> Observation:
    """Train again from the same start without queries, taking turns with a twin if the case has one."""
    twin = None if case.twin is None else implementation(case.dataset, _lent(case.twin), case.recipe, device)
    _reset(trainer, case.start, case.epochs)
    if twin is not None and case.twin is not None:
        _reset(twin, case.twin, case.epochs)
    for _ in range(case.epochs):
        trainer.epoch()
        if twin is not None:
            twin.epoch()
        alive()
    trainer.synchronize()
    seen = {"itself/repeat": _difference(trainer.params(), end)}
    if twin is not None:
        twin.synchronize()
        seen |= _named(twin.params(), "twin/parameters")
    return seen


def _fed(implementation: Implementation, case: Case, device: Device) -> NDArray[np.generic]:
    """Return how far a trainer whose rows change on the host ends from trainers that have the new rows from the start.

    The rows change after `reset`, and again between two epochs: a trainer that keeps a copy of rows or targets, from
    whatever moment, ends elsewhere; one that fetches each batch when it needs it returns 0. This is tried with the
    case's batching for a single epoch, and without shuffling for two, because then all epochs have the same order.
    """
    plain = replace(case.recipe, batching=replace(case.recipe.batching, shuffle=False))
    runs = {case.recipe: 1, plain: 2}
    return np.array(max(_departure(implementation, case, recipe, epochs, device) for recipe, epochs in runs.items()))


def _departure(implementation: Implementation, case: Case, recipe: Recipe, epochs: int, device: Device) -> float:
    host = _copied(case.dataset)
    trainer = implementation(host, _lent(case.start), recipe, device)
    _reset(trainer, case.start, epochs)
    start, differences = case.start, []
    for _ in range(epochs):
        host.x[...] *= 0.5
        host.y[...] = np.roll(host.y, 1) if host.model.classifies else 0.5 * host.y
        other = implementation(_copied(host), _lent(start), recipe, device)
        _reset(other, start, 1)
        for each in (trainer, other):
            each.epoch()
            each.synchronize()
        start = trainer.params()
        differences.append(float(_difference(start, other.params())))
    return max(differences)


def _copied(dataset: Dataset) -> Dataset:
    return replace(dataset, x=dataset.x.copy(), y=dataset.y.copy(), folder="")


def _differences(trainer: Trainer, start: Params) -> Observation:
    """Return central differences of the implementation's own loss for each parameter.

    A step of eps^(1/3) balances the rounding of the loss against the third derivative.
    """
    step = float(np.finfo(np.float64).eps) ** (1 / 3)
    flat = np.concatenate([np.ravel(p) for p in start])
    slopes = np.empty_like(flat)
    for index in range(len(flat)):
        moved = []
        for sign in (1, -1):
            there = flat.copy()
            there[index] += sign * step
            _reset(trainer, _unflattened(there, start), 0)
            moved.append(trainer.loss_and_gradients()[0])
        slopes[index] = (moved[0] - moved[1]) / (2 * step)
    return _named(_unflattened(slopes, start), "start/differences")


def _unflattened(flat: NDArray[np.float64], like: Params) -> Params:
    split = int(np.size(like.w))
    return Params(flat[:split].reshape(np.shape(like.w)), flat[split:].reshape(np.shape(like.b)))


class _Form:
    """Collect every dtype and shape that violates the Protocol."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._shapes = parameter_shapes(dataset.model, dataset.d, dataset.classes)
        self.faults: list[str] = []

    def _expect(self, what: str, array: object, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> None:
        fault = ""
        if not isinstance(array, np.ndarray):
            fault = f"{what}: a {type(array).__name__}, not a NumPy array"
        elif array.dtype != dtype:
            fault = f"{what}: {array.dtype}, expected {dtype}"
        elif array.shape != shape:
            fault = f"{what}: shape {array.shape}, expected {shape}"
        if fault:
            self._add(fault)

    def _add(self, fault: str) -> None:
        if fault not in self.faults:
            self.faults.append(fault)

    def of_params(self, params: Params) -> Params:
        if not isinstance(params, Params):
            self._add(f"parameters and gradients: a {type(params).__name__}, expected Params(w, b)")
        for what, array, shape in zip("wb", params, self._shapes, strict=True):
            self._expect(what, array, shape, self._dataset.x.dtype)
        return params

    def loss(self, loss: object) -> NDArray[np.generic]:
        if not isinstance(loss, float):
            self._add(f"loss: a {type(loss).__name__}, not a float")
        return _numbers(loss)

    def predictions(self, predictions: NDArray[np.generic], rows: int) -> NDArray[np.generic]:
        classes = (self._dataset.classes,) if self._dataset.model is Model.SOFTMAX else ()
        self._expect("predictions", predictions, (rows, *classes), self._dataset.x.dtype)
        return _numbers(predictions)

    def labels(self, labels: NDArray[np.generic], rows: int) -> NDArray[np.generic]:
        self._expect("labels", labels, (rows,), np.dtype(np.int64))
        return _numbers(labels)


def _numbers(given: object) -> NDArray[np.generic]:
    """Return the array, or NaN in place of one that does not hold real numbers and so cannot be compared."""
    array = np.asarray(given)
    return array if array.dtype.kind in NUMBERS else np.array(np.nan)


def _named(params: Params, name: str) -> Observation:
    w, b = params  # a plain tuple is a violation that has been noted, and has these two
    return {f"{name} w": _numbers(w), f"{name} b": _numbers(b)}


def _difference(params: Params, others: Params) -> NDArray[np.generic]:
    """Return the largest difference between two sets of parameters; it is 0 only if all their values are equal."""
    pairs = list(zip(params, others, strict=True))
    if any(np.shape(a) != np.shape(b) for a, b in pairs):
        return np.array(np.inf)
    return np.array(max(float(np.max(np.abs(np.asarray(a) - np.asarray(b)))) for a, b in pairs))
