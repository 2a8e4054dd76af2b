from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.machine.idle import Quiet


class Machine:
    """A clock that advances by sleeping, and the percentage of waiting at each time."""

    def __init__(self, percent: Callable[[float], float]) -> None:
        self.now = 100.0
        self.percent = percent
        self.waited: float | None = 0.0

    def sleep(self, seconds: float) -> None:
        if self.waited is not None:
            self.waited += seconds * self.percent(self.now - 100) / 100
        self.now += seconds

    def quiet(self) -> Quiet:
        return Quiet(lambda: self.waited, lambda: self.now, self.sleep, budget_seconds=60)


@pytest.mark.parametrize("percent", [0.0, 9.9])
def test_a_calm_machine_is_not_waited_for(percent: float) -> None:
    assert Machine(lambda _now: percent).quiet().wait() == 0


def test_a_machine_that_does_not_tell_is_not_waited_for() -> None:
    machine = Machine(lambda _now: 50.0)
    machine.waited = None
    assert machine.quiet().wait() == 0


def test_waiting_ends_with_the_load() -> None:
    assert Machine(lambda now: 50.0 if now < 20 else 3.0).quiet().wait() == 20


def test_waiting_has_one_budget_for_the_whole_run() -> None:
    quiet = Machine(lambda _now: 50.0).quiet()
    assert [quiet.wait() for _ in range(3)] == [60, 0, 0]
