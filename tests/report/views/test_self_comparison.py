from __future__ import annotations

from dataclasses import replace

import pytest

from bench.report.markdown import run as markdown
from bench.report.views import names, self_comparison
from tests.support.made_up import BATCHES, DIGITS, ENVIRONMENT, made_up, part

NAMES = names.of_rows(made_up().timings)


def test_the_widest_interval_of_the_baseline_against_itself_is_told_with_its_data() -> None:
    raw = made_up()
    (told,) = self_comparison.self_comparison(raw, NAMES)
    widths = {one.cell.problem: one.ratio.half_width for one in raw.self_comparisons if one.ratio}
    assert max(widths, key=widths.__getitem__) == BATCHES
    assert "is 0.905 to 1.12, on digits batch 64, so " in told


def test_a_difference_between_the_baseline_and_itself_is_told_everywhere() -> None:
    raw = made_up()
    slow = [
        replace(one, round_seconds=tuple(1.5 * seconds for seconds in one.round_seconds))
        if one.name.endswith("@aa") and one.cell.problem == DIGITS
        else one
        for one in raw.rounds
    ]
    wrong = replace(raw, rounds=slow)
    said = "A/A check failed on digits: do not trust ratios there."
    assert said in self_comparison.lines(wrong, NAMES) and said in self_comparison.lines(wrong, NAMES, every=False)
    report = markdown.report(wrong, wrong.timings)
    assert said in part(report, "Verdicts") and said in part(report, "Conditions")
    assert not [line for line in self_comparison.lines(raw, NAMES) if "do not trust" in line]


def test_of_very_many_comparisons_of_the_baseline_with_itself_the_widest_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(self_comparison, "MOST_COMPARISONS", 1)
    told, *_ = self_comparison.self_comparisons(made_up(), NAMES)
    assert told.startswith(
        "A/A (numpy_manual against itself, the widest 1 of 2): digits batch 64: 0.905 to 1.12 AMBIGUOUS; all together: "
    )


FIXED = "interval levels are exact only for a number of blocks fixed in advance"


@pytest.mark.parametrize(
    ("planned", "most", "reason"),
    [
        (8, 8, "8 blocks as planned"),
        (4, 8, f"8 blocks, the maximum allowed; {FIXED}"),
        (4, 60, f"8 blocks: 4 as planned, and more until the run was stopped; {FIXED}"),
        (14, 14, "8 of 14 blocks: the run was stopped, or nothing was left to time"),
    ],
)
def test_why_there_are_no_more_blocks_is_said(planned: int, most: int, reason: str) -> None:
    raw = made_up()
    options = {"quick": False, "threads": 1, "blocks": planned, "max_blocks": most}
    assert self_comparison.stop_reason(replace(raw, environment={**ENVIRONMENT, "options": options})) == reason


def test_an_extension_that_ended_since_all_intervals_are_narrow_says_so() -> None:
    raw = made_up()
    even = [replace(one, round_seconds=(1.0,) * len(one.round_seconds)) for one in raw.rounds]
    options = {"quick": False, "threads": 1, "blocks": 4, "max_blocks": 60}
    extended = replace(raw, rounds=even, environment={**ENVIRONMENT, "options": options})
    assert (
        self_comparison.stop_reason(extended)
        == f"8 blocks: 4 as planned, and more until every interval was narrow; {FIXED}"
    )
