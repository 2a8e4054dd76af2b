from __future__ import annotations

from collections.abc import Callable

from bench.analysis.blocks import without
from bench.store.raw_rows import STOPPED, Block
from bench.timing.schedule import next_block


def run_all(disturbed: Callable[[int], bool], target: int) -> list[Block]:
    """Run blocks until none is left; `disturbed` tells which, by number."""
    blocks: list[Block] = []
    while (following := next_block(blocks, target)) is not None:
        number, replaces = following
        blocks.append(Block(number, replaces, 0.0, 1.0, "busy" if disturbed(number) else ""))
    return blocks


def test_disturbed_blocks_are_run_again_after_all_others() -> None:
    blocks = run_all(lambda number: number in (2, 5), 8)
    assert [(block.number, block.replaces) for block in blocks[8:]] == [(9, 2), (10, 5)]
    assert without(blocks) == {2, 5}


def test_a_block_is_run_again_twice_and_then_kept() -> None:
    blocks = run_all(lambda number: number in (3, 13, 14), 12)
    assert [(block.number, block.replaces) for block in blocks[12:]] == [(13, 3), (14, 13)]
    assert without(blocks) == {3, 13}
    assert blocks[-1].disturbed


def test_a_machine_that_is_always_busy_costs_a_quarter_more() -> None:
    blocks = run_all(lambda _number: True, 14)
    assert len(blocks) == 18
    assert len(blocks) - len(without(blocks)) == 14
    assert without(blocks) == {1, 2, 3, 4}


def test_a_stopped_block_neither_counts_nor_replaces() -> None:
    done = [Block(1, None, 0, 1, ""), Block(2, None, 0, 0, STOPPED)]
    assert next_block(done, 2) == (3, None)
    done += [Block(3, None, 0, 1, "busy"), Block(4, None, 0, 0, STOPPED)]
    assert next_block(done, 2) == (5, 3)
    assert without(done) == {2, 4}
