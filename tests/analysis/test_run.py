"""Raw rows become rows of timings.csv."""

from __future__ import annotations

import gc
import math
from dataclasses import fields, replace
from pathlib import Path

import pytest

from bench.analysis.run import read
from bench.errors import BadInput
from bench.report import write
from bench.report.markdown import run as markdown
from bench.report.views import names, ranking, self_comparison
from bench.store.cell import Status
from bench.store.raw_rows import Block, Failure
from bench.store.tables import Comparison, Timing
from datasets.dataset import Model
from tests.support.made_up import AROUND, BATCHES, BLOCKS, DIGITS, ENVIRONMENT, cell, find, laid_down, made_up


def test_a_run_that_was_read_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    laid_down(tmp_path, made_up())
    before = gc.get_freeze_count(), gc.isenabled()
    read(tmp_path)
    assert (gc.get_freeze_count(), gc.isenabled()) == before


def test_a_time_stands_beside_ok_and_nowhere_else() -> None:
    numbers = [field.name for field in fields(Timing) if "seconds" in field.name or field.name.startswith("ratio")]
    rows = made_up().timings
    assert {row.status for row in rows} >= {Status.OK, Status.MISMATCH, Status.CRASHED, Status.NOT_RUN}
    for row in rows:
        if row.status is not Status.OK:
            assert [getattr(row, name) for name in numbers] == [None] * len(numbers), row
            assert row.comparison is Comparison.NONE and row.blocks == 0
        else:
            assert row.epoch_seconds is not None


def test_noise_that_the_blocks_share_falls_out_of_the_ratio() -> None:
    row = find(made_up().timings, "torch_nn", DIGITS)
    assert row.ratio is not None and row.ratio_low is not None and row.ratio_high is not None
    assert row.ratio == pytest.approx(1.3, rel=0.005)
    assert row.ratio_high / row.ratio_low < 1.02
    assert row.epoch_seconds_low is not None and row.epoch_seconds_high is not None
    assert row.epoch_seconds_high / row.epoch_seconds_low > 1.25
    assert row.comparison is Comparison.SLOWER


def test_an_accelerator_is_compared_with_the_baseline_on_the_cpu() -> None:
    row = find(made_up().timings, "torch_nn", DIGITS, "cuda:0")
    assert (row.baseline, row.baseline_device, row.comparison) == ("numpy_manual", "cpu", Comparison.SAME)


def test_levels_are_for_all_comparisons_of_a_model_together() -> None:
    rows = [row for row in made_up().timings if row.cell.problem.model is Model.SOFTMAX]
    assert {row.comparisons for row in rows} == {4}
    levels = [row.ratio_level for row in rows if row.ratio is not None]
    assert levels == pytest.approx([1 - 2 / 2**BLOCKS] * 4)
    assert min(level for level in levels if level is not None) >= 1 - 0.05 / 4


def test_too_few_blocks_for_the_level_give_times_and_no_comparison() -> None:
    raw = made_up()
    few = replace(raw, rounds=[one for one in raw.rounds if one.block <= 4], failures=[])
    rows = [row for row in few.timings if row.status is Status.OK]
    assert all(row.epoch_seconds is not None and row.ratio is None and row.epoch_seconds_low is None for row in rows)
    text = markdown.report(few, rows)
    assert "an interval needs more than 4 blocks" in text and "fastest" not in text


def test_quick_shows_times_and_compares_nothing() -> None:
    raw = replace(made_up(), environment=ENVIRONMENT | {"options": {"quick": True, "blocks": BLOCKS, "threads": 1}})
    rows = raw.timings
    assert {row.comparison for row in rows} == {Comparison.NONE}
    assert find(rows, "jax_grad", DIGITS).epoch_seconds is not None
    assert all(row.ratio is None and row.epoch_seconds_low is None for row in rows)
    text = markdown.report(raw, rows)
    assert "fastest" not in text and "A/A" not in text


def test_a_failed_baseline_leaves_times_without_ratios() -> None:
    raw = made_up()
    failed = replace(raw, failures=[*raw.failures, Failure(cell("numpy_manual", DIGITS), 0, Status.TIMEOUT, "60 s")])
    rows = failed.timings
    assert find(rows, "numpy_manual", DIGITS).detail == "while it was timed, in the pilot: 60 s"
    jax = find(rows, "jax_grad", DIGITS)
    assert jax.epoch_seconds is not None and jax.ratio is None
    assert "digits: no comparison, because the baseline numpy_manual has no time here." in markdown.report(failed, rows)
    assert [one.cell.problem for one in failed.self_comparisons] == [BATCHES]


def test_a_cell_that_was_never_timed_is_not_ok() -> None:
    stopped = replace(made_up(), rounds=[], failures=[])
    rows = stopped.timings
    assert find(rows, "numpy_manual", DIGITS).status is Status.NOT_RUN
    assert Status.OK not in {row.status for row in rows}
    assert "digits: no times." in markdown.report(stopped, rows)


def test_the_twin_is_no_row_and_half_of_the_baseline() -> None:
    """It alone is 10 % slower: the baseline is by the half, and whoever is compared with it is faster by as much."""
    raw = made_up()
    without = replace(raw, rounds=[one for one in raw.rounds if not one.name.endswith("@aa")])
    slower = [
        replace(one, round_seconds=tuple(1.1 * seconds for seconds in one.round_seconds)) if "@aa" in one.name else one
        for one in raw.rounds
    ]
    rows, changed = raw.timings, replace(raw, rounds=slower).timings
    assert len(rows) == len(without.timings)
    before, after = (find(some, "numpy_manual", DIGITS).epoch_seconds for some in (rows, changed))
    assert before is not None and after == pytest.approx(before * math.sqrt(1.1), rel=0.005)
    before, after = (find(some, "jax_grad", DIGITS).ratio for some in (rows, changed))
    assert before is not None and after == pytest.approx(before / math.sqrt(1.1), rel=0.005)
    result, _ = raw.self_comparisons
    assert result.comparison is Comparison.SAME and result.ratio is not None
    assert not without.self_comparisons


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("environment.json", '{"schema": 99}', "schema 99, this version reads 2: check out the commit"),
        ("environment.json", "{", "cannot be read"),
        ("raw/verdicts.jsonl", "rubbish\n", "line 1"),
    ],
)
def test_a_folder_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    laid_down(tmp_path / "run", made_up())
    (tmp_path / "run" / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=words):
        write.write_reports(tmp_path / "run")


def test_a_contest_without_a_quiet_processor_has_its_ratio_from_the_other_blocks_and_the_extra_one() -> None:
    raw = made_up()
    loud = [
        replace(one, witnessed=replace(one.witnessed, sentinel_after=(2.0,) * len(AROUND)))
        if (one.block, one.cell.problem) == (3, DIGITS)
        else one
        for one in raw.rounds
    ]
    again = [replace(one, block=BLOCKS + 1) for one in raw.rounds if (one.block, one.cell.problem) == (3, DIGITS)]
    extra = Block(BLOCKS + 1, extra=True, waited_seconds=0.0, seconds=9.0)
    noisy = replace(raw, rounds=[*loud, *again], blocks=[*raw.blocks, extra])
    assert {cell.problem for cell in noisy.noisy[3]} == {DIGITS}
    row, before = (find(one.timings, "jax_grad", DIGITS) for one in (noisy, raw))
    assert (row.blocks, row.disturbed_blocks, before.disturbed_blocks) == (BLOCKS + 1, 1, 0)
    assert (row.ratio, row.ratio_low, row.ratio_high) == (before.ratio, before.ratio_low, before.ratio_high)
    assert self_comparison.stop_reason(noisy) == (
        "8 blocks as planned; 1 more because some datasets had blocks without a quiet processor"
    )
    named = names.of_rows(raw.timings)
    assert "No quiet processor, so no ratio: digits in 1 block." in self_comparison.lines(noisy, named)
    options = dict(raw.environment["options"]) | {"quick": True}
    quick = replace(noisy, environment=dict(raw.environment) | {"options": options})
    assert not any("no ratio" in line for line in self_comparison.lines(quick, named))


def test_an_extra_block_that_was_stopped_before_its_end_does_not_count() -> None:
    raw = made_up()
    begun = [replace(one, block=BLOCKS + 1) for one in raw.rounds if one.block == 2][:3]
    stopped = replace(raw, rounds=[*raw.rounds, *begun])
    assert stopped.timings == raw.timings
    assert self_comparison.stop_reason(stopped) == self_comparison.stop_reason(raw)


def test_a_ratio_that_is_another_one_under_load_says_so() -> None:
    """In all turns but the calm ones, its rounds are 45 % longer and the baseline's are not."""
    raw = made_up()
    jax = cell("jax_grad", DIGITS)
    odd = [
        replace(
            one,
            round_seconds=tuple(
                own * (1.45 if around > 1.05 else 1) for own, around in zip(one.round_seconds, AROUND, strict=True)
            ),
        )
        if one.cell == jax
        else one
        for one in raw.rounds
    ]
    rows = replace(raw, rounds=odd).timings
    row = find(rows, "jax_grad", DIGITS)
    assert row.depends_on_load and row.median_ratio is not None and row.ratio is not None
    assert row.median_ratio > 1.2 * row.ratio
    assert ranking.verdict(row) == "FASTER, depends on load"
    text = markdown.report(replace(raw, rounds=odd), rows)
    assert "**Depends on load**: digits, jax_grad: the median of all rounds gives" in text
    assert not find(rows, "torch_nn", DIGITS).depends_on_load


def test_a_lie_has_its_evidence_and_no_time() -> None:
    raw = made_up()
    lie = Failure(cell("jax_grad", DIGITS), None, Status.EARLY_RETURN, "a second synchronize takes 1 s after 1e-06 s")
    row = find(replace(raw, failures=[*raw.failures, lie]).timings, "jax_grad", DIGITS)
    assert (row.status, row.epoch_seconds, row.ratio) == (Status.EARLY_RETURN, None, None)
    assert row.detail == "while it was timed: a second synchronize takes 1 s after 1e-06 s"
