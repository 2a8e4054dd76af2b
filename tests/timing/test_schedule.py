from __future__ import annotations

from collections.abc import Callable

from bench.store.raw_rows import Block
from bench.timing.schedule import next_block


def block(number: int, *, extra: bool = False, stopped: bool = False) -> Block:
    return Block(number, extra, 0.0, 1.0, stopped)


def run_all(short: Callable[[list[Block]], bool], target: int) -> list[Block]:
    """Run blocks until none is left; `short` says whether a contest has too few quiet ones."""
    blocks: list[Block] = []
    while (following := next_block(blocks, target, short=short(blocks))) is not None:
        number, extra = following
        blocks.append(block(number, extra=extra))
    return blocks


def test_extra_blocks_come_after_the_planned_ones_until_nothing_is_short() -> None:
    blocks = run_all(lambda blocks: len(blocks) < 10, 8)
    assert [one.extra for one in blocks] == [False] * 8 + [True] * 2


def test_a_machine_that_is_never_quiet_costs_a_quarter_more() -> None:
    assert len(run_all(lambda _: True, 14)) == 18
    assert len(run_all(lambda _: False, 14)) == 14


def test_a_stopped_block_is_none_of_either() -> None:
    done = [block(1), block(2, stopped=True)]
    assert next_block(done, 2, short=True) == (3, False)
    done += [block(3), block(4, extra=True, stopped=True)]
    assert next_block(done, 2, short=True) == (5, True)
    assert next_block(done, 2, short=False) is None
