from __future__ import annotations

from bench.machine import describe
from bench.store.comparable import CONDITIONS, RECORDED, RESUMABLE


def test_every_fact_of_the_machine_says_whether_it_must_be_the_same() -> None:
    """A new fact belongs in one of the lists of bench/store/comparable.py."""
    listed = [*RESUMABLE, *RECORDED]
    assert sorted(listed) == sorted(describe.describe())


def test_what_runs_are_compared_by_must_be_the_same_throughout_one_of_them() -> None:
    assert {name for names in CONDITIONS.values() for name in names} <= {*RESUMABLE}
