"""Fingerprints of machine, code and data, which decide whether a stopped run may be resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.errors import BadInput
from bench.plan.cells import RunPlan
from bench.store.cell import data_key
from bench.store.comparable import RESUMABLE
from bench.store.layout import ROOT
from datasets.dataset import Dataset
from datasets.folder import X_FILE, Y_FILE


def identity(machine: Mapping[str, Any], made: RunPlan) -> dict[str, Any]:
    """Return the fingerprint of a run, as it reads back from JSON."""
    outside = {name: _digest([Path(name.rpartition(":")[0])]) for name in made.outside if ".py:" in name}
    return {
        **{name: machine[name] for name in RESUMABLE if name in machine},
        "code": _digest(
            sorted(path for part in ("bench", "impls", "datasets") for path in (ROOT / part).rglob("*.py"))
        ),
        "outside code": outside,
        "data": {data_key(name, dtype): _data(one) for (name, dtype), one in made.data.items()},
    }


def check(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise BadInput naming the first thing that has changed since the run began."""
    for name in (*before, *(name for name in now if name not in before)):
        then, present = before.get(name), now.get(name)
        if then != present:
            shown = f"was {then} and is {present}" if len(f"{then}{present}") < 120 else "has changed"
            raise BadInput(f"--resume {folder}: {name} {shown}; a run cannot mix the two: start a new one")


def _digest(paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _data(data: Dataset) -> str:
    found = hashlib.sha256(repr((data.model, data.x.shape, data.classes, data.learning_rate)).encode())
    if data.on_disk:
        files = [(Path(data.folder) / name).stat() for name in (X_FILE, Y_FILE)]
        found.update(repr([(data.folder, file.st_size, file.st_mtime_ns) for file in files]).encode())
    else:
        found.update(data.x.data)
        found.update(data.y.data)
    return found.hexdigest()[:16]
