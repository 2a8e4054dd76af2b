"""Where the wall time of a run went, part by part."""

from __future__ import annotations

from collections.abc import Sequence

from bench.report.views import notation
from bench.store.raw_rows import Spent

HEADERS = ("part", "seconds", "share")

# The parts in the order in which they come, with a description of each.
_PARTS = {
    "agreement": "agreement: check of all against the reference",
    "pilot": "pilot: how long an epoch takes",
    "waiting": "waiting for an idle machine before a block, and for a quiet processor before a turn",
    "start-up": "start-up: workers start, import, make their trainers, run a first epoch",
    "warm-up": "warm-up",
    "rounds": "turns: each has a fixed piece of work, an untimed round and a timed round",
    "evidence": "after the rounds: checks that the timed work was really done",
    "leaving": "workers exit",
    "rates": "measuring how fast the machine reads and computes",
    "judging": "judging: comparison of checked rounds with the reference",
}


def rows(spent: Sequence[Spent]) -> list[tuple[str, str, str]]:
    """Return the parts of a run, with the total seconds of each and its share of the run."""
    total = sum(one.seconds for one in spent)
    sums = {part: sum(one.seconds for one in spent if one.part == part) for part in _PARTS}
    return [
        (words, f"{sums[part]:.1f}", notation.share(sums[part] / total))
        for part, words in _PARTS.items()
        if sums[part] and total
    ]
