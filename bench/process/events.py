"""What gate and race tell while they run: the parent shows it, and no one decides by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bench.store.raw_rows import Rounds


class Stage(StrEnum):
    """What a run does, in this order."""

    AGREEMENT = "agreement"
    PILOT = "pilot"
    BLOCKS = "blocks"


@dataclass(frozen=True)
class Step:
    """`done` of the `total` workers of a stage have ended.

    line   where it stands, in whole words: the same line again says nothing new
    now    what runs at this moment
    """

    stage: Stage
    line: str
    now: str
    done: int
    total: int


@dataclass(frozen=True)
class Timed:
    """A worker has ended, and left these rounds."""

    rounds: tuple[Rounds, ...]


@dataclass(frozen=True)
class Note:
    """Something happened that concerns the times."""

    line: str


Event = Step | Timed | Note
Listener = Callable[[Event], None]
