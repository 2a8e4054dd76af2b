"""One run at a time on a machine: a second one would be in the times of the first."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bench.errors import BadInput

# Names another lock file than the temporary folder's, for machines with several of these.
VARIABLE = "BENCH_LOCK"


@contextmanager
def alone(*, force: bool) -> Iterator[None]:
    """Hold the machine's lock; the system frees that of a process that has died.

    Raises BadInput when another run holds it. With `force` nothing is asked, and nothing held.
    """
    if force:
        yield
        return
    path = Path(os.environ.get(VARIABLE) or Path(tempfile.gettempdir(), "four-ways.lock"))
    lock = FileLock(path, mode=0o666)  # the next user of the machine shall be able to take it
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise BadInput(
            f"another run is going on here ({path} is held), and both would be wrong: wait for its end, or --force"
        ) from None
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; name another lock file in {VARIABLE}, or --force") from error
    try:
        yield
    finally:
        lock.release()
