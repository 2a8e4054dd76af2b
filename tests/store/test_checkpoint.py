"""Finished rounds are read back, and the block of a run that died is rerun."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.store import checkpoint
from bench.store.jsonl import append_line
from bench.store.layout import BLOCKS, ROUNDS
from bench.store.raw_rows import STOPPED, Block
from tests.support.made_up import DIGITS, JITTER, cell, rounds

FIRST, SECOND, *_ = rounds(cell("numpy_manual", DIGITS), 1e-3, JITTER)


def test_a_block_that_a_dead_parent_left_has_ended_once(tmp_path: Path) -> None:
    append_line(tmp_path / ROUNDS, FIRST)
    append_line(tmp_path / BLOCKS, Block(FIRST.block, None, 0.0, 1.0, ""))
    append_line(tmp_path / ROUNDS, SECOND)
    with (tmp_path / ROUNDS).open("a", encoding="utf-8") as unfinished:
        unfinished.write('{"cell":')
    assert [one.disturbed for one in checkpoint.take_over(tmp_path).blocks] == ["", STOPPED]
    done = checkpoint.take_over(tmp_path)
    assert [(one.number, one.disturbed) for one in done.blocks] == [(FIRST.block, ""), (SECOND.block, STOPPED)]
    assert done.rounds == [FIRST, SECOND]


def test_rounds_are_made_of_their_lines_by_what_was_asked_for(tmp_path: Path) -> None:
    append_line(tmp_path / ROUNDS, FIRST)
    made = replace(FIRST, block=7)
    assert checkpoint.read(tmp_path, lambda _line: made).rounds == [made]
