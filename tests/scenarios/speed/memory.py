"""The peak memory of a process, read from the kernel every 10 ms. Linux only."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.process.spawn import environment
from bench.store.layout import ROOT

# Anonymous memory, and file pages, which the system can reclaim.
ANONYMOUS, OF_FILES = "RssAnon", "RssFile"
_LOOK_SECONDS = 0.01


def alone(module: str, name: str, folder: Path, **variables: str) -> dict[str, Any]:
    """Return the JSON that `python -m module --out folder --worker name` prints.

    It runs in the environment of a timing worker, with these additional variables.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, "--out", str(folder), "--worker", name],
        cwd=ROOT,
        env=environment(dtype="float32", threads=1, device="cpu") | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def watched() -> Iterator[dict[str, int]]:
    """Watch this process while the block runs; the yielded mapping then holds the peak bytes of each kind."""
    most, ended = {ANONYMOUS: 0, OF_FILES: 0}, threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
            found = {words[0].rstrip(":"): words[1] for words in lines if len(words) > 1}
            most.update({kind: max(bytes_, 1024 * int(found[kind])) for kind, bytes_ in most.items()})

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        ended.set()
        watcher.join()
