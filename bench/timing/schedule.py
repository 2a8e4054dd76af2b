"""Which block comes next: those that were planned, then those that something disturbed again, then extensions.

Nothing here looks at a time. What is kept or run again depends on the conditions of the processes alone, and how
many blocks there are on the width of the intervals: to look at which side of 1 they lie would find differences
where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from bench.analysis.blocks import kept
from bench.store.raw_rows import STOPPED, Block

MOST_RERUNS_OF_A_BLOCK = 2
EXTENSION = 10

# Where more than a quarter of the blocks is disturbed, that is how the machine is, and running them again finds no
# other: they are kept, and the report says so.
_RERUNS_PER_BLOCK = 0.25


def next_block(blocks: Sequence[Block], target: int) -> tuple[int, int | None] | None:
    """Return the number of the block to run and that of the block it replaces; None when nothing is left to run.

    First come new blocks until `target` of them have ended; then disturbed ones again, the least often repeated
    first, each at most twice.
    """
    number = 1 + max((block.number for block in blocks), default=0)
    ended = [block for block in blocks if block.disturbed != STOPPED]
    if sum(block.replaces is None for block in ended) < target:
        return number, None
    reruns = sum(block.replaces is not None for block in ended)
    again = [block for block in kept(ended) if block.disturbed and _repeats(block, ended) < MOST_RERUNS_OF_A_BLOCK]
    if not again or reruns >= ceil(_RERUNS_PER_BLOCK * target):
        return None
    return number, min(again, key=lambda block: (_repeats(block, ended), block.number)).number


def _repeats(block: Block, ended: Sequence[Block]) -> int:
    """How often what is now this block had been run before."""
    by_number = {one.number: one for one in ended}
    repeats = 0
    while block.replaces is not None:
        block = by_number[block.replaces]
        repeats += 1
    return repeats
