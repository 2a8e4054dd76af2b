from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import impls
from bench.cli import app
from bench.machine import doctor
from bench.machine.doctor import Condition, State, advice, findings

CALM = State(
    load=0.2,
    processors=4,
    busy={0: 1.0, 1: 0.0, 2: 9.0, 3: 2.0},
    pressure=0.5,
    governors=("performance",),
    throttled=0,
    variables={},
    missing={},
    free_gib=9.0,
)


def test_a_calm_machine_needs_nothing() -> None:
    assert advice(findings(CALM)) == []
    assert [one.name for one in findings(CALM)] == [
        "load", "busy processors", "pressure", "governor", "throttling", "thread variables", "libraries", "memory",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "name", "found"),
    [
        ({"load": 2.1}, "load", "2.10 on 4 processors"),
        ({"busy": {0: 1.0, 1: 55.0}}, "busy processors", "1 (55 %)"),
        ({"pressure": 10.0}, "pressure", "in 10.0 % of the last 10 s some process waited for a processor"),
        ({"governors": ("performance", "powersave")}, "governor", "performance, powersave"),
        ({"throttled": 3}, "throttling", "3 times since boot"),
        ({"variables": {"OMP_NUM_THREADS": "8"}}, "thread variables", "OMP_NUM_THREADS=8"),
        ({"missing": {"jax_grad": "jax"}}, "libraries", "jax_grad needs jax"),
        ({"free_gib": 1.0}, "memory", "1.0 GiB free"),
    ],
)
def test_each_disturbance_is_named_with_what_to_do(change: dict[str, Any], name: str, found: str) -> None:
    (wrong,) = [one for one in findings(replace(CALM, **change)) if one.remedy]
    assert (wrong.name, wrong.found) == (name, found)


def test_more_threads_than_idle_processors_hold_each_other_up() -> None:
    busy = replace(CALM, busy={0: 1.0, 1: 55.0, 2: 9.0, 3: 80.0})
    assert [one.found for one in findings(busy, threads=3) if one.name == "threads" and one.remedy] == [
        "3 per worker, 2 idle processors"
    ]
    assert advice(findings(CALM, threads=4)) == []


def test_what_cannot_be_read_is_no_disturbance() -> None:
    unknown = replace(CALM, pressure=None, governors=(), throttled=None)
    assert advice(findings(unknown)) == []
    assert Condition("throttling", "cannot be read here") in findings(unknown)


def test_the_doctor_prints_every_condition_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert all(one.name in printed for one in findings(CALM))


def test_only_libraries_that_cannot_be_imported_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries are found by module name; "scikit-learn" is not one."""
    monkeypatch.setattr(doctor, "find_spec", lambda name: None if name == "jax" else object())
    assert doctor.look().missing == {row.name: "jax" for row in impls.TABLE.values() if row.requires == "jax"}
