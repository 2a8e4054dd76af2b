from __future__ import annotations

from typing import Any

import pytest

from bench.errors import BadInput
from bench.plan.options import BLOCKS, Options, block_counts, check_options


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
