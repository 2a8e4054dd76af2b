"""The options of a run, their defaults, and the checks that need no data."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import BadInput, unknown
from datasets.dataset import DTYPES, Model
from impls.protocol import Feed

FULL = "full"

# With 14 blocks the interval at level 1 - 0.05/3 (three implementations against the baseline in one table) goes from
# the third smallest ratio to the third largest, so two outlying blocks do not widen it:
# docs/decisions/0009-what-a-time-is.md.
BLOCKS = 14
# After how many minutes a run with a precision adds no more blocks, by default.
MINUTES = 30
EPOCHS = 5
MOST_BLOCKS = 1000
MOST_MINUTES = 100_000
MOST_EPOCHS = 100_000


@dataclass(frozen=True)
class Options:
    """The requested options; an empty tuple or None stands for the default.

    batch_sizes    whole numbers as text, or "full" for all rows at once
    max_blocks     how far `blocks` may be extended while a ratio's interval is wider than the margin, or the precision
    precision      the half-width, as a share, that every ratio's interval must reach; None for the margin
    minutes        how long a run with a precision may add blocks, however wide its intervals still are
    epochs         epochs of the agreement run
    sweeps         sizes instead of datasets: `bench.plan.sweep`
    """

    implementations: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    batch_sizes: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    threads: int = 1
    blocks: int = BLOCKS
    max_blocks: int = BLOCKS
    precision: float | None = None
    minutes: int = MINUTES
    epochs: int = EPOCHS
    learning_rate: float | None = None
    target: str | None = None
    shuffle: bool = False
    drop_last: bool = False
    seed: int = 0
    raw: bool = False
    quick: bool = False
    sweeps: tuple[str, ...] = ()
    out: Path | None = None


def block_counts(
    blocks: int | None, max_blocks: int | None, *, quick: bool, precision: float | None = None
) -> dict[str, Any]:
    """Return the fields of `Options` that say how often each cell is timed; None stands for the default."""
    number = (1 if quick else BLOCKS) if blocks is None else blocks
    most = number if precision is None else MOST_BLOCKS
    return {
        "blocks": number,
        "max_blocks": most if max_blocks is None else max_blocks,
        "quick": quick,
        "precision": precision,
    }


def percentage(option: str, given: str) -> float:
    """Return the share that a percentage such as "5%" stands for; BadInput for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", given.strip())
    if found is None:
        raise BadInput(f"{option} {given}: write a percentage, such as 5%")
    return float(found.group(1)) / 100


def batch_size(text: str) -> int | None:
    """Return the number of rows per batch, None for "full"; BadInput for anything else."""
    if text == FULL:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise BadInput(f"batch size '{text}': give a whole number from 1, or '{FULL}' for all rows at once")
    return int(text)


def check_options(options: Options) -> None:
    """Raise BadInput for a number that is out of range or an unknown name."""
    rate = options.learning_rate
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise BadInput(f"learning rate {rate:g}: give a finite number above 0, or leave it out for the dataset's own")
    check_threads(options.threads)
    _check_range("--blocks", options.blocks, 1, MOST_BLOCKS)
    _check_range("--max-blocks", options.max_blocks, options.blocks, MOST_BLOCKS, "not below --blocks")
    _check_range("--minutes", options.minutes, 1, MOST_MINUTES)
    _check_precision(options)
    _check_range("--epochs", options.epochs, 1, MOST_EPOCHS)
    _check_range("--seed", options.seed, 0, 2**32 - 1)
    for name in options.dtypes:
        if name not in DTYPES:
            raise unknown("dtype", name, DTYPES)
    for name in options.models:
        if name not in list(Model):
            raise unknown("model", name, Model)
    for name in options.feeds:
        if name not in list(Feed):
            raise unknown("feed", name, Feed)


def _check_precision(options: Options) -> None:
    if options.precision is not None and (options.quick or not options.precision > 0):
        raise BadInput("--precision: give a percentage above 0, such as 2%, and leave out --quick, which has no ratios")


def check_threads(threads: int) -> None:
    """Raise BadInput for fewer than one thread, or more than there are processors."""
    _check_range("--threads", threads, 1, max(os.cpu_count() or 1, 1), "the processors of this machine")


def _check_range(option: str, value: int, least: int, most: int, why: str = "") -> None:
    if not least <= value <= most:
        raise BadInput(f"{option} {value}: give a whole number from {least} to {most}{why and f', {why}'}")
