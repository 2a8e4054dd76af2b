"""Which blocks count, judged by whether every process met an undisturbed processor, without looking at whose."""

from __future__ import annotations

from collections.abc import Sequence

from bench.store.raw_rows import STOPPED, Block


def without(blocks: Sequence[Block]) -> set[int]:
    """Return the numbers of the blocks that do not count: those stopped, and those rerun."""
    ended = [block for block in blocks if block.disturbed != STOPPED]
    return {block.number for block in blocks} - {block.number for block in kept(ended)}


def kept(ended: Sequence[Block]) -> list[Block]:
    """Return the blocks that were not rerun."""
    replaced = {block.replaces for block in ended}
    return [block for block in ended if block.number not in replaced]
