"""Turn the raw rows of a run into the rows of timings.csv."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from bench.analysis import roofline, scaling, times
from bench.analysis.blocks import without
from bench.analysis.pairing import by_cell, comparisons, estimates
from bench.analysis.quiet import Estimates
from bench.analysis.statistics import Ratio, compare, mean_ratio, paired_ratio
from bench.analysis.times import Times
from bench.errors import BadInput
from bench.plan.controls import NULL, baseline_of, twin
from bench.store import checkpoint, decode_rounds, jsonl
from bench.store.cell import Cell, Status
from bench.store.layout import AGREEMENT, ENVIRONMENT, RAW, SCHEMA, SPENT
from bench.store.raw_rows import Block, Failure, Rates, Rounds, Spent, Verdict
from bench.store.run_folder import verdicts
from bench.store.tables import Agreement, Comparison, Scaling, Timing
from datasets.dataset import Model
from impls import BASELINE
from impls.protocol import Feed

Value = TypeVar("Value")


@dataclass(frozen=True)
class Raw:
    """All raw rows of a run, from which every table is made; derived values are cached.

    environment  the machine, the command, its options and the sources of the data
    verdicts     one for every cell, including those left out; the last one about a cell counts
    blocks       the completed blocks; the rounds of a stopped one are kept but not counted
    rates        the speed of the machine in each block
    spent        the duration of each part of the run
    """

    environment: Mapping[str, Any]
    verdicts: Sequence[Verdict]
    agreements: Sequence[Agreement]
    rounds: Sequence[Rounds]
    failures: Sequence[Failure]
    blocks: Sequence[Block] = ()
    rates: Sequence[Rates] = ()
    spent: Sequence[Spent] = ()

    @cached_property
    def scalings(self) -> list[Scaling]:
        """How time grows with size, if several sizes were timed and compared."""
        fine = {cell: own for cell, own in self.values.items() if cell in self.fine}
        return [] if self.quick else scaling.scalings(fine)

    @cached_property
    def excluded(self) -> set[int]:
        """The blocks that do not count, because they were stopped before their end.

        Resuming a run marks its stopped block. Beyond the planned blocks, an unfinished one is left out without a mark.
        """
        planned, ended = self.environment["options"]["blocks"], {one.number for one in self.blocks}
        stopped = {one.block for one in self.rounds if one.block > planned} - ended
        return without(self.blocks) | stopped

    @cached_property
    def counted(self) -> list[Rounds]:
        """The rounds of the blocks that count."""
        return [one for one in self.rounds if one.block not in self.excluded]

    @cached_property
    def every(self) -> tuple[dict[Cell, list[Rounds]], dict[Cell, list[Rounds]]]:
        """The rounds of each cell, and of the baseline's A/A twin there, counted or not."""
        return by_cell(self.rounds)

    @cached_property
    def own(self) -> dict[Cell, list[Rounds]]:
        """The counted rounds of each cell."""
        return _counted(self.every[0], self.excluded)

    @cached_property
    def twins(self) -> dict[Cell, list[Rounds]]:
        """The counted rounds of the baseline's A/A twin for each cell."""
        return _counted(self.every[1], self.excluded)

    @cached_property
    def estimates(self) -> dict[Cell, Estimates]:
        """What each cell takes, by block."""
        return estimates(self.counted)

    @cached_property
    def values(self) -> dict[Cell, dict[int, float]]:
        """Seconds per epoch on an undisturbed processor, per cell and block."""
        return {cell: dict(one.quiet) for cell, one in self.estimates.items()}

    @cached_property
    def final(self) -> list[Verdict]:
        """The verdict of each cell after timing: a cell that failed there is not OK.

        A cell that passed the gate but was not timed because the run was stopped is NOT-RUN.
        """
        return _final_verdicts(self)

    @cached_property
    def fine(self) -> dict[Cell, Verdict]:
        """The cells that have a time, mapped to their verdicts."""
        return {verdict.cell: verdict for verdict in self.final if verdict.status is Status.OK}

    @cached_property
    def comparisons(self) -> dict[Model, int]:
        """The number of ratios in the table of each model; at least 1."""
        return {model: comparisons(cell for cell in self.fine if cell.problem.model is model) for model in Model}

    @cached_property
    def timings(self) -> list[Timing]:
        """The rows of timings.csv: one per cell, in the order of the models and then of the plan."""
        return _timings(self)

    @cached_property
    def shown(self) -> dict[Cell, float | None]:
        """The time of each cell, as its row shows it."""
        return {row.cell: row.epoch_seconds for row in self.timings}

    @cached_property
    def means(self) -> list[Mean]:
        """The mean ratio of each implementation compared on two cells or more, at a joint level.

        The last ones are those of the baseline's A/A twin, at their own joint level: they should contain 1.
        """
        return _means(self)

    @cached_property
    def self_comparisons(self) -> list[SelfComparison]:
        """The A/A comparison of every baseline cell, at the level of its table."""
        return _self_comparisons(self)

    @cached_property
    def noisy(self) -> dict[int, list[Cell]]:
        """The cells without a quiet processor in some process, by the number of its block."""
        found: dict[int, list[Cell]] = {}
        for cell, own in self.estimates.items():
            for block in own.noisy:
                found.setdefault(block, []).append(cell)
        return found

    @property
    def quick(self) -> bool:
        """Whether the run was to report times only."""
        return bool(self.environment["options"]["quick"])

    @property
    def timed(self) -> bool:
        """Whether the run was to time anything, which `agree` does not."""
        return bool(self.environment["timed"])


def _counted(every: Mapping[Cell, list[Rounds]], excluded: set[int]) -> dict[Cell, list[Rounds]]:
    found = {cell: [one for one in rounds if one.block not in excluded] for cell, rounds in every.items()}
    return {cell: rounds for cell, rounds in found.items() if rounds}


@dataclass(frozen=True)
class SelfComparison:
    """The measured ratio of the baseline to itself, in the same blocks; None if there are too few."""

    cell: Cell
    ratio: Ratio | None
    comparison: Comparison


def _timings(raw: Raw) -> list[Timing]:
    return [_timing(verdict, raw) for model in Model for verdict in raw.final if verdict.cell.problem.model is model]


def _final_verdicts(raw: Raw) -> list[Verdict]:
    last = {verdict.cell: verdict for verdict in raw.verdicts}
    for failure in raw.failures:
        if failure.cell.implementation != NULL and last[failure.cell].status is Status.OK:
            detail = f"while it was timed{_in_block(failure.block)}: {failure.detail}"
            last[failure.cell] = replace(last[failure.cell], status=failure.status, detail=detail)
    for cell, verdict in last.items():
        if verdict.status is Status.OK and cell not in raw.own:
            last[cell] = replace(verdict, status=Status.NOT_RUN, detail="the run was stopped before it was timed")
    return list(last.values())


def _in_block(block: int | None) -> str:
    match block:
        case None:
            return ""
        case 0:
            return ", in the pilot"
    return f", in block {block}"


def _self_comparisons(raw: Raw) -> list[SelfComparison]:
    if raw.quick:
        return []
    results = []
    for cell, (again, own) in _copies(raw).items():
        if cell in raw.fine:
            ratio = paired_ratio(again, own, raw.comparisons[cell.problem.model])
            results.append(SelfComparison(cell, ratio, compare(ratio)))
    return results


@dataclass(frozen=True)
class Mean:
    """The geometric mean of an implementation's ratios over `cells` cells, all under the same conditions."""

    implementation: str
    device: str
    threads: int
    feed: Feed
    cells: int
    ratio: Ratio | None
    comparison: Comparison


def _means(raw: Raw) -> list[Mean]:
    if raw.quick:
        return []
    own = {cell: raw.values[cell] for cell in raw.fine if cell in raw.values}
    baselines = {cell: baseline_of(cell) for cell in own}
    others = _grouped({cell: (own[cell], own[one]) for cell, one in baselines.items() if one != cell and one in own})
    found = [_mean(cells[0].implementation, cells[0], pairs, len(others)) for cells, pairs in others]
    selves = _grouped({cell: pair for cell, pair in _copies(raw).items() if cell in own})
    return found + [_mean(twin(BASELINE), cells[0], pairs, len(selves)) for cells, pairs in selves]


_Pairs = tuple[Mapping[int, float], Mapping[int, float]]


def _copies(raw: Raw) -> dict[Cell, _Pairs]:
    """Return what the baseline's A/A twin takes in each block, and what the baseline itself does."""
    return {
        cell: (
            {block: again for block, (_, again) in one.copies.items()},
            {block: own for block, (own, _) in one.copies.items()},
        )
        for cell, one in raw.estimates.items()
        if one.copies
    }


def _grouped(pairs: Mapping[Cell, _Pairs]) -> list[tuple[list[Cell], list[_Pairs]]]:
    """Group cells of one implementation under the same conditions, with their values; groups of one are left out."""
    groups: dict[tuple[object, ...], list[Cell]] = {}
    for cell in pairs:
        key = (cell.implementation, cell.device, cell.threads, cell.problem.feed)
        groups.setdefault(key, []).append(cell)
    return [(cells, [pairs[cell] for cell in cells]) for cells in groups.values() if len(cells) > 1]


def _mean(name: str, like: Cell, pairs: Sequence[_Pairs], count: int) -> Mean:
    ratio = mean_ratio(pairs, count)
    return Mean(name, like.device, like.threads, like.problem.feed, len(pairs), ratio, compare(ratio))


def _cost(found: Iterable[float | None]) -> float | None:
    known = [cost for cost in found if cost is not None]
    return median(known) if known else None


def _timing(verdict: Verdict, raw: Raw) -> Timing:
    cell, problem = verdict.cell, verdict.cell.problem
    baseline, count = baseline_of(cell), raw.comparisons[problem.model]
    rounds = raw.own.get(cell, []) if verdict.status is Status.OK else []
    costs = [one.costs for one in rounds]
    found = _times(cell, baseline, count, raw) if rounds else Times()
    least = roofline.seconds(cell, raw.rates) if rounds else None
    return Timing(
        cell=cell,
        status=verdict.status,
        detail=verdict.detail,
        comparison=found.comparison,
        epoch_seconds=found.epoch_seconds,
        epoch_seconds_low=found.low,
        epoch_seconds_high=found.high,
        epoch_seconds_level=found.level,
        floor_seconds=found.floor_seconds,
        median_seconds=found.median_seconds,
        limit_seconds=least,
        times_limit=found.epoch_seconds / least if found.epoch_seconds and least else None,
        first_epoch_seconds=median(one.first_epoch_seconds for one in rounds) if rounds else None,
        import_seconds=_cost([one.import_seconds for one in costs]),
        data_seconds=_cost([one.data_seconds for one in costs]),
        compile_seconds=_cost([one.compile_seconds for one in costs]),
        peak_memory_bytes=_cost([one.peak_memory_bytes for one in costs]),
        device_epoch_seconds=_cost([one.device_epoch_seconds for one in costs]),
        kept_bytes_per_epoch=_cost([one.kept_bytes_per_epoch for one in costs]),
        **_ratio("ratio", found.ratio),
        ratio_level=found.ratio.level if found.ratio else None,
        **_ratio("floor_ratio", found.floor),
        **_ratio("median_ratio", found.median),
        depends_on_load=found.depends_on_load,
        uneven=found.uneven,
        slow_share=found.slow_share,
        could_have_found=found.could_have_found,
        company=found.company,
        comparisons=count,
        baseline=BASELINE,
        baseline_device=baseline_of(cell).device,
        blocks=len(rounds),
        disturbed_blocks=len(raw.estimates[cell].noisy) if cell in raw.estimates else 0,
        epochs_per_round=rounds[0].epochs_per_round if rounds else None,
        budget_share=verdict.budget_share,
        final_loss=verdict.final_loss,
        accuracy=verdict.accuracy,
        denormal_share=verdict.denormal_share,
    )


def _times(cell: Cell, baseline: Cell, count: int, raw: Raw) -> Times:
    own = raw.estimates[cell]
    if raw.quick:
        return times.under_load(own)
    if cell == baseline or baseline not in raw.fine or baseline not in raw.estimates:
        return times.alone(own, count)
    return times.of_other(own, raw.estimates[baseline], count)


def _ratio(name: str, ratio: Ratio | None) -> dict[str, float | None]:
    """Return the three columns of a ratio."""
    return {
        name: ratio.ratio if ratio else None,
        f"{name}_low": ratio.low if ratio else None,
        f"{name}_high": ratio.high if ratio else None,
    }


def read(folder: Path) -> Raw:
    """Read the raw rows of a run; BadInput if the folder holds none that this version can read."""
    path = folder / ENVIRONMENT
    if not path.is_file():
        raise BadInput(f"{folder}: no {ENVIRONMENT} there; give the folder of a run, such as results/<run>")
    try:
        environment = json.loads(path.read_text(encoding="utf-8"))
        schema = environment["schema"]
        if schema != SCHEMA:
            commit = environment.get("machine", {}).get("commit") or "that wrote them"
            raise BadInput(
                f"{folder}: its files have schema {schema}, this version reads {SCHEMA}: check out the commit {commit}"
            )
        return _rows(environment, folder)
    except (ValueError, KeyError) as error:
        raise BadInput(f"{folder}: its raw rows cannot be read ({error}); run it again") from error


def _rows(environment: Mapping[str, Any], folder: Path) -> Raw:
    done = checkpoint.read(folder / RAW, decode_rounds.reader())
    return Raw(
        environment=environment,
        verdicts=verdicts(folder),
        agreements=jsonl.read_lines(Agreement, folder / AGREEMENT),
        rounds=done.rounds,
        failures=done.failures,
        blocks=done.blocks,
        rates=done.rates,
        spent=jsonl.read_lines(Spent, folder / RAW / SPENT),
    )
