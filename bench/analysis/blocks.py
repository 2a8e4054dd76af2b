"""Which blocks count."""

from __future__ import annotations

from collections.abc import Sequence

from bench.store.raw_rows import Block


def without(blocks: Sequence[Block]) -> set[int]:
    """Return the numbers of the blocks that do not count: those that were stopped before their end."""
    return {block.number for block in blocks if block.stopped}
