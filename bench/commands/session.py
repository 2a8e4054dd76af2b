"""Setting up a run: its plan, its data on disk, and its folder, new or reopened."""

from __future__ import annotations

import errno
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.analysis.run import read
from bench.errors import BadInput
from bench.gate import check as gate
from bench.gate import reference
from bench.machine import describe, doctor
from bench.plan import cells, fingerprint
from bench.plan.cells import RunPlan
from bench.plan.options import Options
from bench.report.terminal import results
from bench.store import run_folder
from bench.store.jsonl import from_mapping
from datasets import folder as disk
from datasets import prepared
from datasets.dataset import DTYPES, Dataset

Folders = Mapping[tuple[str, str], Path]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@dataclass(frozen=True)
class Session:
    """A plan with its data on disk and its outside implementations loadable, and the run's folder."""

    options: Options
    plan: RunPlan
    folders: Folders
    work: Path
    out: Path
    environment: Mapping[str, Any]


@contextmanager
def prepare(options: Options, command: str, *, timed: bool) -> Iterator[Session]:
    """Plan a run, load everything it names, and only then create its folder.

    A run that is not timed trains each cell once, so a sweep may reach sizes that timing could not.
    """
    run_folder.check_out(options.out)
    if not timed:
        options = replace(options, blocks=1, max_blocks=1)
    made = cells.make(options)
    with _arrays(made) as (work, folders):
        started = datetime.now(UTC)
        name = f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        environment = _environment(options, command, made, started, name) | {"timed": timed}
        out = run_folder.make_folder(options.out, name)
        run_folder.write_environment(out, environment)
        with _stoppable(out):
            yield Session(options, made, folders, work, out, environment)


@contextmanager
def reopen(folder: Path) -> Iterator[Session]:
    """Plan a stopped run again, and check that nothing has changed since."""
    environment = read(folder).environment
    if not environment["timed"]:
        raise BadInput(f"--resume {folder}: it was not timed; run python -m bench agree again")
    options = replace(from_mapping(Options, environment["options"]), out=folder)
    made = cells.make(options)
    fingerprint.check(folder, environment["identity"], fingerprint.identity(describe.describe(), made))
    with _arrays(made) as (work, folders), _stoppable(folder):
        yield Session(options, made, folders, work, folder, environment)


@contextmanager
def _arrays(made: RunPlan) -> Iterator[tuple[Path, Folders]]:
    """Save the data for the workers, and check that a worker can load the outside implementations."""
    with TemporaryDirectory(prefix="bench-") as temporary:
        work = Path(temporary)
        if made.outside:
            gate.probe(made.outside, work)
        yield work, _save(made, work)


@contextmanager
def _stoppable(out: Path) -> Iterator[None]:
    """Say how to resume a run that was stopped, or whose folder could no longer be written."""
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


def _save(made: RunPlan, work: Path) -> Folders:
    folders = {}
    for number, (key, data) in enumerate(made.data.items()):
        folders[key] = work / f"data-{number}"
        prepared.save(data, folders[key])
    return folders


def looked_at(ready: Session) -> tuple[dict[tuple[str, str], Dataset], Folders]:
    """Return the data for the gate and their folders; of data on disk, only two and a half of the largest batches."""
    problems = [cell.problem for cell in ready.plan.cells]
    data, folders = dict(ready.plan.data), dict(ready.folders)
    for number, (key, one) in enumerate(ready.plan.data.items()):
        if one.on_disk:
            sizes = [each.batch_size or each.n for each in problems if (each.dataset, each.dtype) == key]
            data[key] = disk.sample(one, sizes, ready.work / f"rows-{number}")
            folders[key] = ready.work / f"sample-{number}"
            prepared.save(data[key], folders[key])
    return data, folders


def _environment(options: Options, command: str, made: RunPlan, started: datetime, name: str) -> dict[str, Any]:
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
        "identity": fingerprint.identity(found, made),
    }
