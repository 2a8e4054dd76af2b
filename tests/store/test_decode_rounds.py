"""Rounds as a report reads them: what was written, but for the evidence, and what lines share once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.store import decode_rounds, jsonl
from bench.store.cell import Cell, Problem
from bench.store.jsonl import each_line, to_json
from bench.store.raw_rows import Environment, Evidence, Rounds
from datasets.dataset import Model

CELL = Cell("any", Problem("any", Model.SOFTMAX, 3, 1, 2, "float32", 0.1, None, False, False, 0), "cpu", 1)
ROUNDS = Rounds(CELL, "any", 1, 2, 3, 0.5, (0.25, 0.125), environment=Environment(found={"x64": "False"}))


def line(rounds: Rounds) -> bytes:
    return to_json(rounds).encode()


@given(records=st.lists(st.builds(Rounds)))
def test_rounds_are_read_as_they_were_without_their_evidence(records: list[Rounds]) -> None:
    read = decode_rounds.reader()
    expected = [replace(record, evidence=Evidence()) for record in records]
    assert repr([read(line(record)) for record in records]) == repr(expected)  # by repr: NaN is not equal to itself


def test_equal_cells_and_environments_of_many_lines_are_one_object() -> None:
    read = decode_rounds.reader()
    other = replace(ROUNDS, cell=replace(CELL, threads=2), environment=Environment())
    first, second, third = (read(line(one)) for one in (ROUNDS, other, ROUNDS))
    assert first.cell is third.cell and first.environment is third.environment
    assert (first, second) == (ROUNDS, other)


def test_a_field_that_is_missing_has_its_default_or_is_named(tmp_path: Path) -> None:
    fields = json.loads(to_json(ROUNDS))
    del fields["environment"]
    assert decode_rounds.reader()(json.dumps(fields).encode()) == replace(ROUNDS, environment=Environment())
    del fields["block"]
    (tmp_path / "lines").write_text(json.dumps(fields) + "\n")
    with pytest.raises(ValueError, match=r"lines, line 1: not a record of Rounds: .*`block`"):
        list(each_line(Rounds, tmp_path / "lines", decode_rounds.reader()))


def test_a_shared_part_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    fields = json.loads(to_json(ROUNDS)) | {"cell": 7}
    (tmp_path / "lines").write_text(f"{to_json(ROUNDS)}\n{json.dumps(fields)}\n")
    with pytest.raises(ValueError, match=r"lines, line 2: not a record of Rounds"):
        list(each_line(Rounds, tmp_path / "lines", decode_rounds.reader()))


def test_another_reader_leaves_no_decoder_behind() -> None:
    decode_rounds.reader()(line(ROUNDS))
    before = jsonl._decoder.cache_info().currsize
    decode_rounds.reader()(line(ROUNDS))
    assert jsonl._decoder.cache_info().currsize == before
