"""How small an error the gate would have found on each problem's data, and how long training moved the parameters."""

from __future__ import annotations

from collections.abc import Sequence

from bench.report.views.names import Names
from bench.store.raw_rows import Verdict

HEADERS = ("data", "learning rate", "smallest error found", "parameters move until")
EXPLANATION = (
    'How sharp the check is on each problem\'s own data. "Smallest error found": a relative error of the final weights '
    'of this size or more would have been refused. "Parameters move until": the last epoch in which training changes '
    'the weights by more than rounding could; "the end" means the final epoch of the check. By default, the '
    "learning rate is at most 1/L for every batch, where L is the largest curvature of the loss on that batch."
)


def rows(verdicts: Sequence[Verdict], named: Names) -> list[tuple[str, ...]]:
    """Return a row per problem that was judged; the values come from the reference, so implementations share them."""
    found = {one.cell.problem: one for one in verdicts if one.smallest_error is not None}
    return [
        (
            named.work(problem),
            f"{problem.learning_rate:.3g}",
            f"{one.smallest_error:.2g}",
            "the end" if one.settled_epoch is None else f"epoch {one.settled_epoch}",
        )
        for problem, one in found.items()
    ]
