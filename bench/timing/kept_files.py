"""pytest-benchmark's own files of a block, kept as they are for other tools; no table is made from them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from bench.store.layout import BENCHMARK_JSON


def keep(raw: Path, block: int, folders: Sequence[tuple[str, Path]], names: Sequence[str]) -> None:
    """Copy what each worker of a block has left, into one file for each, and remove the rest.

    folders   of the workers, by name; the second one of a name, where the first has died, has a number in its file's
    names     of all workers, in their order
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
