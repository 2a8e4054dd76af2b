"""What the system says of the machine, read from files as other machines have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.machine import host
from bench.store.raw_rows import HostTime

STAT = "cpu  {user} 0 100 5000 0 0 0 {steal} 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
PRESSURE = "some avg10=0.00 avg60=0.00 avg300=0.00 total={total}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
CPU_STAT = "usage_usec 9000000\nnr_periods 50\nnr_throttled 7\nthrottled_usec {throttled}\n"


def laid_down(root: Path, *, steal: int, total: int, throttled: int) -> Path:
    """The files of a machine whose group lies below one that has a limit."""
    for name, text in {
        "proc/stat": STAT.format(user=1000, steal=steal),
        "proc/pressure/cpu": PRESSURE.format(total=total),
        "proc/self/cgroup": "0::/limited/own\n",
        "sys/fs/cgroup/cpu.stat": "usage_usec 1\n",
        "sys/fs/cgroup/limited/cpu.stat": CPU_STAT.format(throttled=throttled),
        "sys/fs/cgroup/limited/own/cpu.stat": CPU_STAT.format(throttled=0),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_steal_pressure_and_throttling_are_what_came_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda _name: 100)
    before = host.read(laid_down(tmp_path, steal=300, total=2_000_000, throttled=1_000_000))
    after = host.read(laid_down(tmp_path, steal=450, total=2_250_000, throttled=1_500_000))
    found = host.between(before, after)
    assert (found.steal_seconds, found.pressure_seconds, found.throttled_seconds) == (1.5, 0.25, 0.5)
    assert found.wall_seconds > 0


def test_a_system_that_says_nothing_is_no_error(tmp_path: Path) -> None:
    found = host.read(tmp_path)
    assert (found.steal_seconds, found.pressure_seconds, found.throttled_seconds) == (None, None, None)
    assert host.between(found, found).steal_seconds is None


def test_readings_are_added_up_unless_one_is_missing() -> None:
    parts = [HostTime(1.0, 0.5, None, 0.25), HostTime(2.0, 0.25, 1.0, 0.0)]
    assert host.total(parts) == HostTime(3.0, 0.75, None, 0.25)
    assert host.total([]) == HostTime(0.0, None, None, None)
