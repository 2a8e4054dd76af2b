"""What things are called: who trains, what is trained, with how many threads, and which command repeats a run."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from bench.report.views.notation import number
from bench.store.cell import Cell, Problem
from bench.store.tables import Change, Scaling, Timing
from impls.protocol import Feed


def repeat(command: str) -> str:
    """Return the command of a run without its folder, which is taken now."""
    kept = []
    given = iter(shlex.split(command))
    for word in given:
        if word == "--out":
            next(given, None)
        elif not word.startswith("--out="):
            kept.append(word)
    return shlex.join(kept)


def work(row: Timing | Problem | Change) -> str:
    """Return what is trained, in as few words as tell it from the default: "digits float64 batch 64"."""
    words = [row.dataset.removeprefix("synthetic:").removesuffix(",seed=0")]
    words += [row.dtype] if row.dtype != "float32" else []
    words += [f"batch {row.batch_size}"] if row.batch_size is not None else []
    words += ["fed from the host"] if row.feed is Feed.HOST else []
    return " ".join(words)


def contest(row: Timing | Cell) -> str:
    """Return what is trained, and with how many threads if several: cells of one contest have the same baseline."""
    trained = row.problem if isinstance(row, Cell) else row
    return work(trained) + (f" with {row.threads} threads" if row.threads > 1 else "")


def shaped(row: Timing) -> str:
    """Return a contest with the size of its data: "digits batch 64 (1,797 x 64, 10)"."""
    classes = f", {row.k}" if row.k > 1 else ""
    return f"{contest(row)} ({row.n:,} x {row.d:,}{classes})"


def cells(rows: Sequence[Timing]) -> str:
    """Return how many cells these are, and how many have each status: "12 cells (11 OK, 1 CRASHED)"."""
    states = Counter(row.status for row in rows)
    parts = ", ".join(f"{count:,} {status}" for status, count in states.items())
    return number(len(rows), "cell") + (f" ({parts})" if parts else "")


def runner(row: Timing | Cell | Change | Scaling) -> str:
    """Return who trains it: the implementation, its device unless that is the CPU, and its threads if several."""
    return on(row.implementation, row.device, row.threads)


def against(row: Scaling) -> str:
    """Return the same of the other one of a pair."""
    return on(row.against, row.against_device, row.threads)


def on(implementation: str, device: str, threads: int) -> str:
    """Return who trains it and where, as `runner` says it."""
    place = "" if device == "cpu" else f" on {device}"
    return f"{implementation}{place}" + (f", {threads} threads" if threads != 1 else "")


def threads(rows: Sequence[Timing]) -> str:
    """Return the numbers of threads of these rows: "1 thread", "1, 2 and 4 threads"; of none "0 threads"."""
    *others, most = sorted({row.threads for row in rows} or {0})
    return f"{', '.join(map(str, others))} and {number(most, 'thread')}" if others else number(most, "thread")
