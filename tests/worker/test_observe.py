from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.gate.catalogue import cases
from bench.gate.observe import observe
from bench.worker import observe as worker
from bench.worker.observe import SignsOfLife
from datasets.dataset import Model
from impls.numpy_manual import NumpyManual
from tests.support.gates import CPU


def test_a_sign_of_life_is_given_at_most_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Any = SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(worker, "time", clock)
    file = tmp_path / "alive"
    alive, given = SignsOfLife(file), []
    for clock.now in (0.0, 0.5, 0.9, 1.0, 1.5, 5.0):
        alive()
        given.append(file.exists())
        file.unlink(missing_ok=True)
    assert given == [True, False, False, True, False, True]


def test_each_epoch_is_a_sign_of_life() -> None:
    case = next(one for one in cases(Model.LOGISTIC, "float32") if one.epochs > 1 and not one.fills)
    signs = []
    observe(NumpyManual, case, CPU, lambda: signs.append(1))
    assert len(signs) == 2 * case.epochs
