"""The commands run, agree and report: plan, save the data, check agreement, time, report."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from bench.analysis.run import Raw
from bench.analysis.statistics import MARGIN
from bench.audit import check
from bench.commands import estimate
from bench.commands.session import Session, looked_at, prepare, reopen
from bench.errors import BadInput
from bench.gate import check as gate
from bench.machine import describe
from bench.machine.lock import alone
from bench.plan.cells import RunPlan
from bench.plan.options import Options
from bench.report import json_result, write
from bench.report.terminal import progress, results
from bench.report.terminal.console import Screen
from bench.store import layout, run_folder
from bench.store.cell import NOT_ATTEMPTED, Status
from bench.store.checkpoint import PartTimer
from bench.store.raw_rows import Verdict
from bench.store.tables import Agreement
from bench.timing import race

FINE, NOT_FINE = 0, 1


def run(options: Options, command: str, screen: Screen, *, force: bool = False) -> int:
    """Check, time and report; return 0 if every cell is fine, otherwise 1.

    With `force`, run even if another run is using this machine. Raises BadInput or ValueError, before anything is
    written, for bad input.
    """
    with alone(force=force), prepare(options, command, timed=True) as ready:
        return _measure(ready, screen)


def resume(folder: Path, screen: Screen, *, force: bool = False) -> int:
    """Complete a stopped run and report it; return what `run` returns.

    Raises BadInput if the folder holds no run, or if machine, code, libraries or data have changed.
    """
    with alone(force=force), reopen(folder) as ready:
        return _measure(ready, screen)


def _measure(ready: Session, screen: Screen) -> int:
    options = ready.options
    seconds, before = (estimate.seconds(ready.plan.cells, blocks, options.quick) for blocks in (options.blocks, 0))
    most = None if options.precision is None else max(seconds, before + 60 * options.minutes)
    _open(ready, screen, seconds, most)
    verdicts = run_folder.verdicts(ready.out) or _agree(ready, screen, brief=True)[0]
    passed = [verdict.cell for verdict in verdicts if verdict.status is Status.OK]
    if passed:
        limit = math.inf if options.precision is None else 60.0 * options.minutes
        margin = MARGIN if options.precision is None else options.precision
        wanted = race.Wanted(options.blocks, options.max_blocks, options.seed, options.quick, margin, limit)
        with progress.display(screen) as listener:
            race.race(passed, ready.folders, wanted, raw=ready.out / layout.RAW, on_progress=listener)
        with PartTimer(ready.out / layout.RAW).part("judging"):
            check.judge(ready.out / layout.RAW, ready.plan.data)
    raw = write.write_reports(ready.out)
    code = exit_code(ready.plan, raw.final, options)
    _tell(ready.out, raw, screen, code)
    return code


def _open(ready: Session, screen: Screen, seconds: float | None, most: float | None = None) -> None:
    """Print the opening lines, without warnings about disturbances if nothing will be timed."""
    advice = ready.environment.get("advice", ()) if ready.environment["timed"] else ()
    results.opening(screen, describe.one_line(), ready.plan, seconds, advice, most=most)


def _tell(folder: Path, raw: Raw, screen: Screen, code: int) -> None:
    """Print the times, if any, the paths, and with --json the whole result."""
    rows = raw.timings if raw.timed else []
    if raw.timed:
        results.results(screen, raw, rows)
    compared = raw.timed and not raw.quick
    results.closing(screen, run_folder.reports(folder), folder, raw.environment["command"], compared=compared)
    if screen.json:
        verdicts = raw.final if raw.timed else raw.verdicts
        results.document(json_result.of_run(raw, verdicts, rows, run_folder.reports(folder), code))


def agree(options: Options, command: str, screen: Screen, *, explain: bool = False) -> int:
    """Check agreement and write agreement.csv; return 0 if every cell is fine, otherwise 1.

    With `explain`, print what each failed check tests. Raises as `run` does.
    """
    with prepare(options, command, timed=False) as ready:
        _open(ready, screen, None)
        verdicts, agreements = _agree(ready, screen, brief=False)
        if explain:
            results.explanations(screen, agreements)
        code = exit_code(ready.plan, verdicts, options)
        _tell(ready.out, write.write_reports(ready.out), screen, code)
        return code


def report(folder: Path, screen: Screen) -> int:
    """Rebuild and print the tables of a run from its raw rows; BadInput if there is no run."""
    try:
        raw = write.write_reports(folder)
    except OSError as error:
        raise BadInput(f"{folder}: {error.strerror}; copy the run to where you may read and write it") from error
    results.agreement(screen, raw.verdicts, raw.agreements, brief=raw.timed)
    _tell(folder, raw, screen, FINE)
    return FINE


def exit_code(made: RunPlan, verdicts: Sequence[Verdict], options: Options) -> int:
    """Return 0 if every cell is fine.

    A missing library is fine unless its implementation was requested by name, or ALL_BACKENDS=1 is set; a missing
    device is fine if any requested cell could run. Cells that the plan left out are fine.
    """
    planned = {verdict.cell: verdict for verdict in verdicts if verdict.cell in set(made.cells)}
    ran = [cell for cell, verdict in planned.items() if verdict.status not in NOT_ATTEMPTED]
    if all(cell in made.added for cell in ran):
        return NOT_FINE
    strict = os.environ.get("ALL_BACKENDS") == "1"
    for cell, verdict in planned.items():
        skipped = verdict.status is Status.NOT_RUN and not strict and cell.implementation not in options.implementations
        if verdict.status not in (Status.OK, Status.NO_DEVICE) and not skipped:
            return NOT_FINE
    return FINE


def _agree(ready: Session, screen: Screen, *, brief: bool) -> tuple[list[Verdict], list[Agreement]]:
    """Check the agreement of all cells, store the verdicts, and print them."""
    data, folders = looked_at(ready)
    with progress.display(screen) as listener, PartTimer(ready.out / layout.RAW).part("agreement"):
        verdicts, agreements = gate.check(
            ready.plan.cells,
            data,
            folders,
            work=ready.work,
            epochs=ready.options.epochs,
            on_progress=listener,
            both_dtypes=not ready.options.quick,
        )
    run_folder.write_records(ready.out / layout.VERDICTS, [*verdicts, *ready.plan.left_out])
    run_folder.write_records(ready.out / layout.AGREEMENT, agreements)
    results.agreement(screen, verdicts, agreements, brief=brief)
    return verdicts, agreements
