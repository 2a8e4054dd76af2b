"""An implementation outside the repository goes through the same gate, timing and report as a built-in one."""

from __future__ import annotations

import csv
from pathlib import Path

from bench.cli import app
from bench.store.layout import ROOT

WRONG = {
    "GradientTimesTwo": "twice as large as it should be",
    "BiasGradientMissing": "the gradient of the bias is missing",
    "BatchDropped": "the last batch is left out",
    "EpochTooMany": "after reset, params() differs",
    "WrongAxis": "",
}
PLANTED = ROOT / "tests" / "support" / "planted"


def test_wrong_ones_are_refused_by_name_and_the_right_one_is_timed(tmp_path: Path) -> None:
    """Each wrong one is a MISMATCH with its cause, has no time anywhere, and makes the exit code 1."""
    out = tmp_path / "run"
    names = [f"{PLANTED / 'wrong.py'}:{name}" for name in WRONG]
    options = [word for name in ["numpy_manual", *names] for word in ("--implementation", name)]
    datasets = ["--dataset", "iris"]
    assert app.main(["run", "--quick", "--out", str(out), *datasets, *options]) == 1
    with (out / "timings.csv").open(encoding="utf-8", newline="") as file:
        timings = {row["implementation"]: row for row in csv.DictReader(file)}
    assert timings["numpy_manual"]["status"] == "OK"
    assert float(timings["numpy_manual"]["epoch_seconds"]) > 0
    for name, cause in zip(names, WRONG.values(), strict=True):
        assert timings[name]["status"] == "MISMATCH"
        assert cause in timings[name]["detail"]
        assert timings[name]["epoch_seconds"] == timings[name]["first_epoch_seconds"] == ""
    timed = (out / "raw" / "rounds.jsonl").read_text(encoding="utf-8")
    assert not any(name.rpartition(":")[2] in timed for name in names)
