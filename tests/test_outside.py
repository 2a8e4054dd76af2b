"""An implementation from outside the repository goes through the same gate, clock and report as one inside."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench import cli

WRONG = {
    "GradientTimesTwo": "a factor 2 too much",
    "BiasGradientMissing": "the gradient of the bias is missing",
    "BatchDropped": "the short last batch is left out",
    "EpochTooMany": "reset does not go back",
    "WrongAxis": "",
}
PLANTED = Path(__file__).parent / "planted"


def test_wrong_ones_are_refused_by_name_and_the_right_one_is_timed(tmp_path: Path) -> None:
    """Each wrong one is a MISMATCH with its cause, has no time anywhere, and makes the exit code 1."""
    out = tmp_path / "run"
    names = [f"{PLANTED / 'wrong.py'}:{name}" for name in WRONG]
    options = [word for name in ["numpy_manual", *names] for word in ("--implementation", name)]
    datasets = ["--dataset", "iris"]
    assert cli.main(["run", "--quick", "--out", str(out), *datasets, *options]) == 1
    timings = pd.read_csv(out / "timings.csv", keep_default_na=False).set_index("implementation")
    assert timings.loc["numpy_manual", "status"] == "OK"
    assert float(timings.loc["numpy_manual", "epoch_seconds"]) > 0
    for name, cause in zip(names, WRONG.values(), strict=True):
        assert timings.loc[name, "status"] == "MISMATCH"
        assert cause in timings.loc[name, "detail"]
        assert timings.loc[name, "epoch_seconds"] == timings.loc[name, "first_epoch_seconds"] == ""
    timed = (out / "raw" / "rounds.jsonl").read_text(encoding="utf-8")
    assert not any(name.rpartition(":")[2] in timed for name in names)
