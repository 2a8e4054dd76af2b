from __future__ import annotations

from bench.analysis.blocks import kept, without
from bench.store.raw_rows import STOPPED, Block


def test_stopped_blocks_and_those_run_again_do_not_count() -> None:
    blocks = [
        Block(1, None, 0, 1, ""),
        Block(2, None, 0, 1, "noisy"),
        Block(3, None, 0, 0, STOPPED),
        Block(4, 2, 0, 1, ""),
    ]
    assert without(blocks) == {2, 3}
    assert [block.number for block in kept([block for block in blocks if block.number != 3])] == [1, 4]
