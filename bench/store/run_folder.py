"""The folder of a run: creating it, writing to it, and listing its files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.errors import BadInput
from bench.store import jsonl
from bench.store.layout import (
    AGREEMENT_CSV,
    ENVIRONMENT,
    RAW,
    REPORT_HTML,
    REPORT_MD,
    RESULTS,
    SCHEMA,
    SWEEP_CSV,
    TIMINGS_CSV,
    VERDICTS,
)
from bench.store.raw_rows import Verdict


def check_out(out: Path | None) -> None:
    """Raise BadInput unless this folder is empty or can be created; nothing is written."""
    folder = RESULTS if out is None else out
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"--out {out}: it exists and is not an empty folder; name a new one")
    parent = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise BadInput(f"{'--out ' if out else ''}{folder}: cannot write in {parent}; name another folder with --out")


def make_folder(out: Path | None, run: str) -> Path:
    """Return the new folder of this run: `out`, or one named after the run under results/."""
    folder = RESULTS / run if out is None else out
    try:
        folder.mkdir(parents=True, exist_ok=out is not None)
        (folder / RAW).mkdir()
    except OSError as error:
        raise BadInput(f"cannot create {folder}: {error.strerror}; name another folder with --out") from error
    return folder


def write_environment(folder: Path, environment: Mapping[str, Any]) -> None:
    """Write environment.json with the schema version of all files of the run."""
    content = jsonl.plain({"schema": SCHEMA, **environment})
    text = json.dumps(content, indent=2, ensure_ascii=False, default=lambda path: jsonl.plain(str(path)))
    write_text(folder / ENVIRONMENT, text + "\n")


def write_records(path: Path, records: Iterable[Any]) -> None:
    """Write these records as JSON lines, replacing the file."""
    write_text(path, "".join(jsonl.to_json(record) + "\n" for record in records))


def verdicts(folder: Path) -> list[Verdict]:
    """Return the verdicts of the gate on a run; empty if it has not ended."""
    return jsonl.read_lines(Verdict, folder / VERDICTS)


def reports(folder: Path) -> list[Path]:
    """Return the files to read about this run, in reading order."""
    names = (REPORT_HTML, REPORT_MD, TIMINGS_CSV, SWEEP_CSV, AGREEMENT_CSV, ENVIRONMENT)
    return [folder / name for name in names if (folder / name).exists()]


def write_text(path: Path, text: str) -> None:
    """Replace the file atomically: a reader finds the old text or the new one."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
