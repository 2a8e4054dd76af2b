"""The notebook interface: `from bench import agree, race`, which return pandas frames.

    race(["numpy_manual", "jax_grad"], datasets="digits", quick=True)[["implementation", "epoch_seconds"]]

Arguments default to the command line's defaults. Both run their own workers, so nothing that the notebook has
imported, or set in its environment, affects a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from bench.analysis.run import read
from bench.commands import run as runs
from bench.plan.options import Options, block_counts
from bench.report.terminal.console import Screen, console
from bench.store import csv_table

Names = str | Sequence[str]

_SEVERAL = {field.name for field in fields(Options) if field.default == ()}


def agree(
    implementations: Names = (),
    *,
    models: Names = (),
    datasets: Names = (),
    dtypes: Names = (),
    batch_sizes: Names = (),
    out: str | Path | None = None,
    verbose: bool = False,
    **others: Any,
) -> pd.DataFrame:
    """Check these implementations and return the rows of agreement.csv, one per comparison.

    implementations   built-in names, or "path/to/file.py:Class"; empty for the four
    models, datasets, dtypes, batch_sizes   as on the command line, one or several
    out       a new folder to keep the run in; None discards it
    verbose   show progress on stderr
    others    other fields of `bench.plan.options.Options`, such as learning_rate or target

    Raises BadInput or ValueError, with one line, for bad input.
    """
    options = _options(implementations, models, datasets, dtypes, batch_sizes, others)
    with _folder(out) as folder:
        runs.agree(Options(**options, out=folder), _command("agree", options), _screen(verbose))
        return _frame(read(folder).agreements)


def race(
    implementations: Names = (),
    *,
    models: Names = (),
    datasets: Names = (),
    dtypes: Names = (),
    batch_sizes: Names = (),
    blocks: int | None = None,
    quick: bool = False,
    out: str | Path | None = None,
    verbose: bool = False,
    **others: Any,
) -> pd.DataFrame:
    """Check these implementations, time those that agree, and return the rows of timings.csv, one per cell.

    blocks   how often each is timed, in a fresh process each time; None for the command line's default
    quick    a first look: times only, no ratios

    The other arguments, and the errors, are those of `agree`.
    """
    options = _options(implementations, models, datasets, dtypes, batch_sizes, others)
    options |= block_counts(blocks, others.get("max_blocks"), quick=quick, precision=others.get("precision"))
    with _folder(out) as folder:
        runs.run(Options(**options, out=folder), _command("race", options), _screen(verbose))
        return _frame(read(folder).timings)


def _options(
    implementations: Names, models: Names, datasets: Names, dtypes: Names, batch_sizes: Names, others: dict[str, Any]
) -> dict[str, Any]:
    named = {
        "implementations": implementations,
        "models": models,
        "datasets": datasets,
        "dtypes": dtypes,
        "batch_sizes": batch_sizes,
    } | others
    return {name: _several(given) if name in _SEVERAL else given for name, given in named.items()}


def _several(given: Names) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _command(name: str, options: dict[str, Any]) -> str:
    given = ", ".join(f"{key}={value!r}" for key, value in options.items() if value != ())
    return f"bench.{name}({given})"


def _screen(verbose: bool) -> Screen:
    """Print nothing on stdout, since the frame is the result."""
    out = console(stderr=True, quiet=not verbose)
    return Screen(out, out, out, verbose)


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    if out is not None:
        yield Path(out)
        return
    with TemporaryDirectory(prefix="bench-") as temporary:
        yield Path(temporary) / "run"


def _frame(records: Sequence[Any]) -> pd.DataFrame:
    """Return one row per record; NaN and infinities stay floats, and None becomes a missing value."""
    return pd.DataFrame([{name: _plain(value) for name, value in csv_table.flat(record).items()} for record in records])


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
