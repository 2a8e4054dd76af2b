"""Read back what a run has finished so far."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.errors import BadInput
from bench.store.jsonl import append_line, compressed, cut_unfinished, each_line, read_lines
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
    """Stores how long the parts of a run take. The time of a part within another one counts for the inner one alone."""

    def __init__(self, raw: Path) -> None:
        self._raw = raw
        self._since = 0.0
        self._under_way: list[tuple[str, int | None]] = []
        self._seconds: defaultdict[tuple[str, int | None], float] = defaultdict(float)

    @contextmanager
    def part(self, name: str, block: int | None = None) -> Iterator[None]:
        """Store, when the outermost part ends, how long each part has taken; nothing if that ends with an exception."""
        self._charge()
        self._under_way.append((name, block))
        ended = False
        try:
            yield
            ended = True
        finally:
            self._charge()
            self._under_way.pop()
            if not self._under_way:
                for (part, of), seconds in self._seconds.items() if ended else ():
                    append_line(self._raw / SPENT, Spent(of, part, round(seconds, 3)))
                self._seconds.clear()

    def _charge(self) -> None:
        now = time.monotonic()
        if self._under_way:
            self._seconds[self._under_way[-1]] += now - self._since
        self._since = now


def take_over(raw: Path) -> Done:
    """Return what is finished; mark a block that a dead parent left unfinished as ended, so that it is rerun.

    Raises BadInput for compressed rows, to which nothing can be added.
    """
    for name in (PACES, BLOCKS, ROUNDS, FAILURES, RATES, SPENT):
        if compressed(raw / name).is_file():
            raise BadInput(f"{raw}: its rows are compressed: unpack them first, gunzip {raw}/*.gz")
        cut_unfinished(raw / name)
    done = read(raw)
    ended = {block.number for block in done.blocks}
    for number in sorted({one.block for one in done.rounds} - ended):
        stopped = Block(number, extra=False, waited_seconds=0.0, seconds=0.0, stopped=True)
        append_line(raw / BLOCKS, stopped)
        done.blocks.append(stopped)
    return done
