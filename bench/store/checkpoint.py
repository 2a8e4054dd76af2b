"""What a run has finished so far, read back from its folder; nothing here runs or decides."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.store.jsonl import append_line, cut_unfinished, read_lines
from bench.store.raw_rows import STOPPED, Block, Failure, Paced, Rates, Rounds, Spent

Row = TypeVar("Row", Paced, Block, Rounds, Failure, Rates)


@dataclass(frozen=True)
class Done:
    """The rows of a run, which grow with it."""

    paces: list[Paced]
    blocks: list[Block]
    rounds: list[Rounds]
    failures: list[Failure]
    rates: list[Rates]


def read(raw: Path) -> Done:
    """Return what is finished. Raises ValueError for a line that is no record."""
    return Done(
        paces=read_lines(Paced, raw / "pilot.jsonl"),
        blocks=read_lines(Block, raw / "blocks.jsonl"),
        rounds=read_lines(Rounds, raw / "rounds.jsonl"),
        failures=read_lines(Failure, raw / "failures.jsonl"),
        rates=read_lines(Rates, raw / "rates.jsonl"),
    )


@contextmanager
def spent(raw: Path, part: str, block: int | None = None) -> Iterator[None]:
    """Keep how long a part of the run takes; one that is left by an exception has not ended."""
    began = time.monotonic()
    yield
    append_line(raw / "spent.jsonl", Spent(block, part, round(time.monotonic() - began, 3)))


def take_over(raw: Path) -> Done:
    """Return what is finished; a block that a dead parent left unfinished has ended, and will be run again."""
    for name in ("pilot", "blocks", "rounds", "failures", "rates", "spent"):
        cut_unfinished(raw / f"{name}.jsonl")
    done = read(raw)
    ended = {block.number for block in done.blocks}
    for number in sorted({one.block for one in done.rounds} - ended):
        stopped = Block(number, None, 0.0, 0.0, STOPPED)
        append_line(raw / "blocks.jsonl", stopped)
        done.blocks.append(stopped)
    return done
