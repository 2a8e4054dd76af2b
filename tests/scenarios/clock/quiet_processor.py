"""Show how often each processor is quiet, and what turns gain if they move to a quiet one or wait for it.

    python -m tests.scenarios.clock.quiet_processor --seconds 60

The sentinel is read on every processor at once. Turns are then simulated on what was recorded: one reading, a turn of
7 ms, another reading. Where a reading is loud, the turn stays, or moves with two readings on each processor, once or
until the time for waiting is used up. Figures of docs/decisions/0010-rounds-in-turns.md come from such recordings.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from bench.analysis.estimand import LIMIT, Flags, Floats, sentinel_floor
from bench.timing.entrants import processors
from bench.timing.sentinel import Work

# All in steps of half a millisecond.
_STEP_SECONDS, _READING, _TURN, _TURNS_A_BLOCK = 5e-4, 2, 14, 1400


def main() -> None:
    """Record, simulate, and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    cores = sorted(processors())
    with ProcessPoolExecutor(len(cores), mp_context=get_context("spawn")) as pool:
        recorded = list(pool.map(_recorded, cores, [seconds] * len(cores)))
    quiet = _quiet(recorded)
    shares = ", ".join(f"{share:.0%}" for share in quiet.mean(axis=1))
    print(f"quiet: {shares} of the time; at least one of them: {quiet.any(axis=0).mean():.0%}")
    print("allowed s per block | calm turns | calm turns per s | time in extra readings")
    for label, moves, allowed in [("stays", 0, 0.0), *((f"{each:g}", 1, each) for each in (0.0, 1.0, 2.0, 4.0, 8.0))]:
        calm, per_second, extra = _turns(quiet, moves, allowed)
        print(f"{label:>19} | {calm:10.0%} | {per_second:16.1f} | {extra:.0%}")


def _recorded(core: int, seconds: float) -> Floats:
    """Return when each reading began, and how long it took (readings, 2)."""
    os.sched_setaffinity(0, {core})
    work, end, found = Work(), time.perf_counter() + seconds, []
    while (began := time.perf_counter()) < end:
        found.append((began, work()))
    return np.array(found)


def _quiet(recorded: list[Floats]) -> Flags:
    """Return at which steps each processor was quiet (processors, steps)."""
    steps = np.arange(max(one[0, 0] for one in recorded), min(one[-1, 0] for one in recorded), _STEP_SECONDS)
    rows = []
    for one in recorded:
        calm = one[:, 1] <= (1 + LIMIT) * sentinel_floor(one[:, 1])
        rows.append(calm[np.searchsorted(one[:, 0], steps, side="right") - 1])
    return np.array(rows)


def _turns(quiet: Flags, moves: int, allowed: float) -> tuple[float, float, float]:
    """Return the share of turns that were calm, how many there were per second, and the share of time in more readings.

    moves     how many a turn may make in any case
    allowed   seconds that each block adds to the time for waiting
    """
    at = core = turns = calm = extra = 0
    left, last = 0.0, quiet.shape[1] - 4 * (_TURN + _READING)
    while at < last:
        left += allowed * (turns % _TURNS_A_BLOCK == 0)
        at += _READING
        tries = 0
        while not quiet[core, at] and at < last and (tries < 2 * moves or left > 0):
            core = (core + (tries % 2 == 0)) % len(quiet)
            at += _READING
            extra += _READING
            left -= _READING * _STEP_SECONDS
            tries += 1
        before = quiet[core, at]
        at += _TURN
        calm += bool(before and (quiet[core, at] or quiet[core, at + _READING]))
        turns += 1
    steps = quiet.shape[1]
    return calm / turns, calm / (steps * _STEP_SECONDS), extra / steps


if __name__ == "__main__":
    main()
