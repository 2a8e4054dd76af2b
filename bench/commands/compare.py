"""The commands compare (two runs) and history (several runs): folders in, an exit code out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.analysis.comparison import between, slower_than, untold
from bench.analysis.history import history as entries_of
from bench.analysis.run import read
from bench.errors import BadInput
from bench.plan.options import percentage
from bench.report import json_result, write
from bench.report.terminal import comparison, results
from bench.report.terminal.console import Screen
from bench.store import run_folder
from bench.store.layout import COMPARISON_CSV, COMPARISON_MD

FINE, SLOWER = 0, 1


def compare(
    old: Path,
    new: Path,
    screen: Screen,
    *,
    across: Sequence[str] = (),
    absolute: bool = False,
    fail_slower: str | None = None,
    out: Path | None = None,
) -> int:
    """Print what changed between two runs, and write it to `out` if given.

    Return 1 if `fail_slower` is given and a cell is certainly slower by more than that, or no longer has a time
    (because it failed, or the new run does not have it). A cell that was not timed has not been shown to be as fast.
    Raises BadInput if the runs cannot be read or compared.
    """
    share = None if fail_slower is None else percentage("--fail-slower", fail_slower)
    if out is not None:
        run_folder.check_out(out)
    before, after = read(old), read(new)
    found = between(before, after, across=across, absolute=absolute)
    environments = before.environment, after.environment
    if share is not None and (unknown := untold(found.changes)):
        raise BadInput(
            f"--fail-slower {fail_slower}: {len(unknown)} of {len(found.changes)} cells have too few blocks in common "
            "with their baseline for an interval; time them with more --blocks"
        )
    failed = [] if share is None else slower_than(found.changes, share)
    missing = [] if share is None else found.missing
    code = SLOWER if failed or missing else FINE
    comparison.changes(screen, found, *environments)
    if out is not None:
        write.write_comparison(out, found, *environments)
        results.paths(screen, [out / COMPARISON_MD, out / COMPARISON_CSV])
    if fail_slower is not None:
        comparison.threshold(screen, fail_slower, found, failed, missing)
    if screen.json:
        results.document(json_result.of_comparison(found, *environments, code))
    return code


def history(folders: Sequence[Path], screen: Screen, *, out: Path | None = None) -> int:
    """Print each cell over several runs, and write it to `out` if given.

    Raises BadInput if a run cannot be read, or is named twice.
    """
    if out is not None:
        run_folder.check_out(out)
    entries = entries_of(read(folder) for folder in folders)
    comparison.histories(screen, entries)
    if out is not None:
        write.write_history(out, entries)
        results.paths(screen, sorted(out.glob("history.*")))
    if screen.json:
        results.document(json_result.of_history(entries))
    return FINE
