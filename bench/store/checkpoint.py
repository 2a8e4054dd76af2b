"""Read back what a run has finished so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.store.cell import Cell
from bench.store.jsonl import append_line, cut_unfinished, each_line, read_lines
from bench.store.layout import BLOCKS, FAILURES, PACES, RATES, RECORDS, ROUNDS, WORKER
from bench.store.raw_rows import STOPPED, Block, Failure, Paced, Rates, Rounds

Row = TypeVar("Row", Paced, Block, Rounds, Failure, Rates)

_Key = tuple[str, int, Cell]


@dataclass(frozen=True)
class Done:
    """The rows of a run so far."""

    paces: list[Paced]
    blocks: list[Block]
    rounds: list[Rounds]
    failures: list[Failure]
    rates: list[Rates]


def read(raw: Path, decode: Callable[[bytes], Rounds] | None = None) -> Done:
    """Return what is finished, including the cells of a worker whose parent died before copying them.

    `decode` decodes the rounds of a line, by default `jsonl.decoder`. Raises ValueError for a line that is not a
    record.
    """
    return Done(
        paces=read_lines(Paced, raw / PACES),
        blocks=read_lines(Block, raw / BLOCKS),
        rounds=list(_rounds(raw, decode)),
        failures=read_lines(Failure, raw / FAILURES),
        rates=read_lines(Rates, raw / RATES),
    )


def _rounds(raw: Path, decode: Callable[[bytes], Rounds] | None) -> Iterator[Rounds]:
    left = _orphans(raw)
    for one in each_line(Rounds, raw / ROUNDS, decode):
        if left:
            left.pop(_key(one), None)
        yield one
    yield from left.values()


def take_over(raw: Path) -> Done:
    """Return what is finished; mark a block that a dead parent left unfinished as ended, so that it is rerun."""
    for name in (PACES, BLOCKS, ROUNDS, FAILURES, RATES):
        cut_unfinished(raw / name)
    left = _orphans(raw)
    for one in each_line(Rounds, raw / ROUNDS):
        left.pop(_key(one), None)
    for one in left.values():
        append_line(raw / ROUNDS, one)
    done = read(raw)
    ended = {block.number for block in done.blocks}
    for number in sorted({one.block for one in done.rounds} - ended):
        stopped = Block(number, None, 0.0, 0.0, STOPPED)
        append_line(raw / BLOCKS, stopped)
        done.blocks.append(stopped)
    return done


def _orphans(raw: Path) -> dict[_Key, Rounds]:
    """Return what the last worker wrote and its parent may not have copied because it died."""
    try:
        return {_key(one): one for one in read_lines(Rounds, raw / WORKER / RECORDS)}
    except ValueError:  # the files of a pilot, whose worker is rerun, or of a broken worker
        return {}


def _key(one: Rounds) -> _Key:
    return one.name, one.block, one.cell
