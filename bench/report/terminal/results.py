"""Terminal output of runs: opening lines, agreement, times, and where the files are."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import datasets
from bench.analysis.ranking import is_baseline, rankings
from bench.analysis.run import Raw
from bench.gate.explain import explain
from bench.machine.doctor import Condition
from bench.plan.cells import RunPlan
from bench.report.terminal.console import Screen, console
from bench.report.views import chart_rows, names, notation, ranking, self_comparison, truncate
from bench.report.views.names import Names
from bench.store.cell import Status
from bench.store.raw_rows import Verdict
from bench.store.tables import Agreement, Timing
from datasets.dataset import Model

STYLES = {"OK": "green", "FASTER": "green", "SAME": "", "SLOWER": "", "AMBIGUOUS": "yellow", "NOT-RUN": "dim", "": ""}


# A longer table is left to report.md.
_MOST_ROWS = 200


def error(message: object) -> None:
    """Print one line on stderr that begins with the program's name."""
    console(stderr=True).print(f"bench: {' '.join(str(message).split())}", soft_wrap=True)


def document(content: Mapping[str, Any]) -> None:
    """Print the JSON result on stdout."""
    console().print(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False), soft_wrap=True)


def opening(
    screen: Screen,
    machine: str,
    plan: RunPlan,
    seconds: float | None,
    advice: Sequence[str],
    *,
    most: float | None = None,
) -> None:
    """Print what a run is about to do: machine, warnings, size, duration, and what is left out.

    most   how long it may take until all intervals are narrow; None if the number of blocks is fixed
    """
    out = screen.details
    out.print(machine, soft_wrap=True)
    for line in advice:
        out.print(f"warning: {line}", style="yellow")
    distinct = len({cell.implementation for cell in plan.cells})
    estimate = "" if seconds is None else f", about {_long(seconds)}"
    estimate += "" if most is None else f", and up to {_long(most)} until every interval is narrow"
    cells, implementations = notation.number(len(plan.cells), "cell"), notation.number(distinct, "implementation")
    out.print(f"{cells} of {implementations}{estimate}")
    for one in plan.data.values():
        if one.labels and one.name not in datasets.DATASETS:
            out.print(f"{one.name}: " + ", ".join(f"{code} is {label}" for code, label in enumerate(one.labels)))
    for line in _lowered_rates(plan):
        out.print(line, soft_wrap=True)
    for cell in plan.added:
        out.print(f"added {cell.implementation} on the cpu: ratios of an accelerator are relative to its time")
    reasons = dict.fromkeys(
        f"left out: {verdict.cell.implementation}, {verdict.cell.problem.dataset}: {verdict.detail}"
        for verdict in plan.left_out
    )
    for reason in (*reasons, *(f"left out: {one}" for one in plan.beyond)):
        out.print(reason, soft_wrap=True)
    out.print()


def _lowered_rates(plan: RunPlan) -> Iterator[str]:
    """Yield the learning rates that were lowered for the batches of a problem."""
    problems = dict.fromkeys(cell.problem for cell in plan.cells)
    named = names.of(problems)
    for problem in problems:
        whole = plan.data[problem.dataset, problem.dtype].learning_rate
        if problem.learning_rate != whole:
            yield (
                f"learning rate {problem.learning_rate:.3g} on {named.work(problem)}: what its steepest batch allows "
                f"({whole:.3g} for all rows at once)"
            )


def agreement(screen: Screen, verdicts: Sequence[Verdict], agreements: Sequence[Agreement], *, brief: bool) -> None:
    """Print which cells agree, in one sentence and, unless `brief`, a table, and why each other cell is not OK."""
    named = names.of(verdict.cell.problem for verdict in verdicts)
    screen.verdicts.print(ranking.agreement(verdicts, named))
    if screen.verbose or not brief:
        screen.details.print(_agreement(verdicts, agreements))
    for verdict in verdicts:
        if verdict.status is not Status.OK:
            cell = verdict.cell
            place = f"{cell.implementation} on {named.work(cell.problem)}, {cell.device}"
            screen.verdicts.print(f"{verdict.status} {place}: {verdict.detail}", soft_wrap=True)
    for remark in ranking.remarks(verdicts):
        screen.verdicts.print(f"remark on {remark}", soft_wrap=True)


def _agreement(verdicts: Sequence[Verdict], agreements: Sequence[Agreement]) -> Table:
    shown = table("model", "implementation", "agreement", "budget used", numbers=("budget used",))
    for model in Model:
        for name, group in _by_name(verdict for verdict in verdicts if verdict.cell.problem.model is model).items():
            shares = [one.share for one in agreements if one.own and (one.model, one.implementation) == (model, name)]
            largest = max(shares, key=_nan_last) if shares else None
            states = dict.fromkeys(str(verdict.status) for verdict in group)
            shown.add_row(model, name, Text(", ".join(states), _style(group)), notation.share(largest))
    return shown


def explanations(screen: Screen, agreements: Sequence[Agreement]) -> None:
    """Print for each failed check what it tests, on which data, and the usual causes."""
    out = screen.details
    for one in explain(agreements):
        out.print(f"{one.implementation}: {one.quantity}", style="bold")
        out.print(Padding(f"tests: {one.check.tests}", (0, 0, 0, 2)))
        out.print(Padding(f"usual causes: {one.check.causes}", (0, 0, 0, 2)))
        for name, reason in one.data.items():
            out.print(Padding(f"{name}: {reason}", (0, 0, 0, 4)))


def results(screen: Screen, raw: Raw, rows: Sequence[Timing]) -> None:
    """Print for each model its ranking in words and a table of times, then the quality of the timing.

    The rows are those that report.md shows.
    """
    screen.details.print()
    shown, named = [row for _, row in truncate.shown(rows)], names.of_rows(rows)
    if raw.quick:
        screen.verdicts.print(ranking.QUICK)
    for model in Model:
        of_model, here = ([row for row in some if row.cell.problem.model is model] for some in (rows, shown))
        if of_model:
            screen.details.print(str(model), style="bold")
            rest = chart_rows.rest(len(rankings(of_model)) - len(rankings(here)))
            said = [line for line in ranking.sentences(here, named, quick=raw.quick) if line != ranking.QUICK]
            screen.verdicts.print("\n".join([*said, rest] if rest else said), end="\n" if said or rest else "")
            if len(here) <= _MOST_ROWS:
                screen.details.print(_times(here, named, quick=raw.quick))
            else:
                screen.details.print(f"({len(here)} cells: their table is in report.md)\n")
    for line in self_comparison.lines(raw, named, every=screen.verbose):
        screen.details.print(line)


def paths(screen: Screen, written: Iterable[Path]) -> None:
    """Print the paths of files, one per line."""
    for path in written:
        screen.details.print(str(path), soft_wrap=True)


def closing(screen: Screen, written: Iterable[Path], folder: Path, command: str, *, compared: bool) -> None:
    """Print the result's files and the commands to rerun, rebuild and, if it has ratios, compare it."""
    out, run = screen.details, shlex.quote(str(folder))
    out.print()
    paths(screen, written)
    out.print()
    said = (
        ("rerun", names.repeat(command)),
        ("rebuild", f"python -m bench report {run}"),
        ("compare", f"python -m bench compare OLD {run}"),
    )
    for name, line in said if compared else said[:2]:
        out.print(f"{name:<8} {line}", soft_wrap=True)


def stopped(folder: Path) -> None:
    """Print on stderr how to resume a stopped run, and how to see what is finished."""
    run = shlex.quote(str(folder))
    console(stderr=True).print(
        f"bench: stopped; resume with python -m bench run --resume {run}\n"
        f"bench: see what is finished with python -m bench report {run}",
        soft_wrap=True,
    )


def conditions(found: Sequence[Condition]) -> None:
    """Print what would disturb a run, and what to do about it."""
    shown = table("condition", "found", "what to do")
    for one in found:
        shown.add_row(one.name, Text(one.found, "yellow" if one.remedy else "green"), one.remedy)
    console().print(shown)


def _times(rows: Sequence[Timing], named: Names, *, quick: bool) -> Table:
    headers = ("implementation", "time", *(() if quick else ("ratio", "interval", "verdict")), "budget used")
    shown = table(*headers, numbers={*headers} - {"implementation", "verdict"})
    for one in rankings(rows):
        name = named.contest(one.contest).removeprefix(f"{one.contest.problem.model},")  # the table is one model's
        shown.add_row(Text(name, "bold"))
        for row in one.rows:
            time, _, ratio, interval = ranking.time_cells(row)
            plain = row.status is Status.OK and is_baseline(row)
            style = "" if plain else STYLES.get(row.comparison or row.status, "red")
            verdict = Text(ranking.verdict(row), style)
            quick_time = Text(time) if time else verdict
            cells = (quick_time,) if quick else (Text(time), Text(ratio), Text(interval), verdict)
            shown.add_row(f" {names.runner(row.cell.runner)}", *cells, notation.share(row.budget_share))
    return shown


def table(*headers: str, numbers: Iterable[str] = ()) -> Table:
    """Return an empty table with a rule below its headers; the columns in `numbers` are right-aligned."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    right = set(numbers)
    for header in headers:
        if header in right:
            shown.add_column(header, justify="right", no_wrap=True)
        else:
            shown.add_column(header, overflow="fold")
    return shown


def _by_name(verdicts: Iterable[Verdict]) -> Mapping[str, list[Verdict]]:
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.cell.implementation, []).append(verdict)
    return groups


def _style(group: Sequence[Verdict]) -> str:
    return next((STYLES.get(verdict.status, "red") for verdict in group if verdict.status is not Status.OK), "green")


def _nan_last(value: float) -> tuple[bool, float]:
    """Order shares with NaN, which no budget allows, as the largest."""
    return math.isnan(value), value


def _long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
