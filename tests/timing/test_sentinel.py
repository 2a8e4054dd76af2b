"""A sentinel that is read before each turn also says how long the turn waits for a quiet processor."""

from __future__ import annotations

from bench.timing.sentinel import PATIENCE_SECONDS, Sentinel

QUIET, LOUD = 0.5, 1.0


def sentinel(*, readings: int = 100, blocks: int = 1) -> Sentinel:
    """A sentinel that has seen quiet cycles."""
    found = Sentinel(lambda: QUIET)
    for _ in range(blocks):
        found.begin_block()
    found.remember([QUIET] * readings)
    return found


def loud_readings(found: Sentinel) -> int:
    """Return after how many loud readings in a row a turn waits no longer."""
    number = 0
    while found.must_wait(LOUD):
        number += 1
    return number


def test_a_turn_waits_after_a_loud_reading_and_not_after_a_quiet_one() -> None:
    found = sentinel()
    assert found.must_wait(1.26 * QUIET)
    assert not found.must_wait(1.24 * QUIET)


def test_nobody_waits_before_the_floor_is_known() -> None:
    assert not sentinel(readings=99).must_wait(LOUD)


def test_a_neighbour_that_stays_costs_the_time_of_its_block_and_what_earlier_ones_left() -> None:
    assert loud_readings(sentinel()) * LOUD == PATIENCE_SECONDS
    found = sentinel(blocks=3)
    assert loud_readings(found) * LOUD == 3 * PATIENCE_SECONDS
    assert loud_readings(found) == 0
    found.begin_block()
    assert loud_readings(found) * LOUD == PATIENCE_SECONDS


def test_lucky_readings_do_not_make_a_quiet_processor_look_disturbed() -> None:
    found = sentinel()
    found.remember([0.1 * QUIET])
    assert not found.must_wait(QUIET)


def test_the_work_takes_time() -> None:
    assert Sentinel()() > 0
