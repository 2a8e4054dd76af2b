"""Rounds as a report needs them, out of a long file of which most is the same in many lines, or judged already."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import msgspec

from bench.store.cell import Cell
from bench.store.jsonl import decoder
from bench.store.raw_rows import Costs, Environment, Evidence, Rounds, Witnessed


class _Line(msgspec.Struct):
    """A line of raw/rounds.jsonl without its evidence, which is judged in the run and reported by nobody.

    What many lines have in common is left as its text.
    """

    cell: msgspec.Raw
    name: str
    block: int
    epochs_per_round: int
    warmup_rounds: int
    first_epoch_seconds: float
    round_seconds: tuple[float, ...]
    costs: Costs = Costs()
    environment: msgspec.Raw = msgspec.Raw(b"{}")
    witnessed: Witnessed = Witnessed()


def reader(cells: Iterable[Cell] = ()) -> Callable[[bytes], Rounds]:
    """Return what makes rounds of a line, with no evidence; of equal cells and environments there is one object.

    Few cells were timed, and in few environments, beside the number of processes. Of a cell that equals one of `cells`
    it is that one: to find an object itself in a dict is quick. Raises as `jsonl.decoder` does.
    """
    read, none = decoder(_Line), Evidence()
    known = {cell: cell for cell in cells}

    @cache
    def cell(text: bytes) -> Cell:
        found = decoder(Cell)(text)
        return known.get(found, found)

    @cache
    def environment(text: bytes) -> Environment:
        return decoder(Environment)(text)

    def rounds(line: bytes) -> Rounds:
        found = read(line)
        return Rounds(  # by place: names take a third longer
            cell(bytes(found.cell)),
            found.name,
            found.block,
            found.epochs_per_round,
            found.warmup_rounds,
            found.first_epoch_seconds,
            found.round_seconds,
            found.costs,
            environment(bytes(found.environment)),
            found.witnessed,
            none,
        )

    return rounds
