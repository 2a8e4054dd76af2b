"""The gate is tested: every planted fault is caught, in at least one dtype, and no cause is named that is not its.

The first check that catches a fault is enough here; `python -m tests.wrong.matrix` prints them all.
"""

from __future__ import annotations

import pytest

from bench.gate.diagnose import agreed
from tests.wrong.matrix import kills
from tests.wrong.table import CLOCK_ONLY, TABLE

# What a verdict must say of ten planted causes and more.
CAUSES = {
    "half_the_gradient": "the gradient: a factor 2 is missing",
    "half_the_loss": "the loss: a factor 2 is missing",
    "one_row_too_few": "the gradient: divided by n - 1 instead of n",
    "mean_over_classes_too": "divided by the 4 classes as well",
    "bias_gradient_missing": "the gradient of the bias is missing",
    "labels_from_one": "the labels are shifted by one",
    "shuffle_ignored": "the rows are not shuffled",
    "shuffled_once": "every epoch takes the row order of the first",
    "seed_ignored": "another seed draws the row order",
    "epochs_from_one": "every epoch takes the row order of the next",
    "short_batch_dropped": "the last batch is left out",
    "drop_last_ignored": "the short last batch is trained on, and drop_last says not to",
    "start_ignored": "reset does not go back to the parameters it is given",
    "gradients_in_float64": "expected float32",
    "input_overwritten": "it writes to the arrays it was given",
    "epochs_counted_on": "something outlives reset",
}


@pytest.mark.parametrize("name", sorted(set(TABLE) - CLOCK_ONLY))
def test_a_planted_fault_is_caught(name: str) -> None:
    assert next(kills(TABLE[name]), None) is not None


@pytest.mark.parametrize("name", CAUSES)
def test_a_planted_cause_is_named(name: str) -> None:
    causes = {(kill.model, kill.dtype, kill.case): kill.cause for kill in kills(TABLE[name])}
    assert CAUSES[name] in agreed(list(causes.values()))
