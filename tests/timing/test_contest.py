from __future__ import annotations

from bench.timing import contest
from bench.timing.contest import drawn, examined


def test_the_first_blocks_are_examined_and_a_third_of_the_others() -> None:
    """Of 3000 draws the share scatters by 0.9 %."""
    assert all(examined(block) for block in range(contest._CERTAIN_BLOCKS + 1))
    assert abs(sum(examined(100) for _ in range(3000)) / 3000 - 1 / 3) < 0.05


def test_one_round_at_least_is_checked_and_which_is_drawn() -> None:
    """The mean of 500 draws scatters by 0.03: 60 chances of 1 in 60, and one for certain where none of them came."""
    found = [drawn(range(120, 180), check=True) for _ in range(500)]
    numbers = [len(one.checked) for one in found]
    assert min(numbers) == 1 and 1.2 < sum(numbers) / len(numbers) < 1.55
    cycles = {cycle for one in found for cycle in one.checked}
    assert cycles <= set(range(120, 180)) and len(cycles) > 50
    assert len({one.secret for one in found}) == 500


def test_no_round_is_checked_unless_the_block_is_examined() -> None:
    assert drawn(range(60), check=False).checked == frozenset()
