"""Display names of problems, implementations and threads, and the command that repeats a run.

Names are only displayed; code that groups, joins or looks up uses the `Problem`, `Contest`, `Runner` or `Cell` itself.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

from bench.report.views.notation import number
from bench.store.cell import CPU, Cell, Contest, Problem, Runner
from bench.store.tables import Family, Timing
from datasets.dataset import DEFAULT_DTYPE
from impls.protocol import Feed

Record = TypeVar("Record", bound=Problem | Family)


def repeat(command: str) -> str:
    """Return the command of a run without its output folder, which already exists."""
    kept = []
    given = iter(shlex.split(command))
    for word in given:
        if word == "--out":
            next(given, None)
        elif not word.startswith("--out="):
            kept.append(word)
    return shlex.join(kept)


@dataclass(frozen=True)
class Names:
    """The names of all problems of one report; no two share a name."""

    works: Mapping[Problem, str]

    def work(self, problem: Problem) -> str:
        """Return the name of a problem: "digits float64 batch 64"."""
        return self.works[problem]

    def contest(self, contest: Contest) -> str:
        """Return the name of a problem, with its threads if several."""
        return self.work(contest.problem) + (f" with {contest.threads} threads" if contest.threads > 1 else "")

    def shaped(self, contest: Contest) -> str:
        """Return the same with the size of the data: "digits batch 64 (1,797 x 64, 10)"."""
        problem = contest.problem
        classes = f", {problem.k}" if problem.k > 1 else ""
        return f"{self.contest(contest)} ({problem.n:,} x {problem.d:,}{classes})"

    def cell(self, cell: Cell) -> str:
        """Return the name of a cell: "torch_nn on cuda:0 on digits"."""
        return f"{runner(cell.runner)} on {self.work(cell.problem)}"


def of(problems: Iterable[Problem]) -> Names:
    """Name these problems, using only the settings that differ from the defaults or from other problems."""
    return Names(distinct(problems, _short))


def of_rows(rows: Iterable[Timing]) -> Names:
    """Return the names of the problems of these rows."""
    return of(row.cell.problem for row in rows)


def _short(problem: Problem) -> str:
    words = [problem.dataset.removeprefix("synthetic:").removesuffix(",seed=0")]
    words += [problem.dtype] if problem.dtype != DEFAULT_DTYPE else []
    words += [f"batch {problem.batch_size}"] if problem.batch_size is not None else []
    words += ["fed from the host"] if problem.feed is Feed.HOST else []
    return " ".join(words)


def distinct(records: Iterable[Record], name: Callable[[Record], str]) -> dict[Record, str]:
    """Name each record; records with the same name get the fields in which they differ appended."""
    alike: dict[str, list[Record]] = {}
    for record in dict.fromkeys(records):
        alike.setdefault(name(record), []).append(record)
    return {record: text for short, group in alike.items() for record, text in _apart(short, group).items()}


def _apart(short: str, alike: Sequence[Record]) -> dict[Record, str]:
    columns = {field.name: [getattr(one, field.name) for one in alike] for field in fields(alike[0])}
    differing = [name for name, values in columns.items() if len({*values}) > 1]
    return {one: ", ".join([short, *(_setting(name, getattr(one, name)) for name in differing)]) for one in alike}


def _setting(name: str, value: object) -> str:
    """Return a setting in words: "learning rate 0.1", "no shuffle"."""
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"no {words}"
    return f"{words} {value}"


def cells(rows: Sequence[Timing]) -> str:
    """Return the number of cells, in total and per status: "12 cells (11 OK, 1 CRASHED)"."""
    states = Counter(row.status for row in rows)
    parts = ", ".join(f"{count:,} {status}" for status, count in states.items())
    return number(len(rows), "cell") + (f" ({parts})" if parts else "")


def runner(one: Runner) -> str:
    """Return the implementation, with its device unless that is the CPU, and its threads if several."""
    place = "" if one.device == CPU else f" on {one.device}"
    return f"{one.implementation}{place}" + (f", {one.threads} threads" if one.threads != 1 else "")


def threads(rows: Sequence[Timing]) -> str:
    """Return the numbers of threads of these rows: "1 thread", "1, 2 and 4 threads"; without rows "0 threads"."""
    *others, most = sorted({row.cell.threads for row in rows} or {0})
    return f"{', '.join(map(str, others))} and {number(most, 'thread')}" if others else number(most, "thread")
