"""Fitted costs, and crossovers only where intervals support them, the same in every report and picture."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.run import Raw
from bench.analysis.scaling import scalings
from bench.analysis.statistics import least_blocks, paired_ratio
from bench.report.html import charts
from bench.report.markdown import run as markdown
from bench.report.markdown.scaling import section
from bench.report.svg import scaling as picture
from bench.report.svg import style
from bench.report.views import palette, scaling, truncate
from bench.store.cell import Cell
from bench.store.tables import Places, Scaling
from tests.support.made_up import part
from tests.support.sizes import BLOCKS, SIZES, Values, curve, growing, heavy, light, of, on_an_accelerator, problem


def costs(found: list[Scaling]) -> dict[str, Scaling]:
    return {one.implementation: one for one in found if not one.against}


def crossovers(values: Values) -> list[Scaling]:
    return [one for one in scalings(values) if one.places is Places.OVERTAKES]


def test_overhead_and_slope_are_those_that_the_times_were_made_of() -> None:
    one = costs(scalings(curve("a", lambda n: 2e-5 + 3e-9 * n, noise=0.001)))["a"]
    assert one.step_seconds == pytest.approx(2e-5, rel=0.01)
    assert one.row_seconds == pytest.approx(3e-9, rel=0.01)
    assert one.step_seconds_low is not None and one.step_seconds_high is not None
    assert one.step_seconds is not None and one.step_seconds_low < one.step_seconds < one.step_seconds_high


def test_batches_tell_the_two_apart_at_one_number_of_rows() -> None:
    made = of("a", 1000, 2e-3 + 3e-6, 10) | of("a", 1000, 2e-4 + 3e-6, 100) | of("a", 1000, 2e-5 + 3e-6, 1000)
    one = costs(scalings(made))["a"]
    assert one.step_seconds == pytest.approx(2e-5, rel=0.01)
    assert one.row_seconds == pytest.approx(3e-9, rel=0.01)


def test_sizes_that_cannot_tell_them_apart_have_no_costs() -> None:
    assert scalings(of("a", 100, 1e-4, 10) | of("a", 1000, 1e-3, 10)) == []


def test_one_size_is_no_sweep() -> None:
    assert scalings(of("a", 100, 1e-5) | of("b", 100, 2e-5)) == []


def test_data_that_were_not_drawn_and_other_seeds_are_no_other_size() -> None:
    made = of("a", 100, 1e-5)
    for other in (replace(problem(1000), dataset="digits"), problem(1000, seed=1)):
        assert scalings(made | {Cell("a", other, "cpu", 1): {1: 1e-4}}) == []


def test_a_crossover_lies_where_the_times_are_the_same_and_names_first_what_is_faster_above() -> None:
    (one,) = crossovers(curve("a", light, noise=0.001) | curve("b", heavy, noise=0.001))
    assert (one.implementation, one.against) == ("b", "a")
    assert (one.crossover_rows_low, one.crossover_rows_high) == (1000, 10_000)
    assert one.crossover_rows == pytest.approx(3000, rel=0.2)
    assert scaling.said(one).startswith("b overtakes a near 3,") and scaling.said(one).endswith(
        " rows (1,000 to 10,000)"
    )


def test_two_that_never_change_places_have_no_crossover() -> None:
    assert crossovers(curve("a", lambda n: 1e-8 * n) | curve("b", lambda n: 2e-8 * n)) == []


def test_a_difference_within_the_margin_is_no_crossover() -> None:
    """Both ratios are exact, on either side of 1: 2 % away is SAME, 4 % is not."""

    def at(share: float) -> Values:
        return curve("a", lambda n: 1e-3) | curve("b", lambda n: 1e-3 * (1 + share if n < 5000 else 1 / (1 + share)))

    assert crossovers(at(0.02)) == [] and len(crossovers(at(0.04))) == 1


def test_the_intervals_hold_for_all_pairs_of_a_model_together() -> None:
    four = [curve(name, light if name == "a" else heavy, noise=0.001) for name in "abcd"]
    found = crossovers({cell: own for one in four for cell, own in one.items()})
    assert {(one.implementation, one.against) for one in found} == {("b", "a"), ("c", "a"), ("d", "a")}
    assert {one.comparisons for one in found} == {2 * 6}
    for one in found:
        assert one.crossover_level is not None and one.crossover_level >= 1 - 0.05 / one.comparisons


def test_of_two_that_do_not_change_places_the_faster_is_told_or_that_it_is_not_certain() -> None:
    """At the largest size three processes of c differ, which no 95 % interval of fourteen excludes."""
    doubtful = {
        cell: own | ({block: own[block] / 20 for block in (1, 2, 3)} if cell.problem.n == SIZES[-1] else {})
        for cell, own in curve("c", lambda n: 2 * heavy(n)).items()
    }
    found = {(one.implementation, one.against): one.places for one in scalings(curve("b", heavy) | doubtful)}
    assert found.pop(("b", "c")) is Places.UNDECIDED and set(found.values()) == {None}
    (faster,) = (one for one in scalings(curve("c", lambda n: 2 * heavy(n)) | curve("b", heavy)) if one.against)
    assert (faster.implementation, faster.against, faster.places) == ("b", "c", Places.FASTER)


def test_a_size_that_is_not_decided_ends_what_is_said_from_its_end() -> None:
    """a is certainly faster at 10 and at 100, but nothing is certain at 30, so 100 is not reached."""
    shares = {10: 1.5, 30: 1.0, 100: 1.5, 300: 0.5, 1000: 0.5}
    made = {cell: own for n in shares for cell, own in (of("a", n, 1e-4) | of("b", n, 1e-4 * shares[n])).items()}
    (one,) = crossovers(made)
    assert (one.crossover_rows_low, one.crossover_rows_high) == (10, 300)


def test_no_more_is_said_wrongly_of_a_pair_than_the_level_allows() -> None:
    """1,000 runs with much noise, in which a size lies just beyond the crossover.

    Two ends, and the first size beyond the crossover from each: four tails of an interval.
    """
    generator, wrong, found, blocks, true = np.random.default_rng(0), 0, 0, range(1, BLOCKS + 1), 1000.0
    for _ in range(1000):
        made = {
            Cell(name, problem(n), "cpu", 1): {
                block: 1e-4 * (1 if name == "a" else (true / n) ** 0.9) * math.exp(generator.normal(0, 0.5))
                for block in blocks
            }
            for n in (100, 1010, 10_000)
            for name in "ab"
        }
        (one,) = (row for row in scalings(made) if row.against)
        right = one.places is Places.UNDECIDED
        if one.places is Places.OVERTAKES:
            found += 1
            assert one.crossover_rows_low is not None and one.crossover_rows_high is not None
            right = one.implementation == "b" and one.crossover_rows_low < true < one.crossover_rows_high
        wrong += not right
    known = paired_ratio(dict.fromkeys(blocks, 1.0), dict.fromkeys(blocks, 1.0), 2)
    assert known is not None
    share = 2 * (1 - known.level)
    assert found > 50 and 0 < wrong / 1000 <= share + 3 * math.sqrt(share * (1 - share) / 1000)


def test_pairs_without_a_crossover_are_told_by_the_first_of_the_two() -> None:
    doubtful = of("d", 100, 1e-5, noise=9.0) | of("d", 100_000, 1e-3, noise=9.0)
    runs = {"a": light, "b": lambda n: 2 * light(n), "c": lambda n: 4 * light(n)}
    made = {cell: own for name, seconds in runs.items() for cell, own in curve(name, seconds).items()} | doubtful
    like = growing(crossing=True).timings[0]
    rows = [replace(like, cell=cell) for cell in made]
    (panel,) = scaling.panels(rows, scalings(made))
    assert scaling.others(panel) == [
        "faster at both ends: a beats b, c; b beats c.",
        "undecided: a and d; b and d; c and d.",
    ]


def test_what_two_alone_would_tell_is_not_told_among_many() -> None:
    """One process in fourteen differs: an interval at 1 - 0.05 excludes it, one at 1 - 0.05/28 does not."""

    def astray(values: Values) -> Values:
        return {cell: own | {1: own[1] * 20} for cell, own in values.items()}

    two = astray(curve("a", light)) | curve("b", heavy)
    assert len(crossovers(two)) == 1
    many = two | {cell: own for name in "cdefgh" for cell, own in curve(name, heavy).items()}
    assert [one for one in crossovers(many) if {one.implementation, one.against} == {"a", "b"}] == []


@pytest.mark.parametrize("comparisons", [1, 2, 3, 24, 54, 189, 5000])
def test_the_least_blocks_are_those_with_which_there_is_an_interval(comparisons: int) -> None:
    least = least_blocks(comparisons)
    blocks = dict.fromkeys(range(least), 1.0)
    assert paired_ratio(blocks, blocks, comparisons) is not None
    del blocks[0]
    assert paired_ratio(blocks, blocks, comparisons) is None


def told(raw: Raw) -> list[str]:
    """Return what report.md says, after checking that picture and page say the same."""
    rows = raw.timings
    looks = palette.marks(row.cell.runner for row in rows)
    (panel,) = scaling.panels(rows, raw.scalings)
    with style.look():
        figure = picture.draw([panel], looks)
    assert figure is not None
    drawn = "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)
    chart = charts.against_size(panel, 0, looks)
    text = section(raw.scalings, rows)
    said = [line.removeprefix("- logistic, 16 features, float32: ") for line in text.splitlines() if line[:2] == "- "]
    others = scaling.others(panel)
    said, beside = said[: len(said) - len(others)], said[len(said) - len(others) :]
    assert beside == others
    assert all(line in drawn and line in chart.note for line in said)
    assert [drawn.count("overtakes"), chart.note.count("overtakes")] == [len(panel.crossovers)] * 2
    assert len(chart.traces) == 2 * len(panel.curves) + len(panel.crossovers)
    return said


def test_report_picture_and_page_tell_the_same_crossovers() -> None:
    found = told(growing(crossing=True))
    assert [line.partition(" near ")[0] for line in found] == [
        "jax_grad overtakes torch_nn",
        "jax_grad overtakes numpy_manual",
    ]


def test_where_there_is_none_all_say_so() -> None:
    assert told(growing(crossing=False)) == [scaling.NOWHERE]


def test_too_few_blocks_are_no_answer() -> None:
    assert told(growing(crossing=True, blocks=4)) == ["Undecided with 4 blocks: 6 comparisons need 8."]


def test_a_quick_look_tells_no_crossover() -> None:
    raw = growing(crossing=True)
    quick = replace(raw, environment={**raw.environment, "options": {"quick": True, "blocks": 1, "threads": 1}})
    rows = quick.timings
    (panel,) = scaling.panels(rows, quick.scalings)
    assert scaling.legend(panel) == ["Nothing is compared here."]


def test_a_report_of_very_many_cells_tells_how_time_grows_in_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = on_an_accelerator(growing(crossing=True))
    rows = raw.timings
    whole = part(markdown.report(raw, rows), "How time grows with size")
    assert "jax_grad on cuda:0 overtakes numpy_manual near" in whole
    monkeypatch.setattr(truncate, "MOST_ROWS", 4)
    assert len(truncate.shown(rows)) == 3
    report = markdown.report(raw, rows)
    assert part(report, "How time grows with size") == whole
    assert "(pictures/sizes-logistic.svg)" in report


def test_of_very_many_panels_the_first_are_drawn_and_the_rest_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = growing(crossing=True)
    rows = raw.timings
    looks = palette.marks(row.cell.runner for row in rows)
    panels = scaling.panels(rows, raw.scalings) * 3
    monkeypatch.setattr(scaling, "MOST_PANELS", 2)
    first, second = charts.growth(panels, looks)
    assert "timings.csv" not in first.note and second.note.endswith(" 1 more chart: timings.csv.")
    with style.look():
        figure = picture.draw(panels, looks)
    assert figure is not None and len(figure.axes) == 2
    assert "1 more chart: timings.csv." in [text.get_text() for text in figure.texts]


def test_a_page_that_leaves_out_a_curve_leaves_out_its_crossovers() -> None:
    raw = growing(crossing=True)
    rows = [row for row in raw.timings if row.cell.implementation != "torch_nn"]
    (panel,) = scaling.panels(rows, raw.scalings)
    assert [one.against for one in panel.crossovers] == ["numpy_manual"]
