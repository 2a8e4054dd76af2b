"""Raw rows become tables, words and files: golden files hold what a reader sees.

After a wanted change: UPDATE_GOLDEN=1 python -m pytest tests/report, then read the difference in git.
"""

from __future__ import annotations

import csv as reader
import gc
import io
import math
import re
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from bench.analysis.run import Raw, read
from bench.analysis.statistics import Ratio, compare
from bench.errors import BadInput
from bench.plan.controls import NULL
from bench.report import write
from bench.report.markdown import conditions
from bench.report.markdown import run as markdown
from bench.report.terminal import results
from bench.report.terminal.console import Screen
from bench.report.views import caveats, names, notation, provenance, ranking, self_comparison, truncate
from bench.store import csv_table, run_folder
from bench.store.cell import Status
from bench.store.raw_rows import Block, Environment, Failure, Verdict
from bench.store.tables import Agreement, Comparison, Timing
from datasets.dataset import Model
from impls.protocol import Feed
from tests.support.golden_files import GOLDEN, golden
from tests.support.made_run import made_run
from tests.support.made_up import (
    BATCHES,
    BLOCKS,
    DIGITS,
    ENVIRONMENT,
    HOURS,
    MINE,
    agreed,
    agreement,
    cell,
    find,
    laid_down,
    made_up,
    part,
)


def test_the_markdown_report_reads_as_agreed() -> None:
    raw = made_up()
    golden("report.md", markdown.report(raw, raw.timings))


def test_where_the_data_lie_is_said_of_the_cells_that_are_there() -> None:
    rows = made_up().timings
    fed = [replace(row, feed=Feed.HOST) for row in rows]
    on_device, from_host = "with the data already on the device", "Where data are fed from the host"
    for some, said in ((rows, (True, False)), (fed, (False, True)), ([*rows, *fed], (True, True))):
        text = "\n".join(caveats.limits_of(some))
        assert (on_device in text, from_host in text) == said


def test_a_run_that_was_read_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    laid_down(tmp_path, made_up())
    before = gc.get_freeze_count(), gc.isenabled()
    read(tmp_path)
    assert (gc.get_freeze_count(), gc.isenabled()) == before


def test_each_number_of_threads_is_a_ranking_of_its_own() -> None:
    """Ratios over two baselines do not rank: with four threads torch_nn beats a baseline that slowed down."""
    implementations = ["numpy_manual", "torch_nn"]
    one = made_run(implementations, [DIGITS], lambda name, _: {"numpy_manual": 1e-3, "torch_nn": 2e-3}[name])
    four = made_run(implementations, [DIGITS], lambda name, _: {"numpy_manual": 4e-3, "torch_nn": 2e-3}[name])
    raw = replace(
        one,
        verdicts=[*one.verdicts, *(replace(row, cell=replace(row.cell, threads=4)) for row in four.verdicts)],
        rounds=[*one.rounds, *(replace(row, cell=replace(row.cell, threads=4)) for row in four.rounds)],
    )
    first, second = ranking.rankings(raw.timings, quick=False)
    assert first.startswith("numpy_manual is fastest on digits; torch_nn takes 2.0")
    assert second.startswith("torch_nn, 4 threads is fastest on digits with 4 threads: it takes 0.5")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.1234, "12 %"), (0.0004, "0.04 %"), (0.996, "100 %"), (1.23456, "123.5 %"), (150, "15,000 %"),
     (math.nan, "no number"), (math.inf, "beyond any")],
)  # fmt: skip
def test_a_share_of_the_budget_is_readable_whatever_it_is(value: float | None, text: str) -> None:
    assert notation.share(value) == text


@pytest.mark.parametrize("most", range(1, 12))
def test_of_very_many_cells_no_piece_of_work_is_ranked_by_a_part_of_it(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = made_up().timings
    whole = ranking.rankings(rows, quick=False)
    monkeypatch.setattr(truncate, "MOST_ROWS", most)
    shown = truncate.shown(rows)
    assert set(ranking.rankings([row for _, row in shown], quick=False)) <= set(whole)
    assert {row.model for _, row in shown} == {row.model for row in rows}
    assert all(rows[number] is row for number, row in shown)


def test_a_report_of_very_many_cells_shows_the_first_pieces_of_work_and_every_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of softmax that is digits, one cell of which stands last of all."""
    raw = made_up()
    rows = raw.timings
    monkeypatch.setattr(truncate, "MOST_ROWS", 8)
    text = markdown.report(raw, rows)
    assert f"{len(rows)} cells (" in text and text.count("3 more cells: timings.csv.") == 1
    for heading in ("Times", "Costs apart", "The limit"):
        assert "digits" in part(text, heading) and "batch 64" not in part(text, heading)
    assert "jax_grad is fastest on digits" in part(text, "Verdicts")
    assert "digits batch 64: nothing is compared" not in part(text, "Verdicts")
    assert "while it was timed, in block 4: ended by SIGSEGV" in part(text, "What failed")
    assert "needs jax" in part(text, "What was not run")


def test_of_very_many_failures_the_first_are_shown_what_was_not_run_last(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = made_up()
    rows = raw.timings
    monkeypatch.setattr(truncate, "MOST_ROWS", 1)
    text = markdown.report(raw, rows)
    for heading in ("What failed", "What was not run"):
        assert "1 more cell: timings.csv." in part(text, heading)
    monkeypatch.setattr(truncate, "MOST_ROWS", 3)
    unfinished, left_out = truncate.unfinished(rows)
    assert [row.status for _, row in unfinished] == [Status.MISMATCH, Status.CRASHED, Status.NOT_RUN]
    assert left_out == "1 more cell: timings.csv."
    assert all(rows[number] is row for number, row in unfinished)


def test_of_very_many_datasets_the_first_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    like = {"dtype": "float32", "source": "drawn", "licence": "none", "labels": []}
    datasets = [{"name": f"data {number}", **like} for number in range(12)]
    raw = replace(made_up(), environment=ENVIRONMENT | {"datasets": datasets})
    monkeypatch.setattr(truncate, "MOST_ROWS", 11)
    conditions = part(markdown.report(raw, raw.timings), "Conditions")
    assert "data 10" in conditions and "data 11" not in conditions
    assert "1 more dataset: environment.json." in conditions


def test_the_widest_interval_of_the_baseline_against_itself_is_told_with_its_data() -> None:
    raw = made_up()
    (told,) = self_comparison.self_comparison(raw)
    widths = {one.cell.problem: one.ratio.half_width for one in raw.self_comparisons if one.ratio}
    assert max(widths, key=widths.__getitem__) == BATCHES
    assert "is 0.905 to 1.12, on digits batch 64: " in told


def test_a_difference_between_the_baseline_and_itself_is_told_everywhere() -> None:
    raw = made_up()
    slow = [
        replace(one, round_seconds=tuple(1.5 * seconds for seconds in one.round_seconds))
        if one.name.endswith("@aa") and one.cell.problem == DIGITS
        else one
        for one in raw.rounds
    ]
    wrong = replace(raw, rounds=slow)
    said = "A/A tells a difference that is not there on digits: distrust the ratios there."
    assert said in self_comparison.lines(wrong) and said in self_comparison.lines(wrong, every=False)
    report = markdown.report(wrong, wrong.timings)
    assert said in part(report, "Verdicts") and said in part(report, "Conditions")
    assert not [line for line in self_comparison.lines(raw) if "distrust" in line]


def test_of_very_many_comparisons_of_the_baseline_with_itself_the_widest_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(self_comparison, "MOST_COMPARISONS", 1)
    told, *_ = self_comparison.self_comparisons(made_up())
    assert told.startswith(
        "A/A, numpy_manual against itself, the widest 1 of 2: digits batch 64: 0.905 to 1.12 AMBIGUOUS; all together: "
    )


def test_a_citation_is_broken_between_its_parts_and_nowhere_else() -> None:
    machine = {"processor": "One; of two", "python": "3.11.7", "libraries": {}}
    raw = replace(made_up(), environment=ENVIRONMENT | {"command": "bench run -d 'a; b.csv'", "machine": machine})
    _, run, python, processor, command, *_ = conditions.citation(raw).splitlines()
    assert run.startswith("Four Ways, run 20260102-030405-abc123 of 2026-01-02 03:04 UTC")
    assert python.startswith("Python 3.11.7")
    assert (processor, command) == ("One; of two;", "bench run -d 'a; b.csv'")


def test_who_read_a_condition_back_stands_in_the_order_of_the_rows_null_last() -> None:
    raw = made_run(("torch_nn", "numpy_manual", "jax_grad"), [DIGITS], lambda *_: 1e-3)
    one = raw.rounds[0]
    null = replace(one, name=NULL, cell=replace(one.cell, implementation=NULL))
    found = [replace(each, environment=Environment(found={"placement": "cpu"})) for each in (null, *raw.rounds)]
    text = conditions.conditions(replace(raw, rounds=found), raw.timings)
    assert "| torch_nn, numpy_manual, jax_grad, null |" in text


def test_large_numbers_and_dates_are_written_to_be_read() -> None:
    row = replace(find(made_up().timings, "jax_grad", DIGITS), n=1_000_000, d=2000)
    assert names.shaped(row) == "digits (1,000,000 x 2,000, 10)"
    assert notation.number(10_000, "cell") == "10,000 cells"
    raw = replace(made_up(), environment=ENVIRONMENT | {"machine": {"date": "2026-11-22T09:34:38+00:00"}})
    assert provenance.machine(raw) == [("date", "2026-11-22 09:34 UTC")]


def test_the_csv_files_read_as_agreed() -> None:
    raw = made_up()
    golden("timings.csv", csv_table.csv(Timing, raw.timings))
    golden("agreement.csv", csv_table.csv(Agreement, raw.agreements))


def test_the_terminal_reads_as_agreed_and_fits_80_columns() -> None:
    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False, highlight=False, color_system=None)
    screen = Screen(console, console, console, verbose=True)
    raw = made_up()
    with console.capture() as tables:
        results.results(screen, raw, raw.timings)
    assert max(len(line.rstrip()) for line in tables.get().splitlines()) <= 80
    with console.capture() as seen:
        results.agreement(screen, raw.final, raw.agreements, brief=True)
        results.results(screen, raw, raw.timings)
        results.closing(
            screen, [Path("out/report.md")], Path("out"), "python -m bench run -m softmax --out out", compared=True
        )
    golden("terminal.txt", "\n".join(line.rstrip() for line in seen.get().splitlines()) + "\n")


def test_of_very_many_cells_the_terminal_ranks_what_report_md_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=200, markup=False, emoji=False, highlight=False, color_system=None)
    raw = made_up()
    rows = raw.timings
    monkeypatch.setattr(truncate, "MOST_ROWS", 8)
    with console.capture() as seen:
        results.results(Screen(console, console, console, verbose=True), raw, rows)
    text = " ".join(seen.get().split())
    shown = ranking.rankings([row for _, row in truncate.shown(rows)], quick=False)
    every = ranking.rankings(rows, quick=False)
    assert len(shown) == len(every) - 1
    assert [sentence for sentence in every if sentence in text] == shown
    assert text.count("1 more piece of work: timings.csv.") == 1


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
    rows = [row for row in made_up().timings if row.model is Model.SOFTMAX]
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
    assert "4 blocks are too few for an interval" in text and "fastest" not in text


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
    assert "digits: nothing is compared, the baseline numpy_manual has no time here." in markdown.report(failed, rows)
    assert [one.cell.problem for one in failed.self_comparisons] == [BATCHES]


def test_a_cell_that_was_never_timed_is_not_ok() -> None:
    stopped = replace(made_up(), rounds=[], failures=[])
    rows = stopped.timings
    assert find(rows, "numpy_manual", DIGITS).status is Status.NOT_RUN
    assert Status.OK not in {row.status for row in rows}
    assert "digits: no time to show." in markdown.report(stopped, rows)


def test_the_twin_is_no_row_and_changes_no_time() -> None:
    raw = made_up()
    without = replace(raw, rounds=[one for one in raw.rounds if not one.name.endswith("@aa")])
    assert raw.timings == without.timings
    result, _ = raw.self_comparisons
    assert result.comparison is Comparison.SAME and result.ratio is not None
    assert not without.self_comparisons


UNCLEAR = "digits: no implementation is clearly the fastest; "


@pytest.mark.parametrize(
    ("a", "b", "starts"),
    [
        ((1.27, 1.33), (1.40, 1.50), "numpy_manual is fastest on digits; a takes 1.30 times as long (1.27 to 1.33); b"),
        ((0.70, 0.74), (0.80, 0.85), "a is fastest on digits: it takes 0.720 times as long as numpy_manual"),
        ((0.70, 0.76), (0.75, 0.85), UNCLEAR + "a takes 0.730 times as long as numpy_manual"),
        ((0.70, 0.74), (0.75, 0.85), UNCLEAR + "a takes 0.720 times as long as numpy_manual"),
        ((0.95, 1.05), (1.40, 1.50), UNCLEAR + "a cannot be told from numpy_manual (0.950 to 1.05)"),
        ((0.99, 1.01), (1.40, 1.50), UNCLEAR + "a takes as long as numpy_manual within 3 %"),
    ],
)
def test_words_claim_no_more_than_the_intervals(a: tuple[float, float], b: tuple[float, float], starts: str) -> None:
    base = find(made_up().timings, "numpy_manual", DIGITS)

    def rival(name: str, low: float, high: float) -> Timing:
        ratio = Ratio((low + high) / 2, low, high, 0.98, BLOCKS)
        said = replace(base, implementation=name, comparison=compare(ratio))
        return replace(said, ratio=ratio.ratio, ratio_low=low, ratio_high=high)

    sentence = ranking.ranking([base, rival("a", *a), rival("b", *b)], quick=False)
    assert sentence.startswith(starts)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ns"), (0.5e-9, "0.500 ns"), (4.2e-9, "4.20 ns"), (1.5e-6, "1.50 us"), (999.4e-6, "999 us"),
        (999.6e-6, "1.00 ms"), (2.534e-3, "2.53 ms"), (25.34e-3, "25.3 ms"), (0.9996, "1.00 s"),
        (12.5, "12.5 s"), (1234.5, "1,234 s"),
    ],
)  # fmt: skip
def test_durations_have_three_digits_and_a_unit(seconds: float, text: str) -> None:
    assert notation.duration(seconds) == text


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


def test_reports_are_remade_byte_for_byte_from_the_raw_rows_in_any_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        laid_down(folder, made_up())
        write.write_reports(folder)
    names = ["report.html", "report.md", "timings.csv", "agreement.csv", "environment.json"]
    assert [path.name for path in run_folder.reports(first)] == names
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert not list(tmp_path.rglob("*.part"))
    assert (first / "timings.csv").read_text(encoding="utf-8") == (GOLDEN / "timings.csv").read_text(encoding="utf-8")


def test_a_run_that_timed_nothing_reports_the_largest_share_of_each_quantity_in_each_dtype(tmp_path: Path) -> None:
    single = [agreement("numpy_manual", "loss", 0.04), agreement("jax_grad", "loss", 0.4)]
    double = [replace(one, dtype="float64", share=one.share / 2) for one in single]
    refused = Verdict(cell(MINE, HOURS), Status.MISMATCH, "gradient b: [0] 2 against 1", math.inf)
    environment = {**ENVIRONMENT, "timed": False, "reference_bits": {"float32": 53, "float64": 64}}
    laid_down(tmp_path, Raw(environment, [agreed("jax_grad", DIGITS), refused], [*single, *double], [], [], []))
    write.write_reports(tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "MISMATCH, gradient b" in text
    first, second = text.split("### float64")
    assert "64 significant bits" in second
    assert re.search(r"\| loss +\| +4 % \| +40 % \|", first)
    assert re.search(r"\| loss +\| +2 % \| +20 % \|", second)


def test_a_stopped_run_has_a_report(tmp_path: Path) -> None:
    laid_down(tmp_path / "run", Raw(ENVIRONMENT, [], [], [], []))
    write.write_reports(tmp_path / "run")
    assert "Nothing was compared." in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("environment.json", '{"schema": 99}', "schema 99, this version reads 1: check out the commit"),
        ("environment.json", "{", "cannot be read"),
        ("raw/verdicts.jsonl", "rubbish\n", "line 1"),
    ],
)
def test_a_folder_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    laid_down(tmp_path / "run", made_up())
    (tmp_path / "run" / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=words):
        write.write_reports(tmp_path / "run")


def test_an_out_folder_must_be_new_or_empty_and_writable(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for bad in ("full", "full/file", "full/file/below"):
        with pytest.raises(BadInput, match="--out"):
            run_folder.check_out(tmp_path / bad)
    run_folder.check_out(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()
    assert (run_folder.make_folder(tmp_path / "new" / "deep", "run") / "raw").is_dir()


def test_a_block_in_whose_place_another_was_run_does_not_count() -> None:
    raw = made_up()
    again = Block(BLOCKS + 1, 3, 0.0, 9.0, "")
    slow = [replace(one, block=BLOCKS + 1, round_seconds=(9.0,) * 3) for one in raw.rounds if one.block == 3]
    replaced = replace(raw, rounds=[*raw.rounds, *slow], blocks=[*raw.blocks, again])
    assert {one.block for one in replaced.counted} == set(range(1, BLOCKS + 2)) - {3}
    assert replaced.disturbed == {}
    row = find(replaced.timings, "jax_grad", DIGITS)
    assert (row.blocks, row.disturbed_blocks) == (BLOCKS, 0)
    assert find(raw.timings, "jax_grad", DIGITS).disturbed_blocks == 1
    assert self_comparison.stop_reason(replaced) == "8 blocks as planned; 1 more run in place of disturbed ones"


def test_a_block_in_place_of_another_that_was_stopped_before_its_end_does_not_count() -> None:
    raw = made_up()
    begun = [replace(one, block=BLOCKS + 1) for one in raw.rounds if one.block == 2][:3]
    stopped = replace(raw, rounds=[*raw.rounds, *begun])
    assert stopped.timings == raw.timings
    assert self_comparison.stop_reason(stopped) == self_comparison.stop_reason(raw)


FIXED = "the level of an interval is exact for a number of blocks that is fixed beforehand"


@pytest.mark.parametrize(
    ("planned", "most", "reason"),
    [
        (8, 8, "8 blocks as planned"),
        (4, 8, f"8 blocks, the most that were allowed; {FIXED}"),
        (4, 60, f"8 blocks: 4 as planned, and more until the run was stopped; {FIXED}"),
        (14, 14, "8 of 14 blocks: the run was stopped, or nothing was left to time"),
    ],
)
def test_why_there_are_no_more_blocks_is_said(planned: int, most: int, reason: str) -> None:
    raw = made_up()
    options = {"quick": False, "threads": 1, "blocks": planned, "max_blocks": most}
    assert self_comparison.stop_reason(replace(raw, environment={**ENVIRONMENT, "options": options})) == reason


def test_a_time_that_denormal_numbers_made_is_marked_saturated() -> None:
    raw = made_up()
    marked = {cell("numpy_manual", DIGITS): 0.12, cell("torch_nn", DIGITS): 0.11, cell("jax_grad", DIGITS): 0.0}
    verdicts = [replace(one, denormal_share=marked.get(one.cell)) for one in raw.verdicts]
    raw = replace(raw, verdicts=verdicts)
    assert [ranking.verdict(find(raw.timings, one.implementation, DIGITS)) for one in marked] == [
        "baseline, saturated",
        "SLOWER, saturated",
        "FASTER",
    ]
    text = markdown.report(raw, raw.timings)
    assert "with denormal numbers: digits, numpy_manual: 12 % of its probabilities; digits, torch_nn: 11 %" in text


def test_an_extension_that_ended_since_all_intervals_are_narrow_says_so() -> None:
    raw = made_up()
    even = [replace(one, round_seconds=(1.0,) * len(one.round_seconds)) for one in raw.rounds]
    options = {"quick": False, "threads": 1, "blocks": 4, "max_blocks": 60}
    extended = replace(raw, rounds=even, environment={**ENVIRONMENT, "options": options})
    assert (
        self_comparison.stop_reason(extended) == f"8 blocks: 4 as planned, and more until no interval was wide; {FIXED}"
    )


def test_shortest_rounds_that_tell_another_ratio_mark_it_unstable() -> None:
    raw = made_up()
    jax = cell("jax_grad", DIGITS)
    odd = [
        replace(one, round_seconds=(one.round_seconds[0] / 2, *one.round_seconds[1:])) if one.cell == jax else one
        for one in raw.rounds
    ]
    rows = replace(raw, rounds=odd).timings
    row = find(rows, "jax_grad", DIGITS)
    assert row.unstable and row.minimum_ratio is not None and row.ratio is not None
    assert row.minimum_ratio == pytest.approx(row.ratio / 2, rel=0.02)
    assert ranking.verdict(row) == "FASTER, unstable"
    text = markdown.report(replace(raw, rounds=odd), rows)
    assert "**Unstable**: digits, jax_grad: the shortest rounds give 0.29" in text
    assert not find(rows, "torch_nn", DIGITS).unstable


def test_a_lie_has_its_evidence_and_no_time() -> None:
    raw = made_up()
    lie = Failure(cell("jax_grad", DIGITS), None, Status.EARLY_RETURN, "a second synchronize takes 1 s after 1e-06 s")
    row = find(replace(raw, failures=[*raw.failures, lie]).timings, "jax_grad", DIGITS)
    assert (row.status, row.epoch_seconds, row.ratio) == (Status.EARLY_RETURN, None, None)
    assert row.detail == "while it was timed: a second synchronize takes 1 s after 1e-06 s"
