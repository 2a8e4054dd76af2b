"""A lock that allows one run at a time on a machine: a second run would disturb the times of the first."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bench.errors import BadInput

# An environment variable that names another lock file, for machines with several temporary folders.
VARIABLE = "BENCH_LOCK"


@contextmanager
def alone(*, force: bool) -> Iterator[None]:
    """Hold the machine's lock; the system releases it if the process dies.

    Raises BadInput if another run holds it. With `force`, take no lock.
    """
    if force:
        yield
        return
    path = Path(os.environ.get(VARIABLE) or Path(tempfile.gettempdir(), "four-ways.lock"))
    lock = FileLock(path, mode=0o666)  # so that another user of the machine can take it
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise BadInput(
            f"another run is using this machine ({path}), and each would spoil the other's times: wait, or pass --force"
        ) from None
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; name another lock file in {VARIABLE}, or pass --force") from error
    try:
        yield
    finally:
        lock.release()
