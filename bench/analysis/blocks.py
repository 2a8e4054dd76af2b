"""Which blocks count: judged by whether all met an undisturbed processor, blind to whose time is which."""

from __future__ import annotations

from collections.abc import Sequence

from bench.store.raw_rows import STOPPED, Block


def without(blocks: Sequence[Block]) -> set[int]:
    """Return the numbers of the blocks that do not count: those stopped, and those in whose place another was run."""
    ended = [block for block in blocks if block.disturbed != STOPPED]
    return {block.number for block in blocks} - {block.number for block in kept(ended)}


def kept(ended: Sequence[Block]) -> list[Block]:
    """Return the blocks in whose place no other was run."""
    replaced = {block.replaces for block in ended}
    return [block for block in ended if block.number not in replaced]
