"""From the pattern of the errors to the likely cause, in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from bench.gate.cases import Case
from bench.gate.expect import Expected
from bench.gate.judge import Judged
from bench.gate.observe import Observation


def likely_cause(
    case: Case, seen: Observation, opinion: Sequence[tuple[str, Expected]], judged: Sequence[Judged]
) -> str:
    """Return the likely cause of the disagreements of one case; empty where no pattern tells it."""
    wrong = [one for one in judged if not one.agrees]
    if any(one.name.endswith("itself/form") for one in wrong):
        return "; ".join(
            str(fault) for name, faults in seen.items() if name.endswith("form faults") for fault in faults
        )
    return ""
