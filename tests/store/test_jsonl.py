from __future__ import annotations

import gzip
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.plan.options import Options
from bench.store.cell import Cell, Problem, Status
from bench.store.jsonl import append_line, compressed, from_json, from_mapping, read_lines, to_json
from bench.store.raw_rows import Failure, Rounds, Verdict
from bench.store.tables import Agreement, Timing
from bench.timing.jobs import Entry, Job
from datasets.dataset import Model

CELL = Cell("any", Problem("any", Model.SOFTMAX, 3, 1, 2, "float32", math.inf, None, False, False, 0), "cpu", 1)


@dataclass(frozen=True)
class Line:
    number: int


@pytest.mark.parametrize("cls", [Agreement, Cell, Failure, Problem, Rounds, Timing, Verdict, Entry, Job])
@given(data=st.data())
def test_every_record_comes_back_as_it_was(cls: type, data: st.DataObject) -> None:
    record = data.draw(st.builds(cls))
    line = to_json(record)
    assert "\n" not in line
    assert repr(from_json(cls, line)) == repr(record)  # by repr: NaN is not equal to itself


def test_what_is_not_finite_is_strict_json() -> None:
    text = to_json(CELL)
    assert json.loads(text, parse_constant=pytest.fail)["problem"]["learning_rate"] == "inf"
    assert from_json(Cell, text) == CELL


def test_text_that_no_file_can_hold_is_written_out(tmp_path: Path) -> None:
    append_line(tmp_path / "lines", Failure(CELL, 1, Status.FAILED, "ValueError: \ud800 | \u00e9"))
    (found,) = read_lines(Failure, tmp_path / "lines")
    assert found.detail == "ValueError: \\ud800 | \u00e9"


def test_options_come_back_with_the_folder_that_they_name() -> None:
    options = Options(datasets=("digits",), out=Path("results") / "mine")
    assert from_mapping(Options, json.loads(json.dumps(asdict(options), default=str))) == options


def test_lines_are_appended_in_order(tmp_path: Path) -> None:
    for number in range(3):
        append_line(tmp_path / "lines", Line(number))
    assert read_lines(Line, tmp_path / "lines") == [Line(0), Line(1), Line(2)]


def test_no_file_is_no_records(tmp_path: Path) -> None:
    assert read_lines(Line, tmp_path / "lines") == []


def test_lines_are_read_from_the_compressed_file_in_place_of_the_other(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    compressed(path).write_bytes(gzip.compress(b'{"number": 3}\n{"number": 4}\n'))
    assert read_lines(Line, path) == [Line(3), Line(4)]
    append_line(path, Line(5))
    assert read_lines(Line, path) == [Line(5)]


@pytest.mark.parametrize(
    "damaged", [b"", b"no gzip", gzip.compress(b'{"number": 3}\n' * 999)[:-9]], ids=["empty", "no gzip", "cut off"]
)
def test_a_damaged_compressed_file_is_named(damaged: bytes, tmp_path: Path) -> None:
    compressed(tmp_path / "lines").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"lines\.gz cannot be unpacked"):
        read_lines(Line, tmp_path / "lines")


@pytest.mark.parametrize("half", ['{"num', '{"number": 1}'])
def test_last_line_without_its_end_is_no_record(tmp_path: Path, half: str) -> None:
    (tmp_path / "lines").write_text('{"number": 0}\n' + half)
    assert read_lines(Line, tmp_path / "lines") == [Line(0)]


@pytest.mark.parametrize("rubbish", ["rubbish", "[]", '{"name": 1}', "{}", "7", "null"])
def test_rubbish_is_named_with_its_place(tmp_path: Path, rubbish: str) -> None:
    (tmp_path / "lines").write_text('{"number": 0}\n' + rubbish + '\n{"number": 2}\n')
    with pytest.raises(ValueError, match=r"lines, line 2: not a record of Line"):
        read_lines(Line, tmp_path / "lines")


def test_a_value_that_is_none_of_its_enum_is_an_error() -> None:
    line = to_json(Verdict(CELL, Status.OK)).replace('"OK"', '"PERHAPS"')
    with pytest.raises(ValueError, match="PERHAPS"):
        from_json(Verdict, line)
