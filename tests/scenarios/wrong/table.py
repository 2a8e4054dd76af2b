"""All planted faults, by name."""

from __future__ import annotations

from itertools import chain

from tests.scenarios.wrong import (
    unseen_cheat,
    unseen_formula,
    unseen_jax,
    unseen_loop,
    unseen_precision,
    unseen_prediction,
    unseen_torch,
)
from tests.scenarios.wrong.row import Wrong

UNSEEN = (
    unseen_formula,
    unseen_loop,
    unseen_precision,
    unseen_cheat,
    unseen_prediction,
    unseen_torch,
    unseen_jax,
)

TABLE: dict[str, Wrong] = {wrong.name: wrong for wrong in chain.from_iterable(module.WRONG for module in UNSEEN)}

# Their numbers are right, at least to rounding: only timing can reveal work done elsewhere or not waited for.
CLOCK_ONLY = frozenset({"done_in_reset", "done_when_asked", "unsynchronized", "rows_summed_up"})

# They round less than they might. An honest matrix unit does so as well, so a remark says it.
MERELY_WIDER = frozenset({"float64_inside", "float64_learning_rate_hidden", "master_weights"})
