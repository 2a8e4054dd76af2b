"""Turn the gate's observations into rows of agreement.csv, one per comparison, and a verdict for every cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.gate import judge, reference, training
from bench.gate.case import Case
from bench.gate.diagnose import agreed, likely_cause
from bench.gate.expect import Expected, expect
from bench.gate.observe import Observation
from bench.store.cell import Cell, Problem, Status
from bench.store.raw_rows import Verdict
from bench.store.tables import Agreement


@dataclass(frozen=True)
class Entrant:
    """An implementation as the gate tests it, once for all cells with the same device and threads."""

    implementation: str
    device: str
    threads: int


@dataclass(frozen=True, eq=False)
class Seen:
    """What an entrant did on one case: an observation, or the reason why there is none."""

    entrant: Entrant
    dtype: str
    case: Case
    problem: Problem | None
    status: Status
    detail: str
    observation: Observation


class Opinions:
    """The reference's expectations and judgements for each case, computed once, while other workers still run."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], list[tuple[str, Expected]]] = {}
        self._judged: dict[Seen, tuple[list[judge.Judged], str]] = {}

    def of(self, one: Seen) -> list[tuple[str, Expected]]:
        """Return the reference's expectations for the observed case."""
        key = _case_key(one)
        if key not in self._known:
            with np.errstate(over="ignore", invalid="ignore"):  # whether what comes of it is finite is judged later
                self._known[key] = expect(one.case)
        return self._known[key]

    def against_reference(self, one: Seen) -> tuple[list[judge.Judged], str]:
        """Return all judgements of what was seen, and the likely cause of a disagreement; empty if nothing was seen."""
        if one not in self._judged and one.status is Status.OK:
            judged = judge.against_reference(one.observation, self.of(one), reference.unit_roundoff(one.dtype))
            self._judged[one] = judged, self._cause(one, judged)
        return self._judged.get(one, ([], ""))

    def _cause(self, one: Seen, found: Sequence[judge.Judged]) -> str:
        """Return the likely cause of a disagreement; a fault in the search for it must not cost any verdict."""
        try:
            return likely_cause(one.case, one.observation, self.of(one), found)
        except Exception as error:  # noqa: BLE001 - an observation may hold anything
            return f"not found, since the search for it failed ({type(error).__name__}: {error})"

    def sharpness(self, own: Seen) -> tuple[float | None, int | None]:
        """Return the smallest error of the final w that would be found, and the epoch at which training settles."""
        ((_, opinion),) = self.of(own)
        u = reference.unit_roundoff(own.dtype)
        parameters = {
            epoch: opinion.common[name]
            for epoch in own.case.watched
            if (name := f"epoch {epoch}/parameters w") in opinion.common
        }
        if not parameters:
            return None, None
        return reference.finest(parameters[max(parameters)], u), training.settled(parameters, u)

    def out_of_range(self, own: Seen) -> str:
        """Return what of this problem its dtype cannot hold; empty if it holds all, or nothing was seen."""
        if own.status is not Status.OK:
            return ""
        ((_, opinion),) = self.of(own)
        return judge.out_of_range(opinion)


def _case_key(one: Seen) -> tuple[object, ...]:
    return one.dtype, one.case.dataset.model, one.case.name, one.problem


def judged(seen: Sequence[Seen], opinions: Opinions) -> Iterator[tuple[Seen, Agreement]]:
    """Yield every comparison on each case: of each entrant with the reference, and of each pair of entrants."""
    together: dict[tuple[object, ...], list[Seen]] = {}
    for one in seen:
        if one.status is Status.OK:
            together.setdefault(_case_key(one), []).append(one)
    for group in together.values():
        opinion = opinions.of(group[0])
        u = reference.unit_roundoff(group[0].dtype)
        smallest_error = opinions.sharpness(group[0])[0] if group[0].case.own else None
        for one in group:
            found, cause = opinions.against_reference(one)
            yield from _rows(one, "reference", found, cause, smallest_error)
        for one, other in combinations(group, 2):
            yield from _rows(
                one, _name(other, one), judge.against_other(one.observation, other.observation, opinion, u)
            )


def _name(other: Seen, one: Seen) -> str:
    """Return the other entrant's implementation, with its device if the devices differ."""
    same = other.entrant.device == one.entrant.device
    return other.entrant.implementation if same else f"{other.entrant.implementation} on {other.entrant.device}"


def _rows(
    one: Seen, against: str, judged: Iterable[judge.Judged], cause: str = "", smallest_error: float | None = None
) -> Iterator[tuple[Seen, Agreement]]:
    for quantity, worst in judge.worst(judged):
        yield (
            one,
            Agreement(
                implementation=one.entrant.implementation,
                against="itself" if quantity == judge.CONDUCT else against,
                model=one.case.dataset.model,
                dataset=one.case.name,
                dtype=one.dtype,
                device=one.entrant.device,
                batch_size=one.case.recipe.batching.batch_size,
                quantity=quantity,
                index=worst.place,
                value=worst.value,
                expected=worst.expected,
                error=worst.error,
                budget=worst.budget,
                share=worst.share,
                status=worst.status,
                cause=worst.unchecked or worst.remark or ("" if worst.agrees else cause),
                feed=one.case.recipe.feed,
                smallest_error=smallest_error if quantity == "parameters" else None,
            ),
        )


def verdict(
    cell: Cell, seen: Sequence[Seen], compared: Sequence[tuple[Seen, Agreement]], opinions: Opinions
) -> Verdict:
    """Return the verdict of all cases that concern a cell; a disagreement takes precedence over a failure."""
    rows = [row for one, row in compared if _concerns(one, cell) and row.own]
    (own,) = (one for one in seen if one.case.name == cell.problem.dataset and _concerns(one, cell))
    beyond = opinions.out_of_range(own)
    wrong = [row for row in rows if row.status is Status.MISMATCH and not (beyond and row.dataset == own.case.name)]
    if wrong:
        causes = {(row.dtype, row.dataset): row.cause for row in wrong}
        return Verdict(cell, Status.MISMATCH, _words(wrong, agreed(list(causes.values()))))
    broken = [one for one in seen if _concerns(one, cell) and one.status is not Status.OK]
    if broken:
        return Verdict(cell, broken[0].status, _where(broken[0]))
    if beyond:
        return Verdict(cell, Status.OUT_OF_RANGE, f"{beyond}; {judge.RANGE_REMEDY}")
    unchecked = [row for row in rows if row.status is Status.UNCHECKED]
    if unchecked:
        return Verdict(cell, Status.UNCHECKED, f"{unchecked[0].index}: {unchecked[0].cause}; {judge.UNCHECKED_REMEDY}")
    labels, y = own.observation["end/labels"], own.case.dataset.y
    smallest_error, settled_epoch = opinions.sharpness(own)
    return Verdict(
        cell,
        Status.OK,
        _remarks(rows),
        budget_share=max(row.share for row in rows),
        final_loss=float(own.observation["end/loss"]),
        accuracy=float(np.mean(labels == y)) if cell.problem.model.classifies else None,
        denormal_share=denormal_share(own.observation["end/predictions"]) if cell.problem.model.classifies else None,
        smallest_error=smallest_error,
        settled_epoch=settled_epoch,
    )


def _remarks(rows: Sequence[Agreement]) -> str:
    """Return what rows that agree say of the implementation all the same, with the data that showed it."""
    said: dict[str, list[str]] = {}
    for row in rows:
        if row.cause:
            said.setdefault(row.cause, []).append(f"{row.dataset} in {row.dtype}")
    return "; ".join(f"{remark} ({', '.join(dict.fromkeys(places))})" for remark, places in said.items())


def denormal_share(p: NDArray[Any]) -> float:
    """Return the share of denormal numbers among the probabilities; they slow down a library that keeps them."""
    return float(np.mean((p > 0) & (p < np.finfo(p.dtype).tiny)))


def _concerns(one: Seen, cell: Cell) -> bool:
    if one.entrant != Entrant(cell.implementation, cell.device, cell.threads):
        return False
    if one.problem:
        return one.problem == cell.problem
    return (one.case.dataset.model, one.case.recipe.feed) == (cell.problem.model, cell.problem.feed)


def _words(wrong: Sequence[Agreement], cause: str) -> str:
    """Describe the first disagreement, the likely cause of all of them, and how many more there are."""
    row = wrong[0]
    words = (
        f"{row.quantity} on {row.dataset} in {row.dtype}: {row.index} is {row.value:.9g}, the reference says "
        f"{row.expected:.9g}; the error {row.error:.3g} exceeds the budget {row.budget:.3g}"
    )
    words += f"; likely cause: {cause}" if cause else ""
    return words + (f" (and {len(wrong) - 1} more mismatches)" if len(wrong) > 1 else "")


def _where(one: Seen) -> str:
    whole = one.status in (Status.NOT_RUN, Status.NO_DEVICE)
    return one.detail if whole else f"on {one.case.name} in {one.dtype}: {one.detail}"
