"""What every worker does first and last: read its job, pin itself, append its records."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.jsonl import append_line

__all__ = ["append_line", "cap", "pin", "read_job"]


def read_job(argv: Sequence[str]) -> dict[str, Any]:
    """Return the job whose file is the one argument after the program's name."""
    (path,) = argv[1:]
    job: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return job


def pin(core: int | None) -> None:
    """Keep this process and its threads on one processor, where the system can; None leaves it free.

    Call it before NumPy or any other library is imported: they count the processors when they are loaded.
    """
    if core is not None and sys.platform == "linux":
        os.sched_setaffinity(0, {core})


def cap(memory_bytes: int | None) -> None:
    """Let this process have no more data than that, on Linux; None lets it have all there is.

    RLIMIT_DATA counts memory that can be written; RLIMIT_AS would count the address space, of which
    libraries reserve far more than they use. An allocation beyond it fails as if the machine had no more.
    """
    if memory_bytes is not None and sys.platform == "linux":
        import resource  # noqa: PLC0415 - Windows has none

        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
