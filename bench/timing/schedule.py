"""Which block comes next: those that were planned, then extra ones for what something disturbed, then extensions.

Nothing here looks at a time. Whether a contest had a quiet processor depends on the sentinel alone, and the number of
blocks on the width of the intervals: to look at which side of 1 they lie would find differences where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from bench.store.raw_rows import Block

EXTENSION = 10

# If a quarter more blocks did not meet a quiet processor, that is how the machine is, and the report says so.
_EXTRA_PER_BLOCK = 0.25


def next_block(blocks: Sequence[Block], target: int, *, short: bool) -> tuple[int, bool] | None:
    """Return the number of the block to run and whether it is an extra one; None when nothing is left to run.

    First come new blocks until `target` of them have ended. Extra ones follow while a contest is `short` of blocks
    with a quiet processor.
    """
    number = 1 + max((block.number for block in blocks), default=0)
    ended = [block for block in blocks if not block.stopped]
    if sum(not block.extra for block in ended) < target:
        return number, False
    if short and sum(block.extra for block in ended) < ceil(_EXTRA_PER_BLOCK * target):
        return number, True
    return None
