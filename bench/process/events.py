"""Progress events of gate and race, which the parent displays; no decision depends on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bench.store.raw_rows import Rounds


class Stage(StrEnum):
    """The stages of a run, in order."""

    AGREEMENT = "agreement"
    PILOT = "pilot"
    BLOCKS = "blocks"


@dataclass(frozen=True)
class Step:
    """`done` of the `total` workers of a stage have ended.

    line   the progress in words; a repeated line says nothing new
    now    what is running
    """

    stage: Stage
    line: str
    now: str
    done: int
    total: int


@dataclass(frozen=True)
class Timed:
    """A worker has ended and produced these rounds."""

    rounds: tuple[Rounds, ...]


@dataclass(frozen=True)
class Note:
    """Something happened that affects the times."""

    line: str


Event = Step | Timed | Note
Listener = Callable[[Event], None]
