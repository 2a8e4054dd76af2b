"""report.md: one run from top to bottom, made from its raw rows. It returns text and writes nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from bench.records import Agreement, Status, Timing
from bench.report import clock, summary, words
from bench.report.summary import Raw
from datasets.dataset import Model

LIMITS = (
    "They hold for this machine, these versions and the load that it had during the run; another machine may "
    "rank otherwise.",
    "They are times of whole epochs with the data already on the device. Import, transfer and compilation are not "
    "in them; the first epoch, with its compilation, has a column of its own.",
    "On small data they measure what a library spends on a call, not its arithmetic: the order may be another one "
    "on more rows.",
    "Each implementation is what a good user of its library writes, not the most that the library can do.",
    "An interval is about the median over processes. It knows nothing of what held for the whole run, such as a "
    "processor that was busy or hot throughout.",
    "Agreement says that the numbers are the same up to rounding. It does not say that the model is a good one.",
)


def report(raw: Raw, rows: Sequence[Timing]) -> str:
    """Return the whole report, each section after the one that it needs."""
    sections = (
        f"# Four ways: run {text(raw.environment['run'])}",
        _asked(raw, rows),
        _section("Conditions", _conditions(raw.environment)),
        _section("Ranking", _ranking(raw, rows)),
        _section("Times", _times(raw, rows)),
        _section("The clock", _clock(raw)),
        _section("Costs apart", _costs(rows)),
        _section("Agreement", agreement(raw.agreements)),
        _section("What was not run", _states(rows, {Status.NOT_RUN, Status.NO_DEVICE})),
        _section("What failed", _states(rows, set(Status) - {Status.OK, Status.NOT_RUN, Status.NO_DEVICE})),
        _section("What these numbers do not say", "\n".join(f"- {line}" for line in LIMITS)),
    )
    return "\n\n".join(sections) + "\n"


def text(value: object) -> str:
    """Return the value so that Markdown shows it as it is, inside a table as well."""
    return re.sub(r"([\\`*\[\]|<>])", r"\\\1", " ".join(str(value).split()))


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[str] = ()) -> str:
    """Return a Markdown table; the columns named in `right` are numbers."""
    cells = [[text(value) for value in row] for row in rows]
    align = ["right" if header in set(right) else "left" for header in headers]
    return tabulate(
        cells, [text(header) for header in headers], tablefmt="github", colalign=align, disable_numparse=True
    )


def agreement(agreements: Sequence[Agreement]) -> str:
    """Return the largest share of its budget that each implementation used for each quantity."""
    if not agreements:
        return "Nothing was compared."
    largest: dict[tuple[str, str], float] = {}
    for one in agreements:
        key = one.quantity, one.implementation
        largest[key] = _larger(largest.get(key, 0.0), one.share)
    names = list(dict.fromkeys(one.implementation for one in agreements))
    quantities = list(dict.fromkeys(one.quantity for one in agreements))
    rows = [[q, *(words.share(largest.get((q, name))) for name in names)] for q in quantities]
    introduction = (
        "The largest share of its budget that any error used, over all data, against the reference and every other "
        "implementation. The budget is what rounding can explain; above 100 % is a MISMATCH. Each comparison is a "
        "row of agreement.csv."
    )
    return f"{introduction}\n\n{table(['quantity', *names], rows, right=names)}"


def _larger(a: float, b: float) -> float:
    """Return the larger, where NaN is larger than any number."""
    return b if math.isnan(b) or b > a else a


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _asked(raw: Raw, rows: Sequence[Timing]) -> str:
    names = list(dict.fromkeys(row.implementation for row in rows))
    works = list(dict.fromkeys(words.work(row) for row in rows))
    options = raw.environment["options"]
    blocks = "one look without comparison (--quick)" if raw.quick else f"{options['blocks']} blocks"
    return (
        f"```\n{raw.environment['command']}\n```\n\n"
        f"{len(rows)} cells: {text(', '.join(names))} on {text(', '.join(works))}; {blocks}, "
        f"{options['threads']} thread{'s'[: options['threads'] != 1]}. Started {raw.environment['started']}."
    )


def _ranking(raw: Raw, rows: Sequence[Timing]) -> str:
    return "\n".join(f"- {text(line)}" for line in rankings(rows, quick=raw.quick))


def rankings(rows: Sequence[Timing], *, quick: bool) -> list[str]:
    """Return one sentence for each piece of work, in the order of the rows."""
    return [words.ranking(group, quick=quick) for group in words.by_work(rows).values()]


def _times(raw: Raw, rows: Sequence[Timing]) -> str:
    parts = []
    for model in Model:
        of_model = [row for row in rows if row.model is model]
        if of_model:
            parts.append(
                f"### {model}\n\n{_picture(of_model)}{_model_table(of_model)}\n\n{_note(of_model, quick=raw.quick)}"
            )
    return "\n\n".join(parts)


def _picture(rows: Sequence[Timing]) -> str:
    """Return the link to the interval plot of a model, of which there is none where nothing was timed."""
    if all(row.epoch_seconds is None for row in rows):
        return ""
    return f"![{rows[0].model}: ranked intervals](pictures/intervals-{rows[0].model}.svg)\n\n"


def _model_table(rows: Sequence[Timing]) -> str:
    headers = (
        "dataset", "n", "d", "k", "implementation", "time per epoch", "interval", "ratio", "its interval", "verdict",
        "first epoch", "share of budget", "final loss", "accuracy",
    )  # fmt: skip
    numbers = {*headers} - {"dataset", "implementation", "verdict"}
    return table(headers, (_cells(row) for group in words.by_work(rows).values() for row in group), right=numbers)


def _cells(row: Timing) -> tuple[object, ...]:
    return (
        words.work(row),
        row.n,
        row.d,
        row.k,
        words.runner(row),
        *words.time_cells(row),
        words.verdict(row),
        "" if row.first_epoch_seconds is None else words.duration(row.first_epoch_seconds),
        words.share(row.budget_share),
        "" if row.final_loss is None else f"{row.final_loss:.6g}",
        "" if row.accuracy is None else f"{100 * row.accuracy:.1f} %",
    )


def _note(rows: Sequence[Timing], *, quick: bool) -> str:
    if quick:
        return "Times only: `--quick` gives no interval and compares nothing."
    first = rows[0]
    levels = [row.ratio_level for row in rows if row.ratio_level is not None]
    reached = f"; reached {100 * min(levels):.2f} %" if levels else ""
    return (
        f"Ratio: this time over that of {text(first.baseline)} on the {first.baseline_device}, same work, same blocks. "
        f"Intervals at {100 * (1 - 0.05 / first.comparisons):.2f} % for {first.comparisons} "
        f"comparison{'s'[: first.comparisons != 1]} in this table{reached}.{_unstable(rows)}"
    )


def _unstable(rows: Sequence[Timing]) -> str:
    """The shortest rounds are what load disturbs least: where they tell another ratio, both are shown."""
    parts = [
        f"{words.work(row)}, {words.runner(row)}: the shortest rounds give "
        f"{words.ratio_range(row.minimum_ratio_low, row.minimum_ratio_high)}"
        for row in rows
        if row.unstable and row.minimum_ratio_low is not None and row.minimum_ratio_high is not None
    ]
    return f" **Unstable**: {text('; '.join(parts))}." if parts else ""


def _clock(raw: Raw) -> str:
    body = "\n".join(f"- {text(line)}" for line in clock.lines(raw))
    rows = [clock.mean_row(mean) for mean in summary.means(raw)]
    if not rows:
        return body
    introduction = (
        "Geometric means of the ratios over all cells of an implementation, one value a block; the last row is the "
        "baseline against itself, which is known to be 1."
    )
    return f"{body}\n\n{introduction}\n\n{table(clock.MEAN_HEADERS, rows, right=clock.MEAN_HEADERS[1:6])}"


def _costs(rows: Sequence[Timing]) -> str:
    timed = [row for row in rows if row.epoch_seconds is not None]
    if not timed:
        return "Nothing was timed."
    headers = ("work", "implementation", "import", "data to device", "compile", "first epoch", "epoch", "peak memory")
    cells = [
        (
            words.work(row),
            words.runner(row),
            *(
                "" if seconds is None else words.duration(seconds)
                for seconds in (
                    row.import_seconds, row.data_seconds, row.compile_seconds, row.first_epoch_seconds,
                    row.epoch_seconds,
                )
            ),
            "" if row.peak_memory_bytes is None else f"{row.peak_memory_bytes / 2**20:.0f} MiB",
        )
        for row in timed
    ]  # fmt: skip
    introduction = (
        "Each is the median over processes, and none is in the time of an epoch. The first epoch includes compiling. "
        "The peak is of the whole process, libraries and earlier cells included."
    )
    return f"{introduction}\n\n{table(headers, cells, right=headers[2:])}"


def _conditions(environment: Mapping[str, Any]) -> str:
    machine = [f"- {text(name)}: {text(value)}" for name, value in flat(environment["machine"])]
    data = [
        [one["name"], one["dtype"], one["source"], one["licence"], ", ".join(one["labels"])]
        for one in environment["datasets"]
    ]
    advice = [f"- **{text(line)}**" for line in environment.get("advice", [])]
    return (
        "\n".join(advice + machine)
        + "\n\n"
        + table(["dataset", "dtype", "source", "licence", "labels 0, 1, ..."], data)
    )


def flat(value: object, name: str = "") -> list[tuple[str, str]]:
    """Return nested mappings as (dotted name, text) pairs, in their order."""
    if isinstance(value, Mapping):
        return [pair for key, item in value.items() for pair in flat(item, f"{name}.{key}" if name else str(key))]
    if isinstance(value, (list, tuple)):
        return [(name, ", ".join(str(item) for item in value))]
    return [(name, "none" if value is None else str(value))]


def _states(rows: Sequence[Timing], states: set[Status]) -> str:
    chosen = [row for row in rows if row.status in states]
    if not chosen:
        return "Nothing."
    cells = [(row.implementation, row.device, words.work(row), row.status, row.detail) for row in chosen]
    return table(("implementation", "device", "work", "status", "detail"), cells)
