"""Read back what a run has finished so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.store.jsonl import append_line, cut_unfinished, each_line, read_lines
from bench.store.layout import BLOCKS, FAILURES, PACES, RATES, ROUNDS, SPENT
from bench.store.raw_rows import Block, Failure, Paced, Rates, Rounds, Spent

Row = TypeVar("Row", Paced, Block, Rounds, Failure, Rates)


@dataclass(frozen=True)
class Done:
    """The rows of a run so far."""

    paces: list[Paced]
    blocks: list[Block]
    rounds: list[Rounds]
    failures: list[Failure]
    rates: list[Rates]


def read(raw: Path, decode: Callable[[bytes], Rounds] | None = None) -> Done:
    """Return what is finished.

    `decode` decodes the rounds of a line, by default `jsonl.decoder`. Raises ValueError for a line that is not a
    record.
    """
    return Done(
        paces=read_lines(Paced, raw / PACES),
        blocks=read_lines(Block, raw / BLOCKS),
        rounds=list(each_line(Rounds, raw / ROUNDS, decode)),
        failures=read_lines(Failure, raw / FAILURES),
        rates=read_lines(Rates, raw / RATES),
    )


class PartTimer:
    """Stores how long the parts of a run take; in a part within a part, the time counts for the inner one alone."""

    def __init__(self, raw: Path) -> None:
        self._raw, self._inner_seconds = raw, 0.0

    @contextmanager
    def part(self, name: str, block: int | None = None) -> Iterator[None]:
        """Store how long this part takes, unless it ends with an exception."""
        began, outer_seconds, self._inner_seconds = time.monotonic(), self._inner_seconds, 0.0
        try:
            yield
            whole = time.monotonic() - began
            append_line(self._raw / SPENT, Spent(block, name, round(whole - self._inner_seconds, 3)))
        finally:
            self._inner_seconds = outer_seconds + time.monotonic() - began


def take_over(raw: Path) -> Done:
    """Return what is finished; mark a block that a dead parent left unfinished as ended, so that it is rerun."""
    for name in (PACES, BLOCKS, ROUNDS, FAILURES, RATES, SPENT):
        cut_unfinished(raw / name)
    done = read(raw)
    ended = {block.number for block in done.blocks}
    for number in sorted({one.block for one in done.rounds} - ended):
        stopped = Block(number, extra=False, waited_seconds=0.0, seconds=0.0, stopped=True)
        append_line(raw / BLOCKS, stopped)
        done.blocks.append(stopped)
    return done
