from __future__ import annotations

from typing import Any

import pytest

from bench.errors import BadInput
from bench.plan.options import BLOCKS, MOST_BLOCKS, Options, block_counts, check_options, percentage


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None, None, False), (BLOCKS, BLOCKS)),
        ((None, None, True), (1, 1)),
        ((6, None, False), (6, 6)),
        ((6, 20, True), (6, 20)),
    ],
)
def test_the_number_of_blocks_has_one_default_for_the_command_line_and_for_notebooks(
    given: tuple[int | None, int | None, bool], expected: tuple[int, int]
) -> None:
    blocks, most, quick = given
    found: dict[str, Any] = block_counts(blocks, most, quick=quick)
    assert (found["blocks"], found["max_blocks"], found["quick"]) == (*expected, quick)


def test_no_more_blocks_are_asked_for_than_may_be_run() -> None:
    with pytest.raises(BadInput, match="--max-blocks 3: give a whole number from 5"):
        check_options(Options(**block_counts(5, 3, quick=False)))


@pytest.mark.parametrize("given", ["5", "0.05", "five %", "-5%", ""])
def test_a_threshold_is_a_percentage(given: str) -> None:
    assert percentage("--x", "5%") == percentage("--x", "5 %") == 0.05 and percentage("--x", "2.5%") == 0.025
    with pytest.raises(BadInput, match="such as 5%"):
        percentage("--x", given)


def test_a_precision_runs_as_many_blocks_as_it_takes() -> None:
    found = block_counts(None, None, quick=False, precision=0.02)
    assert (found["blocks"], found["max_blocks"], found["precision"]) == (BLOCKS, MOST_BLOCKS, 0.02)


@pytest.mark.parametrize("options", [{"precision": 0.0}, {"precision": 0.02, "quick": True}])
def test_a_precision_is_above_0_and_of_ratios(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="--precision"):
        check_options(Options(**options))
