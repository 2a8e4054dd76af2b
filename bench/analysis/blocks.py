"""Which blocks count, and what disturbed a process, judged from conditions without looking at times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.plan.controls import NULL
from bench.store.raw_rows import STOPPED, Block, Disturbance, Rounds

# Limits for a process that had to wait for a processor, fixed before any run. Only pressure from others counts: on one
# processor a library's own threads wait for one another (JAX's for a quarter of the time), which takes no processor
# time from the process and is part of how the library works.
LEAST_CPU_SHARE = 0.98
MOST_PRESSURE_SHARE = 0.06


def disturbance(rounds: Sequence[Rounds]) -> str:
    """Return what kept the process of these rounds from its processor; empty if nothing.

    Only a process on a single processor is judged: several threads wait for one another, and a host waits for its
    device. The rounds of the null implementation are too short to judge.
    """
    cells = [one for one in rounds if one.cell.on_one_processor and one.name != NULL]
    wall = sum(one.disturbance.wall_seconds or 0.0 for one in cells)
    if wall == 0:
        return ""
    cpu = _share((one.disturbance.cpu_seconds for one in cells), wall)
    pressure = _share((pressure_of_others(one.disturbance) for one in cells), wall)
    if cpu is not None and cpu < LEAST_CPU_SHARE:
        return f"{cells[0].name} had its processor for {100 * cpu:.1f} % of the time"
    if pressure is not None and pressure > MOST_PRESSURE_SHARE:
        return f"others waited for a processor during {100 * pressure:.1f} % of the time of {cells[0].name}"
    return ""


def pressure_of_others(seen: Disturbance) -> float | None:
    """Return the time in which some thread on the machine waited, minus that in which one of this process did.

    Overlapping waits of its own threads are summed, so the result is never too large; what is taken from the process
    itself shows in its processor time.
    """
    if seen.pressure_seconds is None:
        return None
    return max(0.0, seen.pressure_seconds - (seen.own_queue_seconds or 0.0))


def _share(seconds: Iterable[float | None], wall: float) -> float | None:
    known = [one for one in seconds if one is not None]
    return sum(known) / wall if known else None


def without(blocks: Sequence[Block]) -> set[int]:
    """Return the numbers of the blocks that do not count: those stopped, and those rerun."""
    ended = [block for block in blocks if block.disturbed != STOPPED]
    return {block.number for block in blocks} - {block.number for block in kept(ended)}


def kept(ended: Sequence[Block]) -> list[Block]:
    """Return the blocks that were not rerun."""
    replaced = {block.replaces for block in ended}
    return [block for block in ended if block.number not in replaced]
