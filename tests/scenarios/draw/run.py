"""Check honest implementations on many random problems: none may fail.

    python -m tests.scenarios.draw.run --problems 10000 --implementation numpy_manual --out draw.jsonl

An ended run continues after the last problem in its file when it is started again. Compiling implementations take
their shapes from a fixed pool (`--pooled`). Prints a table of everything in the file.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

import impls
from bench.process.spawn import environment
from bench.store.jsonl import read_lines, to_json
from impls.protocol import Model
from tests.scenarios.draw.judged import QUANTITIES, Drawn, judged
from tests.scenarios.draw.problems import drawn

BLOCK = 100


@dataclass(frozen=True)
class Block:
    """Consecutive problems of one model and dtype, processed and written together."""

    model: Model
    dtype: str
    first: int
    stop: int
    implementations: tuple[str, ...]
    pooled: bool
    edges: bool


def main() -> None:
    """Run what is missing, print the table, and exit with 1 if an honest implementation failed."""
    options = _options()
    for dtype in options.dtype:
        # A library reads threads and precision when loaded, which happens in the processes started here.
        os.environ.update(environment(dtype=dtype, threads=1, device="cpu"))
        _cut_torn_line(options.out)
        blocks = list(_missing(options, dtype))
        with (
            ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool,
            options.out.open("a", encoding="utf-8") as file,
        ):
            for rows in pool.map(_judged, blocks):
                file.writelines(to_json(row) + "\n" for row in rows)
                file.flush()
    rows = read_lines(Drawn, options.out)
    print(summary(rows))
    sys.exit(any(row.failed for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=10_000, help="of each model and dtype")
    parser.add_argument("--implementation", nargs="+", default=list(impls.FOUR))
    parser.add_argument("--dtype", nargs="+", choices=("float32", "float64"), default=["float32", "float64"])
    parser.add_argument("--model", nargs="+", type=Model, choices=list(Model), default=list(Model))
    parser.add_argument("--pooled", action="store_true", help="shapes from the pool, for what compiles")
    parser.add_argument("--edges", action="store_true", help="numbers from the whole range of the dtype")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="a file of JSON lines, which is appended to")
    return parser.parse_args()


def _missing(options: argparse.Namespace, dtype: str) -> Iterator[Block]:
    """Yield the blocks that are not in the file, alternating the models."""
    done = dict.fromkeys(options.model, 0)
    for row in read_lines(Drawn, options.out):
        if row.dtype == dtype and row.model in done and row.implementation == options.implementation[-1]:
            done[row.model] = max(done[row.model], row.number + 1)
    for first in range(0, options.problems, BLOCK):
        stop = min(first + BLOCK, options.problems)
        for model in options.model:
            start = max(first, done[model])
            if start < stop:
                yield Block(model, dtype, start, stop, tuple(options.implementation), options.pooled, options.edges)


def _cut_torn_line(path: Path) -> None:
    """Drop an incomplete last line, left by a process that died while writing."""
    if path.is_file():
        whole = path.read_bytes()
        with path.open("r+b") as file:
            file.truncate(whole.rfind(b"\n") + 1)


def _judged(block: Block) -> list[Drawn]:
    entrants = [(name, impls.load(name)) for name in block.implementations]
    return [
        row
        for number in range(block.first, block.stop)
        for row in judged(
            number, drawn(block.model, block.dtype, number, pooled=block.pooled, edges=block.edges), entrants
        )
    ]


def summary(rows: Sequence[Drawn]) -> str:
    """Return a table: problems, failures, largest shares, and what common tolerances refuse."""
    frame = pd.DataFrame([vars(row) for row in rows])
    if frame.empty:
        return "no problems yet"
    for column in ("skipped", "failed", "allclose", "assert_close"):
        frame[column] = frame[column].map(bool)
    sums = dict.fromkeys(("skipped", "failed", "allclose", "assert_close"), "sum")
    groups = frame.groupby(["implementation", "dtype", "model"])
    table = groups.agg({"number": "count", **sums, **dict.fromkeys(QUANTITIES, "max")})
    return table.rename(columns={"number": "problems"}).round(3).to_string()


if __name__ == "__main__":
    main()
