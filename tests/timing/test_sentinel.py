"""A sentinel that is read before each turn also says how long a cycle waits for a quiet processor."""

from __future__ import annotations

from itertools import repeat

from bench.timing.sentinel import PATIENCE_SECONDS, Sentinel

QUIET, LOUD = 0.5, 1.0


def sentinel(readings: list[float], *, cycles: int = 20) -> Sentinel:
    """A sentinel that has seen so many quiet cycles, and whose next readings are these, then quiet ones."""
    each = iter([*readings, *repeat(QUIET, 100)])
    found = Sentinel(lambda: next(each))
    found.begin_block()
    for _ in range(cycles):
        found.remember(QUIET)
    return found


def waits(found: Sentinel) -> int:
    number = 0
    while found.must_wait():
        number += 1
    return number


def test_a_cycle_waits_until_a_reading_is_quiet() -> None:
    assert waits(sentinel([LOUD, LOUD, LOUD])) == 3
    assert waits(sentinel([QUIET, LOUD])) == 0
    assert waits(sentinel([1.09 * QUIET])) == 0


def test_nobody_waits_before_the_floor_is_known() -> None:
    assert waits(sentinel([LOUD], cycles=19)) == 0


def test_a_neighbour_that_stays_costs_a_block_its_patience_and_no_more() -> None:
    found = sentinel([LOUD] * 50)
    assert waits(found) * LOUD == PATIENCE_SECONDS
    assert waits(found) == 0
    found.begin_block()
    assert waits(found) * LOUD == PATIENCE_SECONDS


def test_lucky_readings_do_not_make_a_quiet_processor_look_disturbed() -> None:
    found = sentinel([])
    found.remember(0.1 * QUIET)
    assert waits(found) == 0


def test_the_work_takes_time() -> None:
    assert Sentinel()() > 0
