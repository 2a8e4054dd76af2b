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
    """What a quantity of agreement.csv tests, and what is usually wrong where it fails."""

    tests: str
    causes: str


CHECKS = {
    "loss": Check(
        "loss_and_gradients()[0], at the start, at other points, after epochs and at your own last parameters",
        "a sum for the mean, a factor 1/2, a regulariser, a loss of one batch instead of all rows, logarithms of "
        "probabilities instead of logits",
    ),
    "gradients": Check(
        "loss_and_gradients()[1] at the same points, entry by entry",
        "a factor, the sign, the bias, an axis, labels from 1, (n, 1) against (n,), clipping, exp that overflows",
    ),
    "finite differences": Check(
        "your gradients' reference against differences of your own loss (float64)",
        "a loss computed in lower precision, or of other rows than its gradients",
    ),
    "parameters": Check(
        "params() after epochs, straight from the start and for a second trainer beside the first",
        "the learning rate, momentum or decay, gradients that are not zeroed, the order or the size of batches, "
        "a short last batch, epochs too many or too few, early stopping",
    ),
    "predictions": Check(
        "predict(x), for one row and for all, before and after training",
        "logits where probabilities are meant, the bias, a wrong axis, a clip, an answer kept from another call",
    ),
    "labels": Check(
        "classify(x), where rounding cannot flip a label",
        "> for >= at p = 0.5, the last for the first of equal probabilities, rounding",
    ),
    CONDUCT: Check(
        "dtypes and shapes, reset, the same epochs twice, untouched inputs, the device, rows brought from the host",
        "float64 scalars that promote float32, labels of int32, state that outlives reset, the start kept instead of "
        "copied, data written to",
    ),
}


@dataclass(frozen=True)
class Explanation:
    """One check that an implementation failed, and the data on which it did, each with its reason."""

    implementation: str
    quantity: str
    check: Check
    data: Mapping[str, str]


def explain(rows: Sequence[Agreement]) -> Iterator[Explanation]:
    """Yield one explanation for each implementation and quantity that failed."""
    failed = [row for row in rows if row.status is not Status.OK and row.against in ("reference", "itself")]
    for implementation, quantity in dict.fromkeys((row.implementation, row.quantity) for row in failed):
        of_both = [row for row in failed if (row.implementation, row.quantity) == (implementation, quantity)]
        data = {row.dataset: _reason(row) for row in of_both}
        yield Explanation(implementation, quantity, CHECKS[quantity], data)


def _reason(row: Agreement) -> str:
    if not row.dataset.startswith(PREFIX):
        return "the data that were asked for"
    known = {case.name: case.reason for case in cases(row.model, row.dtype, row.feed)}
    return known.get(row.dataset, "data of the shape that was asked for")
