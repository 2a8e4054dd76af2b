"""Help for the author of an implementation: what a failed check tests, on which data, and the usual causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.gate.case import PREFIX
from bench.gate.catalogue import cases
from bench.gate.judge import CONDUCT
from bench.store.cell import Status
from bench.store.tables import Agreement


@dataclass(frozen=True)
class Check:
    """What a quantity of agreement.csv tests, and what is usually wrong when it fails."""

    tests: str
    causes: str


CHECKS = {
    "loss": Check(
        "loss_and_gradients()[0], at the start, at other given parameters, after some epochs, and where your own "
        "training ended",
        "a sum instead of the mean, a factor 1/2, a regulariser, the loss of one batch instead of all rows, a loss "
        "computed from probabilities (log p) instead of from logits",
    ),
    "gradients": Check(
        "loss_and_gradients()[1] at the same points, entry by entry",
        "a factor, the sign, the bias, an axis, labels from 1, (n, 1) for (n,), clipping, exp that overflows",
    ),
    "finite differences": Check(
        "the reference's gradients against finite differences of your own loss (float64)",
        "a loss computed in lower precision, or from other rows than the gradients",
    ),
    "parameters": Check(
        "params() after epochs, for one trainer and for a second trainer beside it",
        "the learning rate, momentum or decay, gradients that are not zeroed, the order or the size of batches, "
        "a short last batch, too many or too few epochs, early stopping",
    ),
    "predictions": Check(
        "predict(x), for one row and for all, before and after training",
        "logits instead of probabilities, the bias, a wrong axis, clipping, a result cached from another call",
    ),
    "labels": Check(
        "classify(x), where rounding cannot flip a label",
        "> for >= at p = 0.5, the last of equal probabilities instead of the first, rounding",
    ),
    CONDUCT: Check(
        "dtypes and shapes, reset, the same epochs twice, unmodified inputs, the device, rows fed from the host",
        "float64 scalars that promote float32, int32 labels, state that outlives reset, a start that is not copied, "
        "modified data",
    ),
}


@dataclass(frozen=True)
class Explanation:
    """One check that an implementation failed, and the data on which it failed, each with its reason."""

    implementation: str
    quantity: str
    check: Check
    data: Mapping[str, str]


def explain(rows: Sequence[Agreement]) -> Iterator[Explanation]:
    """Yield one explanation for each failed pair of implementation and quantity."""
    failed = [row for row in rows if row.status is not Status.OK and row.own]
    for implementation, quantity in dict.fromkeys((row.implementation, row.quantity) for row in failed):
        of_both = [row for row in failed if (row.implementation, row.quantity) == (implementation, quantity)]
        data = {row.dataset: _reason(row) for row in of_both}
        yield Explanation(implementation, quantity, CHECKS[quantity], data)


def _reason(row: Agreement) -> str:
    if not row.dataset.startswith(PREFIX):
        return "the requested data"
    known = {case.name: case.reason for case in cases(row.model, row.dtype, row.feed)}
    return known.get(row.dataset, "data in the shape of the requested data")
