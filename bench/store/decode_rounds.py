"""Fast decoding of rounds for reports: repeated parts are decoded once, and evidence is skipped."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec

from bench.store.cell import Cell
from bench.store.jsonl import decoder
from bench.store.raw_rows import Costs, Environment, Evidence, Rounds, Witnessed


class _Line(msgspec.Struct):
    """A line of raw/rounds.jsonl without its evidence, which is judged during the run and not reported.

    Parts that many lines share stay undecoded.
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


def reader() -> Callable[[bytes], Rounds]:
    """Return a function that decodes rounds from a line, without evidence.

    There are few cells and environments compared with processes, so each text is decoded once. Raises as
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
        return Rounds(  # positional: keywords take a third longer
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
