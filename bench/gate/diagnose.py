"""From the errors to the likely cause: a suspicion is named only if it explains the values within their budget.

Most suspicions are tried out: the reference is asked what it would say with that very fault, and the cause is
named if the implementation agrees with that. So a cause is never a guess from one ratio.
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
from bench.gate.observe import Observation
from bench.gate.reference import Scaled, Wide, WideProblem
from bench.store.cell import Status
from datasets.dataset import Rows
from impls.protocol import Batching, Model, Params, Recipe

# The reference trains again for every suspicion; some of the gate's small cases tell as much as a large or a long one.
MOST_ROWS = 100
MOST_EPOCHS = 50


@dataclass(frozen=True)
class Disagreement:
    """One filling of a case: what was seen, what was expected, and the names of what disagrees."""

    case: Case
    seen: Mapping[str, NDArray[np.generic]]
    expected: Expected
    wrong: frozenset[str]

    @property
    def u(self) -> float:
        """The unit roundoff of the dtype under test."""
        return reference.unit_roundoff(self.expected.problem.dtype)

    def disagrees(self, *words: str) -> bool:
        """Whether any disagreement has one of these words in its name."""
        return any(word in name for name in self.wrong for word in words)

    def explains(self, name: str, scaled: Scaled) -> bool:
        """Whether what was seen under this name is within the budget of these values."""
        budgets = self.expected.problem.budgets
        return name in self.seen and compare(name, self.seen[name], scaled, self.u, budgets).agrees


def likely_cause(
    case: Case, seen: Observation, opinion: Sequence[tuple[str, Expected]], judged: Sequence[Judged]
) -> str:
    """Return the likely cause of the disagreements of one case; empty where no suspicion explains them."""
    wrong = frozenset(one.name for one in judged if one.status is Status.MISMATCH)
    if not wrong:
        return ""
    if len(opinion) > 1 and not any(name.startswith(opinion[0][0]) for name in wrong):
        return "right at first, wrong once the same arrays hold other contents: an answer or data that were kept"
    for prefix, expected in opinion:
        own = {name.removeprefix(prefix): value for name, value in seen.items() if name.startswith(prefix)}
        mine = frozenset(name.removeprefix(prefix) for name in wrong if name.startswith(prefix))
        for rule in (_of_form, _of_start, _of_gradients, _of_loss, _of_training, _of_predictions):
            cause = rule(Disagreement(case, own, expected, mine)) if mine else ""
            if cause:
                return cause
    return ""


def agreed(causes: Sequence[str]) -> str:
    """Return the cause that most failing cases name; empty where fewer than half of them do."""
    kinds = Counter(re.sub(r"\d+", "", cause) for cause in causes if cause)
    if not kinds:
        return ""
    kind, count = kinds.most_common(1)[0]
    return next(cause for cause in causes if re.sub(r"\d+", "", cause) == kind) if 2 * count > len(causes) else ""


def _of_form(evidence: Disagreement) -> str:
    if evidence.disagrees("itself/form"):
        return str(evidence.seen["itself/form faults"][0])
    if evidence.disagrees("itself/inputs"):
        return "it writes to the arrays it was given"
    if evidence.disagrees("itself/fed"):
        return "it keeps rows of its own, and was asked to be fed from the host"
    if evidence.disagrees("itself/placement"):
        return "data or parameters lie on another device than asked"
    return ""


def _of_start(evidence: Disagreement) -> str:
    if evidence.disagrees("itself/start", "itself/point"):
        return _of_reset(evidence)
    if evidence.wrong == {"itself/repeat"}:
        return (
            "the same epochs again, unwatched, end elsewhere: something outlives reset, is shared by two trainers, or "
            "depends on being asked"
        )
    if evidence.wrong <= {"twin/parameters w", "twin/parameters b"}:
        return "only a second trainer beside the first is wrong: they share something"
    return ""


def _of_reset(evidence: Disagreement) -> str:
    """Tell a start that was not copied from one that was rounded; the lender overwrites what it lent with NaN."""
    own = [np.asarray(evidence.seen[f"start/at {part}"]) for part in "wb"]
    if all(np.all(np.isnan(one)) for one in own):
        return "reset keeps the arrays it is given instead of a copy"
    start = [np.asarray(given) for given in evidence.case.start]
    rounded = [given.astype(np.float32).astype(given.dtype) for given in start]
    if _equal(own, rounded) and not _equal(own, start):
        return "the parameters pass through float32"
    return "after reset, params() are not the parameters that it was given"


def _equal(some: Sequence[NDArray[np.generic]], others: Sequence[NDArray[np.generic]]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


def _factors(n: int, k: int) -> Iterator[tuple[float, str]]:
    yield 2.0, "a factor 2 too much"
    yield 0.5, "a factor 2 is missing"
    yield -1.0, "the sign is wrong"
    if n > 1:
        yield float(n), f"a sum over the {n} rows where the mean is meant"
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
    for parts, what in ((("w", "b"), "the gradient"), (("b",), "the gradient of the bias"), (("w",), "that of w")):
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
    """Try what a training loop may do wrong, where the gradients are right and the reference is quick to train."""
    case = evidence.case
    if evidence.expected.problem.n > MOST_ROWS or case.epochs > MOST_EPOCHS:
        return ""
    if not evidence.disagrees("parameters") or evidence.disagrees("gradients") or case.own or case.exact:
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
    """The fault of leaving out the last of several batches."""

    def rows(self, n: int, epoch: int) -> list[Rows]:
        """Return the rows of each batch but the last."""
        batches = super().rows(n, epoch)
        return batches[:-1] if len(batches) > 1 else batches


def _suspicions(case: Case) -> Iterator[tuple[str, Retrain]]:
    """Yield each suspected fault of the loop, and the reference's run with that fault."""
    batching, rate, epochs = case.recipe.batching, case.recipe.learning_rate, list(range(case.epochs))

    def run(batching: Batching = batching, rate: float = rate, epochs: Sequence[int] = epochs) -> Retrain:
        return lambda problem, start: trajectory.run(problem, start, Recipe(rate, batching), epochs) if epochs else None

    yield "an epoch too many", run(epochs=[*epochs, len(epochs)])
    yield "an epoch too few", run(epochs=epochs[:-1])
    yield "every second epoch is left out", run(epochs=epochs[::2])
    for factor, word in ((2.0, "twice"), (0.5, "half"), (-1.0, "minus")):
        yield f"the step is {word} the learning rate times the gradient", run(rate=factor * rate)
    yield (
        "gradients pile up from step to step: they are not zeroed",
        lambda problem, start: trajectory.run(problem, start, case.recipe, epochs, piling=True),
    )
    if batching.batch_size is None:
        return
    size = batching.batch_size
    yield f"the learning rate is multiplied by the batch size {size}", run(rate=rate * size)
    yield f"the learning rate is divided by the batch size {size}", run(rate=rate / size)
    yield "all rows are taken at once: the batch size is ignored", run(Batching())
    yield "the last batch is left out", run(_WithoutLast(**vars(batching)))
    if batching.drop_last:
        yield "the short last batch is trained on, and drop_last says not to", run(replace(batching, drop_last=False))
    if batching.shuffle:
        yield "the rows are not shuffled", run(replace(batching, shuffle=False))
        yield "every epoch takes the row order of the first", run(epochs=[0] * len(epochs))
        yield "every epoch takes the row order of the next", run(epochs=[epoch + 1 for epoch in epochs])
        yield "another seed draws the row order", run(replace(batching, seed=0))


def _of_predictions(evidence: Disagreement) -> str:
    if evidence.disagrees("loss", "gradients", "parameters", "itself"):
        return ""
    if all(name.endswith(("label", "labels")) for name in evidence.wrong):
        if not evidence.expected.problem.model.classifies:
            return "the labels of a linear model are zeros"
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
    """Whether w and b were seen under this name as this theta (d + 1, k) has them."""
    parts = ((f"{name} w", slice(None, -1)), (f"{name} b", slice(-1, None)))
    return all(
        evidence.explains(part, Scaled(stacked.value[rows].reshape(shape), stacked.scale[rows].reshape(shape)))
        for part, rows in parts
        for shape in (evidence.seen[part].shape,)
    )


def _distinct(evidence: Disagreement, name: str, suspected: Scaled) -> bool:
    """Whether the suspected parameters are further from the right ones than both budgets: else they explain nothing."""
    right = np.concatenate(
        [np.ravel(evidence.expected.common[f"{name} {part}"].value).astype(np.float64) for part in "wb"]
    )
    apart = np.abs(suspected.value.ravel().astype(np.float64) - right)
    budget = evidence.expected.problem.granted * suspected.scale.ravel()
    return bool(np.any(apart > 2 * budget))
