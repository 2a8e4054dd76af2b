"""Finished rounds are read back, and the block of a run that died is rerun."""

from __future__ import annotations

import gzip
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.errors import BadInput
from bench.store import checkpoint
from bench.store.checkpoint import PartTimer
from bench.store.jsonl import append_line, compressed, read_lines
from bench.store.layout import BLOCKS, ROUNDS, SPENT
from bench.store.raw_rows import Block, Spent
from tests.support.made_up import DIGITS, JITTER, cell, rounds

FIRST, SECOND, *_ = rounds(cell("numpy_manual", DIGITS), 1e-3, JITTER)


def test_a_block_that_a_dead_parent_left_has_ended_once(tmp_path: Path) -> None:
    append_line(tmp_path / ROUNDS, FIRST)
    append_line(tmp_path / BLOCKS, Block(FIRST.block, extra=False, waited_seconds=0.0, seconds=1.0))
    append_line(tmp_path / ROUNDS, SECOND)
    with (tmp_path / ROUNDS).open("a", encoding="utf-8") as unfinished:
        unfinished.write('{"cell":')
    assert [one.stopped for one in checkpoint.take_over(tmp_path).blocks] == [False, True]
    done = checkpoint.take_over(tmp_path)
    assert [(one.number, one.stopped) for one in done.blocks] == [(FIRST.block, False), (SECOND.block, True)]
    assert done.rounds == [FIRST, SECOND]


def test_nothing_is_added_to_compressed_rows(tmp_path: Path) -> None:
    append_line(tmp_path / ROUNDS, FIRST)
    packed = gzip.compress((tmp_path / ROUNDS).read_bytes())
    (tmp_path / ROUNDS).unlink()
    compressed(tmp_path / ROUNDS).write_bytes(packed)
    assert checkpoint.read(tmp_path).rounds == [FIRST]
    with pytest.raises(BadInput, match="unpack them first, gunzip"):
        checkpoint.take_over(tmp_path)
    assert compressed(tmp_path / ROUNDS).read_bytes() == packed


def test_the_time_of_a_part_within_a_part_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 2.0, 5.0, 7.0, 8.0, 10.0, 20.0, 30.0])
    monkeypatch.setattr(checkpoint, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    timer = PartTimer(tmp_path)
    with timer.part("rounds", 1):
        for _ in range(2):
            with timer.part("waiting", 1):
                pass
    with suppress(KeyError), timer.part("rounds", 2):
        raise KeyError
    found = [(one.part, one.seconds) for one in read_lines(Spent, tmp_path / SPENT)]
    assert found == [("rounds", 6.0), ("waiting", 4.0)]


def test_rounds_are_made_of_their_lines_by_what_was_asked_for(tmp_path: Path) -> None:
    append_line(tmp_path / ROUNDS, FIRST)
    made = replace(FIRST, block=7)
    assert checkpoint.read(tmp_path, lambda _line: made).rounds == [made]
