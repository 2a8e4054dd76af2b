"""Rounds as a report needs them, out of a long file of which most is the same in many lines, or judged already."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec

from bench.store.cell import Cell
from bench.store.jsonl import decoder
from bench.store.raw_rows import Costs, Disturbance, Environment, Evidence, Rounds


class _Line(msgspec.Struct):
    """A line of raw/rounds.jsonl without its evidence, which is judged in the run and reported by nobody.

    What many lines have in common is left as its text.
    """

    cell: msgspec.Raw
    name: str
    block: int
    position: int
    epochs_per_round: int
    warmup_rounds: int
    first_epoch_seconds: float
    round_seconds: tuple[float, ...]
    costs: Costs = Costs()
    environment: msgspec.Raw = msgspec.Raw(b"{}")
    disturbance: Disturbance = Disturbance()


def reader() -> Callable[[bytes], Rounds]:
    """Return what makes rounds of a line, with no evidence.

    Few cells were timed, and in few environments, beside the number of processes: each text is decoded once. Raises as
    `jsonl.decoder` does.
    """
    read, none = decoder(_Line), Evidence()

    @cache
    def cell(text: bytes) -> Cell:
        return decoder(Cell)(text)

    @cache
    def environment(text: bytes) -> Environment:
        return decoder(Environment)(text)

    def rounds(line: bytes) -> Rounds:
        found = read(line)
        return Rounds(  # by place: names take a third longer
            cell(bytes(found.cell)),
            found.name,
            found.block,
            found.position,
            found.epochs_per_round,
            found.warmup_rounds,
            found.first_epoch_seconds,
            found.round_seconds,
            found.costs,
            environment(bytes(found.environment)),
            found.disturbance,
            none,
        )

    return rounds
