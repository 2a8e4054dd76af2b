"""What is seen in the terminal: the only module that prints. Results on stdout, the rest on stderr."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import datasets
import impls
from bench.doctor import Finding
from bench.gate.explain import explain
from bench.plan import DEFAULT_DATASETS, DEVICE_KINDS, Plan
from bench.records import Agreement, Status, Timing, Verdict
from bench.report import clock, markdown, words
from bench.report.summary import Raw
from datasets.dataset import Model

OUT = Console(highlight=False, markup=False, emoji=False)
ERR = Console(highlight=False, markup=False, emoji=False, stderr=True)

_STYLES = {"OK": "green", "FASTER": "green", "SAME": "", "SLOWER": "", "AMBIGUOUS": "yellow", "NOT-RUN": "dim", "": ""}
_LOSSES = {
    Model.SIMPLE_LINEAR: "mean((x w + b - y)^2), one feature",
    Model.MULTIVARIATE_LINEAR: "mean((x w + b - y)^2), d features",
    Model.LOGISTIC: "binary cross-entropy of x w + b",
    Model.SOFTMAX: "cross-entropy of the k logits x w + b",
}


def error(message: object) -> None:
    """Print one line that begins with the program's name on stderr."""
    ERR.print(f"bench: {' '.join(str(message).split())}", soft_wrap=True)


def progress(line: str) -> None:
    """Print a line about what goes on, on stderr."""
    ERR.print(line, soft_wrap=True, style="dim")


def opening(machine: str, plan: Plan, seconds: float | None) -> None:
    """Print what a run is about to do: the machine, how much, how long, and what is left out."""
    OUT.print(machine, soft_wrap=True)
    names = len({cell.implementation for cell in plan.cells})
    estimate = "" if seconds is None else f", about {_long(seconds)}"
    OUT.print(f"{len(plan.cells)} cells of {names} implementations{estimate}")
    for one in plan.data.values():
        if one.labels and one.name not in datasets.DATASETS:
            OUT.print(f"{one.name}: " + ", ".join(f"{code} is {label}" for code, label in enumerate(one.labels)))
    for cell in plan.added:
        OUT.print(f"{cell.implementation} on the cpu is added: the ratios of an accelerator are over its time")
    reasons = dict.fromkeys(
        f"left out: {verdict.cell.implementation}, {verdict.cell.problem.dataset}: {verdict.detail}"
        for verdict in plan.left_out
    )
    for reason in reasons:
        OUT.print(reason, soft_wrap=True)


def agreement(verdicts: Sequence[Verdict], agreements: Sequence[Agreement]) -> None:
    """Print for each model who agrees, with the largest share of the budget used, and why others do not."""
    checked = _table("model", "implementation", "agreement", "share of budget")
    for model in Model:
        for name, group in _by_name(verdict for verdict in verdicts if verdict.cell.problem.model is model).items():
            shares = [one.share for one in agreements if (one.model, one.implementation) == (model, name)]
            largest = max(shares, key=_nan_last) if shares else None
            states = dict.fromkeys(str(verdict.status) for verdict in group)
            checked.add_row(model, name, Text(", ".join(states), _style(group)), words.share(largest))
    OUT.print(checked)
    for verdict in verdicts:
        if verdict.status is not Status.OK:
            cell = verdict.cell
            line = (
                f"{verdict.status} {cell.implementation} on {cell.problem.dataset} {cell.problem.dtype}, {cell.device}"
            )
            OUT.print(f"{line}: {verdict.detail}", soft_wrap=True)


def explanations(agreements: Sequence[Agreement]) -> None:
    """Print of each failed check what it tests, on which data, and what is usually wrong."""
    for one in explain(agreements):
        OUT.print(f"{one.implementation}: {one.quantity}", style="bold")
        OUT.print(Padding(f"tests: {one.check.tests}", (0, 0, 0, 2)))
        OUT.print(Padding(f"usual causes: {one.check.causes}", (0, 0, 0, 2)))
        for name, reason in one.data.items():
            OUT.print(Padding(f"{name}: {reason}", (0, 0, 0, 4)))


def results(raw: Raw, rows: Sequence[Timing]) -> None:
    """Print for each model its ranking in words and one table of times."""
    for model in Model:
        of_model = [row for row in rows if row.model is model]
        if of_model:
            OUT.print(str(model), style="bold")
            for line in markdown.rankings(of_model, quick=raw.quick):
                OUT.print(line)
            OUT.print(_times(of_model, quick=raw.quick))
    for line in [*clock.self_comparisons(raw), *clock.lines(raw)]:
        OUT.print(line)


def closing(paths: Iterable[Path], folder: Path) -> None:
    """Print where the result lies, and the command that remakes its tables."""
    OUT.print()
    for path in paths:
        OUT.print(str(path), soft_wrap=True)
    OUT.print(f"Remake the tables: python -m bench report {shlex.quote(str(folder))}", soft_wrap=True)


def stopped(folder: Path) -> None:
    """Print where what was finished lies and how to go on, on stderr."""
    run = shlex.quote(str(folder))
    ERR.print(
        f"bench: stopped; python -m bench run --resume {run} goes on, python -m bench report {run} shows what was "
        "finished",
        soft_wrap=True,
    )


def conditions(found: Sequence[Finding]) -> None:
    """Print what would disturb a run, and what to do about it."""
    shown = _table("condition", "found", "what to do")
    for one in found:
        shown.add_row(one.name, Text(one.found, "yellow" if one.remedy else "green"), one.remedy)
    OUT.print(shown)


def lists() -> None:
    """Print what can be named: datasets, implementations, models and kinds of device."""
    data = _table("dataset", "model", "n", "d", "k", "what it is", numbers=("n", "d", "k"))
    for row in datasets.DATASETS.values():
        star = "*" if row.name in DEFAULT_DATASETS else ""
        data.add_row(row.name + star, row.model, str(row.n), str(row.d), str(row.k), row.description)
    ways = _table("implementation", "needs", "devices")
    for way in impls.TABLE.values():
        ways.add_row(way.name, way.requires, ", ".join(kind for kind in DEVICE_KINDS if kind in way.devices))
    models = _table("model", "loss")
    for model, loss in _LOSSES.items():
        models.add_row(model, loss)
    OUT.print(data)
    OUT.print("* run by default. Also: a path to a .csv or .npz file, and data of any size:\n"
              "  synthetic:softmax,n=100000,d=64,k=10,seed=0\n")  # fmt: skip
    OUT.print(ways)
    OUT.print("Also: one of your own, path/to/file.py:Class or package.module:Class\n")
    OUT.print(models)
    OUT.print(f"\nKinds of device: {', '.join(DEVICE_KINDS)}; the second one is named like cuda:1")


def _times(rows: Sequence[Timing], *, quick: bool) -> Table:
    headers = ("implementation", "time", *(() if quick else ("interval", "ratio", "its interval")), "verdict")
    shown = _table(*headers, numbers=headers[1:-1])
    for name, group in words.by_work(rows).items():
        shown.add_row(Text(name, "bold"))
        for row in group:
            cells = words.time_cells(row)
            shown.add_row(
                f" {words.runner(row)}",
                *(cells[:1] if quick else cells),
                Text(words.verdict(row), _STYLES.get(row.comparison or row.status, "red")),
            )
    return shown


def _table(*headers: str, numbers: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for header in headers:
        right = header in numbers
        table.add_column(header, justify="right" if right else "left", overflow="fold", no_wrap=right)
    return table


def _by_name(verdicts: Iterable[Verdict]) -> Mapping[str, list[Verdict]]:
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.cell.implementation, []).append(verdict)
    return groups


def _style(group: Sequence[Verdict]) -> str:
    return next((_STYLES.get(verdict.status, "red") for verdict in group if verdict.status is not Status.OK), "green")


def _nan_last(value: float) -> tuple[bool, float]:
    """Order shares so that NaN, which no budget allows, is the largest."""
    return math.isnan(value), value


def _long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
