"""Comparing two runs: changes are named, the effect of the machine is not, and only like cells are compared."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.comparison import between, shift, slower_than
from bench.analysis.run import Raw, read
from bench.cli import app
from bench.errors import BadInput
from bench.report.views import comparison
from bench.store.cell import Problem, Status
from bench.store.raw_rows import Failure
from bench.store.tables import Comparison
from tests.support.made_run import ENVIRONMENT, lay_down, made_run, problem

NAMES = ("numpy_manual", "torch_nn", "jax_grad")
PROBLEMS = (problem(0), problem(1), problem(2))
BASE = {"numpy_manual": 1e-3, "torch_nn": 3e-3, "jax_grad": 5e-4}


def steady(name: str, one: Problem) -> float:
    return BASE[name]


def slow(which: str, factor: float, only: Problem | None = None) -> Callable[[str, Problem], float]:
    return lambda name, one: BASE[name] * (factor if name == which and only in (None, one) else 1)


def run(seconds: Callable[[str, Problem], float] = steady, seed: int = 0, **options: Any) -> Raw:
    return made_run(NAMES, PROBLEMS, seconds, seed=seed, **options)


def named(found: list[Any]) -> set[tuple[str, str]]:
    return {(change.cell.implementation, change.cell.problem.dataset) for change in found}


def of(raw: Raw, kind: Comparison, **options: Any) -> set[tuple[str, str]]:
    changes = between(run(), raw, **options).changes
    return named([change for change in changes if change.comparison is kind])


def cells(*names: str) -> set[tuple[str, str]]:
    return {(name, one.dataset) for name in names for one in PROBLEMS}


def test_a_run_and_itself_are_the_same_however_noisy_it_was() -> None:
    noisy = run(noise=0.2)
    found = between(noisy, noisy)
    assert named([one for one in found.changes if one.comparison is Comparison.SAME]) == cells("torch_nn", "jax_grad")
    assert named([one for one in found.changes if one.comparison is Comparison.NONE]) == cells("numpy_manual")


def test_the_times_of_a_run_are_those_of_its_own_report() -> None:
    noisy = run(noise=0.2)
    own = {(row.cell.implementation, row.cell.problem.dataset): row.epoch_seconds for row in noisy.timings}
    found = between(noisy, noisy).changes
    assert {(one.cell.implementation, one.cell.problem.dataset): one.old_epoch_seconds for one in found} == own
    assert all(one.new_epoch_seconds == one.old_epoch_seconds for one in found)


def test_a_planted_slow_down_names_exactly_its_cells() -> None:
    assert of(run(slow("jax_grad", 1.1), seed=1), Comparison.SLOWER) == cells("jax_grad")
    assert of(run(slow("jax_grad", 1.1, PROBLEMS[1]), seed=1), Comparison.SLOWER) == {("jax_grad", "data 1")}
    assert of(run(slow("jax_grad", 1 / 1.1), seed=1), Comparison.FASTER) == cells("jax_grad")


def test_a_machine_that_is_slower_throughout_changes_nothing() -> None:
    today = run(lambda name, one: 1.7 * steady(name, one), seed=1)
    assert of(today, Comparison.SAME) == cells("torch_nn", "jax_grad")
    assert of(today, Comparison.SLOWER, absolute=True) == cells(*NAMES)
    (said,) = comparison.remarks(between(run(), today))
    assert (
        said.startswith("numpy_manual itself took 1.") and "(data 0), 1." in said and "If the machine changed" in said
    )


def test_a_slower_baseline_is_named_where_times_themselves_are_compared() -> None:
    before, after = run(load=0.003), run(slow("numpy_manual", 1.1), seed=1, load=0.003)
    changes = between(before, after, absolute=True).changes
    assert named([one for one in changes if one.comparison is Comparison.SLOWER]) == cells("numpy_manual")
    assert {change.through for change in changes} == {""}


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2])
def test_noise_alone_trips_nothing(noise: float) -> None:
    runs = [run(seed=seed, noise=noise, load=0.3) for seed in range(20)]
    tripped = [one for raw in runs[1:] for one in slower_than(between(runs[0], raw).changes, 0.05)]
    assert tripped == []


@pytest.mark.parametrize("comparisons", [1, 4])
@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_the_interval_holds_the_change_of_medians_as_often_as_it_says(comparisons: int, spread: float) -> None:
    """For two runs that scatter alike, and for two that do not: one normal, one skewed."""
    generator, held, repeats = np.random.default_rng(7), 0, 2000
    for _ in range(repeats):
        old = generator.normal(0, 0.01, 14)
        new = 0.1 + spread * 0.01 * (generator.exponential(1, 14) - math.log(2))
        ratio = shift(old.tolist(), new.tolist(), comparisons)
        assert ratio is not None and ratio.level >= 1 - 0.05 / comparisons
        held += ratio.low <= math.exp(0.1) <= ratio.high
    assert held / repeats >= 1 - 0.05 / comparisons


def test_a_cell_that_lost_its_time_is_told_and_fails() -> None:
    broken = run(seed=1)
    cell = next(one.cell for one in broken.verdicts if one.cell.implementation == "torch_nn")
    broken = replace(broken, failures=[Failure(cell, 3, Status.CRASHED, "ended by SIGSEGV")])
    found = between(run(), broken)
    assert named(slower_than(found.changes, 0.05)) == {("torch_nn", "data 0")}
    assert "torch_nn on data 0 no longer has a time: CRASHED." in comparison.verdicts(found)


def test_a_cell_that_the_new_run_lacks_fails_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = run(), made_run(NAMES[:2], PROBLEMS[:2], steady, seed=1)
    assert {(one.implementation, one.problem.dataset) for one in between(old, new).missing} == cells(*NAMES) - {
        (name, one.dataset) for name in NAMES[:2] for one in PROBLEMS[:2]
    }
    folders = [str(lay_down(tmp_path / name, raw)) for name, raw in (("old", old), ("new", new))]
    assert app.main(["compare", *folders, "--fail-slower", "5%", "--quiet"]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "--fail-slower 5%: timed in the old run and missing from the new one: jax_grad on data 0, " in printed
    assert app.main(["compare", *folders, "--quiet"]) == 0
    assert app.main(["compare", *reversed(folders), "--fail-slower", "5%", "--quiet"]) == 0


def test_a_cell_that_never_had_a_time_is_not_missed() -> None:
    old = run()
    cell = next(one.cell for one in old.verdicts if one.cell.implementation == "torch_nn")
    broken = replace(old, failures=[Failure(cell, 3, Status.CRASHED, "ended by SIGSEGV")])
    lacking = replace(run(seed=1), verdicts=[one for one in old.verdicts if one.cell != cell])
    found = between(broken, lacking)
    assert found.only_old == [cell] and found.missing == []


def test_another_machine_or_other_versions_are_refused_unless_they_are_asked_for() -> None:
    identity = ENVIRONMENT["identity"]
    other = run(environment={"identity": identity | {"processor": "Made-up 4000"}})
    with pytest.raises(BadInput, match=r"different machine: processor was Made-up 3000 and is Made-up 4000; --across"):
        between(run(), other)
    newer = run(environment={"identity": identity | {"libraries": {"numpy": "3.0"}}})
    with pytest.raises(BadInput, match=r"different versions: numpy was 2\.4\.6 and is 3\.0"):
        between(run(), newer, across=["machine"])
    found = between(run(), newer, across=["versions"])
    assert "DIFFERENT: numpy was 2.4.6 and is 3.0." in comparison.remarks(found)


def test_cells_of_other_settings_or_other_data_are_kept_apart() -> None:
    batched = [replace(PROBLEMS[0], batch_size=64), PROBLEMS[1]]
    found = between(run(), made_run(NAMES, batched, steady))
    assert {change.cell.problem.dataset for change in found.changes} == {"data 1"}
    assert {cell.problem.batch_size for cell in found.only_new} == {64} and len(found.only_old) == 6
    with pytest.raises(BadInput, match="share no cell: batch_size was None and is 64"):
        between(made_run(NAMES, PROBLEMS[:1], steady), made_run(NAMES, batched[:1], steady))
    identity = ENVIRONMENT["identity"]
    old, new = (run(environment={"identity": identity | {"data": {"data 0 float32": digest}}}) for digest in "ab")
    assert {change.cell.problem.dataset for change in between(old, new).changes} == {"data 1", "data 2"}


def test_a_quick_run_has_nothing_to_compare() -> None:
    quick = run(environment={"options": {"quick": True, "blocks": 1, "threads": 1}})
    with pytest.raises(BadInput, match="the new run has no intervals"):
        between(run(), quick)


def test_too_few_blocks_compare_nothing() -> None:
    few = run(blocks=4)
    assert {change.comparison for change in between(few, run(seed=1)).changes} == {Comparison.NONE}


def test_the_command_prints_writes_and_fails_as_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = lay_down(tmp_path / "old", run()), lay_down(tmp_path / "new", run(slow("jax_grad", 1.1), seed=1))
    arguments = ["compare", str(old), str(new)]
    assert app.main([*arguments, "--out", str(tmp_path / "changes")]) == 0
    printed = capsys.readouterr().out
    sentence = re.compile(r"SLOWER: jax_grad on data 0 is 1\.(09|10|11)x slower than before")
    assert sentence.search(" ".join(printed.split()))
    assert max(len(line.rstrip()) for line in printed.splitlines() if not line.startswith("/")) <= 80
    text = (tmp_path / "changes" / "comparison.md").read_text(encoding="utf-8")
    assert sentence.search(text)
    with (tmp_path / "changes" / "comparison.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["implementation"] for row in rows if row["comparison"] == "SLOWER"} == {"jax_grad"} and len(rows) == 9
    assert app.main([*arguments, "--fail-slower", "5%", "--quiet"]) == 1
    assert "--fail-slower 5%: jax_grad on data 0, jax_grad on data 1" in capsys.readouterr().out
    assert app.main([*arguments, "--fail-slower", "20%", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["exit_code"] == 0 and len(result["changes"]) == 9
    assert app.main(["compare", str(old), str(old), "--fail-slower", "0%"]) == 0
    assert "6 cells SAME" in capsys.readouterr().out
    assert sorted(path.name for path in old.iterdir()) == ["environment.json", "raw"]


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["nowhere"], "give the folder of a run"),
        (["old", "--across", "machin"], "did you mean machine"),
        (["old", "--fail-slower", "5"], "such as 5%"),
        (["old", "--out", "old"], "not an empty folder"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    arguments: list[str],
    remedy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_down(Path("old"), run())
    assert app.main(["compare", "old", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and remedy in printed.err
    assert read(Path("old")).timed


def test_a_baseline_that_failed_is_nothing_to_compare_through() -> None:
    new = run(seed=1)
    baseline = next(one.cell for one in new.verdicts if one.cell.implementation == "numpy_manual")
    failed = replace(new, failures=[Failure(baseline, None, Status.WRONG_AFTER_TIMING, "planted")])
    found = [one for one in between(run(), failed).changes if one.cell.problem.dataset == baseline.problem.dataset]
    assert len(found) == 3 and all(one.change is None for one in found)


def test_too_few_blocks_cannot_pass_a_threshold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (lay_down(tmp_path / str(seed), run(seed=seed, blocks=7)) for seed in (0, 1))
    assert app.main(["compare", str(old), str(new), "--fail-slower", "5%"]) == 2
    assert "time them with more --blocks" in capsys.readouterr().err
