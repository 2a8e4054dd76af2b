"""pytest-benchmark's own files of a block, kept as they are for other tools; no table is made from them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from bench.store.layout import BENCHMARK_JSON


def keep(raw: Path, block: int, folders: Sequence[tuple[str, Path]], names: Sequence[str]) -> None:
    """Copy the pytest-benchmark file of each worker of a block, and remove the workers' folders.

    folders   the name and folder of each worker; if one died and was started again, the second one's file is numbered
    names     the names of all workers, in order
    """
    seen: dict[str, int] = {}
    for name, folder in folders:
        seen[name] = seen.get(name, 0) + 1
        if (folder / BENCHMARK_JSON).is_file():
            again = f"_{seen[name]}" if seen[name] > 1 else ""
            word = re.sub(r"[^A-Za-z0-9@_-]+", "_", name.partition(" (")[0])
            target = raw / "pytest" / f"{block:03d}_{names.index(name)}_{word}{again}.json"
            shutil.copyfile(folder / BENCHMARK_JSON, target)
        shutil.rmtree(folder)
