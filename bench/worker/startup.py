"""What every worker does first and last: read its job, pin itself, append its records, exit."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from bench.store.jsonl import append_line

__all__ = ["append_line", "leave", "pin", "read_job"]


def read_job(argv: Sequence[str]) -> dict[str, Any]:
    """Return the job whose file is the one argument after the program's name; the process ends with its parent."""
    _end_with_parent()
    (path,) = argv[1:]
    job: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return job


def _end_with_parent() -> None:
    """Have the system kill this process when its parent dies, even by SIGKILL: on Linux, where it can."""
    if sys.platform == "linux":
        prctl_set_pdeathsig = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(prctl_set_pdeathsig, signal.SIGKILL)


def pin(core: int | None) -> None:
    """Keep this process and its threads on one processor, where the system can; None leaves it free.

    Call it before NumPy or any other library is imported: they count the processors when they are loaded.
    """
    if core is not None and sys.platform == "linux":
        os.sched_setaffinity(0, {core})


def leave(code: int = 0) -> NoReturn:
    """End this process now. Its results lie in files, and taking torch's modules apart takes it most of a second."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
