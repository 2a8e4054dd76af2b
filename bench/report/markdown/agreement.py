"""report.md after `agree`: which cells agree, and the largest shares of the error budget per dtype."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.run import Raw
from bench.report.markdown.syntax import bullets, code, section, table, text
from bench.report.views import agreement_matrix, names, notation, ranking, sharpness
from bench.store.cell import Status
from bench.store.tables import Agreement


def report(raw: Raw) -> str:
    """Return the whole report: what agrees, what does not and why, and the largest share of each budget."""
    return "\n\n".join(_sections(raw)) + "\n"


def _sections(raw: Raw) -> Iterator[str]:
    yield f"# Four Ways: agreement, run {text(raw.environment['run'])}"
    yield code(raw.environment["command"])
    named = names.of(one.cell.problem for one in raw.verdicts)
    yield text(ranking.agreement(raw.verdicts, named))
    failed = [one for one in raw.verdicts if one.status is not Status.OK]
    if failed:
        lines = (
            f"{one.cell.implementation}, {named.work(one.cell.problem)}: {one.status}, {one.detail}" for one in failed
        )
        yield section("Disagreements", bullets(lines))
    said = ranking.remarks(raw.verdicts)
    if said:
        yield section("Remarks", bullets(said))
    if raw.agreements:
        yield section("The largest shares", agreement_matrix.EXPLANATION)
    for dtype in sorted({one.dtype for one in raw.agreements}):
        bits = raw.environment["reference_bits"][dtype]
        shares_of_dtype = _table([one for one in raw.agreements if one.dtype == dtype])
        yield f"### {dtype}\n\nThe reference uses {bits} significant bits.\n\n{shares_of_dtype}"
    sharp = sharpness.rows(raw.verdicts, named)
    if sharp:
        sharp_table = table(sharpness.HEADERS, sharp, right=sharpness.HEADERS[1:])
        yield section("The smallest errors found", f"{sharpness.EXPLANATION}\n\n{sharp_table}")


def _table(agreements: list[Agreement]) -> str:
    """Return the largest share per quantity and implementation as a table."""
    found = agreement_matrix.by_quantity(agreements)
    rows = [
        [quantity, *(notation.share(found.largest.get((quantity, name))) for name in found.columns)]
        for quantity in found.rows
    ]
    return table(["quantity", *found.columns], rows, right=found.columns)
