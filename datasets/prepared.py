"""A dataset on disk as plain arrays, so that a timed worker needs NumPy alone to load it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from datasets.dataset import Dataset, Model


def save(dataset: Dataset, folder: Path) -> None:
    """Write x.npy, y.npy and dataset.json into the folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "x.npy", dataset.x, allow_pickle=False)
    np.save(folder / "y.npy", dataset.y, allow_pickle=False)
    facts = {
        "name": dataset.name,
        "model": dataset.model,
        "classes": dataset.classes,
        "learning_rate": dataset.learning_rate,
        "source": dataset.source,
        "licence": dataset.licence,
        "labels": dataset.labels,
    }
    (folder / "dataset.json").write_text(json.dumps(facts, indent=2), encoding="ascii")


def open_saved(folder: Path) -> Dataset:
    """Return what `save` wrote there, bit for bit, in ordinary memory (not a memory map)."""
    facts = json.loads((folder / "dataset.json").read_text(encoding="ascii"))
    return Dataset(
        name=facts["name"],
        model=Model(facts["model"]),
        x=np.load(folder / "x.npy", allow_pickle=False),
        y=np.load(folder / "y.npy", allow_pickle=False),
        classes=facts["classes"],
        learning_rate=facts["learning_rate"],
        source=facts["source"],
        licence=facts["licence"],
        labels=tuple(facts["labels"]),
    )
