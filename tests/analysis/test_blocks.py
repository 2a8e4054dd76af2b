from __future__ import annotations

from bench.analysis.blocks import without
from bench.store.raw_rows import Block


def test_stopped_blocks_do_not_count() -> None:
    blocks = [
        Block(1, extra=False, waited_seconds=0, seconds=1),
        Block(2, extra=False, waited_seconds=0, seconds=0, stopped=True),
        Block(3, extra=True, waited_seconds=0, seconds=1),
    ]
    assert without(blocks) == {2}
