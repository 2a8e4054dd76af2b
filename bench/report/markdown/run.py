"""report.md: the full report of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from bench.analysis.ranking import rankings, saturated
from bench.analysis.run import Raw
from bench.analysis.statistics import level
from bench.report.markdown import conditions, roofline
from bench.report.markdown.scaling import section as scaling_section
from bench.report.markdown.syntax import bullets, code, section, table, text
from bench.report.views import (
    agreement_matrix,
    costs,
    names,
    notation,
    provenance,
    ranking,
    scaling,
    self_comparison,
    sharpness,
    truncate,
)
from bench.report.views.agreement_matrix import Shares
from bench.report.views.caveats import limits_of
from bench.report.views.names import Names
from bench.store import layout
from bench.store.cell import NOT_ATTEMPTED, Status
from bench.store.tables import Company, Timing
from datasets.dataset import Model


def report(raw: Raw, rows: Sequence[Timing]) -> str:
    """Return the whole report, the most important parts first."""
    shown = [row for _, row in truncate.shown(rows)]
    named = names.of_rows(rows)
    sections = (
        f"# Four Ways: run {text(raw.environment['run'])}",
        _asked(raw, rows, shown, named),
        section(
            "Verdicts",
            bullets([*ranking.sentences(shown, named, quick=raw.quick), *self_comparison.self_comparison(raw, named)]),
        ),
        section("Times", _times(raw, rows, shown, named)),
        section("One-off costs", _costs(shown, named)),
        section("The hardware limit", roofline.section(shown, named)),
        *([section("How time grows with size", scaling_section(raw.scalings, rows))] if raw.scalings else []),
        section("Agreement", _agreement(raw, rows, shown, named)),
        section("Conditions", conditions.conditions(raw, rows, named)),
        section("What was not run", _states(rows, NOT_ATTEMPTED, named)),
        section("What failed", _states(rows, {*Status} - {Status.OK} - NOT_ATTEMPTED, named)),
        section("What these numbers do not say", bullets(limits_of(rows))),
        section("Cite this run", conditions.citation(raw)),
    )
    return "\n\n".join(sections) + "\n"


def _asked(raw: Raw, rows: Sequence[Timing], shown: Sequence[Timing], named: Names) -> str:
    implementations = list(dict.fromkeys(row.cell.implementation for row in rows))
    works = [named.work(problem) for problem in dict.fromkeys(row.cell.problem for row in shown)]
    return (
        f"{code(raw.environment['command'])}\n\n"
        f"{names.cells(rows)}: {text(', '.join(implementations))} on {text(', '.join(works))}; "
        f"{provenance.effort(raw)}, {names.threads(rows)}. Started {notation.moment(raw.environment['started'])}. "
        f"{truncate.left_out(rows, shown)}"
    ).rstrip()


def _times(raw: Raw, rows: Sequence[Timing], shown: Sequence[Timing], named: Names) -> str:
    parts = []
    for model in Model:
        of_model, here = ([row for row in some if row.cell.problem.model is model] for some in (rows, shown))
        if of_model:
            body = f"{_pictures(of_model, raw)}{_model_table(here, named)}\n\n{_note(here, named, quick=raw.quick)}"
            parts.append(f"### {model}\n\n{body}")
    return "\n\n".join(parts)


def _pictures(rows: Sequence[Timing], raw: Raw) -> str:
    """Return the links to the pictures of a model; none if nothing was timed."""
    model = rows[0].cell.problem.model
    if all(row.epoch_seconds is None for row in rows):
        return ""
    growth = (
        f"![{model}: time against size]({layout.PICTURES}/{layout.sizes_svg(model)})\n\n"
        if scaling.panels(rows, raw.scalings)
        else ""
    )
    return (
        f"![{model}: ranked intervals]({layout.PICTURES}/{layout.intervals_svg(model)})\n\n{growth}"
        f"[Every timed round, process by process]({layout.PICTURES}/{layout.rounds_svg(model)}).\n\n"
    )


def _model_table(rows: Sequence[Timing], named: Names) -> str:
    headers = (
        "data",
        "implementation",
        "time per epoch",
        "time interval",
        "ratio",
        "ratio interval",
        "could find",
        "verdict",
        "budget used",
    )
    cells = [
        (
            named.shaped(one.contest),
            names.runner(row.cell.runner),
            *ranking.time_cells(row),
            notation.share(row.could_have_found),
            ranking.verdict(row),
            notation.share(row.budget_share),
        )
        for one in rankings(rows)
        for row in one.rows
    ]
    return table(headers, cells, right={*headers} - {"data", "implementation", "verdict"})


def _note(rows: Sequence[Timing], named: Names, *, quick: bool) -> str:
    if quick:
        return "Times only: `--quick` gives no intervals and no ratios."
    first = rows[0]
    levels = [row.ratio_level for row in rows if row.ratio_level is not None]
    several = (
        f"For all {first.comparisons:,} intervals in this table to be right at once with a probability of at least "
        "95 %, each"
    )
    each = several if first.comparisons > 1 else "The interval"
    each += f" needs a level of at least {100 * level(first.comparisons):.2f} %"
    each += f"; the lowest level reached is {100 * min(levels):.2f} %" if levels else ""
    return (
        f"Ratio: time relative to {text(first.baseline)} on the {first.baseline_device}, same problem, same blocks. "
        f"{each}. Could find: the smallest difference that this many blocks would detect nine times in ten."
        + "".join(note(rows, named) for note in (_load, _uneven, _company, _saturated, _growing))
    )


def _load(rows: Sequence[Timing], named: Names) -> str:
    """Name the rows for which the medians of all rounds, which load affects most, give a different ratio."""
    found = {
        row: f"the median of all rounds gives {notation.ratio_range(row.median_ratio_low, row.median_ratio_high)}"
        for row in rows
        if row.depends_on_load and row.median_ratio_low is not None and row.median_ratio_high is not None
    }
    return f" **Depends on load**: {_listed(found, named)}." if found else ""


def _listed(found: Mapping[Timing, str], named: Names) -> str:
    """Return what is said about each row, after its name."""
    each = (f"{named.work(row.cell.problem)}, {names.runner(row.cell.runner)}: {said}" for row, said in found.items())
    return text("; ".join(each))


def _uneven(rows: Sequence[Timing], named: Names) -> str:
    found = {row: f"{notation.share(row.slow_share)} of its time is in slow rounds" for row in rows if row.uneven}
    if not found:
        return ""
    return (
        f" **UNEVEN**: {_listed(found, named)}. There were too few slow rounds for an interval over blocks, so the "
        "interval shown is computed from their number."
    )


def _company(rows: Sequence[Timing], named: Names) -> str:
    found = {row: str(row.company) for row in rows if row.company not in (None, Company.ALL)}
    return f" There was not enough memory for all to take turns at once: {_listed(found, named)}." if found else ""


def _saturated(rows: Sequence[Timing], named: Names) -> str:
    """Name the rows whose ratio mostly shows how a library treats denormal numbers."""
    found = {row: f"{notation.share(row.denormal_share)} of its probabilities" for row in rows if saturated(row)}
    if not found:
        return ""
    return (
        f" **Saturated** with denormal numbers: {_listed(found, named)}. Libraries that keep denormal numbers are "
        "many times slower on them; libraries that treat them as 0 are not. Scale the features; otherwise these times "
        "hold only for these data."
    )


def _growing(rows: Sequence[Timing], named: Names) -> str:
    """Name the rows whose epochs leave memory behind: the times are true, but a long training may run out of memory."""
    kept = {row: row.kept_bytes_per_epoch for row in rows if row.kept_bytes_per_epoch}
    found = {row: f"{notation.kibibytes(size)} per epoch" for row, size in kept.items()}
    if not found:
        return ""
    return (
        f" **Memory grows**: {_listed(found, named)}. Something of every epoch is kept, such as a loss with its graph."
    )


def _costs(rows: Sequence[Timing], named: Names) -> str:
    timed = [row for row in rows if row.epoch_seconds is not None]
    if not timed:
        return "Nothing was timed."
    columns = {text: column for text, column in costs.columns(timed).items() if column != "times_limit"}
    headers = ["data", "implementation", *columns]
    cells = [
        (
            named.work(row.cell.problem),
            names.runner(row.cell.runner),
            *(costs.text(row, column) for column in columns.values()),
        )
        for row in timed
    ]
    return f"{costs.explanation(timed)}\n\n{table(headers, cells, right=headers[2:])}"


def _agreement(raw: Raw, rows: Sequence[Timing], shown: Sequence[Timing], named: Names) -> str:
    agreements = raw.agreements
    if not agreements:
        return "Nothing was compared."
    implementations = list(dict.fromkeys(row.cell.implementation for row in rows))
    by_quantity = _largest(agreement_matrix.by_quantity(agreements, implementations), "quantity")
    by_pair = _largest(agreement_matrix.by_pair(agreements, implementations), "against")
    picture = f"{layout.PICTURES}/{layout.AGREEMENT_SVG}"
    heading = f"The same, by what it was compared against ([both as a heat map]({picture})):"
    parts = [agreement_matrix.EXPLANATION, by_quantity, heading, by_pair]
    said = ranking.remarks(raw.verdicts)
    parts += ["Remarks on implementations that agree:", bullets(said)] if said else []
    problems = {row.cell.problem for row in shown}
    sharp = sharpness.rows([one for one in raw.verdicts if one.cell.problem in problems], named)
    parts += [sharpness.EXPLANATION, table(sharpness.HEADERS, sharp, right=sharpness.HEADERS[1:])] if sharp else []
    return "\n\n".join([*parts, *_learnt(shown, named)])


def _largest(found: Shares, header: str) -> str:
    cells = [
        [line, *(notation.share(found.largest.get((line, name))) for name in found.columns)] for line in found.rows
    ]
    return table([header, *found.columns], cells, right=found.columns)


def _learnt(rows: Sequence[Timing], named: Names) -> list[str]:
    headers = ("data", "implementation", "final loss", "accuracy")
    cells = [
        (
            named.work(row.cell.problem),
            names.runner(row.cell.runner),
            notation.loss(row.final_loss),
            notation.accuracy(row.accuracy),
        )
        for row in rows
        if row.final_loss is not None
    ]
    if not cells:
        return []
    return ["After the epochs of the agreement run:", table(headers, cells, right=headers[2:])]


def _states(rows: Sequence[Timing], states: Set[Status], named: Names) -> str:
    chosen, left_out = truncate.cut([row for row in rows if row.status in states], "cell", layout.TIMINGS_CSV)
    if not chosen:
        return "Nothing."
    cells = [
        (row.cell.implementation, row.cell.device, named.work(row.cell.problem), row.status, row.detail)
        for row in chosen
    ]
    return f"{table(('implementation', 'device', 'data', 'status', 'detail'), cells)}\n\n{left_out}".rstrip()
