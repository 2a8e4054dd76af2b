"""The way of a run: plan, prepared arrays, gate, race, report. Each step is another module's."""

from __future__ import annotations

import errno
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.analysis.run import Raw, read
from bench.audit import check
from bench.commands import estimate
from bench.errors import BadInput
from bench.gate import check as gate
from bench.gate import reference
from bench.machine import describe, doctor
from bench.machine.lock import alone
from bench.plan import cells
from bench.plan import fingerprint as continuation
from bench.plan.cells import Plan
from bench.plan.options import Options
from bench.report import json_result, write
from bench.report.terminal import progress, results
from bench.report.terminal.console import Screen
from bench.store import layout, run_folder
from bench.store.cell import Status
from bench.store.jsonl import from_mapping
from bench.store.raw_rows import Verdict
from bench.store.tables import Agreement
from bench.timing import race
from datasets import folder as disk
from datasets import prepared
from datasets.dataset import DTYPES, Dataset

Folders = Mapping[tuple[str, str], Path]

FINE, NOT_FINE = 0, 1

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@dataclass(frozen=True)
class Prepared:
    """A plan whose arrays lie on the disk, whose outside implementations load, and the run's new folder."""

    options: Options
    plan: Plan
    folders: Folders
    work: Path
    out: Path
    environment: Mapping[str, Any]


def run(options: Options, command: str, screen: Screen, *, force: bool = False) -> int:
    """Check, time and report what was asked; return 0 if every cell is fine, else 1.

    Raises BadInput or ValueError, with nothing written, for what cannot be done; with `force`, even while another
    run is going on.
    """
    with alone(force=force), _prepare(options, command, timed=True) as ready:
        return _measure(ready, screen)


def resume(folder: Path, screen: Screen, *, force: bool = False) -> int:
    """Do what is missing of a run that was stopped, and report it; return as `run` does.

    Raises BadInput when it is no run, or when machine, code, libraries or data are no longer what they were.
    """
    with alone(force=force), _reopen(folder) as ready:
        return _measure(ready, screen)


def _measure(ready: Prepared, screen: Screen) -> int:
    options = ready.options
    seconds = estimate.seconds(ready.plan.cells, options.blocks, options.quick)
    _open(ready, screen, seconds)
    verdicts = run_folder.verdicts(ready.out) or _agree(ready, screen, brief=True)[0]
    passed = [verdict.cell for verdict in verdicts if verdict.status is Status.OK]
    if passed:
        wanted = race.Wanted(options.blocks, options.max_blocks, options.seed, options.quick)
        with progress.display(screen) as listener:
            race.race(passed, ready.folders, wanted, raw=ready.out / "raw", on_progress=listener)
        check.judge(ready.out / "raw", ready.plan.data)
    raw = write.write_reports(ready.out)
    code = exit_code(ready.plan, raw.final, options)
    _tell(ready.out, raw, screen, code)
    return code


def _open(ready: Prepared, screen: Screen, seconds: float | None) -> None:
    """What would disturb times is no warning where none are taken."""
    advice = ready.environment.get("advice", ()) if ready.environment["timed"] else ()
    results.opening(screen, describe.one_line(), ready.plan, seconds, advice)


def _tell(folder: Path, raw: Raw, screen: Screen, code: int) -> None:
    """Print the times if there are any, the paths, and with --json the whole result."""
    rows = raw.timings if raw.timed else []
    if raw.timed:
        results.results(screen, raw, rows)
    compared = raw.timed and not raw.quick
    results.closing(screen, run_folder.reports(folder), folder, raw.environment["command"], compared=compared)
    if screen.json:
        verdicts = raw.final if raw.timed else raw.verdicts
        results.document(json_result.of_run(raw, verdicts, rows, run_folder.reports(folder), code))


def agree(options: Options, command: str, screen: Screen, *, explain: bool = False) -> int:
    """Check what was asked and write agreement.csv; return 0 if every cell is fine, else 1.

    With `explain`, say of each failed check what it tests. Raises as `run` does.
    """
    with _prepare(options, command, timed=False) as ready:
        _open(ready, screen, None)
        verdicts, agreements = _agree(ready, screen, brief=False)
        if explain:
            results.explanations(screen, agreements)
        code = exit_code(ready.plan, verdicts, options)
        _tell(ready.out, write.write_reports(ready.out), screen, code)
        return code


def report(folder: Path, screen: Screen) -> int:
    """Remake every table of a run from its raw rows and print it; BadInput when there is no run."""
    with run_folder.uncollected():
        try:
            raw = write.write_reports(folder)
        except OSError as error:
            raise BadInput(f"{folder}: {error.strerror}; copy the run to where you may read and write it") from error
        results.agreement(screen, raw.verdicts, raw.agreements, brief=raw.timed)
        _tell(folder, raw, screen, FINE)
    return FINE


def exit_code(made: Plan, verdicts: Sequence[Verdict], options: Options) -> int:
    """Return 0 if every cell is fine.

    A missing library is fine unless its implementation was asked for by name, or ALL_BACKENDS=1; a missing
    device is fine if any cell that was asked for could run. What the plan itself left out is fine.
    """
    planned = {verdict.cell: verdict for verdict in verdicts if verdict.cell in set(made.cells)}
    ran = [cell for cell, verdict in planned.items() if verdict.status not in (Status.NOT_RUN, Status.NO_DEVICE)]
    if all(cell in made.added for cell in ran):
        return NOT_FINE
    strict = os.environ.get("ALL_BACKENDS") == "1"
    for cell, verdict in planned.items():
        skipped = verdict.status is Status.NOT_RUN and not strict and cell.implementation not in options.implementations
        if verdict.status not in (Status.OK, Status.NO_DEVICE) and not skipped:
            return NOT_FINE
    return FINE


@contextmanager
def _prepare(options: Options, command: str, *, timed: bool) -> Iterator[Prepared]:
    """Make the run's folder only once the plan stands and all that was named can be loaded."""
    run_folder.check_out(options.out)
    made = cells.make(options)
    with _arrays(made) as (work, folders):
        started = datetime.now(UTC)
        name = f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        environment = _environment(options, command, made, started, name) | {"timed": timed}
        out = run_folder.make_folder(options.out, name)
        run_folder.write_environment(out, environment)
        with _stoppable(out):
            yield Prepared(options, made, folders, work, out, environment)


@contextmanager
def _reopen(folder: Path) -> Iterator[Prepared]:
    """Make the plan of a stopped run anew, and see that nothing has changed since."""
    environment = read(folder).environment
    if not environment["timed"]:
        raise BadInput(f"--resume {folder}: it timed nothing; run python -m bench agree again")
    options = replace(from_mapping(Options, environment["options"]), out=folder)
    made = cells.make(options)
    continuation.check(folder, environment["identity"], continuation.identity(describe.describe(), made))
    with _arrays(made) as (work, folders), _stoppable(folder):
        yield Prepared(options, made, folders, work, folder, environment)


@contextmanager
def _arrays(made: Plan) -> Iterator[tuple[Path, Folders]]:
    """Save the data for the workers, and see that what is outside the table can be loaded by one."""
    with TemporaryDirectory(prefix="bench-") as temporary:
        work = Path(temporary)
        if made.outside:
            gate.probe(made.outside, work)
        yield work, _save(made, work)


@contextmanager
def _stoppable(out: Path) -> Iterator[None]:
    """Say how to go on with a run that was stopped, or whose folder could no longer be written."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        results.stopped(out)
        raise
    except OSError as error:
        if not (error.errno in _NO_ROOM or (error.errno == errno.ENOENT and not out.is_dir())):
            raise
        remedy = f"make room, then python -m bench run --resume {out}" if out.is_dir() else "run it again"
        raise BadInput(f"{out}: {error.strerror}; {remedy}") from error


def _save(made: Plan, work: Path) -> Folders:
    folders = {}
    for number, (key, data) in enumerate(made.data.items()):
        folders[key] = work / f"data-{number}"
        prepared.save(data, folders[key])
    return folders


def _looked_at(ready: Prepared) -> tuple[dict[tuple[str, str], Dataset], Folders]:
    """Return what the gate looks at, and its folders: of data on disk two and a half of their largest batches."""
    problems = [cell.problem for cell in ready.plan.cells]
    data, folders = dict(ready.plan.data), dict(ready.folders)
    for number, (key, one) in enumerate(ready.plan.data.items()):
        if one.on_disk:
            sizes = [each.batch_size or each.n for each in problems if (each.dataset, each.dtype) == key]
            data[key] = disk.sample(one, sizes, ready.work / f"rows-{number}")
            folders[key] = ready.work / f"sample-{number}"
            prepared.save(data[key], folders[key])
    return data, folders


def _agree(ready: Prepared, screen: Screen, *, brief: bool) -> tuple[list[Verdict], list[Agreement]]:
    """Pass all cells through the gate, keep what it said, and print it."""
    data, folders = _looked_at(ready)
    with progress.display(screen) as listener:
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


def _environment(options: Options, command: str, made: Plan, started: datetime, name: str) -> dict[str, Any]:
    sources = [
        {"name": one.name, "dtype": dtype, "source": one.source, "licence": one.licence, "labels": one.labels}
        for (_, dtype), one in made.data.items()
    ]
    found = describe.describe()
    return {
        "run": name,
        "started": started.isoformat(timespec="seconds"),
        "command": command,
        "options": asdict(options),
        "datasets": sources,
        "reference_bits": {dtype: reference.bits(reference.wider(dtype)) for dtype in DTYPES},
        "python": sys.version,
        "machine": found,
        "advice": doctor.advice(doctor.findings(doctor.look(), max(cell.threads for cell in made.cells))),
        "identity": continuation.identity(found, made),
    }
