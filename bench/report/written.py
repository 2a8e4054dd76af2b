"""report.md: one run from top to bottom, made from its raw rows. It returns text and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from bench.records import Agreement, Status, Timing
from bench.report import circumstances, clock, growths, limits, many, shares, sizes, words
from bench.report.markdown import bullets, code, section, table, text
from bench.report.shares import Shares
from bench.report.summary import Raw
from datasets.dataset import Model

LIMITS = (
    "They hold for this machine, these versions and the load that it had during the run; another machine may "
    "rank otherwise.",
    "They are times of whole epochs with the data already on the device. Import, transfer and compilation are not "
    "in them, and have a table of their own.",
    "On small data they measure what a library spends on a call, not its arithmetic: the order may be another one "
    "on more rows.",
    "Each of the four is what a good user of its library writes, not the most that the library can do.",
    "An interval is about the median over processes. It knows nothing of what held for the whole run, such as a "
    "processor that was busy or hot throughout.",
    "Agreement says that the numbers are the same up to rounding. It does not say that the model is a good one.",
)


def report(raw: Raw, rows: Sequence[Timing]) -> str:
    """Return the whole report: what a hurried reader needs comes first."""
    shown = [row for _, row in many.shown(rows)]
    sections = (
        f"# Four Ways: run {text(raw.environment['run'])}",
        _asked(raw, rows),
        section("Verdicts", bullets([*words.rankings(shown, quick=raw.quick), *clock.self_comparison(raw)])),
        section("Times", _times(raw, shown)),
        section("Costs apart", _costs(shown)),
        section("The limit", limits.section(shown)),
        *([section("How time grows", growths.section(raw.scalings, shown))] if raw.scalings else []),
        section("Agreement", _agreement(raw.agreements, shown)),
        section("Conditions", circumstances.conditions(raw, rows)),
        section("What was not run", _states(rows, {Status.NOT_RUN, Status.NO_DEVICE})),
        section("What failed", _states(rows, set(Status) - {Status.OK, Status.NOT_RUN, Status.NO_DEVICE})),
        section("What these numbers do not say", bullets(LIMITS)),
        section("To cite this run", circumstances.citation(raw)),
    )
    return "\n\n".join(sections) + "\n"


def _asked(raw: Raw, rows: Sequence[Timing]) -> str:
    names = list(dict.fromkeys(row.implementation for row in rows))
    works = list(dict.fromkeys(words.work(row) for _, row in many.shown(rows)))
    options = raw.environment["options"]
    blocks = "one look without comparison (--quick)" if raw.quick else words.number(options["blocks"], "block")
    states = ", ".join(f"{count} {status}" for status, count in words.states(rows).items())
    return (
        f"{code(raw.environment['command'])}\n\n"
        f"{words.number(len(rows), 'cell')} ({states}): {text(', '.join(names))} on {text(', '.join(works))}; "
        f"{blocks}, {words.threads(rows)}. Started {words.moment(raw.environment['started'])}. "
        f"{many.left_out(rows)}"
    ).rstrip()


def _times(raw: Raw, rows: Sequence[Timing]) -> str:
    parts = []
    for model in Model:
        of_model = [row for row in rows if row.model is model]
        if of_model:
            body = f"{_pictures(of_model, raw)}{_model_table(of_model)}\n\n{_note(of_model, quick=raw.quick)}"
            parts.append(f"### {model}\n\n{body}")
    return "\n\n".join(parts)


def _pictures(rows: Sequence[Timing], raw: Raw) -> str:
    """Return the links to the pictures of a model, of which there are none where nothing was timed."""
    model = rows[0].model
    if all(row.epoch_seconds is None for row in rows):
        return ""
    growth = (
        f"![{model}: time against size](pictures/sizes-{model}.svg)\n\n" if sizes.panels(rows, raw.scalings) else ""
    )
    return (
        f"![{model}: ranked intervals](pictures/intervals-{model}.svg)\n\n{growth}"
        f"[Every timed round, process by process](pictures/rounds-{model}.svg).\n\n"
    )


def _model_table(rows: Sequence[Timing]) -> str:
    headers = (
        "data",
        "implementation",
        "time per epoch",
        "interval",
        "ratio",
        "its interval",
        "verdict",
        "budget used",
    )
    cells = [
        (
            words.shaped(row),
            words.runner(row),
            *words.time_cells(row),
            words.verdict(row),
            words.share(row.budget_share),
        )
        for group in words.by_work(rows).values()
        for row in words.ranked(group)
    ]
    return table(headers, cells, right={*headers} - {"data", "implementation", "verdict"})


def _note(rows: Sequence[Timing], *, quick: bool) -> str:
    if quick:
        return "Times only: `--quick` gives no interval and compares nothing."
    first = rows[0]
    levels = [row.ratio_level for row in rows if row.ratio_level is not None]
    reached = f"; reached {100 * min(levels):.2f} %" if levels else ""
    return (
        f"Ratio: this time over that of {text(first.baseline)} on the {first.baseline_device}, same work, same blocks. "
        f"Intervals at {100 * (1 - 0.05 / first.comparisons):.2f} % for "
        f"{words.number(first.comparisons, 'comparison')} in this table{reached}.{_unstable(rows)}"
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


def _costs(rows: Sequence[Timing]) -> str:
    timed = [row for row in rows if row.epoch_seconds is not None]
    if not timed:
        return "Nothing was timed."
    headers = ("data", "implementation", "import", "data to device", "compile", "first epoch", "epoch", "peak memory")
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
        "The peak is of the whole process: libraries, earlier cells and the pages of the mapped data included, which "
        "all workers share."
    )
    return f"{introduction}\n\n{table(headers, cells, right=headers[2:])}{_by_events(timed)}"


def _by_events(rows: Sequence[Timing]) -> str:
    """Say what the devices themselves tell of an epoch, where one does."""
    parts = [
        f"{words.work(row)}, {words.runner(row)}: {words.duration(row.device_epoch_seconds)}"
        for row in rows
        if row.device_epoch_seconds is not None
    ]
    if not parts:
        return ""
    introduction = (
        "An epoch between two events of the device, in rounds of their own, without the host's wait for it; the gaps "
        "between launches are in it, so it is no sum of kernel times: "
    )
    return f"\n\n{introduction}{text('; '.join(parts))}."


def _agreement(agreements: Sequence[Agreement], rows: Sequence[Timing]) -> str:
    if not agreements:
        return "Nothing was compared."
    introduction = (
        "The largest share of its budget that any error used, over all data. The budget is what rounding can explain; "
        "above 100 % is a MISMATCH. Each comparison is a row of agreement.csv."
    )
    names = list(dict.fromkeys(row.implementation for row in rows))
    by_quantity = _largest(shares.by_quantity(agreements, names), "quantity")
    by_pair = _largest(shares.by_pair(agreements, names), "against")
    heading = "The same by whom it is compared with, and both [as a heat map](pictures/agreement.svg):"
    parts = [introduction, by_quantity, heading, by_pair]
    return "\n\n".join([*parts, *_learnt(rows)])


def _largest(found: Shares, header: str) -> str:
    cells = [[line, *(words.share(found.largest.get((line, name))) for name in found.columns)] for line in found.rows]
    return table([header, *found.columns], cells, right=found.columns)


def _learnt(rows: Sequence[Timing]) -> list[str]:
    headers = ("data", "implementation", "final loss", "accuracy")
    cells = [
        (
            words.work(row),
            words.runner(row),
            f"{row.final_loss:.6g}",
            "" if row.accuracy is None else f"{100 * row.accuracy:.1f} %",
        )
        for row in rows
        if row.final_loss is not None
    ]
    if not cells:
        return []
    return ["After the epochs of the agreement run:", table(headers, cells, right=headers[2:])]


def _states(rows: Sequence[Timing], states: set[Status]) -> str:
    chosen = [row for row in rows if row.status in states]
    if not chosen:
        return "Nothing."
    cells = [(row.implementation, row.device, words.work(row), row.status, row.detail) for _, row in many.shown(chosen)]
    return "\n\n".join(
        [table(("implementation", "device", "data", "status", "detail"), cells), many.left_out(chosen)]
    ).rstrip()
