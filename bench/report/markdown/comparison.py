"""comparison.md: the changes between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.analysis.comparison import Between
from bench.report.markdown.syntax import bullets, section, table, text
from bench.report.views import notation
from bench.report.views.comparison import HEADERS, by_model, cells, how, named, remarks, verdicts


def report(found: Between, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return comparison.md; `old` and `new` are the environments of the runs."""
    called = named(found)
    parts = [f"# Four Ways: {text(old['run'])} and {text(new['run'])}", table(("", "run", "started", "commit"), [
        ("old", old["run"], notation.moment(old["started"]), old["machine"].get("commit") or ""),
        ("new", new["run"], notation.moment(new["started"]), new["machine"].get("commit") or ""),
    ])]  # fmt: skip
    parts.append(section("Verdicts", bullets(verdicts(found))))
    for model, contests in by_model(found).items():
        rows = [(called.contest(one), *cells(change)) for one, changes in contests.items() for change in changes]
        parts.append(section(model, table(("data", *HEADERS), rows, right=HEADERS[1:5])))
    parts.append(section("How", bullets([how(found), *remarks(found)])))
    return "\n\n".join(parts) + "\n"
