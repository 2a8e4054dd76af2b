"""Time against size where a run has several sizes of one model, and where one implementation overtakes another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log

from bench.records import Timing
from bench.report import words
from datasets import synthetic


@dataclass(frozen=True)
class Crossing:
    """The number of rows at which `name` takes as long as the baseline, between two that were measured.

    faster    whether it takes less time above that size, and more below; else the other way round
    n         where the ratio is 1, if it runs straight between the two when both axes are logarithmic
    low, high between them its interval holds 1, if the ends run so too; None: as far as was measured
    """

    name: str
    faster: bool
    n: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Curve:
    """The timed rows of one implementation on one device, in the order of n."""

    name: str
    rows: tuple[Timing, ...]


@dataclass(frozen=True)
class Family:
    """Work that differs in n alone: the curves of all with two sizes or more, and where they cross the baseline."""

    title: str
    curves: tuple[Curve, ...]
    crossings: tuple[Crossing, ...]


def families(rows: Sequence[Timing]) -> list[Family]:
    """Return every family of synthetic data; other data of two sizes differ in more than that."""
    groups: dict[tuple[object, ...], list[Timing]] = {}
    for row in rows:
        if row.epoch_seconds is not None and row.dataset.partition(":")[0] == "synthetic":
            *_, seed = synthetic.parse(row.dataset)
            key = (
                row.model,
                row.d,
                row.k,
                seed,
                row.dtype,
                row.batch_size,
                row.shuffle,
                row.drop_last,
                row.feed,
                row.threads,
            )
            groups.setdefault(key, []).append(row)
    return [family for family in map(_family, groups.values()) if family.curves]


def _family(rows: Sequence[Timing]) -> Family:
    by_name: dict[str, list[Timing]] = {}
    for row in sorted(rows, key=lambda row: row.n):
        by_name.setdefault(words.runner(row), []).append(row)
    curves = tuple(Curve(name, tuple(group)) for name, group in by_name.items() if len(group) > 1)
    return Family(_title(rows[0]), curves, tuple(one for curve in curves for one in _crossings(curve)))


def _title(row: Timing) -> str:
    parts = [row.model, f"{row.d} feature{'s'[: row.d != 1]}"]
    parts += [f"{row.k} classes"] if row.k > 1 else []
    parts += [row.dtype]
    parts += [f"batch {row.batch_size}"] if row.batch_size is not None else []
    return ", ".join(parts)


def _crossings(curve: Curve) -> list[Crossing]:
    """The interval of a crossing ends where an end of the ratio's interval crosses 1, on either side."""
    points = [
        (float(row.n), row.ratio, row.ratio_low, row.ratio_high)
        for row in curve.rows
        if row.ratio is not None and row.ratio_low is not None and row.ratio_high is not None
    ]
    ends = [n for which in (2, 3) for n, _ in _crosses([(point[0], point[which]) for point in points])]
    return [
        Crossing(
            curve.name,
            falls,
            n,
            max((end for end in ends if end <= n), default=None),
            min((end for end in ends if end >= n), default=None),
        )
        for n, falls in _crosses([(point[0], point[1]) for point in points])
    ]


def _crosses(line: Sequence[tuple[float, float]]) -> list[tuple[float, bool]]:
    """Return where a line of (n, ratio) crosses 1, and whether it falls there."""
    found = []
    for (left, before), (right, after) in pairwise(line):
        if (before > 1) != (after > 1):
            share = log(before) / (log(before) - log(after))
            found.append((exp(log(left) + share * log(right / left)), after <= 1))
    return found


def findings(family: Family) -> list[str]:
    """Return one sentence for each crossing, or the one that says why there is none."""
    baseline = family.curves[0].rows[0].baseline
    if family.crossings:
        return [f"{said(one, baseline)}." for one in family.crossings]
    if any(row.ratio is not None for curve in family.curves for row in curve.rows):
        return [f"No ratio to {baseline} crosses 1 between these sizes."]
    return ["Nothing is compared."]


def said(crossing: Crossing, baseline: str) -> str:
    """Return a crossing in words: "jax_grad overtakes numpy_manual near 3,100 rows (2,400 to 4,200)"."""
    ends = " to ".join(
        word if n is None else _round(n)
        for n, word in ((crossing.low, "the least measured"), (crossing.high, "the most measured"))
    )
    overtakes = "overtakes" if crossing.faster else "falls behind"
    return f"{crossing.name} {overtakes} {baseline} near {_round(crossing.n)} rows ({ends})"


def _round(n: float) -> str:
    return f"{float(f'{n:.3g}'):,.0f}"
