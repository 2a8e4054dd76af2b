"""Find the likely cause of errors: a cause is named only if it explains the observed values within their budget.

Most suspected faults are tested: the reference is computed with that very fault, and the cause is named if the
implementation agrees with the result. A cause is therefore never a guess from one ratio.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.gate import reference, trajectory
from bench.gate.case import Case
from bench.gate.expect import Expected
from bench.gate.judge import Judged, compare
from bench.gate.observe import FORM_FAULTS, NUMBERS, Observation
from bench.gate.reference import Scaled, Wide, WideProblem
from bench.store.cell import Status
from bench.store.jsonl import plain
from datasets.dataset import Rows
from impls.protocol import Batching, Model, Params, Recipe

# The reference trains again for every suspected fault; small cases of the gate reveal as much as large or long ones.
MOST_ROWS = 100
MOST_EPOCHS = 50


@dataclass(frozen=True)
class Disagreement:
    """One filling of a case: the observed and the expected values, and the names of the quantities that disagree."""

    case: Case
    seen: Mapping[str, NDArray[np.generic]]
    expected: Expected
    wrong: frozenset[str]

    @property
    def u(self) -> float:
        """The unit roundoff of the dtype under test."""
        return reference.unit_roundoff(self.expected.problem.dtype)

    def disagrees(self, *words: str) -> bool:
        """Whether the name of any disagreement contains one of these words."""
        return any(word in name for name in self.wrong for word in words)

    def explains(self, name: str, scaled: Scaled) -> bool:
        """Whether the observed values of this name agree with these values within their budget."""
        budgets = self.expected.problem.budgets
        return name in self.seen and compare(name, self.seen[name], scaled, self.u, budgets).agrees


def likely_cause(
    case: Case, seen: Observation, opinion: Sequence[tuple[str, Expected]], judged: Sequence[Judged]
) -> str:
    """Return the likely cause of a case's disagreements, or an empty string if no suspected fault explains them."""
    wrong = frozenset(one.name for one in judged if one.status is Status.MISMATCH)
    if not wrong:
        return ""
    if len(opinion) > 1 and not any(name.startswith(opinion[0][0]) for name in wrong):
        return "right at first, wrong once the same arrays hold other contents: results or data were cached"
    for prefix, expected in opinion:
        own = {name.removeprefix(prefix): value for name, value in seen.items() if name.startswith(prefix)}
        mine = frozenset(name.removeprefix(prefix) for name in wrong if name.startswith(prefix))
        for rule in (_of_form, _of_pieces, _of_start, _of_gradients, _of_loss, _of_training, _of_predictions):
            cause = rule(Disagreement(case, own, expected, mine)) if mine else ""
            if cause:
                return cause
    return ""


def agreed(causes: Sequence[str]) -> str:
    """Return the cause that more than half of the failing cases name, or an empty string if there is none."""
    kinds = Counter(re.sub(r"\d+", "", cause) for cause in causes if cause)
    if not kinds:
        return ""
    kind, count = kinds.most_common(1)[0]
    return next(cause for cause in causes if re.sub(r"\d+", "", cause) == kind) if 2 * count > len(causes) else ""


def _of_form(evidence: Disagreement) -> str:
    if evidence.disagrees("itself/form"):
        faults = evidence.seen.get(FORM_FAULTS, np.array([])).ravel()
        return str(plain(str(faults[0]))) if faults.size else "a shape or a dtype violates the Protocol"
    if evidence.disagrees("itself/inputs"):
        return "it writes to the arrays it was given"
    if evidence.disagrees("itself/fed"):
        return "it keeps its own copy of the rows, although they are fed from the host"
    if evidence.disagrees("itself/placement"):
        return "data or parameters are not on the requested device"
    return ""


def _of_pieces(evidence: Disagreement) -> str:
    """Find what is missing or has another shape; the rules after this one need all of it."""
    expected = {name: scaled.value.shape for name, scaled in evidence.expected.common.items()}
    expected |= {f"start/at {part}": start.shape for part, start in zip("wb", evidence.case.start, strict=True)}
    for name, shape in expected.items():
        found = evidence.seen.get(name)
        if found is None:
            return f"{name} is missing"
        if found.shape != shape or found.dtype.kind not in NUMBERS:
            return f"{name} is an array of {found.dtype} of shape {found.shape} instead of {shape}"
    return ""


def _of_start(evidence: Disagreement) -> str:
    if evidence.disagrees("itself/start", "itself/point"):
        return _of_reset(evidence)
    if evidence.wrong == {"itself/repeat"}:
        return (
            "repeating the epochs without queries ends elsewhere: state outlives reset, is shared by two trainers, or "
            "changes when queried"
        )
    if evidence.wrong <= {"twin/parameters w", "twin/parameters b"}:
        return "only a second trainer beside the first is wrong: the two share state"
    return ""


def _of_reset(evidence: Disagreement) -> str:
    """Distinguish a start that was not copied from one that was rounded; after reset the lent arrays hold NaN."""
    own = [np.asarray(evidence.seen[f"start/at {part}"]) for part in "wb"]
    if all(np.all(np.isnan(one)) for one in own):
        return "reset keeps the arrays it receives instead of a copy"
    start = [np.asarray(given) for given in evidence.case.start]
    rounded = [given.astype(np.float32).astype(given.dtype) for given in start]
    if _equal(own, rounded) and not _equal(own, start):
        return "the parameters pass through float32"
    return "after reset, params() differs from the start that reset received"


def _equal(some: Sequence[NDArray[np.generic]], others: Sequence[NDArray[np.generic]]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


def _factors(n: int, k: int) -> Iterator[tuple[float, str]]:
    yield 2.0, "twice as large as it should be"
    yield 0.5, "a factor 2 is missing"
    yield -1.0, "the sign is wrong"
    if n > 1:
        yield float(n), f"a sum over the {n} rows instead of their mean"
        yield 1 / n, f"divided by the {n} rows once too often"
        yield n / (n - 1), "divided by n - 1 instead of n"
    if k > 1:
        yield 1 / k, f"divided by the {k} classes as well"


def _of_gradients(evidence: Disagreement) -> str:
    names = [f"{where}/gradients {part}" for where in ("start", "point 0") for part in "wb"]
    names = [name for name in names if name in evidence.expected.common]
    if not any(name in evidence.wrong for name in names):
        return ""
    problem, common = evidence.expected.problem, evidence.expected.common
    if not all(np.all(np.isfinite(evidence.seen[name].astype(np.float64))) for name in names):
        return "a gradient overflows or is not a number"
    for parts, what in (
        (("w", "b"), "the gradient"),
        (("b",), "the gradient of the bias"),
        (("w",), "the gradient of w"),
    ):
        there = [name for name in names if name[-1] in parts]
        rest = [name for name in names if name[-1] not in parts]
        if any(name in evidence.wrong for name in rest):
            continue
        if all(not np.any(evidence.seen[name]) for name in there):
            return f"{what} is missing: it is 0"
        for factor, cause in _factors(problem.n, problem.k):
            if all(evidence.explains(name, _scaled(common[name], factor)) for name in there):
                return f"{what}: {cause}"
    return _of_labels(evidence)


def _of_labels(evidence: Disagreement) -> str:
    problem = evidence.expected.problem
    if problem.model is not Model.SOFTMAX:
        return ""
    for shift in (1, -1):
        shifted = replace(problem, targets=np.roll(problem.targets, shift, axis=1))
        point = reference.evaluate(shifted, reference.stacked(evidence.case.start, problem))
        if _matches(evidence, "start/gradients", point.gradients):
            return "the labels are shifted by one"
    return ""


def _of_loss(evidence: Disagreement) -> str:
    if not evidence.disagrees("loss") or evidence.disagrees("gradients"):
        return ""
    names = [name for name in evidence.wrong if name in evidence.expected.common and name.endswith("/loss")]
    for factor, cause in _factors(evidence.expected.problem.n, evidence.expected.problem.k):
        if names and all(evidence.explains(name, _scaled(evidence.expected.common[name], factor)) for name in names):
            return f"the loss: {cause}"
    return ""


def _of_training(evidence: Disagreement) -> str:
    """Test the faults of a training loop, if the gradients are right and the reference is quick to train."""
    case = evidence.case
    if evidence.expected.problem.n > MOST_ROWS or case.epochs > MOST_EPOCHS:
        return ""
    if not evidence.disagrees("parameters") or evidence.disagrees("gradients"):
        return ""
    if case.own or case.exact or case.small is not None:  # with rows of zeros, no bias is expected of a classifier
        return ""
    name = f"epoch {case.watched[-1]}/parameters"
    for cause, retrain in _suspicions(case):
        run = retrain(evidence.expected.problem, reference.stacked(case.start, evidence.expected.problem))
        if run is not None:
            ((last, _),) = trajectory.watch(run, evidence.expected.problem, [len(run.ends)])
            if _distinct(evidence, name, last) and _matches(evidence, name, last):
                return cause
    return ""


Retrain = Callable[[WideProblem, Wide], trajectory.Run | None]


@dataclass(frozen=True)
class _WithoutLast(Batching):
    """A faulty batching that leaves out the last of several batches."""

    def rows(self, n: int, epoch: int) -> list[Rows]:
        """Return the rows of each batch except the last."""
        batches = super().rows(n, epoch)
        return batches[:-1] if len(batches) > 1 else batches


def _suspicions(case: Case) -> Iterator[tuple[str, Retrain]]:
    """Yield each suspected fault of the loop, with a function that trains the reference with that fault."""
    batching, rate, epochs = case.recipe.batching, case.recipe.learning_rate, list(range(case.epochs))

    def run(batching: Batching = batching, rate: float = rate, epochs: Sequence[int] = epochs) -> Retrain:
        return lambda problem, start: trajectory.run(problem, start, Recipe(rate, batching), epochs) if epochs else None

    yield "one epoch too many", run(epochs=[*epochs, len(epochs)])
    yield "one epoch too few", run(epochs=epochs[:-1])
    yield "every second epoch is skipped", run(epochs=epochs[::2])
    for factor, word in ((2.0, "twice"), (0.5, "half"), (-1.0, "minus")):
        yield f"the step is {word} the learning rate times the gradient", run(rate=factor * rate)
    yield (
        "gradients accumulate from step to step: they are not zeroed",
        lambda problem, start: trajectory.run(problem, start, case.recipe, epochs, piling=True),
    )
    if batching.batch_size is None:
        return
    size = batching.batch_size
    yield f"the learning rate is multiplied by the batch size {size}", run(rate=rate * size)
    yield f"the learning rate is divided by the batch size {size}", run(rate=rate / size)
    yield "each step uses all rows: the batch size is ignored", run(Batching())
    yield "the last batch is left out", run(_WithoutLast(**vars(batching)))
    if batching.drop_last:
        yield "the short last batch is used, although drop_last is set", run(replace(batching, drop_last=False))
    if batching.shuffle:
        yield "the rows are not shuffled", run(replace(batching, shuffle=False))
        yield "every epoch uses the row order of the first", run(epochs=[0] * len(epochs))
        yield "every epoch uses the row order of the next", run(epochs=[epoch + 1 for epoch in epochs])
        yield "the row order is drawn from another seed", run(replace(batching, seed=0))


def _of_predictions(evidence: Disagreement) -> str:
    if evidence.disagrees("loss", "gradients", "parameters", "itself"):
        return ""
    if all(name.endswith(("label", "labels")) for name in evidence.wrong):
        if not evidence.expected.problem.model.classifies:
            return "the labels of a linear model must be zeros"
        return "labels do not follow from the probabilities: 1 if p >= 0.5, or the first of the largest"
    point = reference.evaluate(evidence.expected.problem, _without_bias(evidence.expected.problem, evidence.case.start))
    value = point.predictions if evidence.expected.problem.k > 1 else _column(point.predictions)
    if "start/predictions" in evidence.wrong and evidence.explains("start/predictions", value):
        return "the predictions leave out the bias"
    return ""


def _without_bias(problem: WideProblem, start: Params) -> Wide:
    theta = reference.stacked(start, problem)
    theta[-1] = 0
    return theta


def _column(scaled: Scaled) -> Scaled:
    return Scaled(scaled.value[:, 0], scaled.scale[:, 0])


def _scaled(scaled: Scaled, factor: float) -> Scaled:
    return Scaled(factor * scaled.value, abs(factor) * scaled.scale)


def _matches(evidence: Disagreement, name: str, stacked: Scaled) -> bool:
    """Whether the observed w and b of this name agree with this theta (d + 1, k)."""
    parts = ((f"{name} w", slice(None, -1)), (f"{name} b", slice(-1, None)))
    return all(
        evidence.explains(part, Scaled(stacked.value[rows].reshape(shape), stacked.scale[rows].reshape(shape)))
        for part, rows in parts
        for shape in (evidence.seen[part].shape,)
    )


def _distinct(evidence: Disagreement, name: str, suspected: Scaled) -> bool:
    """Whether the suspected parameters differ from the right ones by more than both budgets; else nothing is proved."""
    right = np.concatenate(
        [np.ravel(evidence.expected.common[f"{name} {part}"].value).astype(np.float64) for part in "wb"]
    )
    apart = np.abs(suspected.value.ravel().astype(np.float64) - right)
    budget = evidence.expected.problem.granted * suspected.scale.ravel()
    return bool(np.any(apart > 2 * budget))
