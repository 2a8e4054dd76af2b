"""From the raw rows of a run to the rows of timings.csv: nothing here measures, prints or writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from bench.records import Agreement, Cell, Comparison, Failure, Rounds, Status, Timing, Verdict
from bench.statistics import Ratio, compare, order_interval, paired_ratio, process_value
from datasets.dataset import Model
from impls import BASELINE

# The second copy of the baseline in every block: what the clock says of a thing and itself.
TWIN = "@aa"


@dataclass(frozen=True)
class Raw:
    """All that a run left behind; every table is made from this and nothing else.

    environment  the machine, the command, its options and the sources of the data
    verdicts     one for every cell, those left out included; the last one of a cell counts
    """

    environment: Mapping[str, Any]
    verdicts: Sequence[Verdict]
    agreements: Sequence[Agreement]
    rounds: Sequence[Rounds]
    failures: Sequence[Failure]

    @property
    def quick(self) -> bool:
        """Whether the run was asked for times only."""
        return bool(self.environment["options"]["quick"])

    @property
    def timed(self) -> bool:
        """Whether the run was to time anything: `agree` does not."""
        return bool(self.environment["timed"])


@dataclass(frozen=True)
class SelfComparison:
    """What the clock said of the baseline against itself, in the same blocks; None if too few."""

    cell: Cell
    ratio: Ratio | None
    comparison: Comparison


def timings(raw: Raw) -> list[Timing]:
    """Return one row for each cell, in the order of the models and then of the plan."""
    verdicts = final_verdicts(raw)
    by_cell = _process_rounds(raw.rounds, twins=False)
    rows: list[Timing] = []
    for model in Model:
        of_model = [verdict for verdict in verdicts if verdict.cell.problem.model is model]
        timed = {verdict.cell for verdict in of_model if verdict.status is Status.OK}
        count = comparisons(timed)
        for verdict in of_model:
            rounds = by_cell.get(verdict.cell, []) if verdict.cell in timed else []
            baseline = by_cell.get(baseline_of(verdict.cell), []) if baseline_of(verdict.cell) in timed else []
            rows.append(_timing(verdict, rounds, baseline, count, quick=raw.quick))
    return rows


def final_verdicts(raw: Raw) -> list[Verdict]:
    """Return the verdict of each cell once its timing is known as well: a cell that failed there is not OK.

    A cell that passed the gate in a run that was stopped before its rounds is NOT-RUN.
    """
    last = {verdict.cell: verdict for verdict in raw.verdicts}
    for failure in raw.failures:
        if last[failure.cell].status is Status.OK:
            where = f"block {failure.block}" if failure.block else "the pilot"
            detail = f"while it was timed, in {where}: {failure.detail}"
            last[failure.cell] = replace(last[failure.cell], status=failure.status, detail=detail)
    timed = {rounds.cell for rounds in raw.rounds}
    for cell, verdict in last.items():
        if verdict.status is Status.OK and cell not in timed:
            last[cell] = replace(verdict, status=Status.NOT_RUN, detail="the run was stopped before it was timed")
    return list(last.values())


def baseline_of(cell: Cell) -> Cell:
    """Return the cell that this one's ratio is over: the same work by the baseline on the CPU."""
    return replace(cell, implementation=BASELINE, device="cpu")


def comparisons(timed: Iterable[Cell]) -> int:
    """Return m, the number of ratios that a table of these cells holds; at least 1."""
    cells = set(timed)
    return max(1, sum(baseline_of(cell) in cells and baseline_of(cell) != cell for cell in cells))


def self_comparisons(raw: Raw) -> list[SelfComparison]:
    """Return the A/A comparison of every baseline cell that has one, at the level of its table."""
    if raw.quick:
        return []
    ok = {verdict.cell for verdict in final_verdicts(raw) if verdict.status is Status.OK}
    counts = {model: comparisons(cell for cell in ok if cell.problem.model is model) for model in Model}
    own = _process_rounds(raw.rounds, twins=False)
    results = []
    for cell, rounds in _process_rounds(raw.rounds, twins=True).items():
        if cell in ok:
            ratio = paired_ratio(_by_block(rounds), _by_block(own.get(cell, [])), counts[cell.problem.model])
            results.append(SelfComparison(cell, ratio, compare(ratio)))
    return results


def _process_rounds(rounds: Iterable[Rounds], *, twins: bool) -> dict[Cell, list[Rounds]]:
    found: dict[Cell, list[Rounds]] = {}
    for one in rounds:
        if one.name.endswith(TWIN) is twins:
            found.setdefault(one.cell, []).append(one)
    return found


def _by_block(rounds: Iterable[Rounds]) -> dict[int, float]:
    return {one.block: process_value(one) for one in rounds}


def _timing(
    verdict: Verdict, rounds: Sequence[Rounds], baseline: Sequence[Rounds], count: int, *, quick: bool
) -> Timing:
    cell, problem = verdict.cell, verdict.cell.problem
    values = _by_block(rounds)
    interval = None if quick else order_interval(list(values.values()), 1 - 0.05 / count)
    low, high, level = interval or (None, None, None)
    compared = rounds and baseline and not quick and cell != baseline_of(cell)
    ratio = paired_ratio(values, _by_block(baseline), count) if compared else None
    return Timing(
        implementation=cell.implementation,
        model=problem.model,
        dataset=problem.dataset,
        n=problem.n,
        d=problem.d,
        k=problem.k,
        dtype=problem.dtype,
        device=cell.device,
        batch_size=problem.batch_size,
        shuffle=problem.shuffle,
        drop_last=problem.drop_last,
        threads=cell.threads,
        status=verdict.status,
        detail=verdict.detail,
        comparison=compare(ratio),
        epoch_seconds=median(values.values()) if values else None,
        epoch_seconds_low=low,
        epoch_seconds_high=high,
        epoch_seconds_level=level,
        first_epoch_seconds=median(one.first_epoch_seconds for one in rounds) if rounds else None,
        ratio=ratio.ratio if ratio else None,
        ratio_low=ratio.low if ratio else None,
        ratio_high=ratio.high if ratio else None,
        ratio_level=ratio.level if ratio else None,
        comparisons=count,
        baseline=BASELINE,
        baseline_device="cpu",
        blocks=len(values),
        epochs_per_round=rounds[0].epochs_per_round if rounds else None,
        learning_rate=problem.learning_rate,
        seed=problem.seed,
        budget_share=verdict.budget_share,
        final_loss=verdict.final_loss,
        accuracy=verdict.accuracy,
    )
