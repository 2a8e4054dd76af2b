"""Finished rounds are read exactly once, whatever the last worker wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.store import checkpoint
from bench.store.jsonl import append_line
from bench.store.layout import RECORDS, ROUNDS, WORKER
from tests.support.made_up import DIGITS, JITTER, cell, rounds

FIRST, SECOND, *_ = rounds(cell("numpy_manual", DIGITS), 1e-3, JITTER)


@pytest.mark.parametrize("taken_over", [(), (FIRST,), (FIRST, SECOND)])
def test_each_process_is_there_once_whether_its_parent_took_it_over_or_died(
    taken_over: tuple[object, ...], tmp_path: Path
) -> None:
    (tmp_path / WORKER).mkdir()
    for one in taken_over:
        append_line(tmp_path / ROUNDS, one)
    for one in (FIRST, SECOND):
        append_line(tmp_path / WORKER / RECORDS, one)
    assert [one.block for one in checkpoint.read(tmp_path).rounds] == [1, 2]


def test_rounds_are_made_of_their_lines_by_what_was_asked_for(tmp_path: Path) -> None:
    append_line(tmp_path / ROUNDS, FIRST)
    made = replace(FIRST, block=7)
    assert checkpoint.read(tmp_path, lambda _line: made).rounds == [made]
