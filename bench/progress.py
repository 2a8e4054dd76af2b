"""What a run has finished so far, read back from its folder; nothing here runs or decides."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.blocks import STOPPED
from bench.jsonl import append_line, cut_unfinished, each_line, read_lines
from bench.records import Block, Cell, Failure, Paced, Rates, Rounds
from bench.worker.timing import RECORDS

Row = TypeVar("Row", Paced, Block, Rounds, Failure, Rates)

# The folder of the worker that runs, in the run's raw/: its cells are there before the next one starts.
WORKER = "worker"


@dataclass(frozen=True)
class Done:
    """The rows of a run, which grow with it."""

    paces: list[Paced]
    blocks: list[Block]
    rounds: list[Rounds]
    failures: list[Failure]
    rates: list[Rates]


def read(raw: Path) -> Done:
    """Return what is finished, with the cells of a worker whose parent died before it took them over.

    Raises ValueError for a line that is no record.
    """
    return Done(
        paces=read_lines(Paced, raw / "pilot.jsonl"),
        blocks=read_lines(Block, raw / "blocks.jsonl"),
        rounds=list(each_rounds(raw)),
        failures=read_lines(Failure, raw / "failures.jsonl"),
        rates=read_lines(Rates, raw / "rates.jsonl"),
    )


def each_rounds(raw: Path) -> Iterator[Rounds]:
    """Yield the rounds that are finished, one after the other; as `read` else."""
    known = set()
    for one in each_line(Rounds, raw / "rounds.jsonl"):
        known.add((one.name, one.block, one.cell))
        yield one
    yield from _orphans(raw, known)


def take_over(raw: Path) -> Done:
    """Return what is finished; a block that a dead parent left unfinished has ended, and will be run again."""
    for name in ("pilot", "blocks", "rounds", "failures", "rates"):
        cut_unfinished(raw / f"{name}.jsonl")
    done = read(raw)
    ended = {block.number for block in done.blocks}
    known = {(one.name, one.block, one.cell) for one in read_lines(Rounds, raw / "rounds.jsonl")}
    for one in _orphans(raw, known):
        append_line(raw / "rounds.jsonl", one)
    for number in sorted({one.block for one in done.rounds} - ended):
        stopped = Block(number, None, 0.0, 0.0, STOPPED)
        append_line(raw / "blocks.jsonl", stopped)
        done.blocks.append(stopped)
    return done


def _orphans(raw: Path, known: Set[tuple[str, int, Cell]]) -> list[Rounds]:
    """Return what a worker left whose parent died; `known` are the rounds that were taken over."""
    try:
        left = read_lines(Rounds, raw / WORKER / RECORDS)
    except ValueError:  # the pilot's, whose worker is run again, or what a broken worker wrote
        return []
    return [one for one in left if (one.name, one.block, one.cell) not in known]
