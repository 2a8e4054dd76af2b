from __future__ import annotations

import csv as reader
import math
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd

from bench.store import csv_table
from bench.store.tables import Agreement, Timing
from tests.support.golden_files import golden
from tests.support.made_up import agreement, made_up


def test_the_csv_files_read_as_agreed() -> None:
    raw = made_up()
    golden("timings.csv", csv_table.csv(Timing, raw.timings))
    golden("agreement.csv", csv_table.csv(Agreement, raw.agreements))


def test_csv_keeps_every_value(tmp_path: Path) -> None:
    odd = agreement('a, "b"\n|', "loss", 1.0)
    values = (0.1 + 0.2, math.inf, -math.inf, 5e-324)
    records = [replace(odd, value=value, cause="") for value in values] + [replace(odd, value=math.nan)]
    path = tmp_path / "agreement.csv"
    path.write_text(csv_table.csv(Agreement, records), encoding="utf-8")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(reader.DictReader(file))
    assert list(rows[0]) == [field.name for field in fields(Agreement)]
    assert [float(row["value"]) for row in rows[:-1]] == list(values) and rows[-1]["value"] == "nan"
    assert {row["implementation"] for row in rows} == {'a, "b"\n|'}
    frame = pd.read_csv(path)
    assert list(frame["value"][:-1]) == list(values) and math.isnan(frame["value"].iloc[-1])
    assert csv_table.csv(Timing, []).count("\n") == 1
