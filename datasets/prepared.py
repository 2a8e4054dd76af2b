"""Datasets saved as plain arrays, so that a timed worker needs only NumPy to load one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from datasets.dataset import Dataset, Model
from datasets.folder import X_FILE, Y_FILE, arrays


def save(dataset: Dataset, folder: Path) -> None:
    """Write x.npy, y.npy and dataset.json into the folder, created if missing; for data on disk only dataset.json."""
    folder.mkdir(parents=True, exist_ok=True)
    if not dataset.on_disk:
        np.save(folder / X_FILE, dataset.x, allow_pickle=False)
        np.save(folder / Y_FILE, dataset.y, allow_pickle=False)
    facts = {
        "name": dataset.name,
        "model": dataset.model,
        "classes": dataset.classes,
        "learning_rate": dataset.learning_rate,
        "source": dataset.source,
        "licence": dataset.licence,
        "labels": dataset.labels,
        "folder": dataset.folder,
    }
    (folder / "dataset.json").write_text(json.dumps(facts, indent=2), encoding="ascii")


def open_saved(folder: Path) -> Dataset:
    """Map what `save` wrote there, bit for bit; writes to the arrays stay in this process.

    All processes share the pages of the files, so only an implementation's own copy takes anonymous memory. Data on
    disk stay where they are and are read-only.
    """
    facts = json.loads((folder / "dataset.json").read_text(encoding="ascii"))
    model = Model(facts["model"])
    if facts["folder"]:
        x, y = arrays(Path(facts["folder"]))
        x = x.reshape(-1) if model is Model.SIMPLE_LINEAR else x.reshape(len(x), -1)
    else:
        files = (np.load(folder / name, mmap_mode="c", allow_pickle=False) for name in (X_FILE, Y_FILE))
        x, y = map(np.asarray, files)
    return Dataset(
        name=facts["name"],
        model=model,
        x=x,
        y=y,
        classes=facts["classes"],
        learning_rate=facts["learning_rate"],
        source=facts["source"],
        licence=facts["licence"],
        labels=tuple(facts["labels"]),
        folder=facts["folder"],
    )


def mapped_bytes(folders: Iterable[str]) -> int:
    """Return how many bytes of these folders `open_saved` maps as writable."""
    return sum(file.stat().st_size for folder in set(folders) for file in Path(folder).glob("*.npy"))
